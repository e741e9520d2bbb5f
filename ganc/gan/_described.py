"""What a file says of a GAN's loss, penalties and networks, and these again."""

from collections.abc import Mapping, Sequence
from typing import Any

from ganc import nn
from ganc._options import at_least, choose, positive
from ganc.io import FormatError
from ganc.losses._loss import GANLoss, loss_from_data, loss_to_data
from ganc.losses._penalty import Penalty, penalty_from_data, penalty_to_data
from ganc.train import NeedsModel

__all__ = ["OPTIONS", "loss", "networks", "penalties", "refuse_own", "to_data"]

# Options of a GAN that a file says, checked as its constructor does.
OPTIONS = {
    "n_critic": lambda value: at_least("n_critic", value, 1),
    "weight_clip": lambda value: None if value is None else positive("weight_clip", value),
    "d_reduction": lambda value: choose("d_reduction", value, ("sum", "mean", "separate")),
}


def to_data(loss: GANLoss, penalties: Sequence[Penalty]) -> dict[str, Any]:
    """Return a loss and penalties as plain data; None for those of the user's own."""
    return {"loss": loss_to_data(loss), "penalties": [penalty_to_data(p) for p in penalties]}


def loss(data: Mapping[str, Any]) -> GANLoss | None:
    """Return the loss that a file names, if it does."""
    return None if data["loss"] is None else loss_from_data(data["loss"])


def penalties(data: Mapping[str, Any]) -> tuple[Penalty, ...] | None:
    """Return the penalties that a file names, if it names all of them."""
    if None in data["penalties"]:
        return None
    return tuple(map(penalty_from_data, data["penalties"]))


def refuse_own(data: Mapping[str, Any]) -> None:
    """Raise if a file's loss or a penalty is the user's own."""
    if data.get("loss", True) is None:
        raise NeedsModel("its loss is your own")
    if None in data.get("penalties", ()):
        raise NeedsModel("its penalty is your own")


def networks(data: Mapping[str, Any], *names: str) -> list[nn.Module]:
    """Return the networks that a file describes, with fresh weights."""
    if any(data[name] is None for name in names):
        raise NeedsModel("it has layers of your own")
    try:
        return [nn.module_from_config(data[name]) for name in names]
    except ValueError as error:
        raise FormatError(f"a network cannot be built: {error}") from error
