"""Numbers of a GAN that change while it trains: `Ramp` by name, set before each step."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ganc._options import choose
from ganc.train import Ramp

if TYPE_CHECKING:
    from ganc.gan._gan import GAN

__all__ = ["apply", "checked", "from_data", "to_data"]


def _groups(gan: "GAN", *optimizers: str) -> list[dict[str, Any]]:
    return [group for name in optimizers for group in getattr(gan, name).param_groups]


def _rate(*optimizers: str) -> Callable[["GAN", float], None]:
    def put(gan: "GAN", value: float) -> None:
        for group in _groups(gan, *optimizers):
            group["lr"] = value

    return put


def _beta2(gan: "GAN", value: float) -> None:
    for group in _groups(gan, *gan.OPTIMIZERS):
        group["betas"] = (group["betas"][0], value)


def _penalty(gan: "GAN", value: float) -> None:
    for penalty in gan.penalties:
        penalty.weight = value


def _augment(gan: "GAN", value: float) -> None:
    for change in gan.augment:
        change.p = value


def _half_life(gan: "GAN", images: float) -> None:
    batch = gan._position.batch_size or gan.default_batch_size
    for average in gan._averages.values():
        average.core.decay = 0.5 ** (batch / images) if images > 0 else 0.0


_KNOWN: dict[str, Callable[["GAN", float], None]] = {
    "lr": lambda gan, value: _rate(*gan.OPTIMIZERS)(gan, value),
    "g_lr": _rate("g_optimizer"),
    "d_lr": _rate("d_optimizer"),
    "beta2": _beta2,
    "penalty": _penalty,
    "augment": _augment,
    "ema": _half_life,
}


def checked(ramps: Mapping[str, Ramp] | None) -> dict[str, Ramp]:
    """Return ramps by what they change, or raise."""
    if not isinstance(ramps or {}, Mapping):
        raise TypeError(
            f"ramps: got {type(ramps).__name__}, expected a dict such as "
            "{'lr': ganc.train.Ramp(2e-4, 0, steps=10_000)}"
        )
    for name, ramp in (ramps or {}).items():
        choose("ramps", name, _KNOWN)
        if not isinstance(ramp, Ramp):
            raise TypeError(f"ramps[{name!r}]: got {type(ramp).__name__}, expected ganc.train.Ramp")
    return dict(ramps or {})


def apply(gan: "GAN") -> None:
    """Set all numbers for the next step."""
    for name, ramp in gan.ramps.items():
        _KNOWN[name](gan, ramp.at(gan.step))


def to_data(ramps: Mapping[str, Ramp]) -> dict[str, list[Any]]:
    """Return ramps as plain data."""
    return {name: ramp.to_data() for name, ramp in ramps.items()}


def from_data(data: Mapping[str, Any]) -> dict[str, Ramp]:
    """Return the ramps that `to_data` was given."""
    return checked({name: Ramp(*arguments) for name, arguments in data.items()})
