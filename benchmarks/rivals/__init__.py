"""Who takes part in the step benchmarks: one file a library, one `make` in each.

``make(spec, batch, variant)`` returns a function that does one alternating D+G step and gives the
two losses as floats, the numbers of parameters of both networks, and a note about what it chose.
"""

from __future__ import annotations

import importlib
import importlib.util
import os

# name: (module, variant, the packages it needs)
CONTENDERS = {
    "ganc": ("with_ganc", "", ("ganc",)),
    "torch": ("with_torch", "eager", ("torch",)),
    "torch-tuned": ("with_torch", "tuned", ("torch",)),
    "torch-compile": ("with_torch", "compile", ("torch",)),
    "torch-bf16": ("with_torch", "bf16", ("torch",)),
    "jax": ("with_jax", "", ("jax",)),
    "keras": ("with_keras", "", ("keras", "tensorflow")),
}

# why a contender takes no part where D is penalised
WITHOUT_PENALTIES = {
    "torch-compile": "torch.compile has no double backward",
    "jax": "no penalty is written for it here",
    "keras": "no penalty is written for it here",
}


def unable(name: str, spec) -> str:
    """Why a contender cannot make the step of a Spec; "" if it can."""
    if spec.normed and name in ("jax", "keras"):
        return "no spectral norm is written for it here"
    return WITHOUT_PENALTIES.get(name, "") if spec.penalties else ""


def missing(name: str) -> list[str]:
    """The packages that a contender needs and that are not installed."""
    return [p for p in CONTENDERS[name][2] if importlib.util.find_spec(p) is None]


def environment(threads: int) -> dict[str, str]:
    """What the libraries read at import: how many threads, and no chatter."""
    n = str(threads)
    return os.environ | {
        "OMP_NUM_THREADS": n,
        "NPROC": n,  # XLA's
        "TF_NUM_INTRAOP_THREADS": n,
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JAX_PLATFORMS": "cpu",
    }


def load(name: str):
    """The module of a contender and its variant."""
    module, variant, _ = CONTENDERS[name]
    return importlib.import_module(f"rivals.{module}"), variant
