"""Rows of the convolutions."""

from cases import Case, Config, Input
from cases_matrix import ACTS
from pytorch import torch

F = torch.nn.functional

# (N, C, O, H, W, R, S) and what differs from PyTorch's defaults; C and O count all groups
PLAIN = [
    ((1, 1, 1, 1, 1, 1, 1), {}),
    ((2, 3, 4, 5, 6, 3, 3), {}),
    ((1, 2, 3, 7, 4, 2, 3), {"padding": 1}),
    ((2, 2, 2, 4, 4, 4, 4), {}),  # as large as the image
    ((3, 5, 4, 1, 1, 1, 1), {}),
    ((2, 3, 2, 1, 9, 1, 3), {"padding": (0, 1)}),
    ((2, 1, 17, 6, 6, 3, 3), {"padding": 1}),  # one channel in
    ((2, 17, 1, 6, 5, 3, 3), {"padding": 1}),  # one channel out
    ((1, 18, 20, 5, 5, 3, 3), {"padding": 1}),
    ((2, 18, 3, 4, 6, 5, 3), {"padding": (2, 1), "dilation": (1, 2)}),
    ((2, 3, 18, 4, 6, 3, 5), {"padding": (0, 3)}),
    ((2, 2, 3, 6, 6, 3, 3), {"stride": 2, "padding": 1}),
    ((2, 2, 3, 7, 7, 3, 3), {"stride": 2, "padding": (1, 1)}),
    ((1, 3, 2, 8, 8, 4, 4), {"stride": 2, "padding": 1}),
    ((1, 3, 2, 9, 8, 4, 4), {"stride": 2, "padding": 1}),  # a row that nothing reaches
    ((2, 2, 2, 7, 9, 2, 2), {"stride": (3, 2)}),
    ((2, 2, 2, 7, 9, 1, 1), {"stride": 2}),
    ((1, 2, 2, 9, 9, 2, 2), {"stride": 4}),
    ((1, 2, 2, 11, 10, 3, 2), {"stride": (1, 3), "padding": (1, 0), "dilation": (2, 3)}),
    ((2, 2, 3, 9, 9, 3, 3), {"dilation": 2, "padding": 2}),
    ((1, 2, 2, 10, 7, 3, 3), {"stride": 2, "dilation": 3, "padding": 3}),
    ((2, 3, 3, 4, 4, 3, 3), {"padding": 4}),  # more padding than kernel
    ((1, 2, 2, 2, 2, 5, 5), {"padding": 2}),  # kernel larger than the image
    ((2, 4, 6, 5, 5, 3, 3), {"groups": 2, "padding": 1}),
    ((2, 6, 3, 5, 5, 3, 3), {"groups": 3, "stride": 2}),
    ((2, 4, 4, 5, 6, 3, 3), {"groups": 4, "padding": 1}),  # depthwise
    ((1, 3, 6, 6, 6, 3, 3), {"groups": 3, "stride": 2, "padding": 1}),
    ((1, 2, 2, 5, 5, 3, 3), {"stride": 2, "padding": (0, 1, 0, 1)}),  # Keras's 'same'
    ((2, 2, 2, 5, 4, 2, 3), {"padding": (2, 0, 1, 3)}),
    ((0, 2, 3, 5, 5, 3, 3), {}),
    ((5, 2, 3, 3, 3, 3, 3), {"padding": 1}),
    ((9, 3, 2, 2, 2, 2, 2), {}),
]
BIG = [
    ((3, 20, 40, 30, 33, 3, 3), {"padding": 1}),
    ((2, 33, 18, 24, 24, 4, 4), {"stride": 2, "padding": 1}),
    ((40, 16, 33, 7, 7, 3, 3), {"padding": 1}),
    ((1, 3, 17, 4, 700, 3, 3), {"padding": 1}),  # rows of more than 512 positions
    ((1, 17, 3, 60, 61, 5, 5), {"padding": 2}),
    ((1, 4, 3, 70, 70, 4, 4), {"stride": 2, "padding": 1}),
    ((2, 130, 30, 6, 6, 3, 3), {"padding": 1}),
    ((1, 1, 16, 14, 49, 1, 2), {"padding": 3}),  # more rows of y than of x
    ((24, 64, 48, 4, 4, 4, 4), {}),
    # few channels of x: rows that fill vectors, and nearly
    ((2, 3, 33, 26, 58, 4, 4), {"stride": 2, "padding": 1}),
    ((7, 1, 20, 28, 28, 5, 5), {"stride": 2, "padding": 2}),
    ((3, 4, 18, 12, 13, 3, 3), {"groups": 2, "padding": 1}),
    # fewer output pixels than channels of y
    ((2, 10, 80, 7, 6, 3, 3), {"groups": 2, "stride": 2, "padding": 1}),
    ((1, 32, 34, 2, 2, 4, 4), {"stride": 2, "padding": 1}),
    ((1, 36, 520, 8, 6, 4, 4), {"stride": 2, "padding": 1}),  # chains of K in two
    ((3, 18, 20, 19, 19, 5, 4), {"stride": 2, "padding": (1, 2)}),
    # two or three taps per phase of the stride, many outputs: Winograd minimal filtering
    ((21, 33, 50, 28, 28, 4, 4), {"stride": 2, "padding": 1}),
    ((8, 40, 32, 33, 35, 4, 4), {"stride": 2, "padding": (3, 0)}),
    ((8, 32, 34, 34, 33, 4, 4), {"stride": 2, "padding": (1, 2, 0, 3)}),
    ((22, 33, 40, 7, 7, 3, 3), {"padding": 1}),
    ((2, 40, 32, 24, 25, 3, 3), {"padding": (0, 3)}),
    ((6, 32, 34, 28, 27, 5, 5), {"stride": 2, "padding": 2}),
    ((6, 33, 32, 27, 28, 3, 3), {"stride": 2, "padding": (0, 1, 0, 1)}),
    ((2, 34, 32, 24, 49, 3, 4), {"stride": (1, 2), "padding": 1}),
    ((2, 32, 35, 49, 24, 6, 2), {"stride": (2, 1), "padding": (5, 0)}),
]
SMALL = PLAIN[1], PLAIN[8], PLAIN[13], PLAIN[23]


def border(padding):
    """(left, right, top, bottom) of the padding argument."""
    if isinstance(padding, int):
        return (padding,) * 4
    return padding if len(padding) == 4 else (padding[1], padding[1], padding[0], padding[0])


def conv2d(x, w, b=None, act="none", slope=0.2, padding=0, **attrs):
    return ACTS[act](F.conv2d(F.pad(x, border(padding)), w, b, **attrs), slope)


def conv_transpose2d(x, w, b=None, act="none", slope=0.2, padding=0, **attrs):
    y = F.conv_transpose2d(x, w, None, **attrs)
    left, right, top, bottom = border(padding)
    y = y[:, :, top : y.shape[2] - bottom, left : y.shape[3] - right]
    return ACTS[act](y if b is None else y + b.reshape(-1, 1, 1), slope)


def conv2d_dw(x, dy, kernel, **attrs):
    w = torch.zeros(dy.shape[1], x.shape[1] // attrs.get("groups", 1), *kernel, dtype=x.dtype)
    y = conv2d(x, w.requires_grad_(), **attrs)
    return torch.autograd.grad((y * dy).sum(), w, create_graph=torch.is_grad_enabled())[0]


def positions(sizes, attrs):
    """Shape of y of the convolution."""
    n, c, o, h, w, r, s = sizes
    x, k = torch.zeros(n, c, h, w), torch.zeros(o, c // attrs.get("groups", 1), r, s)
    return tuple(conv2d(x, k, **attrs).shape)


def conv(sizes, attrs, bias=True, big=False, **more):
    n, c, o, h, w, r, s = sizes
    kernel = Input((o, c // attrs.get("groups", 1), r, s))
    x = Input((n, c, h, w))
    return Config((x, kernel, Input((o,)) if bias else None), {**attrs, **more}, big)


def transposed(sizes, attrs, bias=True, big=False, **more):
    """From y back to x; output_padding covers what the stride left over."""
    c, o, r, s = sizes[1], sizes[2], *sizes[5:]
    groups = attrs.get("groups", 1)
    y = Input(positions(sizes, attrs))
    inputs = (y, Input((o, c // groups, r, s)), Input((c,)) if bias else None)
    return Config(inputs, {**attrs, **more}, big)


def weights(sizes, attrs, big=False):
    n, c, _, h, w, *kernel = sizes
    x, dy = Input((n, c, h, w)), Input(positions(sizes, attrs))
    return Config((x, dy), {"kernel": tuple(kernel), **attrs}, big)


CONV2D = [
    *(conv(s, a, n % 2 == 0) for n, (s, a) in enumerate(PLAIN)),
    *(conv(s, a, act=act) for s, a in SMALL for act in ACTS if act != "none"),
    *(conv(s, a, big=True, act="leaky_relu") for s, a in BIG),
]
CONV_TRANSPOSE2D = [
    *(transposed(s, a, n % 2 == 1) for n, (s, a) in enumerate(PLAIN)),
    *(transposed(s, a, act=act) for s, a in SMALL for act in ACTS if act != "none"),
    *(transposed(s, a, output_padding=1) for s, a in PLAIN if a.get("stride") == 2),
    transposed(*PLAIN[19], output_padding=1),  # no less than the stride, but than the dilation
    transposed(*PLAIN[20], output_padding=(2, 0)),
    *(transposed(s, a, big=True, act="tanh") for s, a in BIG),
]
CONV2D_DW = [*(weights(s, a) for s, a in PLAIN), *(weights(s, a, True) for s, a in BIG)]

LINES = [  # (N, C, O, W, S)
    ((1, 1, 1, 1, 1), {}),
    ((2, 3, 4, 9, 3), {"padding": 1}),
    ((2, 3, 2, 9, 4), {"stride": 2, "padding": (1, 1)}),
    ((1, 2, 3, 11, 3), {"dilation": 2, "padding": (0, 3)}),
    ((2, 4, 4, 8, 3), {"groups": 2, "stride": 3}),
    *(((2, 2, 3, 12, s), {"stride": t, "padding": (s // 2, 1)}) for s in (1, 2, 5) for t in (1, 4)),
    *(((n, 3, 3, 7, 3), {"groups": g, "padding": 2}) for n in (0, 1, 5) for g in (1, 3)),
]


def border_1d(padding):
    return (padding, padding) if isinstance(padding, int) else padding


def conv1d(x, w, b=None, padding=0, **attrs):
    return F.conv1d(F.pad(x, border_1d(padding)), w, b, **attrs)


def conv_transpose1d(x, w, b=None, padding=0, **attrs):
    y = F.conv_transpose1d(x, w, None, **attrs)
    left, right = border_1d(padding)
    y = y[..., left : y.shape[-1] - right]
    return y if b is None else y + b.reshape(-1, 1)


def line(sizes, attrs):
    n, c, o, w, s = sizes
    return Config(
        (Input((n, c, w)), Input((o, c // attrs.get("groups", 1), s)), Input((o,))), attrs
    )


def line_transposed(sizes, attrs):
    n, c, o, w, s = sizes
    groups = attrs.get("groups", 1)
    y = conv1d(torch.zeros(n, c, w), torch.zeros(o, c // groups, s), **attrs).shape
    return Config((Input(tuple(y)), Input((o, c // groups, s)), Input((c,))), attrs)


CASES = [
    Case("conv2d", conv2d, CONV2D),
    Case("conv_transpose2d", conv_transpose2d, CONV_TRANSPOSE2D),
    Case("conv2d_dw", conv2d_dw, CONV2D_DW),
    Case("conv1d", conv1d, [line(s, a) for s, a in LINES]),
    Case("conv_transpose1d", conv_transpose1d, [line_transposed(s, a) for s, a in LINES]),
]
