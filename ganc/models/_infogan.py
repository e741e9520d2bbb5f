"""InfoGAN: some latents are codes that can be read off the image again."""

from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc import nn
from ganc._backend import core
from ganc._options import at_least, finite
from ganc.data import as_labels
from ganc.models._keras import start_size
from ganc.models._preset import Preset, image_size
from ganc.nn import functional as F
from ganc.nn._inference import evaluate
from ganc.plot._images import Rows
from ganc.train import register
from ganc.train._field import inside_array

__all__ = ["InfoGAN"]


@register
class InfoGAN(Preset):
    """InfoGAN, Chen et al. 2016: the MNIST networks. It finds categories without labels.

    A latent is noise, a category and continuous codes. A second head Q on D's layers guesses the
    codes of an image; D, Q and G all minimise how far it is off. So the codes come to stand for
    what images differ in most: of digits the category for the digit, the codes for slant and width.

    Parameters
    ----------
    image_shape : tuple of int, default (1, 28, 28)
        (C, H, W); H and W are multiples of 4. Images are in [0, 1] inside.
    latent_dim : int, default 62
        Of the noise, U(-1, 1). Generator and `interpolate` take latents of noise, category
        (one-hot) and codes: 74 numbers.
    categories : int, default 10
        Of the category, all alike likely.
    codes : int, default 2
        Continuous codes, U(-1, 1).
    g_hidden, d_hidden, q_hidden : int, default 1024, 1024, 128
        Widths of the linear layers.
    g_channels, d_channels : tuple of int, default (128, 64), (64, 128)
        Of the maps that G makes of its linear layers and of those between them and the image, and
        of D's convolutions.
    slope : float, default 0.1
        Of leaky ReLU, in D and Q.
    category_weight, codes_weight : float, default 1.0
        What the mutual information of image and category, and of image and codes, weighs.
    trunk_learns : bool, default True
        Whether the layers that D and Q share learn from the mutual information, as in the code;
        False leaves that to Q's own layers.
    loss : str or GANLoss, default "non_saturating"
    label_smoothing : float, default 0.0
    g_lr, d_lr : float, default 1e-3, 2e-4
        Q learns with D.
    betas, eps : default (0.5, 0.999), 1e-8
        Of both Adams.
    batch_size : int, default 128
        What `fit` uses if it is not told.
    seed : int, optional
        Of weights, latents and data order.

    Notes
    -----
    G and D can agree on faint textures that tell the codes and show nothing. Tried on Fashion-MNIST
    with small networks, one seed each and some 900 steps, ``trunk_learns=False`` together with
    ``codes_weight=0.1`` made recognisable images, and either alone or neither did not. The default
    numbers are the code's; they were not tried for its 5,000 steps.

    Examples
    --------
    >>> import ganc
    >>> gan = ganc.models.InfoGAN(seed=0)
    >>> images = gan.sample(4, category=7, codes=[0.0, 1.0], seed=0)
    >>> category, codes = gan.infer(images)
    >>> images.shape, category.shape, codes.shape
    ((4, 1, 28, 28), (4,), (4, 2))
    """

    source = (
        "Chen et al. 2016, arXiv:1606.03657; github.com/openai/InfoGAN, launchers/run_mnist_exp.py"
    )
    deviations = (
        "leaky ReLU has the paper's slope 0.1; the code's is 0.01",
        "Q gives means only: the code also has outputs for deviations, but does not use them",
        "both terms of the mutual information weigh 1, as in the code; the paper says less for "
        "continuous codes",
        "logarithms come from logits; the code adds 1e-8 to probabilities",
        "samples come from running statistics; the code's pictures from those of their batch",
    )

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 28, 28),
        *,
        latent_dim: int = 62,
        categories: int = 10,
        codes: int = 2,
        g_hidden: int = 1024,
        d_hidden: int = 1024,
        q_hidden: int = 128,
        g_channels: tuple[int, int] = (128, 64),
        d_channels: tuple[int, int] = (64, 128),
        slope: float = 0.1,
        category_weight: float = 1.0,
        codes_weight: float = 1.0,
        trunk_learns: bool = True,
        loss: str = "non_saturating",
        label_smoothing: float = 0.0,
        g_lr: float = 1e-3,
        d_lr: float = 2e-4,
        betas: tuple[float, float] = (0.5, 0.999),
        eps: float = 1e-8,
        batch_size: int = 128,
        seed: int | None = None,
    ) -> None:
        super().__init__(locals())
        self.config["category_weight"] = finite("category_weight", category_weight, 0.0)
        self.config["codes_weight"] = finite("codes_weight", codes_weight, 0.0)

    def networks(self, c: SimpleNamespace) -> tuple[nn.Module, nn.Module]:
        """Return generator and discriminator for a configuration."""
        shape, _ = image_size(c.image_shape)
        at_least("categories", c.categories, 2)
        at_least("codes", c.codes, 1)
        networks = _generator(c, shape), _Recognizing(c, shape)
        for network in networks:
            _initialise(network)
        return networks

    def options(self, c: SimpleNamespace) -> dict[str, Any]:
        """Return the arguments of `GAN` besides networks and seed."""
        return super().options(c) | {
            "latent_dim": c.latent_dim + c.categories + c.codes,
            "latent": "uniform",
            "pixel_range": (0.0, 1.0),
        }

    # ---- training ----

    def noise(self, n: int) -> core.Tensor:
        """Draw latents for a training step: noise, category and codes."""
        u = super().noise(n)
        noise, category, codes = (u[:, part] for part in self._parts_of_latents)
        one_hot = F.one_hot(core.argmax(category, 1), category.shape[1]).float()
        z = self.passed["latents"] = core.cat([noise, one_hot, codes], 1)
        return z

    def judge(self, x: core.Tensor, *labels: core.Tensor) -> core.Tensor:
        """Return D's logits of samples; what Q looks at is kept for the objectives."""
        hidden = self.discriminator.features(self._seen(x))
        self.passed.setdefault("hidden", []).append(hidden)
        return self.discriminator.head(hidden)

    def d_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what D and Q minimise: D's loss, less the mutual information of fakes."""
        self.passed["hidden"] = []
        loss, report = super().d_objective(batch)
        hidden = self.passed.pop("hidden")[1]  # real samples were judged first
        if not self.config["trunk_learns"]:
            hidden = hidden.detach()
        return self._informed(loss, {"d_loss": loss} | report, hidden)

    def g_objective(self, batch: Any) -> tuple[core.Tensor, dict[str, Any]]:
        """Return what G minimises: its loss, less the mutual information."""
        self.passed["hidden"] = []
        found = super().g_objective(batch)
        loss, report = found if isinstance(found, tuple) else (found, {})
        hidden = self.passed.pop("hidden")[int(self._compares)]
        return self._informed(loss, {"g_loss": loss} | report, hidden)

    def information(self, hidden: core.Tensor, z: core.Tensor) -> tuple[core.Tensor, core.Tensor]:
        """Return lower bounds of the mutual information of images and their codes, in nats.

        Parameters
        ----------
        hidden : Tensor
            D's last hidden layer of generated images.
        z : Tensor
            Their latents.

        Returns
        -------
        category : Tensor
            log K + E log Q(category | x) for K categories.
        codes : Tensor
            E log N(codes; Q(x), 1) - E log N(codes; 0, 1): the prior taken to be normal.
        """
        _, category, codes = (z[:, part] for part in self._parts_of_latents)
        logits, means = self._split(self.discriminator.recognizer(hidden))
        entropy = float(np.log(category.shape[1]))
        told = core.sum(core.log_softmax(logits, 1) * category, (1,)) + entropy
        closer = core.sum(core.square(codes) - core.square(codes - means), (1,))
        return core.mean(told), core.mean(closer) * 0.5

    def _informed(
        self, loss: core.Tensor, report: dict[str, Any], hidden: core.Tensor
    ) -> tuple[core.Tensor, dict[str, Any]]:
        """Return a loss less the information that an image has of its codes."""
        category, codes = self.information(hidden, self.passed["latents"])
        gain = category * self.config["category_weight"] + codes * self.config["codes_weight"]
        return loss - gain, report | {"mi_category": category, "mi_codes": codes}

    @property
    def _parts_of_latents(self) -> tuple[slice, slice, slice]:
        """Where noise, category and codes are in a latent."""
        end, codes = self.latent_dim[0], self.config["codes"]
        noise = end - codes - self.config["categories"]
        return slice(0, noise), slice(noise, end - codes), slice(end - codes, end)

    def _split(self, answers: Any) -> tuple[Any, Any]:
        """Return Q's logits of the categories, and its means of the codes."""
        categories = self.config["categories"]
        return answers[:, :categories], answers[:, categories:]

    # ---- samples ----

    def sample(
        self,
        n: int,
        *,
        category: ArrayLike | None = None,
        codes: ArrayLike | None = None,
        seed: int | None = None,
        truncation: float | None = None,
        ema: bool | None = None,
    ) -> np.ndarray:
        """Generate samples.

        Parameters
        ----------
        n : int
            How many.
        category : int or array_like of int, shape (n,), optional
            By default drawn.
        codes : array_like, shape (codes,) or (n, codes), optional
            Continuous codes, in training from -1 to 1; by default drawn. NaN for one that is drawn.
        seed : int, optional
            The same seed gives the same samples, whatever `n`; by default they differ each time.
        truncation, ema : optional
            As for `GAN.sample`.

        Returns
        -------
        ndarray of float32, shape (n, C, H, W)
            In [-1, 1].

        Raises
        ------
        ValueError
            If categories or codes are not as described.
        """
        return self.generate(
            n, category=category, codes=codes, seed=seed, truncation=truncation, ema=ema
        )

    def generate(
        self,
        n: int,
        *,
        seed: int | None = None,
        category: ArrayLike | None = None,
        codes: ArrayLike | None = None,
        truncation: float | None = None,
        ema: bool | None = None,
    ) -> np.ndarray:
        """Make samples; see `sample`."""
        z = self._latents(n, seed, truncation)
        self._ask(z, category, codes)
        return self._of_latents(z, ema=ema)

    def preview(self, n: int, *, seed: int | None = None) -> np.ndarray:
        """Return a row of samples of each category; a column differs in nothing else."""
        rows = self.config["categories"]
        ncol = max(-(-at_least("n", n, 0) // rows), 1)
        z = np.tile(self._latents(ncol, seed, None), (rows, 1))
        self._ask(z, np.repeat(np.arange(rows), ncol), None)
        return Rows.of(self._of_latents(z), ncol)

    def infer(self, images: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return which codes images have.

        Parameters
        ----------
        images : array_like
            In a form that `fit` takes.

        Returns
        -------
        category : ndarray of int64, shape (N,)
            The likeliest one. Which of the categories stands for what, training decides.
        codes : ndarray of float32, shape (N, codes)
            Their means.
        """
        q = nn.Sequential(self.discriminator.trunk, self.discriminator.recognizer)
        logits, means = self._split(evaluate(q, inside_array(self, images)))
        return logits.argmax(axis=1), np.ascontiguousarray(means)

    def _latents(self, n: int, seed: int | None, truncation: float | None) -> np.ndarray:
        z = super()._latents(n, seed, truncation)
        category = z[:, self._parts_of_latents[1]]
        category[:] = np.eye(category.shape[1], dtype=np.float32)[category.argmax(axis=1)]
        return z

    def _ask(self, z: np.ndarray, category: ArrayLike | None, codes: ArrayLike | None) -> None:
        """Put given categories and codes into latents."""
        _, where, rest = self._parts_of_latents
        n, categories = len(z), self.config["categories"]
        if category is not None:
            category = np.full(n, category) if np.ndim(category) == 0 else category
            if n:
                category = as_labels(category, n, categories, name="category")
                z[:, where] = np.eye(categories, dtype=np.float32)[category]
        if codes is not None:
            given = np.asarray(codes, np.float32)
            shapes = (self.config["codes"],), (n, self.config["codes"])
            if given.shape not in shapes or np.isinf(given).any():
                raise ValueError(
                    f"codes: got {codes!r:.80} of shape {given.shape}, expected finite numbers of "
                    f"shape {shapes[0]} or {shapes[1]}"
                )
            z[:, rest] = np.where(np.isnan(given), z[:, rest], given)

    def _facts(self) -> dict[str, dict[str, Any]]:
        facts = super()._facts()
        facts["loss"]["information"] = (
            "less category_weight * I(category; x) + codes_weight * I(codes; x), bounded by Q"
        )
        return facts


class _Recognizing(nn.Module):
    """D and Q: two heads on one trunk."""

    def __init__(self, c: SimpleNamespace, shape: tuple[int, int, int]) -> None:
        super().__init__()
        height, width = start_size(shape, 2, "discriminator")
        first, second = c.d_channels
        self.trunk = nn.Sequential(
            nn.Conv2d(shape[0], first, 4, 2, 1), nn.LeakyReLU(c.slope),
            nn.Conv2d(first, second, 4, 2, 1), nn.BatchNorm2d(second), nn.LeakyReLU(c.slope),
            nn.Flatten(), nn.Linear(second * height * width, c.d_hidden),
            nn.BatchNorm1d(c.d_hidden), nn.LeakyReLU(c.slope),
        )  # fmt: skip
        self.recognizer = nn.Sequential(
            nn.Linear(c.d_hidden, c.q_hidden), nn.BatchNorm1d(c.q_hidden), nn.LeakyReLU(c.slope),
            nn.Linear(c.q_hidden, c.categories + c.codes),
        )  # fmt: skip
        self.head = nn.Linear(c.d_hidden, 1)

    def features(self, x: core.Tensor) -> core.Tensor:
        """Return what both heads look at."""
        return self.trunk(x)

    def forward(self, x: core.Tensor) -> core.Tensor:
        """Return the logits that images are real."""
        return self.head(self.trunk(x))


def _generator(c: SimpleNamespace, shape: tuple[int, int, int]) -> nn.Module:
    height, width = start_size(shape, 2, "generator")
    first, second = c.g_channels
    n = first * height * width
    return nn.Sequential(
        nn.Linear(c.latent_dim + c.categories + c.codes, c.g_hidden),
        nn.BatchNorm1d(c.g_hidden), nn.ReLU(),
        nn.Linear(c.g_hidden, n), nn.BatchNorm1d(n), nn.ReLU(),
        nn.Unflatten(1, (first, height, width)),
        nn.ConvTranspose2d(first, second, 4, 2, 1), nn.BatchNorm2d(second), nn.ReLU(),
        nn.ConvTranspose2d(second, shape[0], 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip


def _initialise(network: nn.Module) -> None:
    """Draw weights from N(0, 0.02), those of convolutions within two deviations; zero biases."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.trunc_normal_(module.weight, 0.0, 0.02, -0.04, 0.04)
        elif isinstance(module, (nn.Linear, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.normal_(module.weight, 1.0, 0.02)
        else:
            continue
        nn.init.zeros_(module.bias)
