"""What is asked of any model: callbacks, cards, texts, data sets and loaders, the doctor."""

import numpy as np
import pytest
from systems import SYSTEMS, build, data_of, digest

import ganc
from ganc import callbacks, plot
from ganc.data import DataLoader, TensorDataset

PLAN = {"batch_size": 16, "verbose": 0}


def gap(real, fake):
    return float(real.mean() - fake.mean())


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.filterwarnings("ignore:epoch")  # what the doctor finds
def test_callbacks(name, tmp_path):
    pytest.importorskip("matplotlib")
    data, model, seen = data_of(name), build(name), []
    loss = "loss" if name in ("VAE", "sequence") else "d_loss"
    late = {"epochs": 3} if name == "pix2pix" else {"epochs": 2}  # whose D begins later
    listening = [
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.SampleGrid(4, folder=tmp_path / "grids"),
        callbacks.TensorBoard(tmp_path / "board", n=4),
        callbacks.EMA(0.9),
        callbacks.Doctor(data[0]),
        callbacks.MetricCallback(data[0], [gap]),
        callbacks.EarlyStopping(loss, patience=9, restore_best_weights=True),
        callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.9),
        callbacks.TerminateOnNaN(),
        callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(dict(logs))),
    ]
    history = model.fit(*data, **PLAN, **late, callbacks=listening)
    assert loss in seen[-1] and "gap" in seen[-1] and np.isfinite(seen[-1][loss])
    assert model.epoch == late["epochs"]
    if name in ("VAE", "pix2pix", "staged"):
        assert len(list(tmp_path.glob("grids/*"))) == late["epochs"] + 1
    assert plot.losses(history).get_legend().get_texts()


@pytest.mark.parametrize("name", SYSTEMS)
def test_texts_and_cards(name, capsys):
    data, model = data_of(name), build(name)
    model.fit(*data, **PLAN, validation_data=data if len(data) > 1 else data[0])
    before = digest(model)
    model.summary()
    printed = capsys.readouterr().out
    for optimizer, networks in model.OPTIMIZERS.items():
        for network in networks:
            assert network in repr(model) and network in str(model.describe())
            assert network.capitalize() in printed and optimizer
    for field in model.FIELDS:
        assert str(field) in str(model.describe()) or len(model.FIELDS) == 1
    assert type(model).__name__ in model._repr_html_()
    ganc.doctor(model), ganc.doctor(model.history)
    assert digest(model) == before


@pytest.mark.parametrize("name", SYSTEMS)
def test_arrays_data_sets_and_loaders(name):
    """Data sets in the place of arrays, one for each source of batches."""
    data, model = data_of(name), build(name)
    sources = [data] if name != "CycleGAN" else [(part,) for part in data]
    if name == "conditional":  # a TensorDataset does not say how many there are
        model.classes = 5
    model.fit(*(TensorDataset(*parts) for parts in sources), **PLAN)
    arrays = build(name)
    arrays.fit(*data, **PLAN)
    assert model.step == arrays.step and model.classes == arrays.classes
    loaders = [DataLoader(TensorDataset(*p), 16, shuffle=True, drop_last=True) for p in sources]
    model.fit(*loaders, verbose=0)
    assert model.step == 2 * arrays.step and model.history.epoch == [0, 1]
