"""What a model is, as a text and as data."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ganc._version import __version__
from ganc.train._network import count

if TYPE_CHECKING:
    from ganc.train._model import Model

__all__ = ["Description"]


class Description:
    """Source, numbers and deviations of a model.

    Parameters
    ----------
    model : Model

    Examples
    --------
    >>> import ganc
    >>> text = ganc.models.VanillaGAN(seed=0).describe()
    >>> print(text)                                              # doctest: +ELLIPSIS
    VanillaGAN
    ...
    parameters: generator 1,486,352, discriminator 1,460,225
    ...
    >>> text.to_dict()["loss"]["name"]
    'non_saturating'
    """

    def __init__(self, model: "Model") -> None:
        self._data = _data(model)

    def to_dict(self) -> dict[str, Any]:
        """Return the entries: strings, numbers, lists and dicts."""
        return self._data

    def __repr__(self) -> str:
        return "\n".join(_lines(self._data))


def _data(model: "Model") -> dict[str, Any]:
    facts = model._facts()
    return {
        "name": type(model).__name__,
        "source": getattr(model, "source", None),
        "parameters": {
            part: {
                "total": count(network),
                "running_statistics": count(network, trainable=False),
            }
            for part, network in model._parts().items()
        },
        "layers": {} if hasattr(model, "config") else _layers(model),
        "config": dict(getattr(model, "config", {})),
        "loss": facts["loss"],
        "data": {"fields": list(map(str, model.FIELDS)), "samples": model._position.n}
        | {"shapes": {name: list(shape) for name, shape in model._shapes.items()}},
        **facts["data"],
        "optimizers": {
            " and ".join(parts): _optimizer(getattr(model, name))
            for name, parts in model.OPTIMIZERS.items()
        },
        "training": {
            **facts["training"],
            "ema": model.ema,
            "batch_size": model._position.batch_size or model.default_batch_size,
            "pixel_range": list(model.pixel_range),
            "seed": model.seed,
        },
        "deviations": list(getattr(model, "deviations", ())),
        "trained": {"steps": model.step, "epochs": len(model.history.epoch)},
        "versions": {"ganc": __version__, "numpy": np.__version__},
    }


def _layers(model: "Model") -> dict[str, list[str]]:
    """Return the layers of networks of the user's own."""
    return {part: repr(network).splitlines() for part, network in model._parts().items()}


def _optimizer(optimizer: Any) -> dict[str, Any]:
    options = {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}
    return {"name": type(optimizer).__name__} | options


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [data["name"]]
    if data["source"]:
        lines.append(f"source: {data['source']}")
    counts = ", ".join(_count(part, entry) for part, entry in data["parameters"].items())
    lines.append(f"parameters: {counts}")
    for part, layers in data["layers"].items():
        lines += [f"{part}: {layers[0]}", *(f"  {line}" for line in layers[1:])]
    loss = data["loss"]
    if loss:
        lines.append(f"loss: {loss['name']}: {loss['formula']}")
        lines += [f"  {text}" for text in (loss["source"],) if text]
        lines += [f"penalty: {text}" for text in loss.get("penalties", ())]
    lines += _data_lines(data)
    for title in ("latents", "training"):
        if title in data:
            lines.append(f"{title}: {_items(data[title])}")
    for part, entry in data["optimizers"].items():
        lines.append(f"{part}'s optimizer: {_items(entry)}")
    if data["config"]:
        lines.append(f"numbers: {_items(data['config'])}")
    lines += [f"deviation: {text}" for text in data["deviations"]]
    lines.append(f"trained: {_items(data['trained'])}")
    lines.append(f"versions: {_items(data['versions'])}")
    return lines


def _data_lines(data: dict[str, Any]) -> list[str]:
    """Say what the model was trained on, as far as it knows."""
    facts = data["data"]
    known = [", ".join(facts["fields"])] if len(facts["fields"]) > 1 or "classes" in data else []
    known += [f"classes={data['classes']}"] if "classes" in data else []
    known += [f"samples={facts['samples']}"] if facts["samples"] else []
    known += [f"shape of {name}={tuple(shape)}" for name, shape in facts["shapes"].items()]
    return [f"data: {', '.join(known)}"] if known else []


def _count(part: str, entry: dict[str, int]) -> str:
    kept = entry["running_statistics"]
    more = f" ({kept:,} of them running statistics)" if kept else ""
    return f"{part} {entry['total']:,}{more}"


def _items(entry: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in entry.items())
