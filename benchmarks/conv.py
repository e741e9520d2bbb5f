"""Convolutions layer by layer: forward, input gradient and weight gradient, ganc against PyTorch.

The layers are those of CNNGAN, TFDCGAN, DCGAN-64, SRResNet and the U-Net of pix2pix at 128 pixels,
each at the batch of its recipe. PyTorch is eager, so its convolutions are oneDNN's; its gradients
are `aten::convolution_backward` asked for one of them. Before the two are timed in turn their
results are compared, so a figure is never that of another function. The share of peak is of the FMA
peak measured beside every block.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from _harness import against_peak, arguments, line, parse, report
from _networks import SPECS, Layer, conv, conv_t, walk

import ganc
from ganc._backend import core

PASSES = ("forward", "dx", "dw")


@dataclass(frozen=True)
class Case:
    """A layer on a batch of images."""

    model: str
    layer: Layer
    batch: int
    shape: tuple[int, int, int]

    @property
    def name(self) -> str:
        layer, (c, h, w) = self.layer, self.shape
        size = f"{h}x{w}" if h != w else f"{h}"
        return (
            f"{layer.kind} {c}>{layer.out} k{layer.kernel} s{layer.stride} {size}px n{self.batch}"
        )

    @property
    def flop(self) -> int:
        """Of one pass: every weight meets every pixel of the smaller image grid."""
        c, h, w = self.shape if self.layer.kind == "conv_t" else self.layer.result(self.shape)
        pairs = self.shape[0] * self.layer.out
        return 2 * self.batch * pairs * h * w * self.layer.kernel**2


def unet(width: int = 64, pixels: int = 128) -> Iterator[tuple[Layer, tuple[int, int, int]]]:
    """pix2pix's: 4x4 convolutions of stride 2 down to one pixel, and up with skips joined on."""
    down = [width * min(2**i, 8) for i in range(pixels.bit_length() - 1)]
    for i, n in enumerate(down):
        yield conv(n, 4, 2), (down[i - 1] if i else 3, pixels >> i, pixels >> i)
    for i in reversed(range(len(down))):
        channels = down[i] * (1 if i == len(down) - 1 else 2)
        yield conv_t(down[i - 1] if i else 3, 4, 2), (channels, pixels >> i + 1, pixels >> i + 1)


def cases(batch: int | None) -> Iterator[Case]:
    for model in ("CNNGAN", "TFDCGAN", "DCGAN-64"):
        spec = SPECS[model]
        for layers, shape in (spec.generator, spec.latent), (spec.discriminator, spec.image):
            for layer, before, _ in walk(layers, shape):
                if layer.kind in ("conv", "conv_t"):
                    yield Case(model, layer, batch or spec.batch, before)
    yield Case("SRResNet", conv(64, 3), batch or 16, (64, 64, 64))
    for layer, shape in unet():
        yield Case("U-Net", layer, batch or 1, shape)


def runs(case: Case) -> dict[str, tuple[Callable, Callable]]:
    """The passes as (ganc's call, PyTorch's call) on the same numbers."""
    layer, rng = case.layer, np.random.default_rng(0)

    def pair(*shape):
        a = rng.standard_normal(shape, dtype=np.float32)
        return ganc.tensor(a), torch.from_numpy(a)

    c, o, k = case.shape[0], layer.out, layer.kernel
    x, dy = pair(case.batch, *case.shape), pair(case.batch, *layer.result(case.shape))
    w = pair(*((c, o) if layer.kind == "conv_t" else (o, c)), k, k)
    b = pair(o) if layer.bias else (None, None)
    ours, theirs = zip(x, w, b, dy, strict=True)
    calls = zip(ganc_calls(case, *ours), torch_calls(layer, *theirs), strict=True)
    return dict(zip(PASSES, calls, strict=True))


def ganc_calls(case: Case, x, w, b, dy) -> tuple[Callable, Callable, Callable]:
    layer = case.layer
    at = {"stride": layer.stride, "padding": layer.padding}
    if layer.kind == "conv_t":
        return (
            lambda: core.conv_transpose2d(x, w, b, **at, output_padding=layer.output_padding),
            lambda: core.conv2d(dy, w, None, **at),
            lambda: core.conv2d_dw(dy, x, kernel=layer.kernel, **at),
        )
    # Rows and columns that the last window does not reach.
    reach = [n + 2 * layer.padding - layer.kernel for n in case.shape[1:]]
    rest = tuple(n % layer.stride for n in reach)
    return (
        lambda: core.conv2d(x, w, b, **at),
        lambda: core.conv_transpose2d(dy, w, None, **at, output_padding=rest),
        lambda: core.conv2d_dw(x, dy, kernel=layer.kernel, **at),
    )


def torch_calls(layer: Layer, x, w, b, dy) -> tuple[Callable, Callable, Callable]:
    transposed = layer.kind == "conv_t"
    at = {"stride": layer.stride, "padding": layer.padding}
    rest = {"output_padding": layer.output_padding} if transposed else {}
    forward = torch.nn.functional.conv_transpose2d if transposed else torch.nn.functional.conv2d

    def gradient(which: int) -> Callable:
        stride, padding, output_padding = (
            [n, n] for n in (layer.stride, layer.padding, rest.get("output_padding", 0))
        )
        mask = [which == i for i in range(3)]
        return lambda: torch.ops.aten.convolution_backward(
            dy, x, w, None, stride, padding, [1, 1], transposed, output_padding, 1, mask
        )[which]

    return lambda: forward(x, w, b, **at, **rest), gradient(0), gradient(1)


def compare(name: str, ours: Callable, theirs: Callable) -> None:
    """Raise unless both compute the same function."""
    a, b = ours().numpy(), theirs().numpy()
    error = np.linalg.norm(a - b) / np.linalg.norm(b) if a.shape == b.shape else np.inf
    if not error < 1e-5:
        raise SystemExit(f"{name}: ganc {a.shape} and PyTorch {b.shape} differ by {error:.2g}")


def measure(case: Case, what: str, ours: Callable, theirs: Callable, args) -> dict:
    compare(f"{case.model} {case.name} {what}", ours, theirs)
    row = {"model": case.model, "layer": case.name, "pass": what, "threads": args.threads}
    return row | against_peak(ours, theirs, case.flop, args)


def summary(rows: list[dict]) -> str:
    ratios = [row["vs torch"] for row in rows]
    worst = min(rows, key=lambda row: row["vs torch"])
    return (
        f"{len(rows)} passes against PyTorch: median {statistics.median(ratios):.2f}x, "
        f"{sum(r < 1 for r in ratios)} below 1.0x, the least {worst['vs torch']:.2f}x "
        f"({worst['model']} {worst['layer']} {worst['pass']})"
    )


def main() -> None:
    parser = arguments(__doc__.splitlines()[0], seconds=0.1)
    parser.add_argument(
        "--only", nargs="*", metavar="NAME", help="models, or parts of layers' names"
    )
    parser.add_argument("--pass", nargs="*", dest="passes", choices=PASSES, default=PASSES)
    parser.add_argument("--batch", type=int, help="instead of the recipes'")
    args = parse(parser)
    ganc.set_num_threads(args.threads)
    torch.set_num_threads(args.threads)
    chosen = list(cases(2 if args.quick else args.batch))
    if args.only:
        chosen = [c for c in chosen if any(n == c.model or n in c.name for n in args.only)]
    if not chosen:
        parser.error(f"--only {' '.join(args.only)}: no such model or layer")
    rows = []
    for case in chosen[:3] if args.quick else chosen:
        for what, calls in runs(case).items():
            if what in args.passes:
                rows.append(measure(case, what, *calls, args))
                print(line(rows[-1]), file=sys.stderr, flush=True)
    report("conv", rows, args)
    print(summary(rows))


if __name__ == "__main__":
    main()
