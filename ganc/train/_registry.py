"""The models that files and the command line know by name; classes enter themselves."""

from typing import Any, TypeVar

__all__ = ["MODELS", "register"]

MODELS: dict[str, type] = {}
_Class = TypeVar("_Class", bound=type)


def register(model: _Class) -> _Class:
    """Make a model known by its name, as a class decorator.

    A file of it can then be loaded by `ganc.load` without a model to load into: the class is built
    by its ``rebuild``, of its ``config`` where it is a preset.

    Parameters
    ----------
    model : type
        A subclass of `Model`.

    Returns
    -------
    type
        The same.

    Raises
    ------
    ValueError
        If another class has that name.

    Examples
    --------
    >>> import ganc
    >>> from ganc.train import register
    >>> @register
    ... class MyGAN(ganc.models.VanillaGAN):
    ...     "My numbers."
    >>> ganc.models.get("my") is MyGAN
    True
    >>> del ganc.train._registry.MODELS["MyGAN"]
    """
    known = MODELS.get(model.__name__)
    if known is not None and known.__module__ != model.__module__:
        raise ValueError(f"the model {model.__name__!r} exists; choose another name")
    MODELS[model.__name__] = model
    return model


def is_registered(model: Any) -> bool:
    """Whether the class of a model is known by its name."""
    return MODELS.get(type(model).__name__) is type(model)
