"""ganc's own classifiers of 28x28 grey images, whose inner layer gives the features.

``tools/train_classifier.py`` trains them with ganc. A name stands for one file of weights for good:
whoever trains anew makes a new version.
"""

import os
from functools import lru_cache

import numpy as np

from ganc import nn
from ganc._backend import core
from ganc.io import read_tensors
from ganc.nn._inference import evaluate, exclusive

__all__: list[str] = []

SHAPE = (1, 28, 28)
WIDTH = 64  # features
SHA256 = {  # of the files: a version never changes
    "ganc-fashion-v1": "d4b7c1846c5af83801c8b735fd5fd7566bb0be410010aaa9319375ebfaf07211",
    "ganc-mnist-v1": "cb2ab950e86f86edbef680a766e35d467f3f72c9b02c73125cf26ffa4a7e992c",
}
_FILES = {"ganc-fashion-v1": "fashion_v1.safetensors", "ganc-mnist-v1": "mnist_v1.safetensors"}
_ALIASES = {"fashion": "ganc-fashion-v1", "mnist": "ganc-mnist-v1"}


class Classifier:
    """A trained classifier: images (n, 1, 28, 28) in [-1, 1] to features and logits."""

    def __init__(self, path: str) -> None:
        import hashlib

        tensors, self.metadata = read_tensors(path, require_checksums=True)
        with open(path, "rb") as file:
            self.sha256 = hashlib.sha256(file.read()).hexdigest()
        self.name = self.metadata["name"]
        generator = core.default_generator
        with exclusive:
            kept = generator.seed, generator.stream
            try:
                self.body, self.head = networks()
            finally:  # what the user draws afterwards does not change
                generator.seed, generator.stream = kept
        for title, network in (("body", self.body), ("head", self.head)):
            own = {k.partition(".")[2]: v for k, v in tensors.items() if k.startswith(title + ".")}
            network.load_state_dict(own)

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        values = evaluate(self.body, images)
        return values, evaluate(self.head, values)


def networks(classes: int = 10) -> tuple[nn.Module, nn.Module]:
    """Return the untrained body, which gives features, and the head, which gives logits."""
    layers: list[nn.Module] = []
    for inputs, outputs, stride in ((1, 16, 1), (16, 32, 2), (32, 64, 2), (64, 48, 2)):
        layers += [
            nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(),
        ]
    body = nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(48 * 4 * 4, WIDTH), nn.ReLU()
    )
    return body, nn.Linear(WIDTH, classes)


def names() -> list[str]:
    """Return what `load` knows, the short names too."""
    return [*_ALIASES, *_FILES]


def path_of(name: str) -> str:
    """Return the file of a classifier's weights."""
    return os.path.join(os.path.dirname(__file__), _FILES[_ALIASES.get(name, name)])


@lru_cache(4)
def load(name: str) -> Classifier:
    """Return a classifier of `names`, read once."""
    return Classifier(path_of(name))
