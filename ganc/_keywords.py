"""Keywords that a function does not have: an error that says which one is meant."""

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

__all__ = ["check_keywords", "keywords_named"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

# What other libraries and lessons call things, and what they may be here.
_ELSEWHERE = {
    "lr": ("g_lr", "d_lr"),
    "learning_rate": ("g_lr", "d_lr", "lr"),
    "beta1": ("betas",),
    "beta_1": ("betas",),
    "batch": ("batch_size",),
    "bs": ("batch_size",),
    "n_epochs": ("epochs",),
    "num_epochs": ("epochs",),
    "iterations": ("epochs", "steps_per_epoch"),
    "steps": ("steps_per_epoch",),
    "callback": ("callbacks",),
    "nz": ("latent_dim",),
    "z_dim": ("latent_dim",),
    "noise_dim": ("latent_dim",),
    "latent_size": ("latent_dim",),
    "img_shape": ("image_shape",),
    "input_shape": ("image_shape",),
    "image_size": ("image_shape",),
    "img_size": ("image_shape",),
    "num_classes": ("classes",),
    "n_classes": ("classes",),
    "random_state": ("seed",),
    "random_seed": ("seed",),
    "num_samples": ("n",),
    "n_samples": ("n",),
    "label": ("labels",),
    "y": ("labels",),
    "optimizer": ("g_optimizer", "d_optimizer"),
    "criterion": ("loss",),
    "gp": ("penalty",),
    "lambda_gp": ("penalty",),
    "clip_value": ("weight_clip",),
    "smoothing": ("label_smoothing",),
}


@functools.cache
def _known(function: Callable) -> tuple[str, ...] | None:
    """Return the keywords of a function, None if it takes any."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return tuple(p.name for p in parameters if p.kind in named and p.name != "self")


def check_keywords(who: str, function: Callable, given: Iterable[str]) -> None:
    """Raise for a keyword that a function does not have, and say which one is near."""
    known = _known(function)
    unknown = [] if known is None else [name for name in given if name not in known]
    if not unknown:
        return
    word = unknown[0]
    near = [name for name in _ELSEWHERE.get(word.lower(), ()) if name in known]
    near = near or difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    hint = f"did you mean {' and '.join(f'{name}=' for name in near)}?" if near else ""
    hint = hint or f"expected some of {', '.join(known)}"
    raise TypeError(f"{who}: got an unknown argument {word}=; {hint}")


def keywords_named(function: _Function) -> _Function:
    """Decorate a method whose callers may mistake a keyword."""

    @functools.wraps(function)
    def checked(self: Any, *args: Any, **options: Any) -> Any:
        check_keywords(function.__name__, function, options)
        return function(self, *args, **options)

    return checked
