"""`Comparison`: what several models have come to, as a table and as pictures."""

import csv
import json
import os
from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np

from ganc.bench._run import HISTORY, KILLED, RESULT, SAMPLES, every_of
from ganc.io import read_tensors
from ganc.plot import samples as draw_samples
from ganc.plot._picture import BLUE, ORANGE, figure, missing

__all__ = ["PLAN", "Comparison"]

PLAN = "comparison.json"
_WIDE = 26  # letters of a name above a column


class Comparison:
    """The runs of a comparison, read from its folder.

    Parameters
    ----------
    folder : str
    models : list of str
        Names, in their order.
    seeds : list of int

    Attributes
    ----------
    folder : str
    runs : list of dict
        A record for each run: ``model``, ``seed``, ``failed`` (a reason, or None), ``steps``,
        ``seconds``, ``metrics``.

    Examples
    --------
    >>> from ganc import bench
    >>> found = bench.compare(["ToyGAN"], "ring", seeds=(0, 1), steps=10, workers=1, verbose=0)
    >>> len(found.runs), found.runs[0]["steps"]
    (2, 10)
    """

    def __init__(self, folder: str, models: Sequence[str], seeds: Sequence[int]) -> None:
        self.folder, self._models, self._seeds = folder, list(models), list(seeds)
        self.runs = [
            {"model": model, "seed": seed} | _result(self.place(model, seed))
            for model in self._models
            for seed in self._seeds
        ]

    def place(self, model: str, seed: int) -> str:
        """Return the folder of one run.

        Parameters
        ----------
        model : str
        seed : int

        Returns
        -------
        str
        """
        return os.path.join(self.folder, f"{model}-{seed}")

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each model: mean and spread of each metric over the seeds.

        Returns
        -------
        list of dict
            ``model``, ``runs``, ``failed``, ``steps``, ``seconds``, and for each metric its name
            and ``NAME_std``, the standard deviation over seeds, 0 of one.
        """
        return [self._row(model) for model in self._models]

    def _row(self, model: str) -> dict[str, Any]:
        mine = [run for run in self.runs if run["model"] == model]
        done = [run for run in mine if run["failed"] is None]
        row: dict[str, Any] = {"model": model, "runs": len(mine), "failed": len(mine) - len(done)}
        for name in ("steps", "seconds"):
            row[name] = float(np.mean([run[name] for run in done])) if done else float("nan")
        for name in self.metrics:
            values = [run["metrics"][name] for run in done if name in run["metrics"]]
            row[name] = float(np.mean(values)) if values else float("nan")
            row[f"{name}_std"] = float(np.std(values, ddof=1)) if len(values) > 1 else 0.0
        return row

    @property
    def metrics(self) -> list[str]:
        """The names of what was measured."""
        return list(dict.fromkeys(name for run in self.runs for name in run["metrics"]))

    def table(self) -> str:
        """Return the rows as a text, and why runs have failed.

        Returns
        -------
        str
        """
        lines = [self._heading(), *map(self._cells, self.rows())]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = [" ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        return "\n".join(text + self._failures())

    def _heading(self) -> list[str]:
        return ["model", *self.metrics, "steps", "seconds", "runs"]

    def _cells(self, row: dict[str, Any]) -> list[str]:
        numbers = [f"{row[name]:.3g} ± {row[f'{name}_std']:.2g}" for name in self.metrics]
        runs = f"{row['runs'] - row['failed']} of {row['runs']}" if row["failed"] else row["runs"]
        return [row["model"], *numbers, f"{row['steps']:.0f}", f"{row['seconds']:.0f}", str(runs)]

    def _failures(self) -> list[str]:
        return [
            f"{run['model']}, seed {run['seed']}: {run['failed']}"
            for run in self.runs
            if run["failed"] is not None
        ]

    def __repr__(self) -> str:
        return self.table()

    def _repr_html_(self) -> str:
        lines = [("th", self._heading()), *(("td", self._cells(row)) for row in self.rows())]
        rows = (
            "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"
            for tag, cells in lines
        )
        failures = "".join(f"<p>{escape(line)}</p>" for line in self._failures())
        return f"<table>{''.join(rows)}</table>{failures}"

    def to_frame(self) -> Any:
        """Return a row for each run as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas
        except ImportError:
            raise missing("pandas") from None
        return pandas.DataFrame(
            [{k: v for k, v in run.items() if k != "metrics"} | run["metrics"] for run in self.runs]
        )

    def plot(self) -> Any:
        """Draw the curves of all runs, and samples of each model's first run that came through.

        Returns
        -------
        matplotlib.figure.Figure
            A column for each model.
        """
        columns = len(self._models)
        drawn = figure((max(2.6 * columns, 5.0), 5.2))
        axes = drawn.subplots(2, columns, squeeze=False, height_ratios=(1, 1.25))
        for (top, bottom), row in zip(axes.T, self.rows(), strict=True):
            self._draw_curves(top, row["model"])
            self._draw_samples(bottom, row)
        handles, labels = axes[0][0].get_legend_handles_labels()
        if handles:
            axes[0][0].legend(handles[:2], labels[:2], fontsize=8)
        return drawn

    def _draw_curves(self, ax: Any, model: str) -> None:
        short = model if len(model) <= _WIDE else f"{model[:12]}…{model[-13:]}"
        ax.set_title(short, fontsize=10)
        ax.set_xlabel("step", fontsize=8)
        ax.tick_params(labelsize=7)
        for seed in self._seeds:
            curves = _curves(self.place(model, seed))
            steps = _steps(
                self.folder, self.place(model, seed), len(next(iter(curves.values()), ()))
            )
            dot = "." if len(steps) == 1 else None  # a line of one point cannot be seen
            for name, color in (("d_loss", BLUE), ("g_loss", ORANGE)):
                if name in curves:
                    ax.plot(
                        *(steps, curves[name]),
                        color=color, linewidth=0.9, alpha=0.7, label=name, marker=dot,
                    )  # fmt: skip

    def _draw_samples(self, ax: Any, row: dict[str, Any]) -> None:
        first = self.metrics[:1]
        ax.set_axis_off()
        for seed in self._seeds:
            path = os.path.join(self.place(row["model"], seed), SAMPLES)
            if os.path.exists(path):
                draw_samples(read_tensors(path)[0]["samples"], ax=ax)
                break
        else:
            ax.text(0.5, 0.5, "no run came through", ha="center", fontsize=8)
        ax.set_title(
            "".join(f"{name} {row[name]:.3g} ± {row[f'{name}_std']:.2g}" for name in first),
            fontsize=8,
        )


def _result(folder: str) -> dict[str, Any]:
    for name in (RESULT, KILLED):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found = json.load(file)
            break
    else:
        return {"failed": "not made yet", "metrics": {}, "seconds": 0.0, "steps": 0}
    none = float("nan")  # of what was not finite
    found["metrics"] = {k: none if v is None else v for k, v in found["metrics"].items()}
    return found


def _steps(folder: str, place: str, points: int) -> np.ndarray:
    """Return the steps at which the points of a run's curves end."""
    try:
        with open(os.path.join(folder, PLAN), encoding="utf-8") as file:
            every = every_of(json.load(file)["steps"])
    except (OSError, ValueError, KeyError):
        every = 1
    ends = every * np.arange(1, points + 1)
    made = _result(place)["steps"]
    return np.minimum(ends, made) if made else ends


def _curves(folder: str) -> dict[str, np.ndarray]:
    path = os.path.join(folder, HISTORY)
    if not os.path.exists(path):
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        name: np.array([float(row[name] or "nan") for row in rows])
        for name in (rows[0] if rows else ())
        if name in ("d_loss", "g_loss")
    }
