"""What a model is, as a text and as data."""

from typing import TYPE_CHECKING, Any

from ganc.gan import _networks

if TYPE_CHECKING:
    from ganc.gan import GAN

__all__ = ["Description"]


class Description:
    """Source, numbers and deviations of a model.

    Parameters
    ----------
    gan : GAN

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

    def __init__(self, gan: "GAN") -> None:
        self._data = _data(gan)

    def to_dict(self) -> dict[str, Any]:
        """Return the entries: strings, numbers, lists and dicts."""
        return self._data

    def __repr__(self) -> str:
        return "\n".join(_lines(self._data))


def _data(gan: "GAN") -> dict[str, Any]:
    return {
        "name": type(gan).__name__,
        "source": getattr(gan, "source", None),
        "parameters": {
            part: {
                "total": _networks.count(network),
                "running_statistics": _networks.count(network, trainable=False),
            }
            for part, network in (
                ("generator", gan.generator),
                ("discriminator", gan.discriminator),
            )
        },
        "config": dict(getattr(gan, "config", {})),
        "loss": {
            "name": getattr(gan.loss, "name", type(gan.loss).__name__),
            "label_smoothing": getattr(gan.loss, "label_smoothing", 0.0),
            "formula": (type(gan.loss).__doc__ or "").strip().split("\n")[0],
            "source": getattr(gan.loss, "source", ""),
            "d_reduction": gan.d_reduction,
        },
        "latents": {"kind": gan.latent, "shape": list(gan.latent_dim)},
        "optimizers": {
            "generator": _optimizer(gan.g_optimizer),
            "discriminator": _optimizer(gan.d_optimizer),
        },
        "training": {
            "n_critic": gan.n_critic,
            "weight_clip": gan.weight_clip,
            "batch_size": gan.default_batch_size,
            "pixel_range": list(gan.pixel_range),
            "seed": gan.seed,
        },
        "deviations": list(getattr(gan, "deviations", ())),
    }


def _optimizer(optimizer: Any) -> dict[str, Any]:
    options = {k: v for k, v in optimizer.param_groups[0].items() if k != "params"}
    return {"name": type(optimizer).__name__} | options


def _lines(data: dict[str, Any]) -> list[str]:
    lines = [data["name"]]
    if data["source"]:
        lines.append(f"source: {data['source']}")
    counts = ", ".join(_count(part, entry) for part, entry in data["parameters"].items())
    lines.append(f"parameters: {counts}")
    loss = data["loss"]
    lines.append(f"loss: {loss['name']}: {loss['formula']}")
    if loss["source"]:
        lines.append(f"  {loss['source']}")
    for title in ("latents", "training"):
        lines.append(f"{title}: {_items(data[title])}")
    for part, entry in data["optimizers"].items():
        lines.append(f"{part}'s optimizer: {_items(entry)}")
    if data["config"]:
        lines.append(f"numbers: {_items(data['config'])}")
    lines += [f"deviation: {text}" for text in data["deviations"]]
    return lines


def _count(part: str, entry: dict[str, int]) -> str:
    kept = entry["running_statistics"]
    more = f" ({kept:,} of them running statistics)" if kept else ""
    return f"{part} {entry['total']:,}{more}"


def _items(entry: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in entry.items())
