"""Views write through and see what is written to their base, as in PyTorch."""

import os

import numpy as np
import pytest
from pytorch import torch
from view_programs import run

import ganc
from ganc import nn

PROGRAMS = int(os.environ.get("GANC_VIEW_PROGRAMS", "300"))
VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize("grad", [False, True])
def test_random_programs_as_in_pytorch(grad):
    for seed in range(PROGRAMS):
        run(seed, grad)


# Each changes x through a view of it.
WRITES = {
    "slice": lambda lib, x: x[:, :2].fill_(1),
    "strided slice": lambda lib, x: x[::2, 1::2].zero_(),
    "row": lambda lib, x: x[1].copy_(x[0]),
    "element": lambda lib, x: x[1, 2].fill_(7),
    "slice of a slice": lambda lib, x: x[1:][:, 1:3][0].mul_(-1),
    "transposed": lambda lib, x: x.t().copy_(lib.ones(4, 3) * 3),
    "T": lambda lib, x: x.T[0].add_(5),
    "view": lambda lib, x: x.view(2, 6)[1].zero_(),
    "flatten": lambda lib, x: x.flatten()[3:5].fill_(9),
    "unsqueeze": lambda lib, x: x[None].mul_(2),
    "iteration": lambda lib, x: [row.fill_(k) for k, row in enumerate(x)],
    "chunk": lambda lib, x: x.chunk(2, 1)[1].zero_(),
    "split": lambda lib, x: x.split([1, 3], 1)[1].sub_(1),
    "detach": lambda lib, x: x.detach()[0].fill_(4),
    "data": lambda lib, x: x.data[:, 1].fill_(4),
    "numpy": lambda lib, x: x[:, 1].numpy().fill(4),
    "+=": lambda lib, x: x[1].__iadd__(10),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_to_a_view_is_in_the_tensor(write):
    ours, theirs = ganc.tensor(VALUES), torch.tensor(VALUES)
    for library, x in ((ganc, ours), (torch, theirs)):
        WRITES[write](library, x)
    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("write", WRITES)
def test_what_is_written_to_a_tensor_is_in_its_view(write):
    ours, theirs = ganc.tensor(VALUES), torch.tensor(VALUES)
    for library, x in ((ganc, ours), (torch, theirs)):
        views = x[:, 1:], x.t(), x[1], x.view(6, 2)
        WRITES[write](library, x)
        x.add_(1)
        if library is ganc:
            seen = [v.numpy().copy() for v in views]
        else:
            for mine, view in zip(seen, views, strict=True):
                np.testing.assert_array_equal(mine, view.numpy())


def test_weights_of_a_conditional_norm_are_set_by_halves():
    embedding = nn.Embedding(3, 8)
    embedding.weight.data[:, :4].normal_(1, 0.02)
    embedding.weight.data[:, 4:].zero_()
    weight = embedding.weight.detach().numpy()
    assert abs(weight[:, :4].mean() - 1) < 0.1
    assert weight[:, :4].std() > 0
    np.testing.assert_array_equal(weight[:, 4:], 0)


@pytest.mark.parametrize(
    "init", [nn.init.ones_, nn.init.zeros_, lambda w: nn.init.constant_(w, 3.0)]
)
def test_initialisation_of_a_slice(init):
    layer = nn.Linear(8, 4)
    before = layer.weight.detach().numpy().copy()
    with ganc.no_grad():
        init(layer.weight[:, :4])
    after = layer.weight.detach().numpy()
    assert len(np.unique(after[:, :4])) == 1
    np.testing.assert_array_equal(after[:, 4:], before[:, 4:])


def test_random_initialisation_of_a_slice_is_that_of_its_values():
    whole, part = ganc.zeros(4, 6), ganc.zeros(4, 6)
    ganc.manual_seed(3)
    part[:, :3].normal_(0, 1)
    ganc.manual_seed(3)
    whole = ganc.zeros(4, 3).normal_(0, 1)
    np.testing.assert_array_equal(part[:, :3].numpy(), whole.numpy())
    np.testing.assert_array_equal(part[:, 3:].numpy(), 0)


def test_a_slice_of_a_gradient_is_part_of_it():
    p = nn.Parameter(ganc.ones(2, 3))
    (p * 2).sum().backward()
    p.grad[:, 0].fill_(3)
    assert p.grad.tolist() == [[3.0, 2.0, 2.0], [3.0, 2.0, 2.0]]
    p.grad[:, 1:].clamp_(-1, 1)
    ganc.optim.SGD([p], lr=1.0).step()
    assert p.tolist() == [[-2.0, 0.0, 0.0], [-2.0, 0.0, 0.0]]


def test_a_view_of_parameters_follows_a_step_of_their_optimizer():
    layer = nn.Linear(3, 2)
    row = layer.weight.detach()[0]
    optimizer = ganc.optim.Adam(layer.parameters(), lr=0.1)
    layer(ganc.ones(1, 3)).sum().backward()
    optimizer.step()
    np.testing.assert_array_equal(row.numpy(), layer.weight.detach().numpy()[0])


# Each changes in place what backward() needs.
NEEDED = {
    "by a view": lambda x, y: y[0].mul_(2),
    "of a view's base": lambda x, y: y.add_(1),
    "by a view of a view": lambda x, y: y[:2][:, 1:].zero_(),
    "by the transposed": lambda x, y: y.t().fill_(1),
    "by an assignment": lambda x, y: y.__setitem__((slice(None), 1), 0.0),
    "by a mask": lambda x, y: y.__setitem__(y > 1, 0.0),
    "by positions": lambda x, y: y.__setitem__([0, 2], 0.0),
}


@pytest.mark.parametrize("change", NEEDED)
@pytest.mark.parametrize(
    "use", [lambda y: y * y, lambda y: y[:, 1:].square(), lambda y: y.t().log()]
)
def test_a_change_of_what_backward_needs_is_an_error(change, use):
    x = ganc.tensor(VALUES + 1, requires_grad=True)
    y = x * 2
    loss = use(y).sum()
    NEEDED[change](x, y)
    with pytest.raises(RuntimeError, match="in place"):
        loss.backward()


def test_a_change_of_a_result_that_backward_needs_is_an_error():
    x = ganc.tensor(VALUES / 10, requires_grad=True)
    y = x.exp()
    loss = y.sum()
    y[0].mul_(2)
    with pytest.raises(RuntimeError, match="in place"):
        (loss + y.sum()).backward()


@pytest.mark.parametrize("view", [lambda w: w[0], lambda w: w.t(), lambda w: w.view(12)])
def test_a_view_of_a_leaf_that_requires_grad_is_not_changed_in_place(view):
    w = ganc.tensor(VALUES, requires_grad=True)
    for change in (lambda v: v.mul_(2), lambda v: v.fill_(1), lambda v: v.__setitem__(0, 1.0)):
        with pytest.raises(RuntimeError, match="leaf"):
            change(view(w))
    np.testing.assert_array_equal(w.detach().numpy(), VALUES)


def test_a_part_is_written_from_another_that_overlaps_as_it_was():
    """PyTorch refuses this."""
    x = ganc.tensor(VALUES)
    x[1:] = x[:2]
    np.testing.assert_array_equal(x.numpy(), VALUES[[0, 0, 1]])
    x = ganc.tensor(VALUES)
    x[:, :3].copy_(x[:, 1:])
    np.testing.assert_array_equal(x.numpy(), VALUES[:, [1, 2, 3, 3]])


@pytest.mark.parametrize(
    "put",
    [
        lambda lib, p, t: setattr(p, "data", t),
        lambda lib, p, t: p.data.copy_(t),
        lambda lib, p, t: p.data[0].mul_(2),
        lambda lib, p, t: p.data.__setitem__(0, 5.0),
        lambda lib, p, t: p.data.t().fill_(2),
    ],
)
def test_data_is_outside_the_tape(put):
    """Spectral norms of their own do this between the passes."""
    gradients = []
    for library in (ganc, torch):
        p = library.tensor(VALUES, requires_grad=True)
        loss = (p * p).sum()
        put(library, p, library.ones(3, 4))
        loss.backward()
        gradients.append((p.detach().numpy().copy(), p.grad.numpy()))
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_an_expanded_tensor_is_not_written():
    x = ganc.ones(3, 1).expand(3, 4)
    for write in (lambda: x.mul_(2), lambda: x.copy_(ganc.zeros(3, 4)), lambda: x[0].add_(1)):
        with pytest.raises(RuntimeError, match="clone"):
            write()
    assert ganc.zeros(3, 4).add_(1).tolist() == ganc.ones(3, 4).tolist()


def test_arrays_of_views_are_views():
    x = ganc.tensor(VALUES)
    array = x[:, 1:3].numpy()
    array[0, 0] = 50
    assert x[0, 1].item() == 50
    x.mul_(2)
    assert array[0, 0] == 100
    assert x.t().numpy().strides == VALUES.T.strides


def test_view_says_what_to_do_where_strides_cannot_say_it():
    x = ganc.tensor(VALUES)
    with pytest.raises(RuntimeError, match="reshape"):
        x.t().view(12)
    assert x.t().reshape(12).tolist() == VALUES.T.ravel().tolist()
    assert x.t().contiguous().view(12).tolist() == VALUES.T.ravel().tolist()
