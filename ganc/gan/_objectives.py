"""What D and G of a GAN minimise, update by update: `Objectives`."""

from collections.abc import Sequence
from typing import Any

from ganc._backend import core
from ganc._tensor._creation import zeros_like
from ganc.augment import Augmentation
from ganc.gan import _networks
from ganc.gan._latent_model import LatentModel
from ganc.gan._lazy_penalty import LazyPenalty
from ganc.losses import GANLoss, Penalty
from ganc.nn._inference import without_graph
from ganc.train import Update
from ganc.train._network import is_per_sample
from ganc.tricks import Trick

__all__ = ["Objectives"]

_Batch = tuple[core.Tensor, ...]  # samples, and labels if there are any
_Scalar = core.Tensor


class Objectives(LatentModel):
    """The updates of a GAN; `GAN` sets what they are made of."""

    loss: GANLoss
    penalties: tuple[Penalty, ...]
    augment: tuple[Augmentation, ...]
    tricks: tuple[Trick, ...]
    generator: Any
    discriminator: Any

    def updates(self) -> tuple[Update, ...]:
        """Return D's updates, those of lazy penalties, and G's.

        Returns
        -------
        tuple of Update
        """
        if self.d_reduction == "separate":
            objectives = (self.real_objective, self.fake_objective)
        else:
            objectives = (self.d_objective,)
        d = [Update("d", "d_optimizer", o, clip=self.weight_clip) for o in objectives]
        lazy = [
            Update(p.name, "d_optimizer", LazyPenalty(self, p), p.every, self.weight_clip)
            for p in self.penalties
            if self._is_lazy(p)
        ]
        g = Update("g", "g_optimizer", self.g_objective, self.g_every(self.step + 1))
        return (*d, *lazy, g)

    def g_every(self, number: int) -> int:
        """Return after how many updates of D one of G is due, in step `number`.

        Parameters
        ----------
        number : int
            Steps are counted from 1.

        Returns
        -------
        int
            `n_critic`; G learns where it divides `number`.
        """
        return self.n_critic

    def g_size(self, n: int) -> int:
        """Return how many samples G learns on, where a batch has n real ones.

        Parameters
        ----------
        n : int

        Returns
        -------
        int
            A multiple of n; n by default.
        """
        return n

    def judge(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return D's logits of samples, as training sees them: augmented, with tricks, packed.

        Parameters
        ----------
        x : Tensor
        *labels : Tensor

        Returns
        -------
        Tensor, shape (N, 1)
            Of packed samples one for each pack.
        """
        return self.discriminator(self._seen(x), *self._told(labels))

    def features(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return D's last hidden layer, as training sees it.

        Parameters
        ----------
        x : Tensor
        *labels : Tensor

        Returns
        -------
        Tensor
            What D's method ``features`` gives; of a `Sequential`, all but its last layer.
        """
        return _networks.features(self.discriminator, self._seen(x), *self._told(labels))

    def _seen(self, x: core.Tensor) -> core.Tensor:
        for change in self.augment:
            x = change(x)
        for trick in self.tricks:
            x = trick.samples(self, x)
        return self._packed(x)

    def _packed(self, x: Any) -> Any:
        """Return samples, a tensor or an array, laid together for D."""
        if self.packing == 1:
            return x
        n, channels, *rest = x.shape
        self._check_packs(n)
        return x.reshape(n // self.packing, channels * self.packing, *rest)

    def _check_packs(self, n: int) -> None:
        if n % self.packing:
            raise ValueError(
                f"packing: got a batch of {n}, expected a multiple of packing={self.packing}, the "
                "samples that D judges at a time; choose batch_size so"
            )

    def d_objective(self, batch: _Batch) -> tuple[_Scalar, dict[str, Any]]:
        """Return what D minimises, and its mean answers.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        loss : Tensor
            A scalar.
        report : dict
            ``d_real``, ``d_fake``, and the values of penalties.
        """
        real, *labels = batch
        fake = self._fakes(len(real), labels)
        due = [p for p in self.penalties if not self._is_lazy(p)]
        if any(p.at_samples for p in due):
            real, fake = (x.detach().requires_grad_() for x in (real, fake))
            r, f = self.judge(real, *labels), self.judge(fake, *labels)
        else:
            r, f = self._judge_both(real, fake, labels)
        loss = self._d_loss(r, f)
        if self.d_reduction == "mean":
            loss = loss * 0.5
        report = self._answers(r, f)
        critic = _networks.Critic(self.judge, labels, (real, r), (fake, f))
        for penalty in due:
            report[f"{penalty.name}_loss"] = value = penalty(
                critic, real, fake if penalty.on_fakes else None
            )
            loss = loss + value
        return self._with_terms("d", loss, [t.d_term(self) for t in self.tricks], report)

    def real_objective(self, batch: _Batch) -> _Scalar:
        """Return the half of D's loss that real samples have.

        The logits that an update is not about are constants: in a loss that is the sum of a real
        and a fake half they leave the gradient of the other half alone.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        Tensor
            A scalar.
        """
        real, *labels = batch
        fake, r = self._fakes(len(real), labels), self.judge(real, *labels)
        self.passed |= {"fake": fake, "r": r.detach()}
        return self.loss.d_loss(r, zeros_like(r))

    def fake_objective(self, batch: _Batch) -> tuple[_Scalar, dict[str, Any]]:
        """Return the half of D's loss that generated samples have.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        loss : Tensor
            A scalar.
        report : dict
            ``d_real``, ``d_fake``, and ``d_loss``, the mean of both halves.
        """
        fake, r = self.passed["fake"], self.passed["r"]
        f = self.judge(fake, *batch[1:])
        total = self.loss.d_loss(r, f.detach()) * 0.5
        return self.loss.d_loss(zeros_like(f), f), {"d_loss": total} | self._answers(r, f)

    def g_objective(self, batch: _Batch) -> _Scalar | tuple[_Scalar, dict[str, Any]]:
        """Return what G minimises.

        Parameters
        ----------
        batch : named tuple of Tensor

        Returns
        -------
        Tensor, or tuple of Tensor and dict
            A scalar, and what tricks add to it.
        """
        real, *labels = batch
        fake = self.passed.pop("shared", None)  # its graph serves once
        r = without_graph(self.judge, real, *labels) if self._compares else None
        times = self.g_size(len(real)) // len(real)
        if times > 1:
            labels = [core.cat([part] * times, 0) for part in labels]
            r = None if r is None else core.cat([r] * times, 0)
        if fake is None:
            fake = self.generator(self.noise(len(real) * times), *labels)
        f = self.judge(fake, *labels)
        for trick in self.tricks:
            f = trick.g_logits(self, f)
        loss = self.loss.g_loss(f, r)
        if not self.tricks:
            return loss
        terms = [t.g_term(self, real, fake, labels) for t in self.tricks]
        return self._with_terms("g", loss, terms, {})

    def _d_loss(self, r: core.Tensor, f: core.Tensor) -> _Scalar:
        """Return the loss of logits, after tricks."""
        for trick in self.tricks:
            r, f = trick.logits(self, r, f)
        return self.loss.d_loss(r, f)

    def _with_terms(
        self, who: str, loss: _Scalar, terms: list[_Scalar | None], report: dict[str, Any]
    ) -> tuple[_Scalar, dict[str, Any]]:
        """Return a loss with the terms of tricks; they are reported by the names of these."""
        for trick, term in zip(self.tricks, terms, strict=True):
            if term is not None:
                loss, report[f"{who}_{trick.name}_loss"] = loss + term, term
        return loss, report

    @property
    def _compares(self) -> bool:
        return getattr(self.loss, "relativistic", False)

    def _is_lazy(self, penalty: Penalty) -> bool:
        """Whether a penalty has an update of its own; with two updates of D each one has."""
        return penalty.every > 1 or self.d_reduction == "separate"

    def _fakes(self, n: int, labels: Sequence[core.Tensor]) -> core.Tensor:
        """Return generated samples for D: constants, or those that G is about to learn on too."""
        number = self.step + 1
        if self.same_fakes and number % self.g_every(number) == 0:
            shared = self.passed["shared"] = self.generator(self.noise(n), *labels)
            fake = shared.detach()
        else:
            fake = without_graph(self.generator, self.noise(n), *labels)
        for trick in self.tricks:
            fake = trick.fakes(self, fake)
        return fake

    def _judge_both(
        self, real: core.Tensor, fake: core.Tensor, labels: Sequence[core.Tensor]
    ) -> tuple[core.Tensor, core.Tensor]:
        """Return D's logits of both, from one pass where D treats samples one by one."""
        if not is_per_sample(self.discriminator):
            return self.judge(real, *labels), self.judge(fake, *labels)
        self._check_packs(len(real))
        n = len(real) // self.packing
        twice = (core.cat([part, part], 0) for part in labels)
        both = self.judge(core.cat([real, fake], 0), *twice)
        if both.ndim == 0 or len(both) != 2 * n:
            raise ValueError(
                f"the discriminator returned shape {tuple(both.shape)} for a batch of {2 * n}, "
                "expected one row a sample"
            )
        return core.narrow(both, 0, 0, n), core.narrow(both, 0, n, n)

    def _answers(self, r: core.Tensor, f: core.Tensor) -> dict[str, core.Tensor]:
        """Return D's mean answers: probabilities, or logits where the loss knows none."""
        probability = getattr(self.loss, "probability", False)
        previous = core.set_grad_enabled(False)
        try:
            return {
                name: core.mean(core.sigmoid(logits) if probability else logits)
                for name, logits in (("d_real", r), ("d_fake", f))
            }
        finally:
            core.set_grad_enabled(previous)
