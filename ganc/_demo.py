"""``ganc demo``: from nothing to clothes that nobody has made, within a minute."""

import os
import sys
import time
from typing import Any

from ganc import _runs, datasets, models, plot
from ganc.callbacks import SampleGrid

_STEPS = 50  # an "epoch" of the demo: the distance between two frames of the film
_EPOCHS = 40
_BUDGET = 45.0  # seconds of training at most, so that slow machines finish as well


def demo(folder: str, *, seed: int | None = None, budget: float | None = None) -> dict[str, Any]:
    """Train on the embedded Fashion-MNIST images and write pictures, film and model.

    Parameters
    ----------
    folder : str
        Where to write; made if it is not there.
    seed : int, optional
        By default 0.
    budget : float, optional
        Seconds of training at most.

    Returns
    -------
    dict
        The paths, and what it took.
    """
    start = time.perf_counter()
    plot.figure((1, 1))  # complain about a missing package now, not after training
    os.makedirs(folder, exist_ok=True)
    x, _ = datasets.load_embedded()
    gan = demo_model(0 if seed is None else seed)
    print(f"training {type(gan).__name__} on {len(x):,} images of clothes", file=sys.stderr)
    film = SampleGrid(n=36)
    limit = _BUDGET if budget is None else budget
    try:
        gan.fit(x, epochs=_EPOCHS, steps_per_epoch=_STEPS, callbacks=[film], budget=limit)
    finally:
        paths = _write(gan, film, folder)
    return paths | {"seconds": round(time.perf_counter() - start, 1), "steps": gan.step}


def demo_model(seed: int) -> Any:
    """Return the model of the demo: networks and numbers chosen by looking at samples."""
    return models.DenseGAN(seed=seed, label_smoothing=0.1)


def _write(gan: Any, film: SampleGrid, folder: str) -> dict[str, Any]:
    names = ("samples.png", "losses.png", "training.gif", "model.ganc")
    paths = {name: os.path.join(folder, name) for name in names}
    gan.save(paths["model.ganc"])
    _runs.save_samples(gan.sample(64, seed=0), paths["samples.png"])
    if len(gan.history):
        _runs.save_losses(gan, paths["losses.png"])
    if film.frames:
        plot.animation(film.frames, paths["training.gif"], scale=2)
    return paths
