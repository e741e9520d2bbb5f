"""Folders of runs: what is in them stays, unless the run has written it; one run at a time."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import ganc
from ganc import cli
from ganc.cli import _folder

TRAIN = ["train", "toy", "--set", "g_hidden=4,", "--set", "d_hidden=4,", "--seed", "1"]
TRAIN += ["--batch-size", "5000"]


def train(out, *more):
    return cli.main([*TRAIN, "--out", str(out), *more])


def snapshot(folder):
    """What is in a folder: names, contents, times, links."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else None
        link = os.readlink(path) if path.is_symlink() else None
        found[str(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content, link)
    return found


@pytest.fixture
def run(tmp_path):
    assert train(tmp_path / "run") == 0
    return tmp_path / "run"


def files_of(folder):
    return set(json.loads((folder / "config.json").read_text())["files"])


def all_files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_run_knows_what_it_wrote(run, capsys):
    assert files_of(run) == all_files(run)
    assert cli.main(["resume", str(run), "--epochs", "2"]) == 0
    assert files_of(run) == all_files(run)
    assert len(list((run / "checkpoints").iterdir())) == 3


FOREIGN = ["samples/holiday.jpg", "log.txt", "config.json", "notes.txt", "checkpoints/best.ganc"]
FOREIGN += ["samples", "model.ganc", ".git", "model.ganc.tmp", "samples/000000001.png"]


@pytest.mark.parametrize("more", [[], ["--overwrite"]])
@pytest.mark.parametrize("name", FOREIGN)
def test_a_folder_with_files_of_others_is_refused(name, more, tmp_path, capsys):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text('{"files": ["config.json"], "run": {}}')
    before = snapshot(tmp_path)
    assert train(tmp_path, *more) == 2
    assert name in capsys.readouterr().err
    assert cli.main(["demo", "--out", str(tmp_path), "--budget", "1s", *more]) == 2
    assert snapshot(tmp_path) == before


def test_what_file_managers_leave_is_neither_foreign_nor_removed(tmp_path, capsys):
    for name in (".DS_Store", "Thumbs.db", "._model.ganc"):
        (tmp_path / name).write_bytes(b"x")
    assert train(tmp_path) == 0 and train(tmp_path, "--overwrite") == 0
    assert (tmp_path / "._model.ganc").read_bytes() == b"x"


def test_a_run_is_replaced_only_if_asked_and_files_beside_it_are_not(run, capsys):
    before = snapshot(run)
    assert train(run) == 2
    assert "--overwrite" in capsys.readouterr().err and snapshot(run) == before
    assert train(run, "--overwrite", "--epochs", "2") == 0
    assert ganc.resume(run).epoch == 2 and files_of(run) == all_files(run)
    mine = run / "samples" / "best.png"
    mine.write_bytes(b"mine")
    before = snapshot(run)
    assert train(run, "--overwrite") == 2
    assert "best.png" in capsys.readouterr().err and snapshot(run) == before


TOO_LATE = {
    "batch": ["--batch-size", "60000"],
    "data": ["--data", "no/where"],
    "diverges": ["--set", "d_lr=1e30", "--set", "g_lr=1e30"],
    "budget": ["--budget", "1e-9"],
    "interval": ["--save-every", "often"],
}


@pytest.mark.parametrize("name", TOO_LATE)
def test_what_does_not_begin_well_leaves_everything(name, run, tmp_path, capsys):
    before = snapshot(run)
    argv = TOO_LATE[name]
    if name == "diverges":
        argv = ["--set", "d_lr=1e38", "--set", "g_lr=1e38", "--set", "loss=wgan"]
        monkey = ganc.models.ToyGAN._make_step
        ganc.models.ToyGAN._make_step = _fails
        try:
            assert train(run, "--overwrite") == 1
            assert train(tmp_path / "new" / "er") == 1
        finally:
            ganc.models.ToyGAN._make_step = monkey
    else:
        assert train(run, "--overwrite", *argv) in (1, 2)
        assert train(tmp_path / "new" / "er", *argv) in (1, 2)
    told = capsys.readouterr().err
    assert "Traceback" not in told and "_saved_step" not in told and "fault" not in told
    assert snapshot(run) == before and not (tmp_path / "new").exists()


def _fails(self, batch):
    raise ganc.DivergenceError("d_loss is nan")


def test_a_replacement_that_was_killed_is_finished(run, tmp_path, monkeypatch, capsys):
    """After the first checkpoint and config of the new run, before the old files are gone."""

    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(_folder.RunFolder, "_remove_replaced", kill)
        patch.setattr("ganc.cli._runs._write", kill)
        with pytest.raises(Killed):
            train(run, "--overwrite", "--epochs", "3")
    assert "replaced" in json.loads((run / "config.json").read_text())
    assert cli.main(["resume", str(run)]) == 0
    assert ganc.resume(run).epoch == 3 and files_of(run) == all_files(run)
    assert train(tmp_path / "other", "--epochs", "3") == 0
    assert ganc.resume(run).step == ganc.resume(tmp_path / "other").step


def test_a_second_training_into_a_folder_is_refused(run, tmp_path, capsys):
    with _folder.RunFolder(str(run), new=False):
        before = snapshot(run)
        assert cli.main(["resume", str(run), "--epochs", "2"]) == 1
        assert train(run, "--overwrite") == 1
        told = capsys.readouterr().err
        assert told.count("another training") == 2 and snapshot(run) == before
    assert cli.main(["resume", str(run), "--epochs", "2"]) == 0


def test_two_processes_one_folder(tmp_path):
    folder = tmp_path / "run"
    argv = [sys.executable, "-m", "ganc", *TRAIN, "--epochs", "100000", "--out", str(folder)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    first = subprocess.Popen(argv, **pipes)
    assert b"epoch 1/" in first.stderr.readline()
    second = subprocess.run([*argv, "--overwrite"], **pipes, timeout=60, check=False)
    assert second.returncode == 1 and b"another training" in second.stderr
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode == 130 and ganc.resume(folder).step > 10


# ---- what a downloaded folder may hold ----

LINKS = ["log.txt", "history.csv", "samples.png", "losses.png", "model.ganc", "config.json"]
LINKS += ["checkpoints", "samples", "checkpoints/000000099.ganc", "samples/000000020.png"]


@pytest.mark.parametrize("name", LINKS)
def test_links_are_not_written_through(name, run, tmp_path, capsys):
    decoy = tmp_path / "decoy"
    path = run / name
    if path.exists():
        path.rename(decoy)
    else:
        decoy.write_bytes(b"years of work")
    path.symlink_to(decoy)
    before, outside = snapshot(run), decoy.is_file() and decoy.read_bytes()
    assert cli.main(["resume", str(run), "--epochs", "2"]) == 1
    assert name in capsys.readouterr().err and snapshot(run) == before
    assert (decoy.is_file() and decoy.read_bytes()) == outside
    assert train(run, "--overwrite") == 2
    assert snapshot(run) == before


@pytest.mark.parametrize("name", ["log.txt", "config.json", "history.csv", "checkpoints/9.ganc"])
def test_pipes_do_not_hang(name, run, tmp_path, capsys):
    if (run / name).exists():
        (run / name).unlink()
    os.mkfifo(run / name)
    status = cli.main(["resume", str(run), "--epochs", "2"])
    assert status == (0 if "9.ganc" in name else 1)
    if name == "history.csv":
        assert cli.main(["plot", str(run), "-o", str(tmp_path / "a.png")]) == 1
    elif name != "config.json":
        assert cli.main(["sample", str(run), "-o", str(tmp_path / "a.png")]) == 0


def test_checkpoints_of_file_managers_are_no_checkpoints(run, recwarn, capsys):
    (run / "checkpoints" / "._000000099.ganc").write_bytes(b"\0\5\26\7")
    (run / "._model.ganc").write_bytes(b"\0\5\26\7")
    (run / "checkpoints" / "000000098.ganc").mkdir()
    assert ganc.resume(run).step == 10 and not recwarn.list


HISTORIES = [b"epoch,d_loss\n0," + b"9" * 200_000 + b"\n", b"epoch,d_loss\n0,\0\n", b"\xff\xfe\n"]
HISTORIES += [b"epoch\n" + b"9" * 5000 + b"\n", b"epoch,d_loss\n0,1,2,3\n", b'epoch,"\n0,1']


@pytest.mark.parametrize("content", HISTORIES, ids=range(len(HISTORIES)))
def test_histories_that_are_none(content, run, tmp_path, capsys):
    (run / "history.csv").write_bytes(content)
    assert cli.main(["plot", str(run), "-o", str(tmp_path / "a.png")]) in (0, 1)
    assert "fault" not in capsys.readouterr().err


BAD = ["/etc/passwd", "../..", -1, 2**70, 1.5, None, True, [], {}, [["x"]], "x" * 500, ""]


def test_every_value_of_the_plan(run, tmp_path, capsys, monkeypatch):
    """A changed config.json is refused, or followed inside of the folder."""
    monkeypatch.setattr("ganc.cli._runs.save_samples", lambda *_: None)
    path = run / "config.json"
    config = json.loads(path.read_text())
    monkeypatch.setattr("ganc.cli._runs._write", lambda *_: {})
    for name in ("data", "data_crc32", "batch_size", "epochs", "save_every", "image_shape"):
        for bad in BAD:
            path.write_text(json.dumps(config | {"run": config["run"] | {name: bad}}))
            assert cli.main(["resume", str(run), "--budget", "0.01s"]) in (0, 1, 2), (name, bad)
            told = capsys.readouterr().err
            assert "fault" not in told and "Traceback" not in told, (name, bad)
    for bad in ([], "x", {"run": []}, {"run": {}}, [[[]]], config | {"files": 3}):
        path.write_text(json.dumps(bad))
        cli.main(["resume", str(run), "--budget", "0.01s"])
        assert "fault" not in capsys.readouterr().err, bad
    path.write_text("[" * 100_000)
    assert cli.main(["resume", str(run)]) == 1
    path.write_text(json.dumps(config | {"files": ["../decoy", "/decoy", "x", 3, {}, "a/b.ganc"]}))
    (tmp_path / "decoy").write_text("mine")
    assert train(run, "--overwrite") == 2  # nothing in the folder is the run's own now
    assert (tmp_path / "decoy").read_text() == "mine"


def test_a_run_of_ganc_0_1_0_goes_on(run, capsys):
    config = json.loads((run / "config.json").read_text())
    del config["files"]
    (run / "config.json").write_text(json.dumps(config))
    assert train(run) == 2
    assert cli.main(["resume", str(run), "--epochs", "2"]) == 0
    assert files_of(run) == all_files(run)


# ---- steps, names ----


def test_a_resume_without_a_step_says_so(run, capsys):
    before = snapshot(run)
    assert cli.main(["resume", str(run), "--epochs", "2", "--budget", "1e-9"]) == 1
    assert "no step was made" in capsys.readouterr().err and snapshot(run) == before
    assert cli.main(["resume", str(run)]) == 0
    assert "nothing was left to do" in capsys.readouterr().out


NAMES = ["{exp}", "{", "}{", "%s 100%", "a b'\"", "Ünï", "\U0001f600", "-x", "m.ganc", "[a]*", "~"]
NAMES += ["a" * 250, "new\nline", "\udcff", "ring", ".hidden", "$HOME", "a\\b"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_any_name_of_a_folder_works(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small = ["--set", "g_hidden=4,", "--batch-size", "50000", f"--out={name}"]
    assert cli.main(["train", "toy", *small, "--save-every", "1 step", "--seed", "0"]) == 0
    assert cli.main(["resume", "--epochs", "5", "--", name]) == 0
    assert os.listdir() == [name]
    assert len(os.listdir(os.path.join(name, "checkpoints"))) == 3
    picture = os.path.join(name[:200] + ".npy")
    assert cli.main(["sample", "-n", "2", f"-o={picture}", "--", name]) == 0
    assert cli.main(["plot", "-o", "losses", "--json", "--", name]) == 0
    assert sorted(os.listdir()) == sorted([name, picture, "losses"])
    assert Path("losses").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_consoles_that_cannot_show_a_name(encoding, tmp_path):
    argv = [sys.executable, "-m", "ganc", *TRAIN, "--out", str(tmp_path / "日本\U0001f600")]
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    done = subprocess.run(argv, capture_output=True, env=environment, timeout=60, check=False)
    assert done.returncode == 0 and b"\\u65e5" in done.stdout, done.stderr


def test_outputs_that_are_no_files(run, tmp_path, capsys):
    os.mkfifo(tmp_path / "x.npy")
    (tmp_path / "d.png").mkdir()
    for output in ("x.npy", "d.png", "no/where.png", "a.jpeg"):
        assert cli.main(["sample", str(run), "-o", str(tmp_path / output)]) == 1
        assert output in capsys.readouterr().err
    assert cli.main(["plot", str(run), "-o", str(tmp_path / "x.npy")]) == 1
    assert cli.main(["plot", str(run), "-o", str(run / "model.ganc")]) == 1
    assert ganc.load(run / "model.ganc")


def test_a_picture_that_is_not_the_runs_own_is_not_drawn_over(run, tmp_path, capsys):
    folder = tmp_path / "models"
    folder.mkdir()
    (run / "model.ganc").rename(folder / "a.ganc")
    assert cli.main(["plot", str(folder)]) == 0
    before = snapshot(folder)
    assert cli.main(["plot", str(folder)]) == 1
    assert "losses.png" in capsys.readouterr().err and snapshot(folder) == before


def test_words_that_mislead(run, tmp_path, capsys):
    def told(*argv):
        assert cli.main(list(argv)) in (1, 2)
        return capsys.readouterr().err

    out = str(tmp_path / "o")
    text = told("train", "toy", "--set", "g_lr=fast", "--set", "d_lr=1e-3", "--out", out)
    assert "--set: g_lr: got str 'fast', expected a number" in text
    text = told("train", "toy", "--set", "d_lr=1e-3", "--set", "g_lr=-1", "--out", out)
    assert "--set: g_lr" in text
    text = told("resume", str(run / "model.ganc"))
    assert "is a file, expected the folder of a run" in text
    program = tmp_path / "train.py"
    program.write_text("print()")
    for command in ("sample", "evaluate", "doctor"):
        more = ["--data", "ring"] if command == "evaluate" else []
        assert "is a program" in told(command, str(program), *more)
    assert "is inside of the data" in told(
        "train", "vanilla", "--data", str(run), "--out", f"{run}/a"
    )


def test_a_full_standard_output(capfd):
    argv = f"{sys.executable} -m ganc models > /dev/full"
    done = subprocess.run(["sh", "-c", argv], capture_output=True, timeout=60, check=False)
    assert done.returncode == 1 and b"standard output" in done.stderr
    assert b"Traceback" not in done.stderr and b"Exception" not in done.stderr


def test_demo_is_a_run(tmp_path, capsys, clock):
    clock.tick = 0.01
    out = str(tmp_path / "demo")
    assert cli.main(["demo", "--out", out, "--budget", "1s"]) == 0
    assert "by its budget of 1 s, after " in capsys.readouterr().out
    assert cli.main(["demo", "--out", out, "--budget", "1s"]) == 2
    assert cli.main(["resume", out]) == 1
    assert "ganc demo" in capsys.readouterr().err
    assert cli.main(["evaluate", out, "-n", "50", "--metrics", "frechet_distance"]) == 0
    assert "embedded" in capsys.readouterr().out
    assert cli.main(["demo", "--out", out, "--budget", "1s", "--overwrite"]) == 0
    assert files_of(tmp_path / "demo") == all_files(tmp_path / "demo")
