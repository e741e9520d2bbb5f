"""GAN.save and ganc.load: everything is there, to the bit; damage is found."""

import json
import os
import random
import subprocess
import sys

import numpy as np
import pytest
from small import fields_for, small_model
from test_gan import STEPS, InOps, X, build, digest

import ganc
from ganc import nn, optim
from ganc.io import FormatError, read_tensors, write_tensors
from ganc.train import _checkpoint, _serial


@pytest.fixture
def saved(tmp_path):
    gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=0)
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    gan.save(tmp_path / "a.ganc")
    return tmp_path / "a.ganc"


@pytest.mark.parametrize("name", list(STEPS))
def test_resume_to_the_bit_from_any_step(name, tmp_path):
    whole = build(**STEPS[name])
    whole.fit(X, epochs=3, batch_size=64, verbose=0)
    for stop in (0, 5, 8, 13):
        gan = build(**STEPS[name])

        def halt(batch, logs, gan=gan, stop=stop):
            gan.stop_training = gan.step == stop

        gan.fit(
            X, epochs=3 if stop else 0, batch_size=64, verbose=0,
            callbacks=[ganc.callbacks.LambdaCallback(on_train_batch_end=halt)],
        )  # fmt: skip
        gan.sample(3)
        gan.save(tmp_path / "a.ganc")
        again = ganc.load(tmp_path / "a.ganc")
        assert again.step == stop and digest(again) == digest(gan)
        assert (again.sample(3) == gan.sample(3)).all()
        again.fit(X, epochs=3, initial_epoch=again.epoch, batch_size=64, verbose=0)
        assert digest(again) == digest(whole)
        assert again.history.history == whole.history.history
        assert again.history.epoch == whole.history.epoch


def test_resume_in_a_new_process(tmp_path):
    gan = build()
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    gan.save(tmp_path / "a.ganc")
    np.save(tmp_path / "x.npy", X)
    code = (
        "import ganc, numpy as np; from test_gan import digest;"
        "gan = ganc.load('a.ganc'); x = np.load('x.npy');"
        "gan.fit(x, epochs=2, initial_epoch=1, batch_size=64, verbose=0); print(digest(gan))"
    )
    env = os.environ | {"PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), *sys.path])}
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    gan.fit(X, epochs=2, initial_epoch=1, batch_size=64, verbose=0)
    assert out.stdout.strip() == digest(gan), out.stderr


@pytest.mark.parametrize("name", ganc.models.list())
def test_presets(name, tmp_path):
    gan = small_model(name)
    fields = fields_for(gan)
    gan.fit(*fields, epochs=1, batch_size=16, verbose=0)
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert type(again) is type(gan) and again.config == gan.config
    for g in (gan, again):
        g.fit(*fields, epochs=1, batch_size=16, verbose=0)
    assert digest(again) == digest(gan)
    assert repr(again.describe()) == repr(gan.describe())


def test_every_attribute_is_saved_or_derived():
    for gan in (build(), *map(small_model, ganc.models.list())):
        labels = [np.zeros(8, int)] * (len(gan.FIELDS) - 1)
        gan.train_on_batch(gan.sample(8, seed=0), *labels)
        known = _checkpoint.saved(gan) | set(_checkpoint.DERIVED) | set(gan.state())
        assert set(vars(gan)) <= known, set(vars(gan)) - known


def test_changed_options_and_optimizers_survive(tmp_path):
    gan = ganc.models.ToyGAN(seed=0)
    gan.n_critic = 2
    gan.d_optimizer = optim.RMSprop(gan.discriminator.parameters(), lr=3e-4)
    gan.g_optimizer.param_groups[0]["lr"] = 7e-4
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert again.n_critic == 2 and type(again.d_optimizer) is optim.RMSprop
    assert again.d_optimizer.param_groups[0]["lr"] == 3e-4
    assert again.g_optimizer.param_groups[0]["lr"] == 7e-4
    for g in (gan, again):
        g.fit(X, epochs=1, batch_size=64, verbose=0)
    assert digest(again) == digest(gan)


def test_parameter_groups(tmp_path):
    def groups(p):
        return optim.Adam([{"params": p[:2], "lr": 1e-3}, {"params": p[2:]}], lr=1e-4)

    gan = build(g_optimizer=groups)
    gan.fit(X, epochs=1, batch_size=64, verbose=0)
    gan.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert [g["lr"] for g in again.g_optimizer.param_groups] == [1e-3, 1e-4]
    for g in (gan, again):
        g.fit(X, epochs=1, batch_size=64, verbose=0)
    assert digest(again) == digest(gan)


def test_own_classes_need_the_model(tmp_path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 2)

        def forward(self, x):
            return self.layer(x)

    class Mine(ganc.losses.NonSaturating):
        pass

    def own_layer():
        return ganc.GAN(Net(), nn.Linear(2, 1), 2, seed=0)

    def own_loss():
        return ganc.GAN(nn.Linear(2, 2), nn.Linear(2, 1), 2, seed=0, loss=Mine())

    def own_class():
        return build(InOps)

    for make, words in ((own_layer, "layers"), (own_loss, "loss"), (own_class, "class InOps")):
        gan = make()
        gan.fit(X, epochs=1, batch_size=64, verbose=0)
        gan.save(tmp_path / "a.ganc")
        with pytest.raises(ValueError, match=words):
            ganc.load(tmp_path / "a.ganc")
        again = make()
        assert ganc.load(tmp_path / "a.ganc", again) is again
        for g in (gan, again):
            g.fit(X, epochs=1, batch_size=64, verbose=0)
        assert digest(again) == digest(gan)


LAYERS = [
    nn.Linear(3, 4),
    nn.Linear(3, 4, bias=False),
    nn.BatchNorm1d(5, eps=1e-3, momentum=0.2, affine=False),
    nn.LeakyReLU(0.3),
    nn.ReLU(),
    nn.Tanh(),
    nn.Sigmoid(),
    nn.ELU(0.7),
    nn.Softplus(2.0),
    nn.Dropout(0.4),
    nn.Flatten(),
    nn.Unflatten(1, (1, 2, 3)),
    nn.LayerNorm((4,)),
    nn.PReLU(3),
    nn.Softmax(dim=1),
    nn.Identity(),
    nn.Embedding(5, 3),
    nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1))),
    nn.ModuleList([nn.Linear(1, 2)]),
    nn.ModuleDict({"a": nn.Linear(1, 2)}),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda m: type(m).__name__)
def test_layers_survive_as_data(layer):
    data = _serial.module_to_data(layer)
    assert data is not None
    again = nn.module_from_config(json.loads(json.dumps(data)))
    assert repr(again) == repr(layer)
    shapes = [{k: v.shape for k, v in m.state_dict().items()} for m in (layer, again)]
    assert shapes[0] == shapes[1]


def test_file_can_be_read_by_safetensors(saved):
    safetensors = pytest.importorskip("safetensors.numpy")
    own, _ = read_tensors(saved)
    theirs = safetensors.load_file(saved)
    assert own.keys() == theirs.keys()
    assert all((own[k] == theirs[k]).all() for k in own)


# ---- damage ----


def refused(path):
    with pytest.raises(FormatError) as caught:
        ganc.load(path)
    assert os.path.basename(str(path)) in str(caught.value)


def refused_with(path, i, bit):
    """A byte is damaged in place, and repaired."""
    with open(path, "r+b") as file:
        file.seek(i)
        good = file.read(1)
        file.seek(i)
        file.write(bytes([good[0] ^ (1 << bit)]))
        file.flush()
        refused(path)
        file.seek(i)
        file.write(good)


def test_every_byte_of_the_header(saved):
    header = 8 + int.from_bytes(saved.read_bytes()[:8], "little")
    for i in range(header):
        refused_with(saved, i, i % 8)
    assert ganc.load(saved).step


def test_bit_flips_in_the_body_and_truncation(saved):
    good = saved.read_bytes()
    header = 8 + int.from_bytes(good[:8], "little")
    rng = random.Random(0)
    for _ in range(2000):
        refused_with(saved, rng.randrange(header, len(good)), rng.randrange(8))
    for n in range(len(good) - 1, -1, -1):
        os.truncate(saved, n)
        refused(saved)
    saved.write_bytes(good + b"\0")
    refused(saved)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip", b"\x80\x02}q\x00.", b"{}" * 100])
def test_foreign_files(content, tmp_path):
    (tmp_path / "f.ganc").write_bytes(content)
    refused(tmp_path / "f.ganc")


def rewrite(path, change):
    """Save the file anew, checksums included, with a changed description or arrays."""
    arrays, metadata = read_tensors(path)
    data = json.loads(metadata["ganc.model"])
    data = change(arrays, data) or data
    write_tensors(path, arrays, {"ganc.model": json.dumps(data)})


CHANGES = {
    "newer": lambda a, d: d.update(format=99),
    "class": lambda a, d: d.update({"class": "NoGAN"}),
    "missing weight": lambda a, d: d if a.pop("generator.0.weight").size else None,
    "extra weight": lambda a, d: a.update({"generator.9.weight": np.zeros(3, np.float32)}),
    "other shape": lambda a, d: a.update({"generator.0.weight": np.zeros((9, 9), np.float32)}),
    "no history": lambda a, d: d if d.pop("history") else None,
    "config": lambda a, d: d["config"].update(colour="red"),
    "optimizer": lambda a, d: d["g_optimizer"].update({"class": "Magic"}),
    "a list": lambda a, d: [1, 2],
    "slots": lambda a, d: d if [a.pop(k) for k in list(a) if k.startswith("d_opt")] else None,
    "position": lambda a, d: d["position"].update(epoch="three"),
    "negative step": lambda a, d: d.update(step=-3),
    "last": lambda a, d: d.update(last=7),
}


@pytest.mark.parametrize("name", CHANGES)
def test_wrong_descriptions(name, saved):
    rewrite(saved, CHANGES[name])
    refused(saved)


def test_a_given_model_is_unchanged_by_a_bad_file(saved):
    gan = ganc.models.ToyGAN(g_hidden=(5,), d_hidden=(4,), seed=1)
    before = digest(gan)
    with pytest.raises(FormatError, match="generator.0"):
        ganc.load(saved, gan)
    gan = ganc.models.ToyGAN(g_hidden=(4,), d_hidden=(4,), seed=1)
    before = digest(gan)
    for change in ("no history", "slots", "position", "last"):
        rewritten = saved.with_name("b.ganc")
        rewritten.write_bytes(saved.read_bytes())
        rewrite(rewritten, CHANGES[change])
        with pytest.raises(FormatError):
            ganc.load(rewritten, gan)
        assert digest(gan) == before and gan.step == 0, change


def test_tensors_without_a_model(tmp_path):
    write_tensors(tmp_path / "w.ganc", {"w": np.zeros(3, np.float32)})
    refused(tmp_path / "w.ganc")


def test_missing_file_and_unwritable_place(tmp_path):
    with pytest.raises(FileNotFoundError):
        ganc.load(tmp_path / "none.ganc")
    with pytest.raises(OSError, match="nowhere"):
        build().save(tmp_path / "nowhere" / "a.ganc")
