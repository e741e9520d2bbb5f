"""How good samples are, in numbers that say how they were measured; nothing is downloaded.

Of generated samples against real ones: `frechet_distance`, `kernel_distance`,
`precision_recall_density_coverage`, `inception_score`, `class_coverage`; for points in the plane
`modes_covered`, `high_quality_share`, `reverse_kl`; of images against the images they should be:
`psnr`, `ssim`, `ms_ssim`. `evaluate` makes several at once, as do `GAN.evaluate` and
`ganc.callbacks.MetricCallback`.

Samples are compared through features: of a small classifier that comes with ganc for 28x28 grey
images, of an extractor of your own, or given as a table. Each `Result` is a float that carries and
prints extractor, n and definition, for numbers of two extractors cannot be compared.

>>> import numpy as np
>>> from ganc import metrics
>>> x = np.random.default_rng(0).normal(size=(2000, 8))
>>> distance = metrics.frechet_distance(x[:1000], 2 * x[1000:])
>>> f"{distance:.1f}"
'7.8'
>>> print(distance)
7.82448 Fréchet distance (features as given, n=1000); |m1 - m2|^2 + tr(...
"""

from ._classes import class_coverage, inception_score
from ._evaluate import evaluate, list
from ._features import Features, features
from ._frechet import frechet_distance
from ._kernel import kernel_distance
from ._manifold import PRDC, precision_recall_density_coverage
from ._modes import Modes, ModesResult, high_quality_share, modes_covered, reverse_kl
from ._pairs import ms_ssim, psnr, ssim
from ._result import Result

__all__ = [
    "Features",
    "Modes",
    "ModesResult",
    "PRDC",
    "Result",
    "class_coverage",
    "evaluate",
    "features",
    "frechet_distance",
    "high_quality_share",
    "inception_score",
    "kernel_distance",
    "list",
    "modes_covered",
    "ms_ssim",
    "precision_recall_density_coverage",
    "psnr",
    "reverse_kl",
    "ssim",
]
