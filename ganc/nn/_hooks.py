"""Forward hooks, and the counter that tells compiled plans that something has changed."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

__all__ = ["RemovableHandle", "structure"]

_ids = itertools.count()


class _Structure:
    """Counts changes of structure: modules added or replaced, hooks, `forward` overridden.

    `Sequential` compares it with the count at which its plan was made.
    """

    __slots__ = ("version",)

    def __init__(self) -> None:
        self.version = 0


structure = _Structure()


class RemovableHandle:
    """What registering a hook returns; ``remove()`` takes the hook away again.

    Also a context manager that removes the hook at its end.
    """

    __slots__ = ("_hooks", "id")

    def __init__(self, hooks: dict[int, Any], entry: Any, prepend: bool) -> None:
        self._hooks, self.id = hooks, next(_ids)
        if prepend:
            rest = dict(hooks)
            hooks.clear()
            hooks[self.id] = entry
            hooks.update(rest)
        else:
            hooks[self.id] = entry
        structure.version += 1

    def remove(self) -> None:
        """Take the hook away; a second time does nothing."""
        self._hooks.pop(self.id, None)
        structure.version += 1

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


def call_with_hooks(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], pre: dict, post: dict
) -> Any:
    """Run `module.forward` between its hooks, with PyTorch's meaning of what they return."""
    for hook, with_kwargs in tuple(pre.values()):
        if with_kwargs:
            changed = hook(module, args, kwargs)
            if changed is not None:
                if not (isinstance(changed, tuple) and len(changed) == 2):
                    raise RuntimeError(
                        f"forward pre-hook: got {changed!r}, expected None or (args, kwargs)"
                    )
                args, kwargs = changed
        else:
            changed = hook(module, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
    result = module.forward(*args, **kwargs)
    for hook, with_kwargs in tuple(post.values()):
        call: Callable = hook
        changed = call(module, args, kwargs, result) if with_kwargs else call(module, args, result)
        if changed is not None:
            result = changed
    return result
