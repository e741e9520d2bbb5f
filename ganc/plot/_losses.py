"""Curves of losses."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ganc.plot._picture import BLUE, ORANGE, axes

__all__ = ["losses"]


def losses(history: Any, ax: Any = None) -> Any:
    """Draw the losses of D and G over the epochs, or those of a variational autoencoder.

    Of other models each column that ends in "loss" is drawn.

    For the Wasserstein loss, -d_loss is drawn: the estimate of the distance that training makes
    small. No other curve tells how good samples are; look at them, or at a metric.

    Parameters
    ----------
    history : History, model or dict of str to list
        What `fit` returns, or the model that has it. Where the loss is known, dotted lines show the
        values at the equilibrium, where samples are as the data.
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If nothing has been recorded.
    """
    model = history if hasattr(history, "history") and hasattr(history, "step") else None
    if model is None:
        model = getattr(history, "model", None)
    else:
        history = model.history
    values = history if isinstance(history, Mapping) else history.history
    epochs = range(len(next(iter(values.values()), ()))) if history is values else history.epoch
    if not len(epochs):
        raise ValueError("history: got no epoch, expected at least one; train first")
    wasserstein = getattr(history, "loss_name", "") == "wgan"
    ax = axes(ax, (6.4, 4))
    marker = "o" if len(epochs) == 1 else ""
    x = [epoch + 1 for epoch in epochs]
    if "d_loss" in values:
        sign = -1.0 if wasserstein else 1.0
        label = "−D loss: mean D(x) − mean D(G(z))" if wasserstein else f"D loss{_terms(model)}"
        ax.plot(x, np.multiply(sign, values["d_loss"]), color=BLUE, marker=marker, label=label)
    if "g_loss" in values:
        label = "G loss (−mean D(G(z)))" if wasserstein else "G loss"
        ax.plot(x, values["g_loss"], color=ORANGE, marker=marker, label=label)
    for name, color in (("recon", BLUE), ("kl", ORANGE)):
        if name in values:
            ax.plot(x, values[name], color=color, marker=marker, label=f"{name}, nats a sample")
    if not ax.has_data():
        for name in values:
            if name.endswith("loss"):
                ax.plot(x, values[name], marker=marker, label=name)
    if not wasserstein:
        _equilibrium(ax, model, values)
    ax.xaxis.get_major_locator().set_params(integer=True)
    ylabel = "Wasserstein estimate" if wasserstein else "loss, mean over the batch"
    ax.set(xlabel="epoch", ylabel=ylabel)
    ax.grid(alpha=0.3)
    ax.legend()
    return ax


def _terms(model: Any) -> str:
    """Say how the halves of D's loss, of real and of generated samples, are put together."""
    known = {"sum": "sum", "mean": "mean", "separate": "mean"}
    how = known.get(getattr(model, "d_reduction", None), "")
    return f" ({how} of real and fake)" if how else ""


def _equilibrium(ax: Any, model: Any, values: Mapping) -> None:
    """Draw the losses where samples are as the data, if the loss is known."""
    loss = getattr(model, "loss", None)
    if not hasattr(loss, "equilibrium"):
        return
    d, g = loss.equilibrium()
    d *= 1.0 if getattr(model, "d_reduction", "sum") == "sum" else 0.5
    for name, value, color in (("d_loss", d, BLUE), ("g_loss", g, ORANGE)):
        if name in values and value is not None:
            label = f"{name[0].upper()} at the equilibrium: {value:.3g}"
            ax.axhline(value, color=color, linestyle=":", linewidth=1, label=label)
