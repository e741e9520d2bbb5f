"""The convolutional models: counts, shapes, ten steps as in torch, files, the same bits."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from children import DIGEST, available_isas, run
from small import data_for, small_model
from test_gan import digest

import ganc
from ganc import cli, models, nn
from ganc.train import _network


def counts(model):
    """Return what each network has, running statistics included, and those alone."""
    return [
        (_network.count(net), _network.count(net, trainable=False))
        for net in model._parts().values()
    ]


COUNTS = {  # total and running statistics of both networks
    "CNNGAN": [(1_165_313, 512), (81_281, 256)],
    "TFDCGAN": [(2_305_472 + 25_472, 25_472), (212_865, 0)],
    "DCGAN": [(3_576_704 + 1_920, 1_920), (2_765_568 + 1_792, 1_792)],
    "ConvVAE": [(28_036, 0), (41_953, 0)],
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters(name):
    assert counts(models.get(name)(seed=0)) == COUNTS[name]


def test_parameters_of_the_paper():
    gan = models.DCGANPaper(seed=0)
    convolutions = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    g_norms, d_norms = 2 * (16384 + 512 + 256 + 128), 2 * (256 + 512 + 1024)
    assert counts(gan) == [
        (100 * 16384 + convolutions + 2 * g_norms, g_norms),
        (convolutions + 16384 + 2 * d_norms, d_norms),
    ]


NUMBERS = {  # of both optimizers; latents, D's loss, fakes, batch size
    "CNNGAN": ((2e-4, (0.9, 0.999), 1e-7, 0.0), "normal", "separate", False, 64),
    "TFDCGAN": ((1e-4, (0.9, 0.999), 1e-7, 0.0), "normal", "sum", True, 256),
    "DCGAN": ((2e-4, (0.5, 0.999), 1e-8, 0.0), "normal", "sum", True, 64),
    "DCGANPaper": ((2e-4, (0.5, 0.999), 1e-8, 1e-5), "uniform", "sum", False, 128),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_of_the_source(name):
    small = {"g_channels": 4, "d_channels": 4} if name == "DCGANPaper" else {}
    gan = models.get(name)(**small, seed=0)
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        group = optimizer.param_groups[0]
        found = group["lr"], tuple(group["betas"]), group["eps"], group["weight_decay"]
        assert found == NUMBERS[name][0]
    rest = gan.latent, gan.d_reduction, gan.same_fakes, gan.default_batch_size
    assert rest == NUMBERS[name][1:]
    assert gan.pixel_range == ((0.0, 1.0) if name == "CNNGAN" else (-1.0, 1.0))


def test_initial_weights_of_dcgan():
    gan = models.DCGAN(seed=0)
    for network in (gan.generator, gan.discriminator):
        for module in network.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                w = module.weight.detach().numpy()
                assert abs(w.mean()) < 2e-3 and abs(w.std() - 0.02) < 3e-3 and module.bias is None
            elif isinstance(module, nn.BatchNorm2d):
                gain = module.weight.detach().numpy()
                assert abs(gain.mean() - 1) < 0.01 and 0.01 < gain.std() < 0.03
                assert not module.bias.detach().numpy().any()


def test_initial_weights_of_keras():
    layer = next(m for m in models.CNNGAN(seed=0).generator if isinstance(m, nn.ConvTranspose2d))
    limit = np.sqrt(6 / (16 * 256))
    assert 0.99 * limit < abs(layer.weight.detach().numpy()).max() <= limit * 1.00001
    assert not layer.bias.detach().numpy().any()


# ---- sizes ----

NARROW = {
    "CNNGAN": {"g_channels": (3, 4, 3), "d_channels": (3, 4)},
    "TFDCGAN": {"g_channels": (4, 3, 3), "d_channels": (3, 4)},
    "DCGAN": {"g_channels": 2, "d_channels": 2},
    "DCGANPaper": {"g_channels": 2, "d_channels": 2},
    "ConvVAE": {"e_channels": (3, 4), "d_channels": (3, 4, 3)},
}


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("side", [28, 32, 64, 128])
@pytest.mark.parametrize("channels", [1, 3])
def test_sizes(name, side, channels):
    shape = channels, side, side
    model = models.get(name)(shape, latent_dim=5, seed=0, **NARROW[name])
    x = data_for(model, 4)
    logs = model.train_on_batch(x[..., 0] if channels == 1 else x)
    assert all(map(np.isfinite, logs.values()))
    samples = model.sample(3, seed=0)
    assert samples.shape == (3, *shape) and abs(samples).max() <= 1
    assert (samples[:1] == model.sample(1, seed=0)).all()  # running statistics


def test_depth_follows_the_size():
    for side, first, layers in ((28, 7, 2), (32, 4, 3), (48, 6, 3), (64, 4, 4), (128, 4, 5)):
        gan = models.DCGAN((3, side, side), g_channels=1, d_channels=1, seed=0)
        rising = [m for m in gan.generator if isinstance(m, nn.ConvTranspose2d)]
        assert len(rising) == layers + 1 and rising[0].kernel_size == (first, first)
        falling = [m for m in gan.discriminator if isinstance(m, nn.Conv2d)]
        assert [m.out_channels for m in falling] == [2**i for i in range(layers)] + [1]


@pytest.mark.parametrize(
    "name, shape, words",
    [
        ("DCGAN", (3, 36, 36), "layer 3 of the discriminator would halve 9x9 maps"),
        ("DCGAN", (3, 64, 65), "layer 1 of the discriminator would halve 64x65 maps"),
        ("DCGANPaper", (3, 100, 100), "layer 3 .* 25x25 maps"),
        ("DCGAN", (3, 7, 7), "no layer that halves"),
        ("DCGAN", (64, 64), r"expected \(C, H, W\)"),
        ("CNNGAN", (1, 30, 28), r"first layer \(Linear\) makes maps that 2 layers double.* of 4"),
        ("TFDCGAN", (1, 28, 27), "multiples of 4"),
        ("ConvVAE", (1, 29, 28), r"decoder's first layer \(Linear\)"),
        ("ConvVAE", (1, 4, 4), "layer 2 of the encoder .* maps of 1x1"),
    ],
)
def test_sizes_that_do_not_fit_name_the_layer(name, shape, words):
    with pytest.raises(ValueError, match=words):
        models.get(name)(shape, seed=0)


def test_wrong_data_are_refused():
    gan = small_model("DCGAN")
    with pytest.raises(ValueError, match="image_shape="):
        gan.train_on_batch(np.zeros((8, 28, 28), np.uint8))
    with pytest.raises(ValueError, match="at least 1"):
        models.DCGAN(g_channels=0)


# ---- ten steps ----

TEN_STEPS = {
    "CNNGAN": ({"g_channels": (24, 32, 24), "d_channels": (16, 24)}, 6),
    "TFDCGAN": ({"g_channels": (24, 16, 16), "d_channels": (8, 16), "dropout": 0.0}, 6),
    "DCGAN": ({"image_shape": (3, 32, 32), "g_channels": 16, "d_channels": 16}, 8),
    "DCGANPaper": ({"image_shape": (3, 32, 32), "g_channels": 4, "d_channels": 4}, 8),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", TEN_STEPS)
def test_ten_steps_as_in_torch(torch, name, dtype, capsys):
    keywords, batch = TEN_STEPS[name]
    here = Path(__file__).parent / "lib"
    path = os.pathsep.join([str(Path(ganc.__file__).parent.parent), str(here)])
    program = "import torch_gans, ast, sys; torch_gans.main(sys.argv[1], " \
        "ast.literal_eval(sys.argv[2]), int(sys.argv[3]))"  # fmt: skip
    out = run(program, name, keywords, batch, GANC_DTYPE=dtype, PYTHONPATH=path, timeout=280)
    worst = json.loads(out)
    with capsys.disabled():
        print(f"\n{name}, {dtype}: {worst['parameters']:.1e} from torch after 10 steps")
    tolerance = {"float64": 1e-9, "float32": 1e-4}[dtype]
    assert worst["parameters"] < tolerance and worst["losses"] < tolerance


def test_networks_of_the_convolutional_vae_as_in_torch(torch):
    from torch_gans import SameConvTranspose, array, take_weights

    vae = models.ConvVAE((3, 32, 28), seed=0)
    encoder = torch.nn.Sequential(
        torch.nn.Conv2d(3, 32, 3, 2), torch.nn.ReLU(), torch.nn.Conv2d(32, 64, 3, 2),
        torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(64 * 7 * 6, 4),
    )  # fmt: skip
    decoder = torch.nn.Sequential(
        torch.nn.Linear(2, 32 * 8 * 7), torch.nn.ReLU(), torch.nn.Unflatten(1, (32, 8, 7)),
        SameConvTranspose(32, 64, 3, 2), torch.nn.ReLU(), SameConvTranspose(64, 32, 3, 2),
        torch.nn.ReLU(), SameConvTranspose(32, 3, 3, 1),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    for theirs, ours, shape in (
        (encoder, vae.encoder, (4, 3, 32, 28)),
        (decoder, vae.decoder, (4, 2)),
    ):
        take_weights(theirs, ours)
        x = rng.uniform(-1, 1, shape)
        want = theirs.double()(torch.tensor(x)).detach().numpy()
        np.testing.assert_allclose(array(ours(ganc.tensor(x))), want, rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", NARROW)
def test_command_line(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(ganc.datasets, "load_embedded", lambda: (_PICTURES, None))
    numbers = [f"--set={key}={value}" for key, value in NARROW[name].items()]
    argv = ["train", name.lower(), "--data", "embedded", "--batch-size", "8", "--seed", "1"]
    assert cli.main([*argv, "--json", "--out", str(tmp_path), *numbers]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["steps"] == 2 and Path(result["samples"]).exists()
    assert cli.main(["sample", str(tmp_path), "-n", "4", "-o", str(tmp_path / "s.png")]) == 0


_PICTURES = np.random.default_rng(0).integers(0, 256, (16, 28, 28), dtype=np.uint8)


# ---- files, bits ----


@pytest.mark.parametrize("name", NARROW)
def test_resume_to_the_bit(name, tmp_path):
    whole, part = small_model(name), small_model(name)
    x = data_for(whole, 24)
    whole.fit(x, epochs=2, batch_size=8, verbose=0)

    def halt(batch, logs):
        part.stop_training = part.step == 4

    callbacks = [ganc.callbacks.LambdaCallback(on_train_batch_end=halt)]
    part.fit(x, epochs=2, batch_size=8, callbacks=callbacks, verbose=0)
    part.save(tmp_path / "a.ganc")
    again = ganc.load(tmp_path / "a.ganc")
    assert again.step == 4 and (again.sample(3, seed=1) == part.sample(3, seed=1)).all()
    again.fit(x, epochs=2, initial_epoch=again.epoch, batch_size=8, verbose=0)
    assert digest(again) == digest(whole) and again.step == whole.step


def test_step_in_ops_gives_the_bits_of_the_step_in_c():
    class InOps(models.DCGAN):
        def train_step(self, batch):
            return super().train_step(batch)

    one = models.DCGAN((3, 16, 16), g_channels=4, d_channels=4, seed=2)
    two = InOps((3, 16, 16), g_channels=4, d_channels=4, seed=2)
    x = data_for(one, 24)
    for model in (one, two):
        model.fit(x, batch_size=8, verbose=0)
    assert digest(one) == digest(two)


BITS = (
    DIGEST
    + """
import sys
import ganc

x = np.random.default_rng(0).integers(0, 256, (800, 32, 32, 3), dtype=np.uint8)
for threads in map(int, sys.argv[2:]):
    ganc.set_num_threads(threads)
    gan = ganc.models.DCGAN((3, 32, 32), g_channels=8, d_channels=8, seed=11)
    gan.fit(x, batch_size=16, steps_per_epoch=int(sys.argv[1]), epochs=1, verbose=0)
    print(digest(gan))
"""
)


def hashes(isa, steps, *threads):
    """Return the set of hashes of all parameters after training, one run per thread count."""
    polite = {"OMP_WAIT_POLICY": "passive"}  # more threads than cores must not spin
    return set(run(BITS, steps, *threads, GANC_ISA=isa, timeout=280, **polite).split())


def test_same_bits_for_any_threads_and_isa(capsys):
    isas = [isa for isa in ("avx2", "avx512") if isa in available_isas()]
    if not isas:
        pytest.skip("this CPU has neither AVX2 nor AVX-512")
    found = {isa: hashes(isa, 50, 1, 2, 3, 5) for isa in isas}
    with capsys.disabled():
        for isa, seen in found.items():
            print(f"\nDCGAN-32, 50 steps on {isa}: {', '.join(sorted(seen))}")
    assert len(set().union(*found.values())) == 1


def test_portable_kernels_give_the_same_bits():
    best = available_isas()[-1]
    assert hashes("portable", 2, 1, 2) == hashes(best, 2, 1, 2)
