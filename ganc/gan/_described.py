"""What a file says of a GAN's loss, penalties and networks, and these again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganc import nn
from ganc._options import at_least, choose, positive
from ganc.augment._augmentation import KIND as augment_kind
from ganc.gan import _ramps
from ganc.io import FormatError
from ganc.losses._loss import loss_from_data, loss_to_data
from ganc.losses._penalty import KIND as penalty_kind
from ganc.train import NeedsModel
from ganc.tricks._trick import KIND as trick_kind

if TYPE_CHECKING:
    from ganc.gan._gan import GAN

__all__ = ["OPTIONS", "from_data", "networks", "refuse_own", "to_data"]

# Options of a GAN that a file says, checked as its constructor does.
OPTIONS = {
    "n_critic": lambda value: at_least("n_critic", value, 1),
    "weight_clip": lambda value: None if value is None else positive("weight_clip", value),
    "packing": lambda value: at_least("packing", value, 1),
    "d_reduction": lambda value: choose("d_reduction", value, ("sum", "mean", "separate")),
}


_KINDS = {"penalties": penalty_kind, "augment": augment_kind, "tricks": trick_kind}


def to_data(gan: "GAN") -> dict[str, Any]:
    """Return a GAN's loss, penalties and so on as plain data; None for those of the user's own."""
    several = {
        name: [kind.to_data(part) for part in getattr(gan, name)] for name, kind in _KINDS.items()
    }
    return {"loss": loss_to_data(gan.loss), **several, "ramps": _ramps.to_data(gan.ramps)}


def from_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that a file names; those of the user's own are left out."""
    found = {} if data["loss"] is None else {"loss": loss_from_data(data["loss"])}
    for name, kind in _KINDS.items():
        parts = data.get(name, ())
        if None not in parts:
            found[name] = tuple(map(kind.from_data, parts))
    return found | {"ramps": _ramps.from_data(data.get("ramps", {}))}


def refuse_own(data: Mapping[str, Any]) -> None:
    """Raise if a file's loss, a penalty or so is the user's own."""
    if data.get("loss", True) is None:
        raise NeedsModel("its loss is your own")
    for name, kind in _KINDS.items():
        if None in data.get(name, ()):
            raise NeedsModel(f"one of its {name} is your own {kind.where}")


def networks(data: Mapping[str, Any], *names: str) -> list[nn.Module]:
    """Return the networks that a file describes, with fresh weights."""
    if any(data[name] is None for name in names):
        raise NeedsModel("it has layers of your own")
    try:
        return [nn.module_from_config(data[name]) for name in names]
    except ValueError as error:
        raise FormatError(f"a network cannot be built: {error}") from error
