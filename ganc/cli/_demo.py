"""``ganc demo``: from nothing to clothes that nobody has made, within a minute."""

import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from ganc import datasets, models, plot
from ganc.callbacks import SampleGrid
from ganc.cli._folder import FILM, LOSSES, MODEL, SAMPLES, RunFolder, check_new
from ganc.cli._pictures import save_losses, save_samples
from ganc.cli._runs import config_for
from ganc.plot._picture import figure

_STEPS = 100  # an "epoch" of the demo: the distance between two frames of the film
_EPOCHS = 40
_BUDGET = 42.0  # seconds of training at most, so that slow machines finish as well


def demo(
    folder: str,
    *,
    seed: int | None = None,
    budget: float | None = None,
    overwrite: bool = False,
    words: Sequence[str] = ("demo",),
) -> dict[str, Any]:
    """Train on the embedded Fashion-MNIST images and write pictures, film and model.

    Parameters
    ----------
    folder : str
        Where to write; made if it is not there.
    seed : int, optional
        By default 0.
    budget : float, optional
        Seconds of training at most.
    overwrite : bool, default False
        Whether an earlier demo may be replaced.
    words : sequence of str
        Of the command, without the program's name.

    Returns
    -------
    dict
        The paths, and what it took.
    """
    start = time.perf_counter()
    figure((1, 1))  # complain about a missing package now, not after training
    check_new(folder, overwrite=overwrite)
    x, _ = datasets.load_embedded()
    gan = models.EveningGAN(seed=0 if seed is None else seed)
    print(f"training {type(gan).__name__} on {len(x):,} images of clothes", file=sys.stderr)
    film = SampleGrid(n=36)
    limit = _BUDGET if budget is None else budget
    with RunFolder(folder, new=True, overwrite=overwrite) as run:
        config = config_for(gan, {"data": "embedded"}, list(words))
        try:
            gan.fit(
                x, epochs=_EPOCHS, steps_per_epoch=_STEPS, callbacks=[film],
                budget=limit,
            )  # fmt: skip
        finally:
            paths = _write(gan, film, run, config) if gan.step else {}
    all_ = _EPOCHS * _STEPS
    if not gan.step:
        raise ValueError(f"no step was made in the budget of {limit} s; pass a longer one")
    if gan.step < all_:
        paths["stopped"] = (
            f"by its budget of {limit:g} s, after {gan.step:,} of {all_:,} steps; "
            "a longer one gives better pictures: --budget '3 min'"
        )
    return paths | {"seconds": round(time.perf_counter() - start, 1), "steps": gan.step}


def _write(gan: Any, film: SampleGrid, run: RunFolder, config: dict[str, Any]) -> dict[str, Any]:
    run.begin(config, MODEL, gan.save)
    save_samples(gan.preview(64, seed=0), run.claim(SAMPLES))
    if len(gan.history):
        save_losses(gan.history, run.claim(LOSSES))
    if film.frames:
        plot.animation(film.frames, run.claim(FILM), scale=2)
    names = (SAMPLES, LOSSES, FILM, MODEL)
    return {name: os.path.join(run.path, name) for name in names}
