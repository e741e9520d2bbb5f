"""Checks that look inside the networks: dead units, batch statistics, the first NaN."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import numpy as np

from ganc._backend import core
from ganc._tensor._autograd import detect_anomaly
from ganc.data._conversion import to_unit
from ganc.doctor._evidence import Evidence, Side
from ganc.doctor._finding import Measured
from ganc.nn import Module, ReLU
from ganc.nn._inference import eval_mode, evaluate

__all__ = ["blame", "dead_units", "neighbours", "not_finite", "running_statistics"]

_FEW = 64


def dead_units(evidence: Evidence) -> Measured | None:
    """Largest share of a layer's units whose ReLU is 0 for all samples."""
    if evidence.generator is None or not np.isfinite(evidence.fake).all():
        return None
    share, where = 0.0, ""
    for part, network, inputs in _runs(evidence):
        for name, alive in _alive(network, inputs).items():
            if 1 - alive.mean() >= share:
                share, where = 1 - float(alive.mean()), f"{part}.{name}"
    if not where:
        return None
    return Measured(
        share,
        f"{share:.0%} of the units of {where} are 0 for every sample and cannot learn any more",
        "Use nn.LeakyReLU(0.2), and a smaller learning rate.",
    )


def _runs(evidence: Evidence) -> Iterator[tuple[str, Module, Side]]:
    """Each network that checks look inside, by name, with what goes in."""
    if evidence.generator is not None:
        yield evidence.model.GENERATORS[0], evidence.generator, evidence.inputs
    sides = [evidence.sides[name] for name in ("real", "fake") if name in evidence.sides]
    if sides:
        both = tuple(np.concatenate(parts) for parts in zip(*sides, strict=True))
        yield "discriminator", evidence.discriminator, both


def _alive(network: Module, inputs: Side) -> dict[str, np.ndarray]:
    """Return which units of each ReLU were above 0 for any of the inputs."""
    alive: dict[str, np.ndarray] = {}

    def note(name: str) -> Callable:
        def hook(module: Module, args: tuple, output: core.Tensor) -> None:
            values = output.numpy()
            axes = tuple(i for i in range(values.ndim) if i != 1)
            above = (values > 0).any(axis=axes)
            alive[name] = alive[name] | above if name in alive else above

        return hook

    with _hooked(network, {n: note(n) for n, m in network.named_modules() if type(m) is ReLU}):
        for i in range(0, len(inputs[0]), _FEW):
            evaluate(network, *(part[i : i + _FEW] for part in inputs))
    return alive


@contextmanager
def _hooked(network: Module, hooks: dict[str, Callable], *, before: bool = False) -> Iterator[None]:
    modules = dict(network.named_modules())
    register = "register_forward_pre_hook" if before else "register_forward_hook"
    handles = [getattr(modules[name], register)(hook) for name, hook in hooks.items()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def neighbours(evidence: Evidence) -> Measured | None:
    """How much a sample changes with the others of its batch, in terms of the samples' spread."""
    fake = evidence.fake
    if fake is None or not np.isfinite(fake).all():
        return None
    pairs = [evidence.made(*(part[i : i + 2] for part in evidence.inputs)) for i in (0, 2)]
    return Measured(
        _difference(fake[:4], np.concatenate(pairs), fake),
        "a sample depends on the others of its batch: the generator uses their statistics in "
        "evaluation mode too",
        "Keep running statistics (track_running_stats=True), and no MinibatchStdDev in G.",
    )


def _difference(a: np.ndarray, b: np.ndarray, around: np.ndarray) -> float:
    spread = float(np.sqrt(around.var(axis=0, dtype=np.float64).mean()))
    apart = float(np.sqrt(((a.astype(np.float64) - b) ** 2).mean()))
    return apart / max(spread, 1e-6)


def running_statistics(evidence: Evidence) -> Measured | None:
    """How much samples change if batch norm uses its running statistics, in terms of spread."""
    network = evidence.generator
    if network is None or not np.isfinite(evidence.fake).all():
        return None
    norms = [m for m in network.modules() if type(m).__name__.startswith("BatchNorm")]
    if not norms:
        return None
    kept = {name: np.array(t.detach().numpy()) for name, t in network.state_dict().items()}
    try:
        with eval_mode(network):
            for norm in norms:
                norm.train()
            made = network(*map(core.Tensor, evidence.inputs))
            made = np.array(made.numpy(), np.float32)
    finally:
        network.load_state_dict(kept)
    made = to_unit(made, evidence.model.pixel_range)
    return Measured(
        _difference(evidence.fake, made, made),
        "the generator makes other samples in evaluation mode than in training: batch norm's "
        "running statistics are not those of its batches",
        "Train longer, or let them follow faster: nn.BatchNorm2d(..., momentum=0.1).",
    )


def not_finite(evidence: Evidence) -> Measured | None:
    """How many numbers of the history, the networks and the samples are NaN or infinite."""
    recorded = [v for c in evidence.history.history.values() for v in c if np.isinf(v)]
    count = len(recorded)
    if evidence.model is not None:
        arrays = [
            p.detach().numpy() for n in evidence.model._parts().values() for p in n.parameters()
        ]
        samples = [] if evidence.fake is None else [evidence.fake]
        count += sum(int((~np.isfinite(a)).sum()) for a in [*arrays, *samples])
    where = first_nan(evidence) if count and evidence.model is not None else ""
    return Measured(
        float(count),
        f"{count:,} numbers are NaN or infinite{where}",
        "Build the model anew and lower the learning rate to a tenth; keep log and sqrt above 0.",
    )


def first_nan(evidence: Evidence) -> str:
    """Return in words which layer and operation make the first NaN now, "" if none does."""
    for part, network, inputs in _runs(evidence):
        few = [np.nan_to_num(a[:_FEW], nan=0.0, posinf=1.0, neginf=-1.0) for a in inputs]
        found = blame({part: network}, lambda n=network, x=few: evaluate(n, *x))
        if found:
            return found
    return ""


def blame(networks: Mapping[str, Module], run: Callable[[], object]) -> str:
    """Run something; return in words the layer and the operation that give NaN, "" if none."""
    inside: list[str] = []  # the layer that runs now
    layers = {}
    with ExitStack() as stack:
        for part, network in networks.items():
            leaves = {n: m for n, m in network.named_modules() if not list(m.children())}
            layers |= {(f"{part}.{n}" if n else part): m for n, m in leaves.items()}
            named = {n: f"{part}.{n}" if n else part for n in leaves}
            enter = {n: lambda m, args, k=k: inside.append(k) for n, k in named.items()}
            leave = {n: lambda m, args, output: inside.clear() for n in leaves}
            stack.enter_context(_hooked(network, enter, before=True))
            stack.enter_context(_hooked(network, leave))
        stack.enter_context(detect_anomaly())
        try:
            run()
        except RuntimeError as error:
            found = re.search(r"detect_anomaly: (\w+)", str(error))
            if found is None:
                raise
            where = _layer(inside[-1], layers[inside[-1]]) if inside else " a loss or a gradient"
            return f"; the first come from {found.group(1)} in{where}"
    return ""


def _layer(name: str, module: Module) -> str:
    bad = sum(int((~np.isfinite(p.detach().numpy())).sum()) for p in module.parameters())
    weights = f", {bad:,} of whose weights are NaN or infinite" if bad else ""
    return f" {name} ({type(module).__name__}){weights}"
