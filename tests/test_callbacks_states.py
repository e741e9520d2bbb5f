"""States of callbacks that a checkpoint brings: data of a stranger, checked like any input."""

import copy
import json
import os
from zlib import crc32

import numpy as np
import pytest

import ganc
from ganc import optim
from ganc.callbacks import (
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    _states,
)
from ganc.datasets import toy
from ganc.io import FormatError, read_tensors, write_tensors

X = toy.ring(64, seed=1)
PLAN = {"epochs": 3, "batch_size": 32, "verbose": 0}


def toy_gan():
    return ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)


def changed(path, change):
    """Change the states of callbacks that a file holds; its checksums are right again."""
    arrays, metadata = read_tensors(path)
    data = json.loads(metadata["ganc.model"])
    change(data["callbacks"])
    write_tensors(path, arrays, {"ganc.model": json.dumps(data)})


def saved(folder, *more, **options):
    """A run of one epoch, and its newest file."""
    keep = ModelCheckpoint(folder / "{step}.ganc", keep=2, **options)
    toy_gan().fit(X, **PLAN | {"epochs": 1}, callbacks=[keep, *more])
    return folder / "2.ganc"


def go_on(path, folder, *more, keep=2):
    gan = ganc.load(path)
    keep = ModelCheckpoint(folder / "{step}.ganc", keep=keep)
    gan.fit(X, **PLAN, initial_epoch=gan.epoch, callbacks=[keep, *more])
    return gan


def test_a_checkpoint_removes_no_file_that_its_run_did_not_write(tmp_path):
    """Neither what a path names, nor a file of another run under a name of its own."""
    inner = tmp_path / "run"
    inner.mkdir()
    thesis, mine = tmp_path / "thesis.txt", inner / "1.ganc"
    thesis.write_text("years of work")
    toy_gan().save(mine)
    path = saved(inner)
    for written in (
        [str(thesis)],
        ["../thesis.txt"],
        ["..", "."],
        [""],
        ["a/1.ganc"],
        [3],
        "1.ganc",
    ):
        changed(path, lambda states, written=written: states[0]["state"].update(written=written))
        with pytest.raises(FormatError, match="ModelCheckpoint.*written"):
            go_on(path, inner)
    changed(path, lambda states: states[0]["state"].update(written=["1.ganc", "2.ganc"]))
    go_on(path, inner)
    assert thesis.read_text() == "years of work" and ganc.load(mine).step == 0
    assert {p.name for p in inner.iterdir()} == {"1.ganc", "4.ganc", "6.ganc"}


def test_a_link_is_not_removed_nor_what_it_leads_to(tmp_path):
    path = saved(tmp_path)
    target = tmp_path / "copy"
    path.rename(target)
    path.symlink_to(target)
    go_on(path, tmp_path)
    assert path.is_symlink() and target.exists()


@pytest.mark.parametrize("mark", ["", "ganc.model", "f" * 31, 3, ["a"], "F" * 32])
def test_a_mark_that_others_files_hold_is_refused(mark, tmp_path):
    path = saved(tmp_path)
    changed(path, lambda states: states[0]["state"].update(mark=mark))
    with pytest.raises(FormatError, match="mark"):
        go_on(path, tmp_path)


def test_names_with_braces_and_percents(tmp_path):
    keep = ModelCheckpoint(str(tmp_path / "{{exp}} 100%" / "{{a}}-{step}.ganc"), keep=1)
    toy_gan().fit(X, **PLAN, callbacks=[keep])
    assert os.listdir(tmp_path / "{exp} 100%") == ["{a}-6.ganc"]
    with pytest.raises(ValueError, match="exp.*braces doubled"):
        toy_gan().fit(X, **PLAN, callbacks=[ModelCheckpoint(tmp_path / "{exp}.ganc")])
    for wrong in ("{", "a}"):
        with pytest.raises(ValueError, match="doubled"):
            ModelCheckpoint(wrong)


# ---- tables ----


def lines(path):
    return path.read_text().splitlines()


def test_a_table_loses_only_lines_of_its_run(tmp_path):
    log = tmp_path / "log.csv"
    path = saved(tmp_path, CSVLogger(log))
    go_on(path, tmp_path, CSVLogger(log), keep=9)
    whole = lines(log)
    assert [line.split(",")[0] for line in whole] == ["epoch", "0", "1", "2"]
    go_on(path, tmp_path, CSVLogger(log), keep=9)  # from epoch 1 again: 1 and 2 are written anew
    assert lines(log) == whole
    log.write_text("my own notes\n" * 100)
    with pytest.warns(UserWarning, match="is not the file that the checkpoint knows"):
        go_on(path, tmp_path, CSVLogger(log), keep=9)
    assert lines(log)[:100] == ["my own notes"] * 100


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("size", [0, 1, "heading"])
def test_a_table_is_not_cut_by_a_state_that_knows_no_line_of_it(size, append, tmp_path):
    log = tmp_path / "log.csv"
    path = saved(tmp_path, CSVLogger(log))
    go_on(path, tmp_path, CSVLogger(log), keep=9)
    before = lines(log)
    content = log.read_bytes()
    n = len(before[0]) + 2 if size == "heading" else size
    crc = f"{crc32(content[:n]):08x}"
    state = {"name": "log.csv", "size": n, "crc32": crc}
    logger = CSVLogger(log, append=True) if append else CSVLogger(log)
    logger.load_state_dict(state)
    logger.on_train_begin()
    if append:
        assert log.read_bytes() == content
    else:  # what `append=False` asks for in any case: to begin anew
        assert log.read_bytes() == content[:n]


def test_a_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    log = tmp_path / "log.csv"
    logger = CSVLogger(log)
    logger.on_train_begin()
    logger.on_epoch_end(0, {"a": 1.0})
    before = log.read_bytes()
    write = os.write

    def full(handle, data):
        if len(data) < 3:
            raise OSError(28, "No space left on device")
        return write(handle, data[:2])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError) as caught:
        logger.on_epoch_end(1, {"a": 2.0})
    assert caught.value.filename == str(log) and log.read_bytes() == before


def test_a_pipe_is_no_table(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="named pipe"):
        toy_gan().fit(X, **PLAN, callbacks=[CSVLogger(tmp_path / "pipe")])


# ---- every value of every state ----

BAD = ["/etc/passwd", "..", -1, -(2**80), 2**80, 1e400, None, True, [], {}, [["a"]], "x" * 9999]


def places(value, at=()):
    """Where the numbers and texts of plain data are."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        if isinstance(item, (dict, list)):
            yield from places(item, (*at, key))
        yield (*at, key)


def mutants(states):
    for place in places(states):
        for bad in BAD:
            mutant = copy.deepcopy(states)
            inner = mutant
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = copy.deepcopy(bad)
            yield mutant


@pytest.mark.filterwarnings("ignore:.*is not the file that the checkpoint knows")
def test_every_value_of_every_state(tmp_path):
    """A wrong one is refused with a sentence, or does no harm."""

    def listeners(gan):
        plateau = optim.lr_scheduler.ReduceLROnPlateau(gan.d_optimizer, patience=0)
        return [
            EarlyStopping("d_loss", patience=9, restore_best_weights=True),
            LearningRateScheduler(optim.lr_scheduler.StepLR(gan.g_optimizer, 2)),
            LearningRateScheduler(plateau, monitor="d_loss"),
            CSVLogger(tmp_path / "log.csv"),
        ]

    gan = toy_gan()
    keep = ModelCheckpoint(tmp_path / "{step}.ganc", keep=1)
    stop = LambdaCallback(on_epoch_end=lambda e, logs: setattr(gan, "stop_training", e == 1))
    gan.fit(X, **PLAN, callbacks=[keep, *listeners(gan), stop])
    arrays, metadata = read_tensors(tmp_path / "4.ganc")
    states = json.loads(metadata["ganc.model"])["callbacks"]
    assert len(states) == 5
    refused = accepted = 0
    for mutant in mutants(states):
        model = ganc.load(tmp_path / "4.ganc")
        try:
            model._states = _states.from_data(mutant, arrays)
            model.fit(X, **PLAN | {"epochs": 1}, callbacks=listeners(model))
            accepted += 1
        except FormatError:
            refused += 1
    assert refused > 300, (refused, accepted)


def test_a_state_of_ones_own_that_does_not_fit():
    class Mine(ganc.callbacks.Callback):
        def load_state_dict(self, state):
            self.n = state["n"] + 1

    gan = toy_gan()
    for state in ({}, {"n": "x"}):
        gan._states = [{"class": "Mine", "state": state}]
        with pytest.raises(FormatError, match="state of Mine in the checkpoint"):
            gan.fit(X, **PLAN, callbacks=[Mine()])


def test_weights_of_another_network_are_refused():
    stop = EarlyStopping("d_loss", restore_best_weights=True)
    stop.set_model(toy_gan())
    state = stop.state_dict() | {"weights": {"generator": {"0.weight": np.zeros((2, 2))}}}
    with pytest.raises(FormatError, match="generator"):
        stop.load_state_dict(state)
