"""By what a folder knows its data again."""

from zlib import crc32

import numpy as np

__all__ = ["checksum"]


def checksum(array: np.ndarray) -> str:
    """Return the CRC-32 of an array's bytes, in hexadecimal."""
    return f"{crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8)):08x}"
