"""How a model looks in a notebook: what it is, how far it is, what it makes."""

from html import escape
from typing import TYPE_CHECKING

from ganc.gan import _networks

if TYPE_CHECKING:
    from ganc.gan._model import Model

__all__ = ["card"]

_SAMPLES = 16


def card(model: "Model") -> str:
    """Return a table of facts and, once the model has been trained, samples, as HTML."""
    body = "".join(
        f"<tr><td style='text-align:left'>{escape(name)}</td>"
        f"<td style='text-align:left'>{escape(text)}</td></tr>"
        for name, text in _facts(model)
    )
    title = f"<b>{escape(type(model).__name__)}</b>"
    return f"<div>{title}<table><tbody>{body}</tbody></table>{_samples(model)}</div>"


def _facts(model: "Model") -> list[tuple[str, str]]:
    rows = [
        (name, f"{_networks.count(network):,} parameters")
        for name, network in model._parts().items()
    ]
    loss = model._facts()["loss"].get("name")
    rows += [("loss", loss)] if loss else []
    for name in model.OPTIMIZERS:
        optimizer = getattr(model, name)
        rows.append((name, f"{type(optimizer).__name__}, lr {optimizer.param_groups[0]['lr']:g}"))
    rows += [("ema", f"{model.ema:g}")] if model.ema is not None else []
    rows.append(("trained", f"{model.step:,} steps, {model.epoch:,} epochs"))
    return [*rows, ("seed", str(model.seed))]


def _samples(model: "Model") -> str:
    from ganc import plot
    from ganc.plot._picture import figure, html_image, png

    if not model.step or not (len(model._shape) == 3 or model._shape == (2,)):
        return ""
    if len(model._shape) == 3:
        return html_image(plot.grid(model.sample(_SAMPLES, seed=0), ncol=8)._repr_png_())
    drawn = figure((3.2, 3.2), dpi=80)
    plot.samples(model.sample(16 * _SAMPLES, seed=0), ax=drawn.subplots())
    return html_image(png(drawn))
