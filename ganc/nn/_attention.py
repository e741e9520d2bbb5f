"""Self-attention for images."""

from __future__ import annotations

from ganc._backend import core
from ganc._tensor._creation import Tensor, zeros
from ganc.nn import functional as F
from ganc.nn import utils
from ganc.nn._config import register
from ganc.nn._conv import Conv2d
from ganc.nn._module import Module
from ganc.nn._parameter import Parameter
from ganc.nn._sizes import count

__all__ = ["SelfAttention2d"]


@register
class SelfAttention2d(Module):
    """Adds to each pixel what it finds in all others: ``x + gamma * out(attention)``.

    Queries, keys and values are 1x1 convolutions of the input; keys and values are max-pooled
    to a quarter of the pixels. This is the block of BigGAN's code, which its authors prefer to
    the description in the paper. Memory grows with (H W)^2: SAGAN places it at 32x32.

    Parameters
    ----------
    in_channels : int
        C, at least 1.
    spectral_norm : bool, default False
        Normalise the four weights, as SAGAN does in both networks (`utils.spectral_norm`).

    Attributes
    ----------
    query, key : Conv2d of C to C / 8 channels, without bias
    value : Conv2d of C to C / 2 channels, without bias
    out : Conv2d of C / 2 to C channels, without bias
    gamma : Parameter of shape ()
        Starts as 0: at first the layer gives its input.

    References
    ----------
    Zhang et al. 2019, Self-attention generative adversarial networks; pooling as in the code of
    Brock, Donahue and Simonyan 2019, BigGAN.

    Examples
    --------
    >>> import ganc
    >>> from ganc import nn
    >>> nn.SelfAttention2d(64)(ganc.randn(2, 64, 8, 8)).shape
    (2, 64, 8, 8)
    """

    def __init__(self, in_channels: int, spectral_norm: bool = False) -> None:
        super().__init__()
        self.in_channels = c = count("SelfAttention2d", "in_channels", in_channels)
        self.spectral_norm = bool(spectral_norm)
        few, half = max(1, c // 8), max(1, c // 2)
        for name, i, o in (
            ("query", c, few),
            ("key", c, few),
            ("value", c, half),
            ("out", half, c),
        ):
            conv = Conv2d(i, o, 1, bias=False)
            setattr(self, name, utils.spectral_norm(conv) if self.spectral_norm else conv)
        self.gamma = Parameter(zeros(()))

    def forward(self, input: Tensor) -> Tensor:
        """Compute the output.

        Parameters
        ----------
        input : Tensor of shape (N, C, H, W)
            H and W at least 2.

        Returns
        -------
        Tensor of shape (N, C, H, W)
        """
        if input.ndim != 4 or input.shape[1] != self.in_channels:
            raise ValueError(
                f"SelfAttention2d: got shape {input.shape}, expected (N, {self.in_channels}, H, W)"
            )
        key, value = (F.max_pool2d(conv(input), 2) for conv in (self.key, self.value))
        found = self.out(F.self_attention2d(self.query(input), key, value))
        return core.add(core.mul(found, self.gamma), input)

    def extra_repr(self) -> str:
        """Return what ``repr`` shows between the brackets."""
        return f"{self.in_channels}" + (", spectral_norm=True" if self.spectral_norm else "")
