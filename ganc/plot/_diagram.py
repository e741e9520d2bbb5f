"""The training loop of a GAN as a picture: boxes, arrows, and a number for each step."""

from typing import Any

from ganc.plot._picture import BLUE, ORANGE, axes

__all__ = ["training_loop"]

_GREY = "#555555"  # what concerns neither D nor G
_HEIGHT = 1.0  # of a box

# name: (x, y of its middle, width, text, color)
_BOXES = {
    "real": (1.3, 4.4, 2.0, "real images\n$x$", _GREY),
    "noise": (1.3, 1.6, 2.0, "noise\n$z$", _GREY),
    "G": (4.1, 1.6, 2.0, "generator\n$G$", ORANGE),
    "fake": (6.9, 1.6, 2.0, "fake images\n$G(z)$", ORANGE),
    "D": (6.9, 4.4, 2.0, "discriminator\n$D$", BLUE),
    "D loss": (11.3, 4.4, 3.0, "loss of $D$\nwants $D(x)=1,\\ D(G(z))=0$", BLUE),
    "G loss": (11.3, 1.6, 3.0, "loss of $G$\nwants $D(G(z))=1$", ORANGE),
}
# (from, to) as points, step, (x, y of the step's number), what is written, (x, y of that), color
_ARROWS = (
    ((2.3, 4.4), (5.9, 4.4), 3, (3.2, 4.4), "label 1", (4.6, 4.62), BLUE),
    ((2.3, 1.6), (3.1, 1.6), 4, (2.7, 1.6), "", None, ORANGE),
    ((5.1, 1.6), (5.9, 1.6), None, None, "", None, ORANGE),
    ((6.9, 2.1), (6.9, 3.9), 5, (6.9, 2.7), "label 0", (6.3, 2.9), BLUE),
    ((7.9, 4.55), (9.8, 4.55), None, None, "$D(x),\\ D(G(z))$", (8.85, 4.77), BLUE),
    ((7.9, 4.0), (9.8, 2.1), 6, (8.9, 3.0), "label 1", (9.6, 2.9), ORANGE),
)
# The same for the ways of the gradients, with the bend of the arrow.
_BACK = (
    ((11.3, 4.9), (6.9, 4.9), 0.22, "$D$ learns (steps 3 and 5)", (9.05, 5.78), BLUE),
    ((11.3, 1.1), (4.1, 1.1), -0.16, "$G$ learns (step 6)", (7.65, 0.2), ORANGE),
)
_STEPS = (
    "1  define the problem: which images should come out?",
    "2  choose the architecture: the layers of $G$ and of $D$",
    "3  train $D$ on real images, label 1",
    "4  $G$ turns noise into fake images",
    "5  train $D$ on the fake images, label 0",
    "6  train $G$ with the output of $D$: label 1 for fakes",
)
_END = "Repeat 3 to 6 until $D$ cannot tell them apart: $D(x) = D(G(z)) = 0.5$"


def training_loop(ax: Any = None) -> Any:
    """Draw how a GAN is trained, with a number at each step.

    Parameters
    ----------
    ax : matplotlib Axes, optional

    Returns
    -------
    matplotlib Axes

    Notes
    -----
    Source: Goodfellow et al. 2014, "Generative Adversarial Networks", algorithm 1, with the
    generator's loss of their section 3, -log D(G(z)).

    Examples
    --------
    >>> from ganc import plot
    >>> ax = plot.training_loop()
    >>> sum(text.get_text() == "6" for text in ax.texts)
    1
    """
    ax = axes(ax, (9.6, 6.2))
    ax.set(xlim=(0, 13), ylim=(-2.5, 6.1), aspect="equal")
    ax.set_axis_off()
    for x, y, width, text, color in _BOXES.values():
        _box(ax, x, y, width, text, color)
    for begin, end, step, at, text, where, color in _ARROWS:
        _arrow(ax, begin, end, color)
        if text:
            ax.text(*where, text, color=color, ha="center", va="bottom", fontsize=9)
        if step:
            _number(ax, *at, step, color)
    for begin, end, bend, text, where, color in _BACK:
        _arrow(ax, begin, end, color, linestyle="--", connectionstyle=f"arc3,rad={bend}")
        ax.text(*where, text, color=color, ha="center", va="center", fontsize=9)
    for step, name, color in ((1, "real", _GREY), (2, "G", ORANGE), (2, "D", BLUE)):
        x, y, width = _BOXES[name][:3]
        _number(ax, x - width / 2, y + _HEIGHT / 2, step, color)
    for i, text in enumerate(_STEPS):
        ax.text(0.3 + 6.3 * (i // 3), -0.75 - 0.45 * (i % 3), text, va="center", fontsize=9)
    ax.text(0.3, -2.2, _END, va="center", fontsize=9, weight="bold")
    return ax


def _box(ax: Any, x: float, y: float, width: float, text: str, color: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - width / 2, y - _HEIGHT / 2)
    style = "round,pad=0,rounding_size=0.15"
    ax.add_patch(FancyBboxPatch(corner, width, _HEIGHT, style, fc="white", ec=color, lw=1.6))
    ax.text(x, y, text, color=color, ha="center", va="center", fontsize=9.5)


def _arrow(ax: Any, begin: Any, end: Any, color: str, **style: Any) -> None:
    ax.annotate(
        "", end, begin, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.6, **style}
    )


def _number(ax: Any, x: float, y: float, step: int, color: str) -> None:
    ring = {"boxstyle": "circle,pad=0.25", "fc": color, "ec": "white"}
    ax.text(x, y, str(step), color="white", ha="center", va="center", fontsize=9, bbox=ring)
