"""Elementary functions over the floats, and special values against torch."""

import numpy as np
import pytest
from harness import _core, array, note, torch

pytestmark = pytest.mark.usefixtures("no_live_tensors")

NORMAL = 2.0**-126


def floats(low, high, step=997):
    """Every step-th float of [low, high], by bit pattern, without subnormals."""
    bits = np.arange(0, 0x7F800000, step, dtype=np.int64).astype(np.uint32)
    x = bits.view(np.float32)
    x = np.concatenate([-x[::-1], x])
    return x[(x >= low) & (x <= high) & ((np.abs(x) >= NORMAL) | (x == 0))]


def ulps(got, want):
    """Distance in units of the last place of the exact result, rounded to float."""
    spacing = np.spacing(np.maximum(np.abs(want), NORMAL).astype(np.float32)).astype(np.float64)
    return np.abs(got.astype(np.float64) - want) / spacing


def erf(x):
    return torch.erf(torch.from_numpy(x)).numpy()


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e / (1 + e), 1 / (1 + e))


SWEEPS = [
    ("exp", np.exp, -87.3, 88.72),
    ("expm1", np.expm1, -100, 88.72),
    ("log", np.log, NORMAL, 3.4e38),
    ("log1p", np.log1p, -1 + 2**-24, 3.4e38),
    ("tanh", np.tanh, -3.4e38, 3.4e38),
    ("sigmoid", sigmoid, -87.3, 3.4e38),
    ("sin", np.sin, -(2.0**30) + 64, 2.0**30 - 64),
    ("cos", np.cos, -(2.0**30) + 64, 2.0**30 - 64),
    ("erf", erf, -3.4e38, 3.4e38),
]


@pytest.mark.parametrize("name, exact, low, high", SWEEPS, ids=[s[0] for s in SWEEPS])
def test_sweep(name, exact, low, high):
    x = floats(low, high)
    got = getattr(_core, name)(x).numpy()
    with np.errstate(over="ignore"):
        want = exact(x.astype(np.float64))
    error = ulps(got, want)
    small = np.abs(want) < NORMAL  # flushed to zero
    error[small] = np.where(np.abs(got[small]) <= NORMAL, 0, 99)
    k = int(np.argmax(error))
    assert note(f"ulp {name}", error[k], f"x = {x[k]!r}") <= 2.5


@pytest.mark.parametrize("p", [0.5, 2.0, 3.0, -1.0, -0.5, 2.2, 1 / 3, 10.0])
def test_sweep_pow(p):
    x = floats(NORMAL, 3.4e38)
    p = float(np.float32(p))
    with np.errstate(over="ignore", under="ignore"):
        want = x.astype(np.float64) ** p
    keep = (want >= NORMAL) & (want <= np.finfo(np.float32).max)
    for got in (_core.pow_scalar(x, p), _core.pow_tensor(x, p)):
        error = ulps(got.numpy()[keep], want[keep])
        k = int(np.argmax(error))
        assert note("ulp pow", error[k], f"{x[keep][k]!r} ** {p}") <= 2.5


def test_pow_of_negative_bases_and_pairs():
    rng = np.random.default_rng(5)
    a = rng.uniform(-30, 30, 50_000).astype(np.float32)
    b = rng.integers(-7, 8, 50_000).astype(np.float32)
    want = a.astype(np.float64) ** b
    assert note("ulp pow", ulps(_core.pow_tensor(a, b).numpy(), want).max(), "integers") <= 2.5
    assert np.isnan(_core.pow_tensor(-np.abs(a), np.float32(0.5)).numpy()).all()


# ---- special values -------------------------------------------------------------------------

VALUES = [0.0, -0.0, np.inf, -np.inf, np.nan, 1e4, -1e4, 1.0, -1.0, 0.5, 2.0, -2.0, 2.5, 3.0]
UNARY = {
    "abs": torch.abs, "floor": torch.floor, "round": torch.round,
    "neg": torch.neg, "square": torch.square, "sqrt": torch.sqrt, "rsqrt": torch.rsqrt,
    "reciprocal": torch.reciprocal, "exp": torch.exp, "expm1": torch.expm1, "log": torch.log,
    "log1p": torch.log1p, "sin": torch.sin, "cos": torch.cos, "erf": torch.erf, "tanh": torch.tanh,
    "sigmoid": torch.sigmoid, "relu": torch.relu, "silu": torch.nn.functional.silu,
    "isnan": torch.isnan, "isfinite": torch.isfinite, "softplus1": torch.nn.functional.softplus,
    "leaky_relu": torch.nn.functional.leaky_relu, "elu": torch.nn.functional.elu,
}  # fmt: skip
BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div,
    "maximum": torch.maximum, "minimum": torch.minimum, "pow_tensor": torch.pow, "eq": torch.eq,
    "ne": torch.ne, "lt": torch.lt, "le": torch.le, "gt": torch.gt, "ge": torch.ge,
}  # fmt: skip


def same(got, want, what, zeros=True):
    got, want = np.asarray(got, np.float64), want.double().numpy()
    close = np.isclose(got, want, rtol=1e-6, atol=0, equal_nan=True)
    assert close.all(), (what, got[~close], want[~close])
    sign = (np.signbit(got) == np.signbit(want)) | np.isnan(want) | (want != 0)
    assert sign.all() or not zeros, (what, "sign of zero")


def cores():
    from harness import _core64

    return (_core, torch.float32), (_core64, torch.float64)


@pytest.mark.parametrize("name", UNARY)
def test_special_values(name):
    for core, dtype in cores():
        want = UNARY[name](torch.tensor(VALUES, dtype=dtype))
        same(array(getattr(core, name)(VALUES)), want, (name, core.real))


@pytest.mark.parametrize("name", BINARY)
def test_special_pairs(name):
    a, b = (v.ravel() for v in np.meshgrid(VALUES, VALUES))
    for core, dtype in cores():
        want = BINARY[name](torch.tensor(a, dtype=dtype), torch.tensor(b, dtype=dtype))
        zeros = name not in ("maximum", "minimum")  # of 0 and -0, either
        same(array(getattr(core, name)(a, b)), want, (name, core.real), zeros)


def test_sign_of_nan_is_zero():
    assert _core.sign([-3.0, 0.0, np.nan, 3.0, np.inf]).numpy().tolist() == [-1, 0, 0, 1, 1]


def test_subnormals_are_flushed():
    """A documented difference to torch: inside a kernel subnormals count as zero."""
    x = np.array([1e-40, -1e-40, 2e-38], np.float32)
    assert _core.mul(x, 1).numpy().tolist()[:2] == [0, 0]
    assert _core.mul(np.array([2e-38], np.float32), 0.1).numpy().tolist() == [0]
    assert float(np.float32(5e-324 * 1.0)) == 0 and 5e-324 * 1.0 != 0  # and Python's are not


def test_clamp_nan_and_order():
    x = [np.nan, -3.0, 0.0, 3.0, np.inf, -np.inf]
    for low, high in ((-1, 1), (2, 1), (-np.inf, 0), (0, np.inf)):
        for core, dtype in cores():
            want = torch.tensor(x, dtype=dtype).clamp(low, high)
            same(array(core.clamp_scalar(x, low, high)), want, (low, high))


@pytest.mark.parametrize("core, dtype", cores(), ids=["float32", "float64"])
def test_nan_wins_and_ties(core, dtype):
    x = [[1.0, np.nan, 2.0], [2.0, 2.0, 1.0], [np.inf, -np.inf, 0.0], [0.0, -0.0, 0.0]]
    t = torch.tensor(x, dtype=dtype)
    for dim in (0, 1):
        for name in ("amax", "amin", "argmax", "argmin", "sum", "logsumexp", "cumsum"):
            same(array(getattr(core, name)(x, dim)), getattr(t, name)(dim), (name, dim), False)
        same(array(core.softmax(x[:2], dim)), t[:2].softmax(dim), ("softmax", dim))
    same(array(core.topk_index(x, 2, 1)), t.topk(2, 1).indices, "topk")


def gradient(core, f, *values):
    xs = [core.tensor(v, requires_grad=True) for v in values]
    return [array(g) for g in core.grad([core.sum(f(*xs))], xs, None, None, False, False)]


def torch_gradient(dtype, f, *values):
    xs = [torch.tensor(v, dtype=dtype, requires_grad=True) for v in values]
    return torch.autograd.grad(f(*xs).sum(), xs)


TIES = {
    "relu": (torch.relu, {}), "abs": (torch.abs, {}),
    "leaky_relu": (torch.nn.functional.leaky_relu, {}),
    "clamp_scalar": (lambda x: x.clamp(-1, 1), {"min": -1, "max": 1}),
    "amax": (torch.amax, {}), "amin": (torch.amin, {}), "elu": (torch.nn.functional.elu, {}),
    "square": (torch.square, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", TIES)
def test_gradient_at_ties_and_corners(name):
    x = [0.0, -0.0, 1.0, -1.0, 1.0, -1.0, 0.5]
    f, attrs = TIES[name]
    for core, dtype in cores():
        got = gradient(core, lambda v, core=core: getattr(core, name)(v, **attrs), x)
        same(got[0], torch_gradient(dtype, f, x)[0], name, False)


def test_gradient_of_pairs_at_ties():
    a, b = [0.0, 1.0, 2.0, 0.0], [0.0, 1.0, 1.0, 2.0]
    for core, dtype in cores():
        for name, f in (
            ("maximum", torch.maximum),
            ("minimum", torch.minimum),
            ("pow_tensor", torch.pow),
        ):
            some = slice(1, None) if name == "pow_tensor" else slice(None)  # not 0 ** 0
            got = gradient(core, getattr(core, name), a[some], b[some])
            for g, w in zip(got, torch_gradient(dtype, f, a[some], b[some]), strict=True):
                same(g, w, name)


def test_gradients_at_zero():
    for core, _ in cores():
        assert gradient(core, core.norm, [0.0, 0.0])[0].tolist() == [0, 0]
        for p in (0, 1, 2, 3):
            x = core.tensor([0.0, 2.0], requires_grad=True)
            y, want = core.pow_scalar(x, p), np.array([0.0, 2.0]) ** p
            for order in range(4):  # every derivative of a polynomial is finite at 0
                assert np.allclose(array(y), want), (p, order)
                if not y.requires_grad:
                    break
                (y,) = core.grad([core.sum(y)], [x], None, True, True, False)
                k = p - order
                want = (
                    want * 0
                    if k <= 0
                    else np.prod(range(k, p + 1)) * np.array([0.0, 2.0]) ** (k - 1)
                )


def test_bce_logits_is_finite():
    x, t = [1e4, -1e4, 0.0], [0.0, 1.0, 0.5]
    for core, dtype in cores():
        f = torch.nn.functional.binary_cross_entropy_with_logits
        want = f(torch.tensor(x, dtype=dtype), torch.tensor(t, dtype=dtype), reduction="none")
        same(array(core.bce_logits(x, t)), want, "bce_logits")
