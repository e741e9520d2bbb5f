"""Variational autoencoders: the other way to learn to sample, trained by the same loop.

With x in [0, 1], q(z|x) = N(mean(x), exp(log_var(x))) and p(z) = N(0, 1), the step minimises the
negative evidence lower bound (Kingma and Welling 2014, arXiv:1312.6114),

    -log p(x|z) + log q(z|x) - log p(z),   z = mean + exp(log_var / 2) * noise.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, choose
from ganc._tensor._random import drawing
from ganc.gan._latent_model import LatentModel
from ganc.nn._inference import eval_mode, evaluate
from ganc.train import Update, _streams
from ganc.train._field import inside_array
from ganc.train._network import checked
from ganc.train._network import optimizer as optimizer_of

__all__ = ["Variational"]

_CHUNK = 100  # samples judged at a time


class Variational(LatentModel):
    """An encoder and a decoder that are trained together.

    Parameters
    ----------
    encoder : Module
        Takes images in [0, 1], gives (N, 2 * latent_dim): the means, then the log variances.
    decoder : Module
        Takes latents (N, latent_dim), gives the logits of pixels.
    latent_dim : int
    optimizer : callable
        Makes the optimizer of the parameters of both.
    kl : {"analytic", "sample"}
        The divergence of q(z|x) from p(z) in closed form, or estimated by the z that was drawn.
    reduction : {"sum", "mean"}
        What is minimised: the sum over the batch, or its mean. What is reported is the mean.
    binarize : bool
        Pixels above 1/2 become 1, others 0.
    seed : int
    """

    OPTIMIZERS = {"optimizer": ("encoder", "decoder")}
    GENERATORS = ("decoder",)
    OPTIONS = (*LatentModel.OPTIONS, "kl", "reduction", "binarize")

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        *,
        latent_dim: int,
        optimizer: Callable,
        kl: str,
        reduction: str,
        binarize: bool,
        seed: int,
    ) -> None:
        latent_dim = at_least("latent_dim", latent_dim, 1)
        super().__init__(latent_dim, "normal", (0.0, 1.0), seed)
        self.kl = choose("kl", kl, ("analytic", "sample"))
        self.reduction = choose("reduction", reduction, ("sum", "mean"))
        self.binarize = bool(binarize)
        self.encoder = checked("encoder", encoder)
        self.decoder = checked("decoder", decoder)
        self.optimizer = optimizer_of("optimizer", optimizer, encoder=encoder, decoder=decoder)

    def updates(self) -> tuple[Update, ...]:
        """Return the one update of both networks.

        Returns
        -------
        tuple of Update
        """
        return (Update("", "optimizer", self.objective),)

    def objective(self, batch: Any) -> tuple[core.Tensor, dict[str, float]]:
        """Return what is minimised, and what is reported.

        Parameters
        ----------
        batch : named tuple of Tensor
            Images in [0, 1].

        Returns
        -------
        loss : Tensor
            A scalar.
        report : dict
            Nats a sample: ``loss``, the negative bound, and its parts ``recon``, the cross-entropy
            of the pixels, and ``kl``.
        """
        n = len(batch.x)
        recon, kl = self._terms(batch.x, self.noise(n))
        total = recon + kl
        report = {"loss": total.item() / n, "recon": recon.item() / n, "kl": kl.item() / n}
        return total if self.reduction == "sum" else total / n, report

    def encode(self, x: ArrayLike) -> np.ndarray:
        """Return where images lie among the latents: the means of q(z|x).

        Parameters
        ----------
        x : array_like
            Images, in a form that `fit` takes.

        Returns
        -------
        ndarray of float32, shape (N, latent_dim)
        """
        inside = self._targets(core.Tensor(inside_array(self, x))).numpy()
        return evaluate(self.encoder, inside)[:, : self.latent_dim[0]]

    def reconstruct(self, x: ArrayLike) -> np.ndarray:
        """Return what the decoder makes of the latents of images.

        Parameters
        ----------
        x : array_like
            Images, in a form that `fit` takes.

        Returns
        -------
        ndarray of float32, shape (N, C, H, W)
            In [-1, 1], as those of `sample`.
        """
        return self._of_latents(self.encode(x))

    def _targets(self, x: core.Tensor) -> core.Tensor:
        return x > 0.5 if self.binarize else x

    def _terms(self, x: core.Tensor, noise: core.Tensor) -> tuple[core.Tensor, core.Tensor]:
        """Return -log p(x|z) and log q(z|x) - log p(z), or its mean, summed over the batch."""
        x = self._targets(x)
        mean, log_var = self.encoder(x).chunk(2, 1)
        z = mean + noise * (log_var * 0.5).exp()
        recon = core.bce_logits(self.decoder(z), x).sum()
        if self.kl == "analytic":
            twice = mean.square() + log_var.exp() - 1.0 - log_var
        else:
            twice = z.square() - noise.square() - log_var
        return recon, twice.sum() * 0.5

    # ---- what Model asks for ----

    def _checked_option(self, name: str, value: Any) -> Any:
        known = {"kl": ("analytic", "sample"), "reduction": ("sum", "mean")}.get(name)
        return choose(name, value, known) if known else super()._checked_option(name, value)

    def _check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        super()._check_shapes(shapes)
        expected = (2, 2 * self.latent_dim[0])
        made = evaluate(self.encoder, np.zeros((2, *shapes["x"]), np.float32)).shape
        if made != expected:
            raise ValueError(
                f"the encoder gives {made} for 2 samples, expected {expected}: means and log "
                "variances"
            )

    def _answering(self, name: str, ema: bool | None) -> nn.Module:
        network = super()._answering(name, ema)
        return nn.Sequential(network, nn.Sigmoid()) if name == "decoder" else network

    def _validate(self, held_out: tuple[np.ndarray, ...]) -> dict[str, float]:
        (inside,), sums = held_out, np.zeros(2)
        with (
            eval_mode(self.encoder),
            eval_mode(self.decoder),
            drawing(self.seed, _streams.SAMPLES),
        ):
            for start in range(0, len(inside), _CHUNK):
                x = core.Tensor(inside[start : start + _CHUNK])
                sums += [term.item() for term in self._terms(x, self.noise(len(x)))]
        recon, kl = (sums / len(inside)).tolist()
        return {"val_loss": recon + kl, "val_recon": recon, "val_kl": kl}

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"] |= {
            "name": "elbo",
            "formula": "-log p(x|z) + log q(z|x) - log p(z), the negative evidence lower bound",
            "source": "Kingma and Welling 2014, arXiv:1312.6114",
            "kl": self.kl,
            "reduction": self.reduction,
        }
        facts["training"]["binarize"] = self.binarize
        return facts
