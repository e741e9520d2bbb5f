"""How a model looks in a notebook: what it is, how far it is, what it makes."""

from html import escape
from typing import TYPE_CHECKING

from ganc import plot
from ganc.plot._picture import figure, html_image, png
from ganc.train._network import count

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["card"]

_SHOWN = 16


def card(model: "Model") -> str:
    """Return a table of facts and, once the model has been trained, what it shows, as HTML."""
    body = "".join(
        f"<tr><td style='text-align:left'>{escape(name)}</td>"
        f"<td style='text-align:left'>{escape(text)}</td></tr>"
        for name, text in _facts(model)
    )
    title = f"<b>{escape(type(model).__name__)}</b>"
    return f"<div>{title}<table><tbody>{body}</tbody></table>{_pictures(model)}</div>"


def _facts(model: "Model") -> list[tuple[str, str]]:
    rows = [(name, f"{count(network):,} parameters") for name, network in model._parts().items()]
    loss = model._facts()["loss"].get("name")
    rows += [("loss", loss)] if loss else []
    for name in model.OPTIMIZERS:
        optimizer = getattr(model, name)
        rows.append((name, f"{type(optimizer).__name__}, lr {optimizer.param_groups[0]['lr']:g}"))
    rows += [("ema", f"{model.ema:g}")] if model.ema is not None else []
    rows.append(("trained", f"{model.step:,} steps, {model.epoch:,} epochs"))
    return [*rows, ("seed", str(model.seed))]


def _pictures(model: "Model") -> str:
    if not (model.step and model._can_show):
        return ""
    shown = model.preview(_SHOWN, seed=0)
    if shown.ndim == 4:
        ncol = getattr(shown, "ncol", None) or 8
        return html_image(plot.grid(shown, ncol=ncol)._repr_png_())
    if shown.shape[1:] != (2,):
        return ""
    drawn = figure((3.2, 3.2), dpi=80)
    plot.samples(model.preview(16 * _SHOWN, seed=0), ax=drawn.subplots())
    return html_image(png(drawn))
