"""Runs of the command line: a folder with the model, its history and its pictures."""

import json
import os
from typing import Any

import numpy as np

from ganc import plot
from ganc._picture import figure
from ganc.gan import GAN, load

MODEL, HISTORY, CONFIG = "model.ganc", "history.csv", "config.json"
SAMPLES, LOSSES = "samples.png", "losses.png"


def build(model: type, x: np.ndarray, options: dict[str, Any]) -> GAN:
    """Return a model for data, with options of its constructor."""
    from ganc.gan._door import sample_shape

    shape = sample_shape(x)
    if model.__name__ == "ToyGAN":
        if len(shape) != 1:
            raise ValueError(f"ToyGAN trains on points, these data are images {shape}")
        return model(**{"features": shape[0]} | options)
    if len(shape) != 3:
        raise ValueError(f"{model.__name__} trains on images, these data are points; try toy")
    return model(**{"image_shape": shape} | options)


def train(
    gan: GAN,
    x: np.ndarray,
    data: str,
    folder: str,
    *,
    epochs: int | None,
    batch_size: int,
    budget: float | None,
) -> dict[str, Any]:
    """Train a model and write its folder, after Ctrl-C too; return what was written."""
    os.makedirs(folder, exist_ok=True)
    try:
        gan.fit(x, epochs=epochs, batch_size=batch_size, budget=budget)
    finally:
        written = write(gan, folder, {"data": data, "batch_size": batch_size, "epochs": epochs})
    last = {name: values[-1] for name, values in gan.history.history.items() if values}
    return written | {"epochs": gan.epoch, "steps": gan.step} | last


def write(gan: GAN, folder: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Write model, configuration, history and pictures; return the paths."""
    paths = {
        name: os.path.join(folder, file)
        for name, file in (
            ("model", MODEL),
            ("config", CONFIG),
            ("history", HISTORY),
            ("samples", SAMPLES),
            ("losses", LOSSES),
        )
    }
    gan.save(paths["model"])
    with open(paths["config"], "w", encoding="utf-8") as file:
        json.dump(gan.describe().to_dict() | {"run": arguments}, file, indent=2)
    gan.history.to_csv(paths["history"])
    try:
        save_samples(gan.sample(64, seed=0), paths["samples"])
        if len(gan.history):
            save_losses(gan, paths["losses"])
        else:
            del paths["losses"]
    except ImportError:  # numbers are kept without matplotlib too
        paths = {k: v for k, v in paths.items() if k not in ("samples", "losses")}
    return paths


def save_samples(samples: np.ndarray, path: str) -> None:
    """Write samples to a PNG, images as a grid, points as a cloud."""
    if samples.ndim == 4:
        height = samples.shape[2]
        plot.save_image(path, plot.grid(samples), scale=max(1, 56 // height))
        return
    drawn = figure((5, 5))
    plot.samples(samples, ax=drawn.subplots())
    drawn.savefig(path, dpi=120)


def save_losses(gan: GAN, path: str) -> None:
    """Write the loss curves to a PNG."""
    drawn = figure((6.4, 4))
    plot.losses(gan.history, ax=drawn.subplots())
    drawn.savefig(path, dpi=120)


def sample(run: str, n: int, output: str, seed: int | None) -> dict[str, Any]:
    """Write samples of a trained model; return where."""
    samples = _model(run).sample(n, seed=seed)
    if output.endswith(".npy"):
        np.save(output, samples)
    elif output.lower().endswith(".png"):
        save_samples(samples, output)
    else:
        raise ValueError(f"-o: got {output!r}, expected a name that ends in .png or .npy")
    return {"samples": output, "n": n, "seed": seed}


def evaluate(
    run: str,
    x: np.ndarray,
    metrics: list[str] | None,
    *,
    n: int,
    extractor: str | None,
    seed: int,
) -> dict[str, float]:
    """Measure samples of a trained model against data."""
    return _model(run).evaluate(x, metrics, n=n, extractor=extractor, seed=seed)


def data_of(run: str) -> str | None:
    """Return the name of the data that a run was trained on, if its folder tells."""
    try:
        with open(os.path.join(run, CONFIG), encoding="utf-8") as file:
            return json.load(file)["run"]["data"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _model(run: str) -> GAN:
    return load(os.path.join(run, MODEL) if os.path.isdir(run) else run)
