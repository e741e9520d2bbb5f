"""The doctor names what was planted, is silent about healthy runs, and leaves no trace."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import sick_runs
from children import run
from sick_runs import HEALTHY, PLANTED
from small import SMALL, data_for, fields_for, small_model
from test_gan import digest

import ganc
from ganc import cli
from ganc.callbacks import Doctor
from ganc.doctor._checks import CHECKS
from ganc.doctor._finding import PAGE, Check, Finding, Measured

SEEDS = range(3) if sick_runs.FULL else range(1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_runs_are_left_in_peace(name, seed):
    gan, options = HEALTHY[name](seed)
    diagnosis = ganc.doctor(gan, **options)
    assert list(diagnosis) == [] and gan.visits.log == [] and len(gan.visits.seen) > 3
    asked = {"oscillation", "vanishing-gradient", "discriminator-overfit"}
    asked |= {"mode-collapse"} if gan.step >= 1500 else set()
    assert asked <= diagnosis.measured.keys()


@pytest.mark.parametrize("name", PLANTED)
def test_planted_failures_are_named(name):
    gan, options = PLANTED[name]()
    diagnosis = ganc.doctor(gan, **options)
    found = {finding.name: finding for finding in diagnosis}
    assert name in found, diagnosis.measured
    assert found[name].sentence and found[name].advice.endswith(".")
    check = next(check for check in CHECKS if check.name == name)
    assert check.is_bad(found[name].number) and found[name].threshold == check.threshold


def test_every_check_is_planted_and_explained():
    names = [check.name for check in CHECKS]
    assert sorted(names) == sorted(PLANTED)
    titles = re.findall(r"^## (\S+)$", PAGE.read_text(), flags=re.M)
    assert titles == names


@pytest.mark.parametrize("name", SMALL)
def test_nothing_of_the_model_changes(name, tmp_path):
    gan = small_model(name)
    fields = fields_for(gan)
    held_out = fields if len(fields) > 1 else fields[0]
    gan.fit(*fields, epochs=1, batch_size=16, verbose=0)
    gan.save(tmp_path / "before")
    ganc.manual_seed(5)
    diagnosis = ganc.doctor(gan, *fields, validation_data=held_out)
    assert ganc.get_rng_state().tolist() == _fresh_state()
    gan.save(tmp_path / "after")
    assert (tmp_path / "before").read_bytes() == (tmp_path / "after").read_bytes()
    assert all(np.isfinite(number) for number in diagnosis.measured.values())
    assert repr(ganc.doctor(gan, *fields, validation_data=held_out)) == repr(diagnosis)


def _fresh_state():
    ganc.manual_seed(5)
    return ganc.get_rng_state().tolist()


def test_while_training(recwarn):
    x, held_out = sick_runs.points()
    gan = ganc.models.ToyGAN(seed=0, label_smoothing=0.7)
    watch = Doctor(x, every=2, validation_data=held_out)
    gan.fit(x, epochs=5, verbose=0, callbacks=[watch])
    told = [str(w.message) for w in recwarn if "label-smoothing" in str(w.message)]
    assert len(told) == 1 and told[0].startswith("epoch 2: label-smoothing: D is told")
    assert watch.log == [(1, "label-smoothing")] and watch.diagnosis[0].number == 0.7
    plain = ganc.models.ToyGAN(seed=0, label_smoothing=0.7)
    plain.fit(x, epochs=5, verbose=0)
    assert digest(gan) == digest(plain)

    stopped = ganc.models.ToyGAN(seed=0, label_smoothing=0.7)
    later = Doctor(x, stop=True)
    later.load_state_dict(watch.state_dict())
    assert len(stopped.fit(x, epochs=5, verbose=0, callbacks=[later])) == 1
    assert later.log == watch.log


@pytest.mark.parametrize("loader", [False, True])
def test_what_made_the_first_nan_while_training(loader):
    x = np.ones((64, 2), np.float32)
    x[40] = 30.0  # first met in the middle of the epoch

    class Root(ganc.nn.Module):
        def forward(self, x):
            return (20.0 - x).sqrt()

    gan = ganc.GAN(
        ganc.nn.Linear(2, 2), ganc.nn.Sequential(Root(), ganc.nn.Linear(2, 1)), 2, seed=0
    )
    data = ganc.data.DataLoader(ganc.data.TensorDataset(x), 8, seed=1) if loader else x
    watch = Doctor(data)
    with pytest.raises(ganc.DivergenceError) as caught:
        gan.fit(data, batch_size=None if loader else 8, verbose=0, callbacks=[watch])
    assert gan.step > 1 and watch.log == [(0, "not-finite")]
    (note,) = caught.value.__notes__
    assert "the first come from sqrt in discriminator.0 (Root)" in note
    weights = [p.detach().numpy() for p in gan.discriminator.parameters()]
    assert not any(np.isfinite(w).all() for w in weights)  # as the step has left them


def test_other_errors_pass_by(tmp_path):
    class Broken(ganc.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyError("mine")

    x, _ = sick_runs.points()
    with pytest.raises(KeyError) as caught:
        ganc.models.ToyGAN(seed=0).fit(x, verbose=0, callbacks=[Doctor(x), Broken()])
    assert not hasattr(caught.value, "__notes__")


def test_command_line(tmp_path, capsys):
    folder = tmp_path / "run"
    gan = small_model("ToyGAN", label_smoothing=0.7)
    folder.mkdir()
    gan.save(folder / "model.ganc")
    assert cli.main(["doctor", str(folder), "--data", "ring"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["data", "ring"] and lines[1].split()[1:3] == ["too", "early:"]
    (told,) = (line for line in lines if line.startswith("label-smoothing  D is told"))
    assert "(0.7 > 0.4)" in told
    assert cli.main(["doctor", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["data"] is None and found["findings"][0]["name"] == "label-smoothing"
    assert "data-range" not in found["measured"]
    assert cli.main(["doctor", str(tmp_path / "none")]) == 1


def test_the_first_nan_is_traced_to_its_layer():
    gan, _ = PLANTED["not-finite"]()
    (finding,) = ganc.doctor(gan)
    assert re.search(r"the first come from \w+ in generator\.0 \(Linear\)", finding.sentence)
    fresh = ganc.GAN(
        ganc.nn.Sequential(ganc.nn.Linear(2, 2), sick_runs.Log(), ganc.nn.Linear(2, 2)),
        ganc.nn.Linear(2, 1),
        latent_dim=2,
        seed=0,
    )
    (finding,) = ganc.doctor(fresh)
    assert finding.name == "not-finite" and "log in generator.1 (Log)" in finding.sentence


def test_a_history_alone_tells_of_its_curves():
    gan, _ = PLANTED["oscillation"]()
    diagnosis = ganc.doctor(gan.history)
    assert [finding.name for finding in diagnosis] == ["oscillation"]
    assert diagnosis.verdict == "sick" and "(no model given)" in repr(diagnosis)
    overfit = ganc.History()
    overfit.loss_name = "non_saturating"
    for epoch in range(3):
        overfit.on_epoch_end(epoch, {"d_real": 0.9, "d_fake": 0.1, "val_d_real": 0.2})
    assert [finding.name for finding in ganc.doctor(overfit)] == ["discriminator-overfit"]


@pytest.mark.parametrize("low, high, found", [(-1, 1, 0), (0, 1, 1), (0, 255, 1), (-200, 200, 1)])
def test_ranges_of_float_images(low, high, found):
    x = np.linspace(low, high, 64 * 784, dtype=np.float32).reshape(64, 1, 28, 28)
    diagnosis = ganc.doctor(ganc.models.VanillaGAN(seed=0, **sick_runs._NARROW), x)
    assert [finding.name for finding in diagnosis] == ["data-range"] * found


def test_data_come_as_loaders_too():
    gan = small_model("ToyGAN")
    x = data_for(gan)
    loader = ganc.data.DataLoader(ganc.data.TensorDataset(x * 100), 16, seed=0)
    assert [finding.name for finding in ganc.doctor(gan, loader)] == ["data-range"]


def test_a_sigmoid_in_the_forward_is_seen_too():
    class Squashed(ganc.nn.Linear):
        def forward(self, x):
            return super().forward(x).sigmoid()

    gan = ganc.GAN(ganc.nn.Linear(2, 2), Squashed(2, 1), latent_dim=2, seed=0)
    assert [finding.name for finding in ganc.doctor(gan)] == ["activation-before-loss"]


def test_what_is_no_run_is_refused():
    with pytest.raises(TypeError, match="got dict, expected a GAN or the History"):
        ganc.doctor({})
    with pytest.raises(ValueError, match="samples of shape"):
        ganc.doctor(small_model("ToyGAN"), np.zeros((8, 3), np.float32))


def test_how_findings_look():
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.text = [], ""

        def handle_starttag(self, tag, attrs):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            self.text += data

    gan, options = PLANTED["labels"]()
    diagnosis = ganc.doctor(gan, **options)
    (finding,) = diagnosis
    lines = repr(diagnosis).splitlines()
    assert (
        lines[0].startswith("sick: 1 finding in ")
        and "too early to tell: " in lines[0]
        and lines[1] == str(finding)
    )
    assert [line for line in lines if line.startswith("sign of ")] == [
        f"sign of {sign}" for sign in diagnosis.signs
    ]
    assert lines[-1] == "More on a finding is in its .explanation"
    assert str(finding).endswith(finding.advice)
    assert "(50 > 0)" in str(finding)
    for html in (diagnosis._repr_html_(), finding._repr_html_()):
        tags = Tags()
        tags.feed(html)
        assert not tags.open and "50 > 0" in tags.text and finding.sentence in tags.text
        assert plain(finding.explanation) in tags.text and "href" not in html
    assert diagnosis.to_dict()["findings"][0]["advice"] == finding.advice
    assert diagnosis[0] is finding and len(diagnosis) == 1
    assert ganc.doctor(gan)._repr_html_().startswith("<b>not judged: no data given")


@pytest.mark.parametrize("name", [check.name for check in CHECKS])
def test_a_finding_is_explained_by_a_page_inside_the_package(name):
    finding = Finding(name, "", 1.0, 0.0, ">", "", f"{PAGE}#{name}")
    page, _, section = finding.link.partition("#")
    assert Path(page).parent.parent == Path(ganc.__file__).parent
    assert f"\n## {section}\n\n{finding.explanation}\n" in Path(page).read_text()
    assert "**Number**" in finding.explanation and "##" not in finding.explanation
    assert not set("*`") & set(plain(finding.explanation))


def plain(markdown):
    return markdown.replace("**", "").replace("`", "")


def test_thresholds_are_on_the_side_that_they_say():
    def measure(evidence):
        return Measured(0.0, "", "")

    below, above = Check("a", measure, "<", 0.5), Check("b", measure, ">", 0.5)
    assert [below.is_bad(v) for v in (0.4, 0.5, 0.6)] == [True, False, False]
    assert [above.is_bad(v) for v in (0.4, 0.5, 0.6)] == [False, False, True]


def test_the_doctor_is_imported_when_called():
    program = "import ganc, sys; print([m for m in sys.modules if m.startswith('ganc.doctor.')])"
    assert run(program).strip() == "[]"


def test_the_doctor_stays_a_function_when_its_modules_are_imported():
    program = """
    import {first}
    import ganc, ganc.doctor._checks
    from ganc.doctor import _evidence, doctor
    print(type(ganc.doctor).__name__, ganc.doctor is doctor)
    """
    for first in ("ganc", "ganc.doctor._variety"):
        assert run(program.format(first=first)).split() == ["function", "True"]


def test_the_doctor_looks_at_what_the_model_shows(monkeypatch):
    gan, x = small_model("ToyGAN"), sick_runs.points()[0]
    monkeypatch.setattr(gan, "preview", lambda n, *, seed: np.tile(x[:1], (n, 1)))
    monkeypatch.setattr(gan, "_step", 1500)
    found = ganc.doctor(gan, x)
    assert found.measured["mode-collapse"] == 0.0 and "mode-collapse" in [f.name for f in found]


def test_the_pixels_of_an_autoencoder_are_those_of_its_samples():
    vae = small_model("VAE")
    shown = vae.sample(512, seed=0)
    found = ganc.doctor(vae).measured["saturated-output"]
    assert found == (np.abs(shown) > 0.998).mean()
