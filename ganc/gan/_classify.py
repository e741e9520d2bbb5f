"""`Classifies`: what models that learn the classes of images have beside samples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ganc.nn import Module
from ganc.nn._inference import evaluate
from ganc.train._field import inside_array

__all__ = ["Classifies"]


class Classifies:
    """The verb `classify`, and the accuracy of held-out samples; stands before a kind of GAN.

    A subclass has `classifier`, the network that gives the logits of the classes (N, K) of images
    as networks see them: an attribute or a property.
    """

    classifier: Module

    def classify(self, images: ArrayLike) -> np.ndarray:
        """Return the classes of images.

        The network is in evaluation mode, so an image's class does not depend on the others.

        Parameters
        ----------
        images : array_like
            In a form that `fit` takes.

        Returns
        -------
        ndarray of int64, shape (N,)

        Raises
        ------
        TypeError, ValueError
            If they are no images, or not of the shape that the model was made for.
        """
        return evaluate(self.classifier, inside_array(self, images)).argmax(axis=1)

    def _validate(self, held_out: tuple[np.ndarray, ...]) -> Mapping[str, Any]:
        """Return D's mean answer, and the share of right classes where labels are known."""
        found = dict(super()._validate(held_out))
        samples, labels = (np.asarray(part) for part in held_out)
        known = labels >= 0
        if known.any():
            guessed = evaluate(self.classifier, samples[known]).argmax(axis=1)
            found["val_accuracy"] = float((guessed == labels[known]).mean())
        return found
