"""The updates of a GAN: one step in C, and the same step in ganc's operations to override."""

import math
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import zeros_like
from ganc.gan import _networks
from ganc.gan._model import Model

__all__ = ["Updates"]

_Judged = tuple[core.Tensor, core.Tensor, float, float]  # logits of both, loss, gradient's norm


class Updates(Model):
    """Part of `GAN`: the alternating updates of D and G."""

    _trainer: Any = None
    _trainer_key: tuple = ()

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
        trainer = self._current_trainer()
        g_follows = trainer.phase + 1 == self.n_critic
        n = len(batch)
        fake = self.generator(self.noise(n)) if self.same_fakes and g_follows else None
        logs = self.discriminator_step(batch, fake)
        if g_follows:
            return logs | self.generator_step(n, fake)
        return logs | dict(zip(("g_loss", "g_grad_norm"), trainer.last, strict=True))

    def discriminator_step(
        self, real: core.Tensor, fake: core.Tensor | None = None
    ) -> dict[str, float]:
        """Update D on real samples and as many fakes, once or on each (`d_reduction`).

        Parameters
        ----------
        real : Tensor
        fake : Tensor, optional
            Made by G; by default fresh ones.

        Returns
        -------
        dict of str to float
            ``d_loss``, ``d_real``, ``d_fake``, ``d_grad_norm``.
        """
        fake = self._fakes_without_graph(len(real)) if fake is None else fake.detach()
        update = self._update_on_each if self.d_reduction == "separate" else self._update_on_both
        r, f, loss, norm = update(real, fake)
        return {
            "d_loss": loss,
            "d_real": _networks.answer(self.loss, r),
            "d_fake": _networks.answer(self.loss, f),
            "d_grad_norm": norm,
        }

    def generator_step(self, n: int, fake: core.Tensor | None = None) -> dict[str, float]:
        """Update G once.

        Parameters
        ----------
        n : int
            How many latents to draw.
        fake : Tensor, optional
            Made by G, with its graph; by default made of fresh latents.

        Returns
        -------
        dict of str to float
            ``g_loss``, ``g_grad_norm``.
        """
        fake = self.generator(self.noise(n)) if fake is None else fake
        loss = self.loss.g_loss(self.discriminator(fake), None)
        logs = {"g_loss": loss.item(), "g_grad_norm": float(self.g_optimizer.minimize(loss))}
        self._current_trainer().last = tuple(logs.values())
        return logs

    def _fakes_without_graph(self, n: int) -> core.Tensor:
        previous = core.set_grad_enabled(False)
        try:
            return self.generator(self.noise(n))
        finally:
            core.set_grad_enabled(previous)

    def _update_d(self, loss: core.Tensor) -> float:
        norm = float(self.d_optimizer.minimize(loss))
        if self.weight_clip is not None:
            _networks.clip(self.discriminator, self.weight_clip)
        return norm

    def _update_on_both(self, real: core.Tensor, fake: core.Tensor) -> _Judged:
        r, f = self._judge(real, fake)
        loss = self.loss.d_loss(r, f)
        if self.d_reduction == "mean":
            loss = loss * 0.5
        return r, f, loss.item(), self._update_d(loss)

    def _update_on_each(self, real: core.Tensor, fake: core.Tensor) -> _Judged:
        """Update D on the real half of its loss, then on the fake one; see gan.c."""
        r = self.discriminator(real)
        real_norm = self._update_d(self.loss.d_loss(r, zeros_like(r)))
        f = self.discriminator(fake)
        fake_norm = self._update_d(self.loss.d_loss(zeros_like(f), f))
        loss = 0.5 * self.loss.d_loss(r.detach(), f.detach()).item()
        return r, f, loss, math.sqrt(real_norm * real_norm + fake_norm * fake_norm)

    def _judge(self, real: core.Tensor, fake: core.Tensor) -> tuple[core.Tensor, core.Tensor]:
        """Return D's logits of both, from one pass where D treats samples one by one."""
        if not _networks.is_rowwise(self.discriminator):
            return self.discriminator(real), self.discriminator(fake)
        n = len(real)
        both = self.discriminator(core.cat([real, fake], 0))
        return core.narrow(both, 0, 0, n), core.narrow(both, 0, n, n)

    def _make_step(self, batch: core.Tensor) -> dict[str, float]:
        trainer = self._current_trainer()
        if type(self).train_step is Updates.train_step:
            return trainer.step(batch)
        logs = super()._make_step(batch)
        trainer.phase = (trainer.phase + 1) % self.n_critic
        return logs

    def _counted(self, logs: dict[str, float]) -> dict[str, float]:
        """Return a step's numbers, those of G only if it was updated."""
        if self._current_trainer().phase == 0:
            return logs
        return {name: value for name, value in logs.items() if not name.startswith("g_")}

    def _current_trainer(self) -> Any:
        """Return the core's trainer, made anew when something of it has been replaced."""
        key = (
            self.generator, self.discriminator, self.g_optimizer, self.d_optimizer, self.loss,
            self.n_critic, self.weight_clip, self.latent, self.latent_dim, self.d_reduction,
            self.same_fakes,
            self._current_average(),
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
