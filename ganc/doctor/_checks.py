"""The table of all checks: what is measured, and from where on it is trouble.

The thresholds lie between runs that failed on purpose and healthy ones: tests/lib/sick_runs.py and
tools/doctor_runs.py. Some troubles are how a healthy run begins: before `since` steps they are
signs only. Wrong data ("input") or wrong samples ("outcome") make a run sick; causes do where
samples could not be compared with data, and explain otherwise.
"""

from ganc.doctor import _curves, _inputs, _judgement, _layers, _structure, _variety
from ganc.doctor._finding import CURVES, DATA, Check

__all__ = ["CHECKS"]

_GROWN = 2000  # steps: before, healthy runs may cover as little as sick ones
_LABELS = "a model with labels, and data with theirs"
_HELD_OUT = "validation_data, and a D that tells real from fake"

CHECKS = (
    # what goes in
    Check("data-range", _inputs.data_range, ">", 0.25, rank="input", needs=DATA),
    Check("repeated-data", _inputs.repeats, ">", 0.5, rank="input", needs=DATA),
    Check("labels", _inputs.labels, ">", 0, rank="input", needs="labels"),
    Check("labels-unknown", _inputs.labels_known, "<", 0.1, rank="input", needs=_LABELS),
    Check("label-smoothing", _inputs.label_smoothing, ">", 0.4),
    # how the networks are built
    Check("activation-before-loss", _structure.activation_before_loss, ">", 0),
    Check("checkerboard", _structure.checkerboard, ">", 0),
    Check("batch-neighbours", _layers.neighbours, ">", 0.01),
    # how training went
    Check("not-finite", _layers.not_finite, ">", 0, rank="input", needs=CURVES),
    Check("explosion", _curves.explosion, ">", 1000, needs=CURVES),
    Check("loss-size", _curves.losses, ">", 100, needs=CURVES),
    Check("oscillation", _curves.oscillation, ">", 0.4, needs=CURVES),
    # what D says
    Check("discriminator-won", _judgement.victory, ">", 0.98, needs=DATA),
    Check("discriminator-overfit", _judgement.memory, ">", 0.5, needs=_HELD_OUT),
    Check("vanishing-gradient", _judgement.signal, "<", 0.02, since=200),
    # what G makes
    Check("mode-collapse", _variety.distances, "<", 0.2, since=1500, rank="outcome"),
    Check("missing-kinds", _variety.classes, "<", 0.55, since=_GROWN, rank="outcome"),
    Check("low-coverage", _variety.coverage, "<", 0.1, since=_GROWN, rank="outcome"),
    Check("low-recall", _variety.recall, "<", 0.05, since=_GROWN, rank="outcome"),
    Check("repeated-samples", _variety.twins, "<", 0.1, since=_GROWN, rank="outcome"),
    Check("sharpness", _variety.sharpness, ">", 2, since=_GROWN, rank="outcome"),
    Check(
        "labels-ignored", _variety.labels_heeded, "<", 0.3, since=_GROWN, needs=_LABELS,
        rank="outcome",
    ),
    Check("saturated-output", _variety.saturation, ">", 0.3, needs="a model of images"),
    Check("dead-units", _layers.dead_units, ">", 0.9),
    Check("running-statistics", _layers.running_statistics, ">", 0.6, since=500),
)  # fmt: skip
