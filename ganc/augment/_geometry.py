"""Changes of place: pictures moved, mirrored, turned, and partly covered."""

import numpy as np

from ganc._backend import core
from ganc._options import finite
from ganc.augment._augmentation import KIND, Augmentation, numbers_for, uniform_for
from ganc.nn.functional._grid import grid_sample

__all__ = ["Affine", "Cutout", "HorizontalFlip", "Rotate90", "Translation"]


@KIND.register
class Translation(Augmentation):
    """Shifts by whole pixels, up to `share` of each side both ways; what is bared is 0.

    Parameters
    ----------
    share : float, default 0.125
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training".

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Translation()(ganc.ones(2, 1, 8, 8)).max().item()
    1.0
    """

    name = "translation"
    source = "Zhao et al. 2020, arXiv:2006.10738"

    def __init__(self, share: float = 0.125, p: float = 1.0) -> None:
        super().__init__(p)
        self.share = finite("share", share, 0.0)

    def change(self, x):
        """Return shifted pictures."""
        height, width = x.shape[2:]
        drawn = numbers_for(x, 2)
        down = _shifts(drawn[:, 0], height, self.share)
        across = _shifts(drawn[:, 1], width, self.share)
        return core.matmul(core.matmul(down, x), core.permute(across, (0, 1, 3, 2)))


def _shifts(drawn: np.ndarray, size: int, share: float) -> core.Tensor:
    """Return the matrices (N, 1, size, size) that shift columns by random whole numbers."""
    most = int(size * share + 0.5)
    by = np.floor(drawn * (2 * most + 1)).astype(np.int64) - most
    index = np.arange(size)
    matrices = index[None, :, None] - by[:, None, None] == index[None, None, :]
    return core.Tensor(matrices[:, None].astype(np.float32))


@KIND.register
class Cutout(Augmentation):
    """A rectangle of `share` of both sides, anywhere, becomes 0.

    Parameters
    ----------
    share : float, default 0.5
    p : float, default 1.0
        The probability that a picture is changed.

    Notes
    -----
    Source: Zhao et al. 2020, "Differentiable Augmentation for Data-Efficient GAN Training".

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Cutout()(ganc.ones(2, 1, 8, 8)).min().item()
    0.0
    """

    name = "cutout"
    source = "Zhao et al. 2020, arXiv:2006.10738"

    def __init__(self, share: float = 0.5, p: float = 1.0) -> None:
        super().__init__(p)
        self.share = finite("share", share, 0.0)

    def change(self, x):
        """Return pictures with a hole."""
        drawn = numbers_for(x, 2)
        rows, columns = (
            _covered(drawn[:, i], size, self.share) for i, size in enumerate(x.shape[2:])
        )
        hole = rows[:, :, None] & columns[:, None, :]
        return x * core.Tensor(~hole[:, None]).float()


def _covered(drawn: np.ndarray, size: int, share: float) -> np.ndarray:
    """Return which rows (N, size) a band of the share covers, its middle anywhere."""
    long = int(size * share + 0.5)
    first = np.floor(drawn * (size + 1 - long % 2)).astype(np.int64) - long // 2
    index = np.arange(size)
    return (index >= first[:, None]) & (index < first[:, None] + long)


@KIND.register
class HorizontalFlip(Augmentation):
    """Half of the pictures are mirrored, left for right.

    Parameters
    ----------
    p : float, default 1.0
        The probability that a picture may be changed.

    Notes
    -----
    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    appendix B.

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.HorizontalFlip()(ganc.ones(2, 1, 4, 4)).min().item()
    1.0
    """

    name = "horizontal_flip"
    source = "Karras et al. 2020, arXiv:2006.06676, appendix B"

    def change(self, x):
        """Return pictures, half of them mirrored."""
        return core.where(core.lt(uniform_for(x), core.tensor(0.5)), core.flip(x, (3,)), x)


@KIND.register
class Rotate90(Augmentation):
    """Quarter turns, none to three; pictures that are not square make half turns only.

    Parameters
    ----------
    p : float, default 1.0
        The probability that a picture may be changed.

    Notes
    -----
    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    appendix B.

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Rotate90()(ganc.ones(2, 1, 4, 4)).min().item()
    1.0
    """

    name = "rotate90"
    source = "Karras et al. 2020, arXiv:2006.06676, appendix B"

    def change(self, x):
        """Return turned pictures."""
        half = core.tensor(0.5)
        x = core.where(core.lt(uniform_for(x), half), core.flip(x, (2, 3)), x)
        if x.shape[2] != x.shape[3]:
            return x
        quarter = core.flip(core.permute(x, (0, 1, 3, 2)), (3,))
        return core.where(core.lt(uniform_for(x), half), quarter, x)


@KIND.register
class Affine(Augmentation):
    """Zoom, turn, stretch and shift, each by a random number; borders are mirrored.

    Zoom by 2**N(0, scale**2) in all, by 2**N(0, stretch**2) in one direction and its inverse in
    the other, a turn by U(-180, 180) degrees times `turn`, shifts by N(0, shift**2) of the sides.

    Parameters
    ----------
    scale, stretch : float, default 0.2
    turn : float, default 1.0
    shift : float, default 0.125
    p : float, default 1.0
        The probability of each of the four.

    Notes
    -----
    Source: Karras et al. 2020, "Training Generative Adversarial Networks with Limited Data",
    appendix B.

    Examples
    --------
    >>> import ganc
    >>> ganc.augment.Affine(p=0.3)(ganc.ones(2, 1, 8, 8)).shape
    (2, 1, 8, 8)
    """

    name = "affine"
    source = "Karras et al. 2020, arXiv:2006.06676, appendix B"

    def __init__(
        self,
        scale: float = 0.2,
        stretch: float = 0.2,
        turn: float = 1.0,
        shift: float = 0.125,
        p: float = 1.0,
    ) -> None:
        super().__init__(p)
        self.scale, self.stretch = finite("scale", scale, 0.0), finite("stretch", stretch, 0.0)
        self.turn, self.shift = finite("turn", turn, 0.0), finite("shift", shift, 0.0)

    def __call__(self, x):
        """Return changed pictures; each of the four changes has the probability p."""
        self.check(x)
        return self.change(x) if self.p else x

    def change(self, x):
        """Return pictures as they are seen through a grid of points that is zoomed and turned."""
        n, _, height, width = x.shape
        points = np.stack(np.broadcast_arrays(_along(width)[None, :], _along(height)[:, None]), -1)
        side = np.array([width, height]) / min(width, height)  # turns keep angles in pixels
        matrix, shift = self._drawn(n, x)
        seen = (points * side) @ matrix.transpose(0, 2, 1)[:, None] / side + shift[:, None, None]
        return grid_sample(x, core.Tensor(seen.astype(np.float32)), padding_mode="reflection")

    def _drawn(self, n: int, x: core.Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Return the matrices (N, 2, 2) and shifts (N, 2) of the grids."""
        normal = core.rand_normal((n, 4), *core.default_generator.next()).numpy()
        drawn, due = numbers_for(x), numbers_for(x, 4) < self.p
        zoom, stretch = (
            2.0 ** (normal[:, i] * std * due[:, i])
            for i, std in enumerate((self.scale, self.stretch))
        )
        angle = (drawn * 2 - 1) * np.pi * self.turn * due[:, 2]
        c, s = np.cos(angle), np.sin(angle)
        matrix = np.stack([c * stretch, -s * stretch, s / stretch, c / stretch], 1) / zoom[:, None]
        return matrix.reshape(n, 2, 2), normal[:, 2:] * (2 * self.shift) * due[:, 3:]


def _along(size: int) -> np.ndarray:
    """Return the centres of a row of pixels, from -1 to 1."""
    return (np.arange(size) * 2 + 1) / size - 1
