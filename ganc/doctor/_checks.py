"""The table of all checks: what is measured, and from where on it is trouble.

The thresholds lie between runs that failed on purpose and healthy ones: tests/lib/sick_runs.py.
Some troubles are how a healthy run begins: those are asked about after `since` steps.
"""

from ganc.doctor import _curves, _inputs, _judgement, _layers, _structure, _variety
from ganc.doctor._finding import Check

__all__ = ["CHECKS"]

CHECKS = (
    # what goes in
    Check("data-range", _inputs.data_range, ">", 0.25),
    Check("labels", _inputs.labels, ">", 0),
    Check("label-smoothing", _inputs.label_smoothing, ">", 0.4),
    # how the networks are built
    Check("activation-before-loss", _structure.activation_before_loss, ">", 0),
    Check("checkerboard", _structure.checkerboard, ">", 0),
    Check("batch-neighbours", _layers.neighbours, ">", 0.01),
    # how training went
    Check("not-finite", _layers.not_finite, ">", 0),
    Check("explosion", _curves.explosion, ">", 1000),
    Check("oscillation", _curves.oscillation, ">", 0.4),
    # what D says
    Check("discriminator-won", _judgement.victory, ">", 0.98),
    Check("discriminator-overfit", _judgement.memory, ">", 0.5),
    Check("vanishing-gradient", _judgement.signal, "<", 0.02, since=200),
    # what G makes
    Check("mode-collapse", _variety.distances, "<", 0.2, since=1500),
    Check("missing-kinds", _variety.classes, "<", 0.15, since=1500),
    Check("saturated-output", _variety.saturation, ">", 0.3),
    Check("dead-units", _layers.dead_units, ">", 0.9),
    Check("running-statistics", _layers.running_statistics, ">", 0.6, since=500),
)
