"""What all ready-made models share: arguments kept as `config`, networks made from the seed."""

from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, ClassVar

from ganc import nn
from ganc._options import at_least, entropy, finite, seed_word
from ganc._tensor._random import drawing
from ganc.gan import GAN, _described
from ganc.optim import SGD, Adam, RMSprop
from ganc.train import Model
from ganc.train._streams import INIT

__all__ = ["Preset"]


_RATES = {"g_optimizer": "g_lr", "d_optimizer": "d_lr"}


class Configured(Model):
    """A model whose arguments are kept as `config` and whose networks begin from its seed.

    It stands before the class whose ``__init__`` takes networks, seed and options.
    """

    source: ClassVar[str] = ""
    deviations: ClassVar[tuple[str, ...]] = ()

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        config = {k: _plain(v) for k, v in arguments.items() if k not in ("self", "__class__")}
        seed = config["seed"]
        config["seed"] = entropy() if seed is None else seed_word("seed", seed)
        config["latent_dim"] = at_least("latent_dim", config["latent_dim"], 1)
        c = SimpleNamespace(**config)
        with drawing(c.seed, INIT):
            networks = self.networks(c)
        super().__init__(*networks, seed=c.seed, **self.options(c))
        self.config = config
        if "batch_size" in config:
            self.default_batch_size = at_least("batch_size", c.batch_size, 1)

    @classmethod
    def rebuild(cls, data: Mapping[str, Any]) -> "Configured":
        """Return a model of the arguments that a file has; see `Model.rebuild`."""
        _described.refuse_own(data)
        return cls(**data["config"])

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, ...]:
        """Return the networks for a configuration.

        Parameters
        ----------
        c : SimpleNamespace
            The arguments as attributes.

        Returns
        -------
        tuple of Module
            Of a GAN: generator and discriminator.
        """
        raise NotImplementedError(f"{type(self).__name__} must define networks(c)")

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of the base class besides networks and seed.

        Parameters
        ----------
        c : SimpleNamespace

        Returns
        -------
        dict
        """
        return {"latent_dim": c.latent_dim}


class Preset(Configured, GAN):
    """Base class of ready-made GANs.

    A subclass has an ``__init__`` with every number as a keyword that calls
    ``super().__init__(locals())``, a method `networks` and, if it needs, `options`.

    Parameters
    ----------
    arguments : dict
        ``locals()`` of the subclass's ``__init__``.

    Attributes
    ----------
    source : str
        Where the numbers come from.
    deviations : tuple of str
        Where ganc differs from that source.
    config : dict
        The arguments; ``type(gan)(**gan.config)`` makes the same model again.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.VanillaGAN(seed=3)
    >>> isinstance(gan, ganc.models.Preset), gan.config["g_hidden"], gan.config["seed"]
    (True, (256, 512, 1024), 3)
    """

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        super().__init__(arguments)
        self.config["loss"] = self.loss.name if hasattr(self.loss, "name") else "custom"

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed.

        Parameters
        ----------
        c : SimpleNamespace

        Returns
        -------
        dict
        """
        return super().options(c) | {
            "loss": c.loss,
            "label_smoothing": c.label_smoothing,
            **self.optimizers(c),
        }

    def optimizers(self, c: SimpleNamespace) -> dict[str, Callable]:
        """Return what makes the optimizers of G and D: by default an Adam with a rate for each.

        Parameters
        ----------
        c : SimpleNamespace

        Returns
        -------
        dict of str to callable
        """
        return {name: adam(getattr(c, rate), c, rate) for name, rate in _RATES.items()}


def adam(lr: float, c: SimpleNamespace, name: str = "lr") -> Callable:
    """Return a function that makes Adam with the betas, eps and decay of a configuration."""
    lr, decay = finite(name, lr, 0.0), getattr(c, "weight_decay", 0.0)
    betas = tuple(c.betas) if isinstance(c.betas, Iterable) else c.betas
    return lambda parameters: Adam(parameters, lr=lr, betas=betas, eps=c.eps, weight_decay=decay)


def rmsprop(lr: float) -> Callable:
    """Return a function that makes RMSprop with a rate."""
    lr = finite("lr", lr, 0.0)
    return lambda parameters: RMSprop(parameters, lr=lr)


def sgd(c: SimpleNamespace) -> Callable:
    """Return a function that makes SGD with the rate and the momentum of a configuration."""
    return lambda parameters: SGD(parameters, lr=c.lr, momentum=c.momentum)


def same(make: Callable) -> dict[str, Callable]:
    """Return one way to make an optimizer for both networks."""
    return dict.fromkeys(_RATES, make)


def decaying_sgd(gan: GAN) -> None:
    """Set the rates of step and epoch as the first GANs did: a decaying rate, a rising momentum."""
    c = gan.config
    lr = max(c["lr"] * c["lr_decay"] ** -gan.step, c["lr_min"])
    share = (gan.epoch - 1) / max(c["momentum_epochs"] - 1, 1)
    share = min(max(share, 0.0), 1.0)
    momentum = (1 - share) * c["momentum"] + share * c["final_momentum"]
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        for group in optimizer.param_groups:
            group["lr"], group["momentum"] = lr, momentum


def image_size(shape: Iterable[int]) -> tuple[tuple[int, int, int], int]:
    """Return a checked (C, H, W) and the number of its values."""
    shape = tuple(shape) if not isinstance(shape, int) else (shape,)
    if len(shape) != 3:
        raise ValueError(f"image_shape: got {shape}, expected (C, H, W), for example (1, 28, 28)")
    shape = tuple(at_least("image_shape", size, 1) for size in shape)
    return shape, shape[0] * shape[1] * shape[2]


def doubled(image_shape: Iterable[int]) -> tuple[tuple[int, int, int], int, tuple[int, int]]:
    """Return a checked (C, H, W), the doublings that lead to it, and the size before them.

    There are three where both sides are multiples of 8, and two where they are of 4 only.
    """
    shape, _ = image_size(image_shape)
    height, width = shape[1:]
    if height % 4 or width % 4:
        raise ValueError(
            f"image_shape: got {shape}, expected sides that are multiples of 4, such as 28 or 32"
        )
    n = 2 if height % 8 or width % 8 else 3
    return shape, n, (height >> n, width >> n)


def widths(name: str, hidden: Iterable[int]) -> tuple[int, ...]:
    """Return checked widths of hidden layers, at least one."""
    hidden = (hidden,) if isinstance(hidden, int) else tuple(hidden)
    if not hidden:
        raise ValueError(f"{name}: got no hidden layer, expected at least one width")
    return tuple(at_least(name, width, 1) for width in hidden)


def uniform_init(network: nn.Module, limits: Iterable[float]) -> None:
    """Draw the weights of the linear layers, in order, from U(-limit, limit); zero the biases."""
    layers = [m for m in network.modules() if isinstance(m, (nn.Linear, nn.Maxout))]
    for layer, limit in zip(layers, limits, strict=True):
        nn.init.uniform_(layer.weight, -limit, limit)
        nn.init.zeros_(layer.bias)


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
