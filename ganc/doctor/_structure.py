"""Checks of how the networks are built, before any training."""

import numpy as np

from ganc.doctor._evidence import Evidence
from ganc.doctor._finding import Measured
from ganc.doctor._inputs import last_layer
from ganc.nn import LogSoftmax, Module, Sigmoid, Softmax
from ganc.nn._inference import evaluate

__all__ = ["activation_before_loss", "checkerboard"]

_FAR = 1e3  # inputs so large that logits leave [-1, 1] where nothing holds them


def activation_before_loss(evidence: Evidence) -> Measured | None:
    """1 if what D gives are no logits: probabilities, or their logarithms."""
    network = evidence.discriminator
    if network is None:
        return None
    last = last_layer(network)
    ends = isinstance(last, Sigmoid | Softmax | LogSoftmax)
    what = f"ends in {type(last).__name__}" if ends else "gives values between 0 and 1 only"
    return Measured(
        float(ends or _is_probability(evidence, network)),
        f"the discriminator {what}, but the loss {evidence.loss_name!r} takes logits and has the "
        "sigmoid inside",
        "Remove that activation.",
    )


def _is_probability(evidence: Evidence, network: Module) -> bool:
    """Whether a network squashes in its own forward: it answers 0..1 even to absurd inputs."""
    if evidence.fake is None or not np.isfinite(evidence.fake).all():
        return False
    noise = np.random.default_rng(0).normal(0, _FAR, evidence.fake.shape).astype(np.float32)
    labels = [part[: len(noise)] for part in evidence.judged_labels]
    answers = evaluate(network, noise, *labels)
    inside = (answers >= 0) & (answers <= 1)
    return bool(inside.all()) and float(np.ptp(answers)) > 0.01


def checkerboard(evidence: Evidence) -> Measured | None:
    """Kernel modulo stride of G's transposed convolutions: pixels met unequally often."""
    if evidence.generator is None:
        return None
    worst, where = 0, ""
    for name, module in evidence.generator.named_modules():
        if not type(module).__name__.startswith("ConvTranspose"):
            continue
        for kernel, stride in zip(module.kernel_size, module.stride, strict=True):
            if kernel % stride > worst:
                worst, where = kernel % stride, f"{name} has kernel {kernel} and stride {stride}"
    return Measured(
        float(worst),
        f"the generator's layer {where}, so that some pixels get more terms than others",
        "Take a kernel that the stride divides, such as 4 for 2, or Upsample and Conv2d.",
    )
