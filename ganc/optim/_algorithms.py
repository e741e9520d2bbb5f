"""The optimizers, with PyTorch's formulas, arguments and defaults."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ganc.optim._optimizer import Optimizer, refuse

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "RMSprop"]


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups with options of their own.
    lr : float, default 1e-3
        Learning rate, at least 0.
    momentum : float, default 0
    dampening : float, default 0
        The gradient's weight in the momentum is 1 - dampening.
    weight_decay : float, default 0
        L2 penalty.
    nesterov : bool, default False
        Nesterov's momentum; needs a momentum and no dampening.
    maximize : bool, default False
        Go uphill: the gradient with the opposite sign.
    foreach, differentiable, fused : optional
        `foreach` and `fused` are accepted and ignored; `differentiable` is refused.

    Raises
    ------
    ValueError
        If a number is negative or NaN, or an option is not offered.

    References
    ----------
    Sutskever et al. 2013, On the importance of initialization and momentum in deep learning.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> x = nn.Parameter([1.0])
    >>> opt = optim.SGD([x], lr=0.25, momentum=0.9)
    >>> for _ in range(2):
    ...     opt.zero_grad()
    ...     (x**2).sum().backward()
    ...     opt.step()
    >>> [round(v, 6) for v in x.tolist()]
    [-0.2]
    """

    _kind = "sgd"
    _numbers = ("lr", "momentum", "dampening", "weight_decay", "nesterov", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse("SGD", differentiable=differentiable)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                f"SGD: got nesterov with momentum={momentum}, dampening={dampening}; Nesterov "
                "momentum requires a momentum and zero dampening"
            )
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
        }
        super().__init__(params, defaults)


class Adam(Optimizer):
    """Adam: steps scaled by running moments of the gradient.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups with options of their own.
    lr : float, default 1e-3
        Learning rate, at least 0.
    betas : tuple of float, default (0.9, 0.999)
        Decay of the first and second moment, in [0, 1). GANs often use (0.5, 0.999).
    eps : float, default 1e-8
        Added to the divisor.
    weight_decay : float, default 0
        L2 penalty.
    amsgrad : bool, default False
        Divide by the largest second moment so far (Reddi, Kale and Kumar 2018).
    foreach : optional
        Accepted and ignored.
    maximize : bool, default False
        Go uphill: the gradient with the opposite sign.
    capturable, differentiable, fused : optional
        `capturable` and `fused` are accepted and ignored; `differentiable` is refused.

    Raises
    ------
    ValueError
        If a number is negative or NaN, or an option is not offered.

    References
    ----------
    Kingma and Ba 2015, Adam: a method for stochastic optimization.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> net = nn.Linear(2, 1)
    >>> opt = optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999))
    >>> opt.param_groups[0]["lr"] = 1e-4
    """

    _kind = "adam"
    _numbers = ("lr", "eps", "weight_decay", "amsgrad", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        if isinstance(betas, (int, float)):
            raise TypeError(
                f"betas: got {betas!r}, expected two numbers; pass betas=({betas!r}, 0.999)"
            )
        refuse(type(self).__name__, differentiable=differentiable)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
        }
        super().__init__(params, defaults)


class AdamW(Adam):
    """Adam with weight decay apart from the gradient.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups with options of their own.
    lr : float, default 1e-3
        Learning rate, at least 0.
    betas : tuple of float, default (0.9, 0.999)
        Decay of the first and second moment, in [0, 1).
    eps : float, default 1e-8
        Added to the divisor.
    weight_decay : float, default 1e-2
        Each step multiplies the parameters by 1 - lr * weight_decay.
    amsgrad : bool, default False
        Divide by the largest second moment so far (Reddi, Kale and Kumar 2018).
    maximize : bool, default False
        Go uphill: the gradient with the opposite sign.
    foreach, capturable, differentiable, fused : optional
        `foreach`, `capturable` and `fused` are accepted and ignored; `differentiable` is refused.

    Raises
    ------
    ValueError
        If a number is negative or NaN, or an option is not offered.

    References
    ----------
    Loshchilov and Hutter 2019, Decoupled weight decay regularization.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> optim.AdamW(nn.Linear(2, 1).parameters()).defaults["weight_decay"]
    0.01
    """

    _kind = "adamw"

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            maximize=maximize,
            differentiable=differentiable,
        )


class RMSprop(Optimizer):
    """Steps scaled by a running mean of the squared gradient.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups with options of their own.
    lr : float, default 1e-2
        Learning rate, at least 0.
    alpha : float, default 0.99
        Decay of the mean.
    eps : float, default 1e-8
        Added to the divisor.
    weight_decay : float, default 0
        L2 penalty.
    momentum : float, default 0
    centered : bool, default False
        Scale by an estimate of the gradient's variance instead.
    capturable, foreach : optional
        Accepted and ignored.
    maximize : bool, default False
        Go uphill: the gradient with the opposite sign.
    differentiable : optional
        Refused.

    Raises
    ------
    ValueError
        If a number is negative or NaN, or an option is not offered.

    References
    ----------
    Tieleman and Hinton 2012, Lecture 6.5, Neural networks for machine learning.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.RMSprop(nn.Linear(2, 1).parameters(), lr=5e-5)
    """

    _kind = "rmsprop"
    _numbers = ("lr", "alpha", "eps", "weight_decay", "momentum", "centered", "maximize")

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        refuse("RMSprop", differentiable=differentiable)
        defaults = {
            "lr": lr,
            "alpha": alpha,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "centered": centered,
            "maximize": maximize,
        }
        super().__init__(params, defaults)


class Adagrad(Optimizer):
    """Steps scaled by the sum of all squared gradients so far.

    Parameters
    ----------
    params : iterable of Tensor, or of dict
        Parameters, or groups with options of their own.
    lr : float, default 1e-2
        Learning rate, at least 0.
    lr_decay : float, default 0
        Step t uses lr / (1 + (t - 1) * lr_decay).
    weight_decay : float, default 0
        L2 penalty.
    initial_accumulator_value : float, default 0
        Where the sum starts.
    eps : float, default 1e-10
        Added to the divisor.
    foreach : optional
        Accepted and ignored.
    maximize : bool, default False
        Go uphill: the gradient with the opposite sign.
    differentiable, fused : optional
        `fused` is accepted and ignored; `differentiable` is refused.

    Raises
    ------
    ValueError
        If a number is negative or NaN, or an option is not offered.

    References
    ----------
    Duchi, Hazan and Singer 2011, Adaptive subgradient methods.

    Examples
    --------
    >>> from ganc import nn, optim
    >>> opt = optim.Adagrad(nn.Linear(2, 1).parameters(), lr=0.1)
    """

    _kind = "adagrad"
    _numbers = (
        "lr", "lr_decay", "weight_decay", "eps", "maximize", "initial_accumulator_value",
    )  # fmt: skip

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        refuse("Adagrad", differentiable=differentiable)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "eps": eps,
            "maximize": maximize,
        }
        super().__init__(params, defaults)
