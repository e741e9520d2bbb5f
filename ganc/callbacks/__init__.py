"""What happens while `fit` runs: Keras's base class and hook names.

A callback sees the model as ``self.model`` between two steps and may stop training with
``self.model.stop_training = True``. An exception in it leaves the model as it was after the last
step.

>>> import ganc
>>> class Stop(ganc.callbacks.Callback):
...     def on_epoch_end(self, epoch, logs=None):
...         self.model.stop_training = logs["d_loss"] < 100
>>> gan = ganc.models.ToyGAN(seed=0)
>>> len(gan.fit(ganc.datasets.toy.ring(256), epochs=9, verbose=0, callbacks=[Stop()]))
1
"""

from ._base import Callback, LambdaCallback
from ._checkpoint import ModelCheckpoint
from ._doctor import Doctor
from ._ema import EMA
from ._files import CSVLogger, SampleGrid
from ._live import LivePlot
from ._metric import MetricCallback
from ._progress import ProgressBar
from ._rates import LearningRateScheduler
from ._stop import EarlyStopping, TerminateOnNaN
from ._tensorboard import TensorBoard

__all__ = [
    "CSVLogger",
    "Callback",
    "Doctor",
    "EMA",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "LivePlot",
    "MetricCallback",
    "ModelCheckpoint",
    "ProgressBar",
    "SampleGrid",
    "TensorBoard",
    "TerminateOnNaN",
]


def __getattr__(name: str):
    if name == "History":  # it is itself a callback, so its module imports this one
        from ganc.history import History

        return History
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
