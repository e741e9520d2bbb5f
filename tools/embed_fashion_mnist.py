"""Make ganc/datasets/fashion_mnist_t10k.xz, the Fashion-MNIST test images inside the wheel.

    apt-get install -y --no-install-recommends dataset-fashion-mnist
    python tools/embed_fashion_mnist.py [FOLDER]

The images are sorted by class (stable), so that no labels need storing: 1,000 of each class.
Another release of liblzma may pack them differently; the unpacked bytes, whose SHA-256 is printed,
never change. Fashion-MNIST: Copyright (c) 2017 Zalando SE, MIT licence.
"""

import gzip
import hashlib
import lzma
import sys
from pathlib import Path

import numpy as np

OUT = Path(__file__).resolve().parent.parent / "ganc" / "datasets" / "fashion_mnist_t10k.xz"
IMAGES_SHA256 = "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"
LABELS_SHA256 = "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"


def read_idx(path: Path, header: int, sha256: str) -> np.ndarray:
    data = gzip.decompress(path.read_bytes())
    if hashlib.sha256(data).hexdigest() != sha256:
        sys.exit(f"{path}: not the Fashion-MNIST file (SHA-256 differs)")
    return np.frombuffer(data, np.uint8, offset=header)


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist")
    images = read_idx(folder / "t10k-images-idx3-ubyte.gz", 16, IMAGES_SHA256).reshape(-1, 784)
    labels = read_idx(folder / "t10k-labels-idx1-ubyte.gz", 8, LABELS_SHA256)
    content = images[np.argsort(labels, kind="stable")].tobytes()
    packed = lzma.compress(content, check=lzma.CHECK_NONE, preset=9 | lzma.PRESET_EXTREME)
    OUT.write_bytes(packed)
    print(f"{OUT.name}: {len(packed)} bytes; unpacked {len(content)} bytes, SHA-256")
    print(hashlib.sha256(content).hexdigest())


if __name__ == "__main__":
    main()
