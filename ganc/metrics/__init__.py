"""How good samples are, in numbers that say how they were measured; nothing is downloaded.

Of generated samples against real ones: `frechet_distance`, `kernel_distance`,
`precision_recall_density_coverage`, `inception_score`, `class_coverage`, and `label_agreement` with
what they were asked to be; for points in the plane `modes_covered`, `high_quality_share`,
`reverse_kl`, for stacked digits `stacked_modes`; of images against the images they should be:
`psnr`, `ssim`, `ms_ssim`. `evaluate` makes several at once, as do `GAN.evaluate` and
`ganc.callbacks.MetricCallback`.

Samples are compared through features: of a small classifier that comes with ganc for 28x28 grey
images, of an extractor of your own, or given as a table. Each `Result` is a float that carries and
prints extractor, n and definition, for numbers of two extractors cannot be compared.

>>> import ganc
>>> from ganc import metrics
>>> x, _ = ganc.datasets.load_embedded(2000)
>>> distance = metrics.frechet_distance(x[:1000], x[1000:])
>>> f"{distance:.1f}"
'2.9'
>>> print(distance)
2.94... Fréchet distance (ganc-fashion-v1, n=1000); extractor ganc-fashion-v1@d4b7c184; |m1 - m2|...
"""

from ganc.metrics._classes import class_coverage, inception_score, label_agreement
from ganc.metrics._evaluate import evaluate, list
from ganc.metrics._features import Features, features
from ganc.metrics._frechet import frechet_distance
from ganc.metrics._kernel import kernel_distance
from ganc.metrics._manifold import PRDC, precision_recall_density_coverage
from ganc.metrics._modes import Modes, ModesResult, high_quality_share, modes_covered, reverse_kl
from ganc.metrics._pairs import ms_ssim, psnr, ssim
from ganc.metrics._result import Result
from ganc.metrics._stacked import stacked_modes

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
    "label_agreement",
    "list",
    "modes_covered",
    "ms_ssim",
    "precision_recall_density_coverage",
    "psnr",
    "reverse_kl",
    "ssim",
    "stacked_modes",
]
