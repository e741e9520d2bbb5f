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

from ganc.callbacks._base import Callback, LambdaCallback
from ganc.callbacks._checkpoint import ModelCheckpoint
from ganc.callbacks._doctor import Doctor
from ganc.callbacks._ema import EMA
from ganc.callbacks._files import CSVLogger, SampleGrid
from ganc.callbacks._history import History
from ganc.callbacks._live import LivePlot
from ganc.callbacks._metric import MetricCallback
from ganc.callbacks._progress import ProgressBar
from ganc.callbacks._rates import LearningRateScheduler
from ganc.callbacks._stop import EarlyStopping, TerminateOnNaN
from ganc.callbacks._tensorboard import TensorBoard

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
