"""The commands: each takes the parsed words and returns what is printed."""

import argparse
import inspect
import io
import math
import os
import platform
from typing import Any

import numpy as np

import ganc
from ganc import bench, datasets, models
from ganc._backend import core
from ganc.cli import _demo, _runs
from ganc.cli._arguments import UsageError, budget_of, seed_of, settings
from ganc.cli._data import Data, is_path, load, picture_shape
from ganc.cli._folder import RunFolder, check_new
from ganc.cli._pictures import save_losses, save_samples
from ganc.doctor import doctor
from ganc.io import atomic_write
from ganc.io._atomic import check_output
from ganc.metrics._evaluate import checked
from ganc.train import Model

__all__: list[str] = []

# ---- runs ----


def run_demo(arguments: argparse.Namespace) -> dict[str, Any]:
    """Make the demo."""
    return _demo.demo(
        arguments.out,
        seed=seed_of(arguments.seed),
        budget=budget_of(arguments.budget),
        overwrite=arguments.overwrite,
        words=arguments.words,
    )


def run_train(arguments: argparse.Namespace) -> dict[str, Any]:
    """Train a new model."""
    try:
        model = models.get(arguments.model)
    except ValueError as error:
        raise UsageError(error) from None
    options = settings(model, arguments.set)
    if arguments.seed is not None:
        options["seed"] = seed_of(arguments.seed)
    asked = inspect.signature(model).parameters
    points = "features" in asked and ("image_shape" not in asked or "features" in options)
    name = arguments.data or ("ring" if points else "fashion_mnist")
    _check_apart(arguments.out, name)
    check_new(arguments.out, overwrite=arguments.overwrite)
    shape = picture_shape(model, options, name, arguments.size)
    budget = budget_of(arguments.budget)
    data = load(name, shape)
    gan = _built(model, data, options)
    try:
        plan = {
            "data": data.name,
            "image_shape": shape,
            "batch_size": arguments.batch_size or gan.default_batch_size,
            "epochs": arguments.epochs or (1 if budget is None else None),
            "budget": budget,
            "save_every": arguments.save_every,
        }
        if plan["batch_size"] < 1 or (arguments.epochs is not None and arguments.epochs < 1):
            raise ValueError("--epochs and --batch-size: expected at least 1")
        _runs.check_interval(arguments.save_every)
    except (ValueError, TypeError) as error:
        raise UsageError(error) from None
    with RunFolder(arguments.out, new=True, overwrite=arguments.overwrite) as run:
        return _runs.begin(gan, data, run, plan, arguments.words)


def _built(model: type, data: Data, options: dict[str, Any]) -> Model:
    """Return a model; of several options, the error names the one that is wrong."""
    try:
        return _runs.build(model, data, options)
    except (ValueError, TypeError) as error:
        whole = error
    for name, value in options.items():
        try:
            _runs.build(model, data, {name: value})
        except (ValueError, TypeError) as error:
            if str(error) == str(whole):
                *_, text = str(error).rpartition(f"{name}: ")
                raise UsageError(f"--set: {name}: {text}") from None
    raise UsageError(whole) from None


def _check_apart(out: str, name: str) -> None:
    """Raise if a run would write into the folder of its own data."""
    data = os.path.realpath(os.path.expanduser(name))
    if is_path(name) and os.path.isdir(data):
        inside = os.path.join(os.path.realpath(out), "")
        if inside.startswith(os.path.join(data, "")):
            raise UsageError(f"--out: {out} is inside of the data {name}; choose another folder")


def run_resume(arguments: argparse.Namespace) -> dict[str, Any]:
    """Go on with a run."""
    plan = _runs.plan_of(arguments.run_folder)
    if arguments.epochs is not None:
        if arguments.epochs < 1:
            raise UsageError(f"--epochs: got {arguments.epochs}, expected at least 1")
        plan["epochs"] = arguments.epochs
    if plan["epochs"] is None and arguments.budget is None:
        raise UsageError("this run has no number of epochs; pass --epochs or --budget")
    plan["budget"] = budget_of(arguments.budget)
    with RunFolder(arguments.run_folder, new=False) as run:
        return _runs.go_on(run, load(plan["data"], plan["image_shape"]), plan)


# ---- what is asked of a trained model ----


def run_sample(arguments: argparse.Namespace) -> dict[str, Any]:
    """Write samples of a trained model."""
    n, output, seed = arguments.n, arguments.output, seed_of(arguments.seed)
    if n < 1:
        raise UsageError(f"-n: got {n}, expected at least 1")
    ending = os.path.splitext(output)[1].lower()
    if ending not in (".png", ".npy"):
        raise ValueError(f"-o: got {output!r}, expected a name that ends in .png or .npy")
    check_output(output)
    samples = _model_of(arguments.run_folder).sample(n, seed=seed)
    if ending == ".npy":
        content = io.BytesIO()
        np.save(content, samples)
        atomic_write(output, [content.getbuffer()])
    else:
        save_samples(samples, output)
    return {"samples": output, "n": n, "seed": seed}


def _model_of(path: str) -> Model:
    """Return the model of a run, or of a file."""
    if path.lower().endswith(".py") and os.path.isfile(path):
        raise ValueError(
            f"{path} is a program, expected the folder of a run or a .ganc file; "
            f"run it with: python {path}"
        )
    return ganc.resume(path)


def run_plot(arguments: argparse.Namespace) -> dict[str, Any]:
    """Draw the losses of a run, which may still be going on."""
    run, output = arguments.run_folder, arguments.output
    if output is None:
        if not os.path.isdir(run):
            raise ValueError("-o: a file has no folder for the picture; pass -o losses.png")
        output = _runs.losses_of(run)
    if output.lower().endswith(".ganc"):
        raise ValueError(f"-o: got {output!r}, expected the name of a picture")
    check_output(output)
    history = _runs.history_of(run)
    save_losses(history, output)
    return {"losses": output, "epochs": len(history)}


def run_evaluate(arguments: argparse.Namespace) -> dict[str, Any]:
    """Measure samples of a trained model against data."""
    names = None if arguments.metrics is None else arguments.metrics.split(",")
    try:
        checked(names or ())
    except ValueError as error:
        raise UsageError(error) from None
    if arguments.n < 2:
        raise UsageError(f"-n: got {arguments.n}, expected at least 2")
    name = arguments.data or _runs.data_of(arguments.run_folder)
    if name is None:
        raise UsageError("--data: this run does not say what it was trained on; name the data")
    if names is None and name in ("ring", "grid"):
        names = [f"{name}_modes", "frechet_distance", "prdc"]
    model, seed = _model_of(arguments.run_folder), seed_of(arguments.seed) or 0
    data = load(name, _shape_of(model))
    found = model.evaluate(data.x, names, n=arguments.n, extractor=arguments.extractor, seed=seed)
    return {"data": data.name} | (
        {key: value.to_dict() for key, value in found.items()} if arguments.json else found
    )


def run_doctor(arguments: argparse.Namespace) -> dict[str, Any]:
    """Look at a trained model, and at data if there are any."""
    name = arguments.data or _runs.data_of(arguments.run_folder)
    model = _model_of(arguments.run_folder)
    data = None if name is None else load(name, _shape_of(model))
    diagnosis = doctor(model, *(() if data is None else data.fields))
    name = None if data is None else data.name
    if arguments.json:
        return {"data": name} | diagnosis.to_dict()
    told = {finding.name: str(finding).partition(": ")[2] for finding in diagnosis}
    more = {"more": diagnosis[0].link.partition("#")[0]} if diagnosis else {}
    return {"data": name, "doctor": diagnosis.title} | told | more


def _shape_of(model: Any) -> tuple[int, ...]:
    return model.preview(1, seed=0).shape[1:]


# ---- this machine, and what there is ----


def run_bench(arguments: argparse.Namespace) -> Any:
    """Measure how fast this machine is; with --data, compare models instead."""
    if arguments.seconds <= 0:
        raise UsageError(f"--seconds: got {arguments.seconds}, expected more than 0")
    try:
        if arguments.data is None:
            if arguments.out is not None or arguments.steps is not None or arguments.set:
                raise UsageError("--out, --steps, --set: of a comparison, which needs --data")
            return bench.speed(arguments.models.split(","), arguments.seconds)
        return _compared(arguments)
    except ValueError as error:
        raise UsageError(error) from None


def _compared(arguments: argparse.Namespace) -> Any:
    names = arguments.models.split(",")
    entrants = {
        name: (models.get(name), settings(models.get(name), arguments.set)) for name in names
    }
    found = bench.compare(
        entrants, arguments.data, seeds=range(arguments.seeds), folder=arguments.out,
        budget=budget_of(arguments.budget), steps=arguments.steps,
    )  # fmt: skip
    if arguments.json:
        return {"folder": found.folder, "runs": [_plain(run) for run in found.runs]}
    print(found.table())
    return {"folder": found.folder}


def _plain(run: dict[str, Any]) -> dict[str, Any]:
    """Return a record that JSON can hold, where not every number is one."""
    finite = {k: v if math.isfinite(v) else None for k, v in run["metrics"].items()}
    return run | {"metrics": finite}


def run_info(arguments: argparse.Namespace) -> dict[str, Any]:
    """Tell version, instruction set and threads."""
    return {
        "ganc": ganc.__version__,
        "dtype": str(core.tensor(0.0).dtype),
        "isa": core.get_isa(),
        "threads": core.get_num_threads(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
    }


def run_models(arguments: argparse.Namespace) -> list[dict[str, str]]:
    """List the models."""
    classes = [models.get(name) for name in models.list()]
    return [
        {
            "name": cls.__name__,
            "what": cls.__doc__.strip().split("\n")[0],
            "source": cls.source,
        }
        for cls in classes
    ]


def run_datasets(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """List the data sets and where they are."""
    return [info._asdict() for info in datasets.list()]
