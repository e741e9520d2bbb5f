"""nn.utils.functional_call: a module called with other tensors as its parameters."""

import numpy as np
import pytest
from harness import note

import ganc
from ganc import nn

call = nn.utils.functional_call


def networks():
    """Return modules with an input each."""
    shared = nn.Linear(3, 3)
    image = ganc.randn(4, 2, 5, 5)
    return {
        "mlp": (nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)), ganc.randn(5, 3)),
        "conv": (
            nn.Sequential(
                nn.Conv2d(2, 3, 3, 2, 1), nn.BatchNorm2d(3), nn.LeakyReLU(0.2), nn.Flatten(),
                nn.Linear(27, 1),
            ),
            image,
        ),
        "tied": (nn.Sequential(shared, nn.ReLU(), shared), ganc.randn(5, 3)),
        "spectral": (
            nn.Sequential(nn.utils.spectral_norm(nn.Linear(3, 4)), nn.ReLU(), nn.Linear(4, 2)),
            ganc.randn(5, 3),
        ),
        "weight norm": (nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 4))), ganc.randn(5, 3)),
        "minibatch": (nn.MinibatchDiscrimination(3, 4, 2), ganc.randn(5, 3)),
        "maxout": (nn.Sequential(nn.Maxout(3, 4, 2), nn.Linear(4, 1)), ganc.randn(5, 3)),
    }  # fmt: skip


NAMES = list(networks())


@pytest.fixture(params=NAMES)
def case(request):
    ganc.manual_seed(3)
    return networks()[request.param]


def everything(module):
    """Return the objects that a module's attributes are, and copies of their values."""
    found = {}
    for path, m in module.named_modules(remove_duplicate=False):
        for name, x in vars(m).items():
            if isinstance(x, ganc.Tensor):
                found[f"{path}.{name}"] = (x, x.detach().numpy().copy())
    return found


def test_it_is_the_call_of_a_module_with_those_values(case):
    module, x = case
    module.eval()
    moved = {name: p.detach() * 1.5 + 0.25 for name, p in module.named_parameters()}
    before = everything(module)
    got = call(module, moved, x)
    after = everything(module)
    assert before.keys() == after.keys()
    for name, (tensor, values) in before.items():
        assert after[name][0] is tensor and np.array_equal(after[name][1], values), name
    module.load_state_dict(moved, strict=False)
    np.testing.assert_array_equal(got.detach().numpy(), module(x).detach().numpy())


def test_gradients_flow_to_the_tensors(case):
    """By a parameter p put as 3 a the gradient in a is three times that in p."""
    module, x = case
    module.eval()
    names = [name for name, _ in module.named_parameters()]
    own = [module.get_parameter(name) for name in names]
    want = ganc.grad(module(x).square().sum(), own)
    leaves = [(p.detach() / 3).requires_grad_() for p in own]
    made = {name: 3 * leaf for name, leaf in zip(names, leaves, strict=True)}
    found = ganc.grad(call(module, made, x).square().sum(), leaves)
    for name, g, w in zip(names, found, want, strict=True):
        scale = np.abs(w.numpy()).max() + 1e-6
        error = np.abs(g.numpy() / 3 - w.numpy()).max() / scale
        assert note("functional_call: gradient", error, name) < 1e-5
    assert all(p.grad is None for p in own)


def test_after_an_error_the_module_is_as_before(case):
    module, x = case
    before = everything(module)
    made = {name: p * 2 for name, p in module.named_parameters()}
    with pytest.raises((ValueError, TypeError, RuntimeError)):
        call(module, made, ganc.zeros(2, 77))
    after = everything(module)
    assert all(after[name][0] is tensor for name, (tensor, _) in before.items())


def test_spectral_norm_computes_its_weight_of_what_is_given():
    ganc.manual_seed(0)
    layer = nn.utils.spectral_norm(nn.Linear(3, 4)).eval()
    x = ganc.randn(5, 3)
    weight, bias = layer.weight_orig, layer.bias
    got = call(layer, {"weight_orig": weight.detach() * 7}, x)  # its length does not matter
    np.testing.assert_allclose(got.detach().numpy(), layer(x).detach().numpy(), rtol=1e-5)
    kept = layer.weight
    call(layer, {"weight_orig": ganc.ones(4, 3)}, x)
    assert layer.weight is kept and layer.weight_orig is weight and layer.bias is bias
    with pytest.raises(KeyError, match="'weight', which is computed from others"):
        call(layer, {"weight": ganc.ones(4, 3)}, x)


def test_buffers_given_are_those_that_training_moves():
    norm = nn.BatchNorm1d(2)
    mean = ganc.zeros(2)
    call(norm, {"running_mean": mean}, ganc.ones(4, 2) * 3)
    assert mean.tolist() == pytest.approx([0.3, 0.3])
    assert norm.running_mean.tolist() == [0, 0] and norm.running_var.tolist() != [1, 1]


def test_tied_weights():
    shared = nn.Linear(2, 2, bias=False)
    net = nn.Sequential(shared, shared)
    x, two = ganc.ones(1, 2), ganc.eye(2) * 2
    assert call(net, {"0.weight": two}, x).tolist() == [[4, 4]]
    assert call(net, {"1.weight": two}, x).tolist() == [[4, 4]]
    with pytest.raises(ValueError, match="'0.weight' and '1.weight' are one tensor"):
        call(net, {"0.weight": two, "1.weight": ganc.eye(2)}, x)


def test_inputs_and_dicts():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = nn.Parameter([1.0]), nn.Parameter([10.0])

        def forward(self, x=1.0, y=0.0, *, z=0.0):
            return self.a * x + self.b * y + z

    ten = [{"a": ganc.tensor([2.0])}, {"b": ganc.tensor([20.0])}]
    assert call(Two(), ten).item() == 2
    assert call(Two(), ten, 3.0).item() == 6
    assert call(Two(), ten, (3.0, 1.0)).item() == 26
    assert call(Two(), ten, (3.0,), {"z": 0.5}).item() == 6.5
    assert call(Two(), {}, (3.0, 1.0)).item() == 13
    assert call(Two(), ten, 1.0, strict=True).item() == 2
    with pytest.raises(KeyError, match="got no 'b'"):
        call(Two(), ten[0], 1.0, strict=True)
    with pytest.raises(ValueError, match="got 'a' twice"):
        call(Two(), [ten[0], ten[0]], 1.0)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"wieght": ganc.zeros(1, 2)}, KeyError, "Linear has no parameter or buffer 'wieght'"),
        ({"weight": np.zeros((1, 2))}, TypeError, "'weight': got ndarray"),
        ({"weight": ganc.zeros(2, 1)}, ValueError, r"got shape \(2, 1\), expected \(1, 2\)"),
        ([3], TypeError, "got int, expected a dict"),
    ],
)
def test_mistakes(given, error, message):
    with pytest.raises(error, match=message):
        call(nn.Linear(2, 1), given, ganc.zeros(1, 2))
    with pytest.raises(TypeError, match="expected nn.Module"):
        call(len, {}, ())


def test_as_torch(torch):
    """The same names give the same numbers and gradients, to the second order."""
    ganc.manual_seed(1)
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    x = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)

    def second(library, function, module, x, grad):
        leaves = {}
        for name, p in ours.named_parameters():
            leaves[name] = library.tensor(p.detach().numpy().tolist()).requires_grad_()
        first = grad(function(module, leaves, (x,)).sum(), list(leaves.values()), create_graph=True)
        stepped = {n: p - 0.5 * g for (n, p), g in zip(leaves.items(), first, strict=True)}
        return grad((function(module, stepped, x) ** 2).sum(), list(leaves.values()))

    found = second(ganc, call, ours, ganc.tensor(x), ganc.grad)
    theirs_call, theirs_grad = torch.func.functional_call, torch.autograd.grad
    want = second(torch, theirs_call, theirs, torch.tensor(x.tolist()), theirs_grad)
    for g, w in zip(found, want, strict=True):
        np.testing.assert_allclose(g.numpy(), w.numpy(), rtol=1e-4, atol=1e-5)
