"""The same bits on every ISA, for any number of threads and at any alignment."""

import numpy as np
import pytest
from cases import Config, Input
from harness import CASES, _core, _core64, bits, call, canonical, rows, tensors

pytestmark = pytest.mark.usefixtures("no_live_tensors")


def offered():
    was, names = _core.get_isa(), []
    for name in ("portable", "avx2", "avx512", "neon"):
        try:
            _core.set_isa(name)
            names.append(name)
        except ValueError:
            pass
    _core.set_isa(was)
    return names


ISAS = offered()

# Configurations that split into several tasks on every path; the rest of a row is small.
HUGE = {
    "linear": [((700, 130), (300, 130), (300,)), ((1, 4000), (600, 4000), (600,))],
    "matmul_t": [((700, 130), (130, 300))],
    "batch_norm": [((300, 500), (500,), (500,), None, None),
                   ((40, 8, 40, 40), None, None, None, None)],
    "group_norm": [((40, 8, 40, 40), (8,), (8,)), ((100, 64, 7, 7), (64,), (64,))],
    "layer_norm": [((600, 500), (500,), (500,)), ((9, 9000), (9000,), (9000,))],
    "sum": [((200000,),), ((100, 5000),)],
    "square": [((200000,),)],
    "where": [((100, 3000), (3000,), (100, 1))],
    "dropout": [((200000,),)],
}  # fmt: skip
ATTRS = {
    "linear": {"act": "tanh"}, "matmul_t": {"ta": False, "tb": False}, "sum": {"dim": 0},
    "group_norm": {"groups": 4, "act": "tanh"}, "dropout": {"p": 0.5, "seed": 3, "stream": 9},
}  # fmt: skip


def huge():
    return [
        (CASES[op], Config(tuple(s if s is None else Input(s) for s in shapes), ATTRS.get(op, {})))
        for op, table in HUGE.items()
        for shapes in table
    ]


def everything():
    return [r.values for r in rows()] + huge()


OPS = sorted(CASES)


def of(op):
    return [(case, config) for case, config in everything() if case.op == op]


@pytest.mark.parametrize("op", OPS)
def test_every_isa_gives_the_same_bits(op):
    was = _core.get_isa()
    for case, config in of(op):
        arrays = config.arrays(op)
        results = {}
        for isa in ISAS:
            _core.set_isa(isa)
            results[isa] = bits(_core, case, config, arrays)
        _core.set_isa(was)
        for isa in ISAS:
            assert results[isa] == results[ISAS[0]], (isa, config.label())


@pytest.mark.parametrize("core", [_core, _core64], ids=["float32", "float64"])
@pytest.mark.parametrize("op", OPS)
def test_any_number_of_threads_gives_the_same_bits(core, op):
    for case, config in of(op):
        if not config.big and (case, config) not in huge():
            continue
        arrays = config.arrays(op)
        want = bits(core, case, config, arrays)
        for n in (2, 3, 5):
            core.set_num_threads(n)
            got = bits(core, case, config, arrays)
            core.set_num_threads(1)
            assert got == want, (n, config.label())


# No subnormals: whether a comparison such as amax flushes them depends on the instruction.
SPECIAL = [
    0.0, -0.0, np.inf, -np.inf, np.nan, 1e4, -1e4, 1.0, -1.0, 0.5, 88.8, -104.5,
    3.4e38, 2.0**30, 1e-30, -0.3, 0.42, 2.5, 3.5, -2.5, 17.0, 4.1,
]  # fmt: skip


@pytest.mark.parametrize("op", OPS)
def test_special_values_give_the_same_bits(op):
    case = CASES[op]
    if case.op in ("gather", "scatter_add", "index_select", "index_add", "index_put"):
        pytest.skip("an index cannot be a special value")
    values = np.array(SPECIAL, np.float32)
    was = _core.get_isa()
    for config in case.configs[:24]:
        arrays = [
            a
            if a is None or config.inputs[k].kind == "int"
            else np.resize(np.roll(values, 7 * k), a.shape).astype(np.float64)
            for k, a in enumerate(config.arrays(op))
        ]
        seen = set()
        for isa in ISAS:
            _core.set_isa(isa)
            y = call(_core, case, tensors(_core, config, arrays, False), config)
            seen.add(canonical(y.numpy()))
        _core.set_isa(was)
        assert len(seen) == 1, config.label()


@pytest.mark.parametrize("act", ["tanh", "sigmoid"])
def test_fused_activation_is_the_op(act):
    """The store of a tile and the pointwise op evaluate one function."""
    case = CASES["linear"]
    config = Config((Input((70, 130), -4, 4), Input((90, 130)), Input((90,))), {"act": "none"})
    xs = tensors(_core, config, config.arrays("linear"), False)
    plain = getattr(_core, act)(call(_core, case, xs, config))
    fused = _core.linear(*xs, act=act)
    assert plain.numpy().tobytes() == fused.numpy().tobytes()


@pytest.mark.parametrize(
    "op", ["add", "tanh", "sum", "amax", "matmul", "linear", "batch_norm", "where"]
)
def test_alignment_does_not_change_the_bits(op):
    for core in (_core, _core64):
        for case, config in of(op)[::3]:
            if config.big or any(s is not None and not s.shape for s in config.inputs):
                continue
            arrays = config.arrays(op)
            seen = set()
            for offset in range(0, 16, 3):
                xs = tensors(core, config, arrays, False)
                pads = [core.tensor(np.zeros(offset)) for _ in xs]
                placed = [t for pair in zip(pads, xs, strict=True) for t in pair if t is not None]
                core.flatten(placed)
                seen.add(canonical(call(core, case, xs, config).numpy()))
            assert len(seen) == 1, config.label()


def test_arrays_at_any_byte():
    raw = np.zeros(4 * 40 + 64, np.uint8)
    for dtype in (np.float32, np.float64):
        for shift in range(9):
            a = raw[shift : shift + 4 * np.dtype(dtype).itemsize].view(dtype)
            a[:] = [1, 2, 3, 4]
            for core in (_core, _core64):
                assert core.tensor(a).numpy().tolist() == [1, 2, 3, 4]
                assert core.add(a, 1).numpy().tolist() == [2, 3, 4, 5]
