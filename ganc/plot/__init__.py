"""Pictures of training: its loop, samples, losses, films, the critic's map of the plane.

Functions that draw take ``ax=`` and return matplotlib axes; none calls ``plt.show()``. matplotlib
and Pillow are imported when they are needed.

>>> import numpy as np
>>> from ganc import plot
>>> plot.grid(np.zeros((6, 1, 28, 28), np.float32), ncol=3).shape
(62, 92)
"""

from ganc.plot._animation import animation
from ganc.plot._diagram import training_loop
from ganc.plot._images import grid, save_image
from ganc.plot._losses import losses
from ganc.plot._points import critic_map
from ganc.plot._samples import latent_grid, latent_walk, samples

__all__ = [
    "animation",
    "critic_map",
    "grid",
    "latent_grid",
    "latent_walk",
    "losses",
    "samples",
    "save_image",
    "training_loop",
]
