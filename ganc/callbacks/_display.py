"""Places in a notebook's output that can be drawn again.

All goes through IPython's ``display(..., display_id=True)``, which JupyterLab, Notebook, Colab and
VS Code understand, with IPython 7 and 8, with and without ipywidgets.
"""

import sys
from typing import Any

__all__ = ["Spot", "in_notebook"]


def in_notebook() -> bool:
    """Whether the program runs in a Jupyter kernel, whose output may hold pictures."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


class Spot:
    """One place of the output of the running cell; `show` replaces what it holds.

    Examples
    --------
    >>> from ganc.callbacks._display import Spot
    >>> spot = Spot()
    >>> spot.empty
    True
    """

    def __init__(self) -> None:
        self._handle: Any = None

    @property
    def empty(self) -> bool:
        """Whether nothing has been shown yet."""
        return self._handle is None

    def show(self, thing: Any) -> None:
        """Show an object by its ``_repr_html_``, ``_repr_png_`` or ``repr``."""
        if self._handle is None:
            from IPython.display import display

            self._handle = display(thing, display_id=True)
        else:
            self._handle.update(thing)
