"""Checks of the discriminator's answers, and of what the generator can learn from them."""

import numpy as np

from ganc._backend import core
from ganc.doctor._evidence import Evidence
from ganc.doctor._finding import Measured
from ganc.nn._inference import eval_mode

__all__ = ["memory", "signal", "victory"]

_FEW = 64  # samples that gradients are taken of


def victory(evidence: Evidence) -> Measured | None:
    """How far D tells real from fake, where its loss has an end: 1 is perfectly."""
    if evidence.loss_name not in ("non_saturating", "minimax", "lsgan", "hinge"):
        return None
    answers = _live_answers(evidence) or _recorded_answers(evidence)
    if answers is None:
        return None
    real, fake = answers
    apart = (real - fake) / (2.0 if evidence.loss_name == "hinge" else 1.0)
    return Measured(
        apart,
        f"the discriminator tells real from fake samples almost without fail: it answers "
        f"{real:.3f} to real ones and {fake:.3f} to fakes",
        "Lower d_lr to a quarter, or give D dropout and label_smoothing=0.1.",
    )


def _live_answers(evidence: Evidence) -> tuple[float, float] | None:
    if not evidence.logits or not {"real", "fake"} <= evidence.logits.keys():
        return None
    real, fake = (_answer(evidence, evidence.logits[side]) for side in ("real", "fake"))
    return real, fake


def _answer(evidence: Evidence, logits: np.ndarray) -> float:
    if evidence.loss.probability:
        return float((1 / (1 + np.exp(-np.clip(logits, -500, 500)))).mean())
    return float(np.clip(logits, -1, 1).mean())  # beyond its targets a loss asks for nothing


def _recorded_answers(evidence: Evidence) -> tuple[float, float] | None:
    real, fake = evidence.curve("d_real"), evidence.curve("d_fake")
    if not len(real) or not len(fake):
        return None
    return float(np.clip(real[-1], -1, 1)), float(np.clip(fake[-1], -1, 1))


def memory(evidence: Evidence) -> Measured | None:
    """How far D takes unseen real samples for fakes: 0 as for the training data, 1 all the way."""
    answers = _three_answers(evidence)
    if answers is None:
        return None
    real, held_out, fake = answers
    if real - fake <= 0:
        return None
    return Measured(
        (real - held_out) / (real - fake),
        f"the discriminator answers {real:.2f} to real samples that it has learned, {held_out:.2f} "
        f"to real ones it has not seen and {fake:.2f} to fakes",
        "Train on more data (or flip and shift them), and give D dropout.",
    )


def _three_answers(evidence: Evidence) -> tuple[float, float, float] | None:
    """Return D's mean answers to real, held-out and fake samples, if they differ beyond noise."""
    found = evidence.logits or {}
    if {"real", "held_out", "fake"} <= found.keys():
        real, held_out, fake = (found[side] for side in ("real", "held_out", "fake"))
        noise = np.sqrt(real.var() / len(real) + held_out.var() / len(held_out))
        if fake.mean() + 4 * noise > real.mean():
            return None
        return float(real.mean()), float(held_out.mean()), float(fake.mean())
    curves = [evidence.curve(name) for name in ("d_real", "val_d_real", "d_fake")]
    if evidence.model is not None or not all(map(len, curves)):
        return None
    real, held_out, fake = (float(curve[-3:].mean()) for curve in curves)
    return (real, held_out, fake) if real - fake > 0.1 else None


def signal(evidence: Evidence) -> Measured | None:
    """How much G's loss falls if each sample moves by the data's spread, to first order."""
    if "fake" not in evidence.sides or evidence.loss is None:
        return None
    slope = _slope(evidence)
    if slope is None:
        return None
    samples = evidence.fake if evidence.real is None else evidence.real
    spread = float(np.sqrt(samples.reshape(len(samples), -1).var(axis=0, dtype=np.float64).sum()))
    return Measured(
        slope * spread,
        f"the discriminator tells the generator next to nothing: its loss changes by "
        f"{slope * spread:.1e} where a sample changes as much as two of the data differ",
        "Use loss='non_saturating', and weaken D: lower d_lr, smaller n_critic.",
    )


def _slope(evidence: Evidence) -> float | None:
    """Return the mean norm of the gradients of each sample's loss, in the data's units."""
    generator, discriminator = evidence.generator, evidence.discriminator
    with eval_mode(generator), eval_mode(discriminator):
        z, *labels = (core.Tensor(part[:_FEW]) for part in evidence.inputs)
        fake = generator(z, *labels).detach()
        core.set_grad_enabled(True)
        fake.requires_grad_()
        real = None
        if getattr(evidence.loss, "relativistic", False):
            if "real" not in evidence.sides:
                return None
            rows = np.arange(len(fake)) % len(evidence.sides["real"][0])
            real = discriminator(*(core.Tensor(part[rows]) for part in evidence.sides["real"]))
        told = labels[: len(evidence.judged_labels)]
        loss = evidence.loss.g_loss(discriminator(fake, *told), real)
        loss.backward()
        gradient = fake.grad
    if gradient is None:
        return 0.0
    rows = gradient.numpy().reshape(len(fake), -1).astype(np.float64) * len(fake)
    low, high = evidence.model.pixel_range if fake.ndim == 4 else (-1.0, 1.0)
    norms = np.sqrt((rows * rows).sum(axis=1)) * (high - low) / 2
    return float(norms.mean()) if np.isfinite(norms).all() else None
