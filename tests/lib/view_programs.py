"""Random programs of views and in-place operations, run in ganc and in PyTorch side by side."""

import numpy as np
from pytorch import torch

import ganc

UNDEFINED = [
    "Such functions do not allow the output views to be modified",  # of chunk
]


class Undefined(Exception):
    """A limit of PyTorch alone: in ganc these programs have a plain meaning."""


class Program:
    """Tensors of both libraries by the same numbers; each step makes a view or writes to one."""

    def __init__(self, seed, grad=False):
        self.rng = np.random.default_rng(seed)
        self.log = []
        shape = tuple(self.rng.integers(1, 5, self.rng.integers(1, 4)))
        data = self.rng.normal(size=shape).astype("f4")
        self.leaf = ganc.tensor(data, requires_grad=grad), torch.tensor(data, requires_grad=grad)
        start = [t * 1 for t in self.leaf] if grad else self.leaf
        self.pairs = [tuple(start)]

    def pick(self):
        return self.pairs[self.rng.integers(len(self.pairs))]

    def int(self, *args):
        return int(self.rng.integers(*args))

    def both(self, text, pair, **more):
        """Evaluate the text with x as the tensor of each library; errors of both must agree."""
        self.log.append(text)
        results = []
        for library, x in zip((ganc, torch), pair, strict=True):
            names = {k: v[library is torch] if isinstance(v, tuple) else v for k, v in more.items()}
            try:
                results.append(eval(text, {"x": x, "lib": library, "numpy": np, **names}))
            except (RuntimeError, ValueError, IndexError) as error:
                results.append(error)
        if any(words in str(results[1]) for words in UNDEFINED):
            raise Undefined
        if "refers to a single memory location" in str(results[1]) and "backward" in text:
            raise Undefined
        failed = [isinstance(r, Exception) for r in results]
        assert failed[0] == failed[1], (self.log, results)
        return None if failed[0] else tuple(results)

    def key(self, shape):
        items = []
        for size in shape[: self.int(len(shape) + 1)]:
            kind = self.int(4)
            if kind == 0 and size:
                items.append(str(self.int(-size, size)))
            elif kind == 1:
                items.append(f"{self.int(size + 1)}:")
            elif kind == 2:
                items.append(f":{self.int(size + 1)}:{self.int(1, 3)}")
            else:
                items.append("...") if "..." not in items and self.int(2) else items.append(":")
        if len(shape) < 4 and self.int(4) == 0:
            items.insert(self.int(len(items) + 1), "None")
        return ", ".join(items) if items else "..."

    def view(self):
        pair = self.pick()
        shape = pair[1].shape
        n = len(shape)
        a, b = (self.int(n), self.int(n)) if n else (0, 0)
        made = [f"x[{self.key(shape)}]"]
        if n:
            start = self.int(shape[a] + 1)
            made += [
                f"x.transpose({a}, {b})",
                f"x.narrow({a}, {start}, {self.int(shape[a] - start + 1)})",
                f"x.permute({tuple(int(i) for i in self.rng.permutation(n))})",
                "x.reshape(-1)" if pair[1].numel() else "x",
                f"x.unsqueeze({a})" if n < 4 else "x",
                f"x.view({(pair[1].numel(),)})",
                f"x.chunk(2, {a})[0]",
                "x.flatten()",
            ]
        made += ["x.squeeze()", "x.detach()", "x.data"]
        if n < 4:
            made.append(f"x.expand({(2, *shape)})")
        result = self.both(made[self.int(len(made))], pair)
        if result is not None and len(self.pairs) < 8:
            self.pairs.append(result)

    def write(self):
        pair, other = self.pick(), self.pick()
        value = round(float(self.rng.normal()), 2)
        key = self.key(pair[1].shape)
        texts = [
            f"x.fill_({value})",
            f"x.mul_({value})",
            f"x.add_({value})",
            "x.zero_()",
            "x.neg_()" if self.leaf[1].requires_grad else "x.tanh_()",
            f"x.__setitem__(numpy.s_[{key}], {value})",
            f"x[{key}].mul_({value})",
            "x.copy_(y * 1)",  # PyTorch reads while it writes where they overlap
            "x.add_(y.sum() * 0.1)",
            f"x.clamp_({-abs(value)}, {abs(value)})",
        ]
        self.both(texts[self.int(len(texts))], pair, y=other)

    def compare(self):
        for mine, theirs in self.pairs:
            assert mine.shape == tuple(theirs.shape), self.log
            want = theirs.detach().numpy()
            np.testing.assert_allclose(
                mine.detach().numpy(), want, 1e-4, 1e-5, err_msg=str(self.log)
            )
            assert mine.requires_grad == theirs.requires_grad, self.log

    def backward(self):
        """Gradients of the leaf, or an error in both."""
        total = self.both(
            "sum(lib.tanh(t).sum() for t in ts) + 0 * x.sum()",
            self.pairs[0],
            ts=tuple([p[i] for p in self.pairs] for i in range(2)),
        )
        if total is None or not total[1].requires_grad:
            return
        if self.both("x.backward() or 1", total) is None:
            return
        mine, theirs = self.leaf
        assert (mine.grad is None) == (theirs.grad is None), self.log
        if theirs.grad is not None:
            np.testing.assert_allclose(
                mine.grad.numpy(), theirs.grad.numpy(), 1e-3, 1e-4, err_msg=str(self.log)
            )


def run(seed, grad=False, steps=12):
    program = Program(seed, grad)
    try:
        for _ in range(steps):
            program.view() if program.int(2) else program.write()
            program.compare()
        if grad:
            program.backward()
    except Undefined:
        pass
