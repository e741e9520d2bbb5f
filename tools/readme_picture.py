"""Runs the first lines of README.md and writes the picture above them, docs/samples.png."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from PIL import Image

import ganc

ROOT = Path(__file__).parent.parent


def main() -> None:
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S).group(1)
    names: dict = {}
    exec(code, names)
    picture = ganc.plot.grid(ganc.to_uint8(names["gan"].preview(64, seed=1)), ncol=16)
    picture = np.kron(picture, np.ones((2, 2), np.uint8))
    Image.fromarray(picture).save(ROOT / "docs" / "samples.png", optimize=True)


if __name__ == "__main__":
    main()
