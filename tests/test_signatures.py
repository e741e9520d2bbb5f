"""Our signatures beside torch's: the same names, in the same order, with the same defaults."""

from __future__ import annotations

import inspect
import re

import pytest
from documented import DOCUMENTED, DOCUMENTED_F, OURS_ALONE
from rival import torch

import ganc
import ganc.nn.functional as F
from ganc import nn, optim

EMPTY = inspect.Parameter.empty

# ours alone, and deliberate differences (api.md gives the default)
OURS_ONLY = {"generator"}
DIFFERENT_DEFAULTS = {("grad", "allow_unused")}


def documented(text):
    found = []
    for part in text.split(", "):
        name, _, default = part.partition("=")
        found.append((name, eval(default) if default else EMPTY))
    return found


def parameters(function):
    found = []
    for p in inspect.signature(function).parameters.values():
        if p.name != "self" and p.kind is not p.VAR_KEYWORD:
            found.append((p.name, p.default, p.kind))
    return found


def compare(what, ours, theirs):
    """Our names are among torch's, in their order, with their defaults."""
    order = {name: (i, default) for i, (name, default) in enumerate(theirs)}
    last = -1
    for name, default, kind in ours:
        if name in OURS_ONLY:
            continue
        assert name in order, f"{what}: torch has no parameter {name!r}, only {list(order)}"
        i, expected = order[name]
        if kind is not inspect.Parameter.KEYWORD_ONLY:
            assert i > last, f"{what}: {name!r} comes earlier in torch"
            last = i
        if (what, name) not in DIFFERENT_DEFAULTS:
            both_empty = default is EMPTY and expected is EMPTY
            assert both_empty or default == expected, f"{what}({name}): {default}, not {expected}"
    required = [name for name, default in theirs if default is EMPTY]
    names = [name for name, *_ in ours]
    assert all(name in names for name in required), f"{what} lacks one of {required}"


@pytest.mark.parametrize("name", sorted(DOCUMENTED))
def test_functions(name):
    theirs = documented(DOCUMENTED[name])
    if name in ("arange", "randint"):  # two forms in one signature
        assert [n for n, *_ in parameters(getattr(ganc, name))][: len(theirs)] == [
            n for n, _ in theirs
        ]
        return
    ours = [p for p in parameters(getattr(ganc, name)) if p[0] not in ("requires_grad", "dtype")]
    compare(name, ours, theirs)


@pytest.mark.parametrize("name", sorted(F.__all__))
def test_functional(name):
    if name in OURS_ALONE:
        assert not hasattr(torch.nn.functional, name)
        return
    if name in DOCUMENTED_F:
        theirs = documented(DOCUMENTED_F[name])
    elif name in ("gru_cell", "lstm_cell"):
        theirs = documented("input, hx, w_ih, w_hh, b_ih=None, b_hh=None")
    else:
        theirs = [(n, d) for n, d, _ in parameters(getattr(torch.nn.functional, name))]
    compare(name, parameters(getattr(F, name)), theirs)


def classes(ours, theirs):
    found = []
    for name in ours.__all__:
        kind = getattr(ours, name)
        if isinstance(kind, type) and hasattr(theirs, name):
            found.append(name)
    return found


@pytest.mark.parametrize("name", classes(nn, torch.nn))
def test_modules(name):
    ours, theirs = getattr(nn, name), getattr(torch.nn, name)
    if name in ("Parameter", "Buffer"):
        theirs = [("data", None), ("requires_grad", True), ("persistent", True)]
        assert {n for n, *_ in parameters(ours)} <= {n for n, _ in theirs}
        return
    if name in ("Sigmoid", "Tanh", "Module"):
        assert not [p for p in parameters(ours.__init__) if p[1] is not EMPTY]
    else:
        expected = [(n, d) for n, d, _ in parameters(theirs.__init__)]
        compare(name, parameters(ours.__init__), expected)
    if name not in ("ModuleList", "ModuleDict", "Module", "Identity"):
        expected = [(n, d) for n, d, _ in parameters(theirs.forward)]
        compare(f"{name}.forward", parameters(ours.forward), expected)


METHODS = [
    "add_module",
    "apply",
    "buffers",
    "children",
    "eval",
    "extra_repr",
    "get_buffer",
    "get_parameter",
    "get_submodule",
    "load_state_dict",
    "modules",
    "named_buffers",
    "named_children",
    "named_parameters",
    "parameters",
    "register_buffer",
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_module",
    "register_parameter",
    "requires_grad_",
    "state_dict",
    "train",
    "zero_grad",
]


@pytest.mark.parametrize("name", METHODS)
def test_methods_of_module(name):
    ours = parameters(getattr(nn.Module, name))
    theirs = [(n, d) for n, d, _ in parameters(getattr(torch.nn.Module, name))]
    theirs = [(n, d) for n, d in theirs if n != "args"]
    compare(name, ours, theirs)


@pytest.mark.parametrize("name", sorted(nn.init.__all__))
def test_init(name):
    theirs = [(n, d) for n, d, _ in parameters(getattr(torch.nn.init, name))]
    compare(name, parameters(getattr(nn.init, name)), theirs)


@pytest.mark.parametrize("name", sorted(set(nn.utils.__all__) - {"is_batch_dependent"}))
def test_utils(name):
    rival = torch.func if name == "functional_call" else torch.nn.utils
    theirs = [(n, d) for n, d, _ in parameters(getattr(rival, name))]
    compare(name, parameters(getattr(nn.utils, name)), theirs)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_optimizers(name):
    ours, theirs = (parameters(getattr(x, name)) for x in (optim, torch.optim))
    compare(name, ours, [(n, d) for n, d, _ in theirs])
    positional = [n for n, _, kind in theirs if kind is not inspect.Parameter.KEYWORD_ONLY]
    assert [n for n, _, kind in ours if kind is not inspect.Parameter.KEYWORD_ONLY] == positional
    for method in ("step", "zero_grad", "state_dict", "load_state_dict", "add_param_group"):
        a, b = (getattr(getattr(x, name), method) for x in (optim, torch.optim))
        compare(method, parameters(a), [(n, d) for n, d, _ in parameters(b)])


@pytest.mark.parametrize("name", optim.lr_scheduler.__all__)
def test_schedules(name):
    ours, theirs = (getattr(x.lr_scheduler, name) for x in (optim, torch.optim))
    expected = [(n, d) for n, d, _ in parameters(theirs)]
    compare(name, parameters(ours), expected)
    assert [n for n, *_ in parameters(ours)] == [n for n, _ in expected]


@pytest.mark.parametrize("name", ["grad", "gradcheck", "gradgradcheck"])
def test_autograd(name):
    theirs = [(n, d) for n, d, _ in parameters(getattr(torch.autograd, name))]
    compare(name, parameters(getattr(ganc, name)), theirs)


IN_PLACE = [
    "add_",
    "sub_",
    "mul_",
    "div_",
    "clamp_",
    "fill_",
    "zero_",
    "copy_",
    "normal_",
    "uniform_",
]
TENSOR = [
    "abs",
    "add",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "backward",
    "bmm",
    "broadcast_to",
    "chunk",
    "clamp",
    "clone",
    "copy_",
    "cos",
    "cumsum",
    "data",
    "detach",
    "dim",
    "div",
    "erf",
    "exp",
    "expand",
    "flatten",
    "flip",
    "float",
    "gather",
    "grad",
    "index_select",
    "is_leaf",
    "item",
    "log",
    "log1p",
    "logsumexp",
    "masked_fill",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "ndim",
    "norm",
    "numel",
    "numpy",
    "permute",
    "pow",
    "repeat",
    "requires_grad",
    "requires_grad_",
    "reshape",
    "roll",
    "rsqrt",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "size",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "std",
    "sub",
    "sum",
    "T",
    "t",
    "tanh",
    "tolist",
    "topk",
    "transpose",
    "tril",
    "triu",
    "unsqueeze",
    "var",
    "view",
]


@pytest.mark.parametrize("name", TENSOR + IN_PLACE)
def test_tensor_has(name):
    assert hasattr(ganc.Tensor, name) and hasattr(torch.Tensor, name)


def test_exports_are_complete():
    for module in (ganc, nn, F, nn.init, nn.utils, optim, optim.lr_scheduler):
        for name in module.__all__:
            assert hasattr(module, name), f"{module.__name__}.{name}"
        assert len(set(module.__all__)) == len(module.__all__)
    page = """tensor zeros ones full empty arange linspace eye rand randn randint zeros_like
    ones_like randn_like cat stack split chunk where maximum minimum clamp exp log log1p sqrt rsqrt
    abs sign square pow sin cos tanh sigmoid erf sum mean var std amax amin max min argmax argmin
    logsumexp norm cumsum topk matmul bmm transpose permute reshape flatten squeeze unsqueeze expand
    broadcast_to repeat flip roll gather index_select masked_fill tril triu einsum grad no_grad
    enable_grad set_grad_enabled is_grad_enabled detect_anomaly gradcheck gradgradcheck manual_seed
    get_rng_state set_rng_state Generator set_num_threads get_num_threads show_config"""
    assert set(page.split()) <= set(ganc.__all__)
    layers = """Module Sequential ModuleList ModuleDict Parameter Buffer Identity Flatten Unflatten
    Linear Bilinear Embedding BatchNorm1d BatchNorm2d InstanceNorm2d LayerNorm GroupNorm Dropout
    Dropout2d GaussianNoise ReLU LeakyReLU PReLU ELU SELU GELU SiLU Softplus Sigmoid Tanh Softmax
    LogSoftmax Hardtanh Maxout BCELoss BCEWithLogitsLoss CrossEntropyLoss NLLLoss MSELoss L1Loss
    SmoothL1Loss KLDivLoss GRUCell LSTMCell"""
    assert set(layers.split()) <= set(nn.__all__)


@pytest.mark.parametrize("module", [nn, F, nn.init, nn.utils, optim, optim.lr_scheduler])
def test_docstrings(module):
    """Every public function and class says what it takes and shows an example."""
    for name in module.__all__:
        what = getattr(module, name)
        if inspect.ismodule(what):
            continue
        text = inspect.getdoc(what) or ""
        assert re.match(r"\S", text), f"{name} has no docstring"
        takes = [p for p in parameters(what) if p[2] is not inspect.Parameter.VAR_POSITIONAL]
        if takes and name != "Optimizer":
            assert "Parameters\n----------" in text, name
        if name not in ("Optimizer",):
            assert ">>>" in text, f"{name} has no example"
