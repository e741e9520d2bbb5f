"""Small picture files."""

import io

import numpy as np
from PIL import Image


def noise(height=9, width=7, channels=3, seed=0):
    """Pixels that nothing compresses away."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def encoded(image, format, **options):
    """The bytes of a file."""
    stream = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(stream, format, **options)
    return stream.getvalue()


def write(path, image=None, **options):
    """Write a picture file; noise by default."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix[1:].upper()
    format = {"JPG": "JPEG", "TIF": "TIFF"}.get(suffix, suffix)
    path.write_bytes(encoded(noise() if image is None else image, format, **options))
    return path
