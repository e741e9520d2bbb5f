"""What `fit` records: one row an epoch.

>>> from ganc.callbacks import History
>>> history = History()
>>> history.on_epoch_end(0, {"d_loss": 1.2, "g_loss": 0.8})
>>> history.history
{'d_loss': [1.2], 'g_loss': [0.8]}
"""

import csv
import html
import io
import math
import os
from collections.abc import Mapping
from typing import Any

from ganc import plot
from ganc.callbacks._base import Callback
from ganc.io import atomic_write
from ganc.plot._picture import figure, html_image, png

__all__ = ["History"]


class History(Callback):
    """Epoch by epoch, the means of what the steps report; ``gan.history`` and `fit` give it.

    Attributes
    ----------
    epoch : list of int
        Numbers of the epochs, from 0. The last one may be incomplete, after Ctrl-C or a
        budget; its numbers are replaced when it is finished.
    history : dict of str to list of float
        A list as long as `epoch` for each name; NaN where an epoch has no value.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.ToyGAN(seed=0)
    >>> history = gan.fit(ganc.datasets.toy.ring(512, seed=0), epochs=2, verbose=0)
    >>> list(history.history)[:2]
    ['d_loss', 'g_loss']
    >>> history
    History(2 epochs: d_loss, g_loss, d_real, d_fake, d_grad_norm, g_grad_norm)
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}
        self.loss_name = ""  # for the labels of plots

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Remember the loss, which plots are labelled by."""
        self.loss_name = getattr(getattr(self.model, "loss", None), "name", "")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Record an epoch; the last one may be recorded again with newer numbers."""
        logs = logs or {}
        if not self.epoch or self.epoch[-1] != epoch:
            self.epoch.append(epoch)
            for values in self.history.values():
                values.append(math.nan)
        for name, value in logs.items():
            values = self.history.setdefault(name, [math.nan] * len(self.epoch))
            values[-1] = float(value)

    def plot(self, ax: Any = None) -> Any:
        """Draw the losses with matplotlib.

        Parameters
        ----------
        ax : matplotlib Axes, optional

        Returns
        -------
        matplotlib Axes
        """
        return plot.losses(self, ax=ax)

    def to_frame(self) -> Any:
        """Return the history as a pandas DataFrame, indexed by epoch.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed; `to_csv` does without.
        """
        try:
            import pandas
        except ImportError:
            raise ImportError(
                "History.to_frame needs pandas: pip install pandas (history.history and to_csv "
                "do without)"
            ) from None
        return pandas.DataFrame(self.history, index=pandas.Index(self.epoch, name="epoch"))

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the history to a CSV file with the columns epoch, d_loss, g_loss, ...

        An old file is replaced whole, or stays as it was.

        Parameters
        ----------
        path : str or path-like
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(["epoch", *self.history])
        writer.writerows(self._rows())
        atomic_write(path, [text.getvalue().encode()])

    def _rows(self) -> list[tuple]:
        return list(zip(self.epoch, *self.history.values(), strict=True))

    def __len__(self) -> int:
        return len(self.epoch)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        noun = "epoch" if len(self) == 1 else "epochs"
        names = f": {', '.join(self.history)}" if self.history else ""
        return f"History({len(self)} {noun}{names})"

    def _repr_png_(self) -> bytes | None:
        """Return the loss curves for notebooks, where there are any to draw."""
        if not len(self) or not self.history.keys() & {"d_loss", "g_loss", "recon", "kl"}:
            return None
        try:
            drawn = figure((6.4, 3.2), dpi=80)
        except ImportError:  # a notebook shows the table alone
            return None
        self.plot(ax=drawn.subplots())
        return png(drawn)

    def _repr_html_(self) -> str:
        """Return the curves and a table of the last 20 epochs for notebooks."""
        curves = self._repr_png_()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in ["epoch", *self.history])
        body = "".join(
            f"<tr><td>{row[0] + 1}</td>" + "".join(f"<td>{v:.4g}</td>" for v in row[1:]) + "</tr>"
            for row in self._rows()[-20:]
        )
        more = f"<caption>last 20 of {len(self)} epochs</caption>" if len(self) > 20 else ""
        picture = "" if curves is None else html_image(curves)
        return f"{picture}<table>{more}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
