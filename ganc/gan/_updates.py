"""The updates of a GAN: one step in C, and the same step in ganc's operations to override."""

import math
from collections.abc import Mapping
from typing import Any

from numpy.typing import ArrayLike

from ganc._backend import core
from ganc.errors import DivergenceError
from ganc.gan import _door, _latents, _networks, _streams
from ganc.gan._interrupt import Interrupts

__all__ = ["Updates"]


class Updates:
    """Part of `GAN`: the alternating updates of D and G."""

    def train_on_batch(self, x: ArrayLike) -> dict[str, float]:
        """Make one D update and, every `n_critic`-th time, one G update.

        Parameters
        ----------
        x : array_like or Tensor
            A batch of real samples, in a form that `fit` takes.

        Returns
        -------
        dict of str to float
            ``d_loss``, ``g_loss``; ``d_real``, ``d_fake``: D's mean answer to real and to fake
            samples (a probability, or the logit where the loss knows none); ``d_grad_norm``,
            ``g_grad_norm``: the 2-norms of the gradients. The values of G are those of its last
            update, NaN before the first.

        Raises
        ------
        DivergenceError
            If a loss becomes NaN or infinite.
        """
        batch = _door.batch_of(self, x)
        with Interrupts() as interrupts, interrupts.held():
            return self._update(batch)

    def train_step(self, batch: core.Tensor) -> dict[str, float]:
        """Make the step of `train_on_batch` in ganc's operations; override it to make another.

        A subclass that overrides it is trained with its version. Noise drawn with ``self.noise(n)``
        then depends on nothing but seed and step.

        Parameters
        ----------
        batch : Tensor, shape (N, C, H, W) or (N, F)
            Real samples.

        Returns
        -------
        dict of str to float
            What is recorded, averaged over each epoch.

        Examples
        --------
        >>> import ganc
        >>> class TwoToOne(ganc.GAN):
        ...     "Two updates of G for one of D."
        ...     def train_step(self, batch):
        ...         logs = self.discriminator_step(batch)
        ...         self.generator_step(len(batch))
        ...         return logs | self.generator_step(len(batch))
        >>> gan = TwoToOne(ganc.nn.Linear(2, 2), ganc.nn.Linear(2, 1), latent_dim=2, seed=0)
        >>> logs = gan.train_on_batch([[0.0, 1.0]] * 4)
        """
        logs = self.discriminator_step(batch)
        trainer = self._current_trainer()
        if trainer.phase + 1 == self.n_critic:
            return logs | self.generator_step(len(batch))
        return logs | dict(zip(("g_loss", "g_grad_norm"), trainer.last, strict=True))

    def discriminator_step(self, real: core.Tensor) -> dict[str, float]:
        """Update D once on real samples and as many fresh fakes.

        Parameters
        ----------
        real : Tensor

        Returns
        -------
        dict of str to float
            ``d_loss``, ``d_real``, ``d_fake``, ``d_grad_norm``.
        """
        previous = core.set_grad_enabled(False)
        try:
            fake = self.generator(self.noise(len(real)))
        finally:
            core.set_grad_enabled(previous)
        r, f = self._judge(real, fake)
        loss = self.loss.d_loss(r, f)
        if self.d_reduction == "mean":
            loss = loss * 0.5
        norm = self.d_optimizer.minimize(loss)
        if self.weight_clip is not None:
            _networks.clip(self.discriminator, self.weight_clip)
        return {
            "d_loss": loss.item(),
            "d_real": _networks.answer(self.loss, r),
            "d_fake": _networks.answer(self.loss, f),
            "d_grad_norm": float(norm),
        }

    def generator_step(self, n: int) -> dict[str, float]:
        """Update G once on `n` fresh latents.

        Parameters
        ----------
        n : int

        Returns
        -------
        dict of str to float
            ``g_loss``, ``g_grad_norm``.
        """
        loss = self.loss.g_loss(self.discriminator(self.generator(self.noise(n))), None)
        logs = {"g_loss": loss.item(), "g_grad_norm": float(self.g_optimizer.minimize(loss))}
        self._current_trainer().last = tuple(logs.values())
        return logs

    def noise(self, n: int) -> core.Tensor:
        """Draw latents for a training step.

        Parameters
        ----------
        n : int

        Returns
        -------
        Tensor, shape (n, latent_dim)
        """
        return _latents.draw(core.default_generator, n, self.latent_dim, self.latent)

    def schedule(self) -> None:
        """Set the optimizers' numbers before a step; presets override it.

        It must depend on ``self.step`` and ``self.epoch`` only, so that runs can be resumed.
        """

    @property
    def step(self) -> int:
        """D updates so far."""
        return self._step

    @property
    def epoch(self) -> int:
        """Epochs completed so far."""
        return self._position.epoch

    def _judge(self, real: core.Tensor, fake: core.Tensor) -> tuple[core.Tensor, core.Tensor]:
        """Return D's logits of both, from one pass where D treats samples one by one."""
        if not _networks.is_rowwise(self.discriminator):
            return self.discriminator(real), self.discriminator(fake)
        n = len(real)
        both = self.discriminator(core.cat([real, fake], 0))
        return core.narrow(both, 0, 0, n), core.narrow(both, 0, n, n)

    def _update(self, batch: core.Tensor) -> dict[str, float]:
        """Make one step on a checked batch."""
        if self._busy:
            raise RuntimeError("this GAN is in the middle of a step; one step at a time")
        self._busy = True
        try:
            trainer = self._current_trainer()
            self.schedule()
            with _streams.drawing(self.seed, _streams.step_stream(self._step)):
                _networks.train_mode(self.generator, self.discriminator)
                if type(self).train_step is Updates.train_step:
                    logs = trainer.step(batch)
                else:
                    logs = {key: float(value) for key, value in self.train_step(batch).items()}
                    trainer.phase = (trainer.phase + 1) % self.n_critic
            self._step += 1
        finally:
            self._busy = False
        self._check_finite(logs, trainer.phase == 0)
        return logs

    def _current_trainer(self) -> Any:
        """Return the core's trainer, made anew when something of it has been replaced."""
        key = (
            self.generator, self.discriminator, self.g_optimizer, self.d_optimizer, self.loss,
            self.n_critic, self.weight_clip, self.latent, self.latent_dim, self.d_reduction,
            *self.g_optimizer.cores(), *self.d_optimizer.cores(),
        )  # fmt: skip
        same = len(key) == len(self._trainer_key)
        if not (
            same and all(a is b or a == b for a, b in zip(key, self._trainer_key, strict=True))
        ):
            old, self._trainer = self._trainer, _networks.trainer(self)
            if old is not None:
                self._trainer.phase = min(old.phase, self.n_critic - 1)
                self._trainer.last = old.last
            self._trainer_key = key
        return self._trainer

    def _check_finite(self, logs: Mapping[str, float], g_updated: bool) -> None:
        for name, value in logs.items():
            if not name.endswith("_loss") or math.isfinite(value):
                continue
            if name == "g_loss" and not g_updated:  # NaN before G's first update
                continue
            raise DivergenceError(
                f"{name} is {value} after step {self.step} (epoch {self.epoch + 1}). The weights "
                "may hold NaN now: load an earlier file or build the model anew, then try a "
                "smaller learning rate, label_smoothing=0.1, or look at the data"
            )
