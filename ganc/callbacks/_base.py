"""The base class, and calling several of them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ganc._warn import warn
from ganc.callbacks import _states

__all__ = ["Callback", "CallbackList", "LambdaCallback"]

_HOOKS = (
    "on_train_begin",
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
)

Logs = Mapping[str, float]


class Callback:
    """Base class: override the hooks you need.

    Attributes
    ----------
    model : GAN
        The model in training.
    params : dict
        ``epochs`` (number of the last one; infinite if only a budget ends training), ``steps``
        (in an epoch), ``budget`` (seconds or None), ``started`` (when `fit` was called, on
        ``time.perf_counter()``).

    Examples
    --------
    >>> import ganc
    >>> class Watch(ganc.callbacks.Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, sorted(logs)[:2], self.model.step)
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(ganc.datasets.toy.ring(512), epochs=2, verbose=0, callbacks=[Watch()])
    0 ['d_fake', 'd_grad_norm'] 2
    1 ['d_fake', 'd_grad_norm'] 4
    """

    def __init__(self) -> None:
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model: Any) -> None:
        """Receive the model, before training begins.

        Parameters
        ----------
        model : GAN
        """
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive the plan of training.

        Parameters
        ----------
        params : dict
            As the attribute.
        """
        self.params = params

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must hold so that this callback can go on, as plain data.

        Returns
        -------
        dict
            Numbers, texts, arrays, and lists or dicts of them; empty, unless the callback carries
            something from epoch to epoch.
        """
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` returned, in the next `fit`.

        Parameters
        ----------
        state : dict
        """

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Training begins.

        Parameters
        ----------
        logs : dict, optional
            Empty.
        """

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Training has ended; not called after an exception.

        Parameters
        ----------
        logs : dict, optional
            The last means.
        """

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch begins.

        Parameters
        ----------
        epoch : int
            From 0.
        logs : dict, optional
            Empty.
        """

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """An epoch has ended.

        Parameters
        ----------
        epoch : int
            From 0.
        logs : dict, optional
            Its means; what is added is recorded too.
        """

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """A step begins.

        Parameters
        ----------
        batch : int
            From 0 in each epoch.
        logs : dict, optional
            Empty.
        """

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """A step has ended.

        Parameters
        ----------
        batch : int
            From 0 in each epoch.
        logs : dict, optional
            Its numbers.
        """


class LambdaCallback(Callback):
    """A callback made of functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : callable, optional
        Functions of (epoch, logs).
    on_train_begin, on_train_end : callable, optional
        Functions of (logs).
    on_train_batch_begin, on_train_batch_end : callable, optional
        Functions of (batch, logs).

    Examples
    --------
    >>> import ganc
    >>> seen = []
    >>> note = ganc.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> _ = gan.fit(ganc.datasets.toy.ring(256), epochs=2, verbose=0, callbacks=[note])
    >>> seen
    [0, 1]
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
    ) -> None:
        super().__init__()
        given = locals()
        for hook in _HOOKS:
            if given[hook] is not None:
                setattr(self, hook, given[hook])


def _nothing() -> None:
    """What most callbacks do when training is left by an exception."""


class CallbackList:
    """Calls the hooks of several callbacks, skipping those that do not override a hook.

    Parameters
    ----------
    callbacks : iterable of Callback
        In the order in which they are called.
    """

    def __init__(self, callbacks: Iterable[Callback]) -> None:
        self.callbacks = list(callbacks)
        for callback in self.callbacks:
            if isinstance(callback, type) or not hasattr(callback, "on_epoch_end"):
                name = callback.__name__ if isinstance(callback, type) else type(callback).__name__
                hint = f"; call it first: {name}()" if isinstance(callback, type) else ""
                raise TypeError(f"callbacks: got {name}, expected Callback objects{hint}")
        self.savers = [c for c in self.callbacks if hasattr(c, "_save_if_due")]
        self._hooks = {hook: self._overriding(hook) for hook in _HOOKS}

    def _overriding(self, hook: str) -> list[Callable]:
        plain = getattr(Callback, hook)
        methods = [getattr(c, hook) for c in self.callbacks if hasattr(c, hook)]
        return [m for m in methods if getattr(m, "__func__", m) is not plain]

    def attach(self, model: Any, params: dict[str, Any]) -> None:
        """Hand model and plan to each callback."""
        for callback in self.callbacks:
            callback.set_model(model)
            callback.set_params(params)

    def train_begin(self) -> None:
        """Training begins."""
        for call in self._hooks["on_train_begin"]:
            call({})

    def train_end(self, logs: Logs) -> None:
        """Training has ended."""
        for call in self._hooks["on_train_end"]:
            call(logs)

    def abandon(self) -> None:
        """Training was left by an exception: let go of terminals and files.

        What fails here is told, but does not take the place of that exception.
        """
        for callback in self.callbacks:
            try:
                getattr(callback, "_abandon", _nothing)()
            except Exception as error:
                told = f"{type(callback).__name__}: {type(error).__name__}: {error}"
                warn(told)

    def states(self) -> list[dict[str, Any]]:
        """Return what a checkpoint must hold of the callbacks."""
        return _states.collect(self.callbacks)

    def save_if_due(self) -> None:
        """Write the checkpoints that are due, now that all hooks have run."""
        for callback in self.savers:
            callback._save_if_due()

    def save_last(self) -> None:
        """Write checkpoints of the end."""
        for callback in self.savers:
            callback._save_last()

    def epoch_begin(self, epoch: int) -> None:
        """An epoch begins."""
        for call in self._hooks["on_epoch_begin"]:
            call(epoch, {})

    def epoch_end(self, epoch: int, logs: Logs) -> None:
        """An epoch has ended."""
        for call in self._hooks["on_epoch_end"]:
            call(epoch, logs)

    def batch_begin(self, batch: int) -> None:
        """A step begins."""
        for call in self._hooks["on_train_batch_begin"]:
            call(batch, {})

    def batch_end(self, batch: int, logs: Logs) -> None:
        """A step has ended."""
        for call in self._hooks["on_train_batch_end"]:
            call(batch, logs)
