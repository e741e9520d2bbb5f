"""Progress and pictures in a real Jupyter kernel: what arrives at the front end."""

import os
from collections import Counter

import pytest
from children import environment

pytest.importorskip("ipykernel", reason="pip install ipykernel to run a Jupyter kernel")
manager = pytest.importorskip("jupyter_client.manager")

BEGIN = """
import ganc, numpy as np
from ganc.callbacks import LivePlot, ProgressBar, SampleGrid, LambdaCallback
x = ganc.datasets.toy.ring(2560, seed=0)
gan = ganc.models.ToyGAN(g_hidden=(8,), d_hidden=(8,), seed=0)
"""


class Kernel:
    """A kernel and what it said while a cell ran."""

    def __init__(self, folder):
        self.manager, self.client = manager.start_new_kernel(
            kernel_name="python3",
            env=environment(OMP_NUM_THREADS="1"),
            startup_timeout=120,
            cwd=folder,
        )

    def run(self, code):
        """Run a cell; return the messages with output, oldest first."""
        messages = []

        def note(message):
            if message["msg_type"] in ("display_data", "update_display_data", "execute_result",
                                       "stream", "error"):  # fmt: skip
                messages.append((message["msg_type"], message["content"]))

        self.client.execute_interactive(code, output_hook=note, timeout=120)
        return messages

    def clean(self, code):
        """Run a cell that must not fail."""
        messages = self.run(code)
        assert not [c for kind, c in messages if kind == "error"], messages[-1][1]["traceback"]
        return messages


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    one = Kernel(tmp_path_factory.mktemp("kernel"))
    one.clean(BEGIN)
    yield one
    one.client.stop_channels()
    one.manager.shutdown_kernel(now=True)


def places(messages):
    """Return the display ids in the order in which they appeared, and how often each changed."""
    shown = [c["transient"]["display_id"] for kind, c in messages if kind == "display_data"]
    changed = Counter(
        c["transient"]["display_id"] for kind, c in messages if kind == "update_display_data"
    )
    assert set(changed) <= set(shown) and len(set(shown)) == len(shown)
    return shown, changed


def test_fit_shows_one_line_that_changes_in_place(kernel):
    kernel.clean("from ganc.callbacks import _progress; _progress._Cell.interval = 0")
    messages = kernel.clean("_ = gan.fit(x, epochs=4)")
    shown, changed = places(messages)
    assert len(shown) == 1 and changed[shown[0]] >= 2
    assert {kind for kind, _ in messages} == {"display_data", "update_display_data"}
    last = messages[-1][1]["data"]
    assert last["text/plain"].startswith("epoch 4/4  step 10/10  ")
    assert " taken" in last["text/plain"]
    assert "<progress value='1.0000' max='1'" in last["text/html"]
    texts = [content["data"]["text/plain"] for _, content in messages]
    assert any(" left" in text and "-:--" not in text for text in texts)


@pytest.mark.parametrize("verbose, kinds", [(0, set()), (2, {"stream"}), (1, {"display_data"})])
def test_verbose(kernel, verbose, kinds):
    messages = kernel.clean(f"_ = gan.fit(x, epochs=3, steps_per_epoch=1, verbose={verbose})")
    assert {kind for kind, _ in messages} - {"update_display_data"} == kinds
    if verbose == 2:
        text = "".join(content["text"] for _, content in messages)
        assert len(text.splitlines()) == 3 and messages[0][1]["name"] == "stderr"


def test_live_plot_is_one_picture_that_changes_in_place(kernel):
    messages = kernel.clean(
        "live = LivePlot(interval=0, share=1.0)\nlive._paid = lambda now: True\n"
        "_ = gan.fit(x, steps_per_epoch=4, verbose=0, callbacks=[live])"
    )
    shown, changed = places(messages)
    assert len(shown) == 1 and changed[shown[0]] >= 2
    assert all(set(c["data"]) == {"image/png", "text/plain"} for _, c in messages)
    again = kernel.clean("_ = gan.fit(x, epochs=1, verbose=0, callbacks=[live])")
    assert len(places(again)[0]) == 1 and places(again)[0] != shown  # below its own cell
    kernel.clean("import os; assert not os.path.exists('live.png')")


def test_several_at_once_keep_their_places(kernel):
    messages = kernel.clean("_ = gan.fit(x, epochs=40, callbacks=[LivePlot(), SampleGrid()])")
    assert len(places(messages)[0]) == 2


def test_an_interrupted_cell_keeps_the_line_and_the_next_one_goes_on(kernel):
    stop = (
        "import signal\n"
        "note = LambdaCallback(on_train_batch_end=lambda batch, logs:"
        " gan.step == 5 and signal.raise_signal(signal.SIGINT))\n"
        "gan = ganc.models.ToyGAN(seed=0); gan.fit(x, epochs=2, callbacks=[note])"
    )
    messages = kernel.run(stop)
    assert [c["ename"] for kind, c in messages if kind == "error"] == ["KeyboardInterrupt"]
    kernel.clean(
        "other = ganc.models.ToyGAN(seed=0); _ = other.fit(x, epochs=2, verbose=0)\n"
        "_ = gan.fit(x, epochs=2, initial_epoch=gan.epoch)\n"
        "assert gan.step == other.step == 20\n"
        "assert (gan.sample(9, seed=0) == other.sample(9, seed=0)).all()"
    )


@pytest.mark.parametrize("thing, kind", [
    ("gan", "text/html"), ("gan.history", "text/html"), ("gan.history", "image/png"),
    ("gan.generator", "text/html"), ("ganc.plot.grid(np.zeros((4, 1, 8, 8)))", "image/png"),
    ("gan.generator.summary((2,))", "text/html"),
])  # fmt: skip
def test_results_show_themselves(kernel, thing, kind):
    messages = kernel.clean(thing)
    assert kind in messages[-1][1]["data"] and messages[-1][0] == "execute_result"


def test_the_environment_reaches_the_kernel(kernel):
    messages = kernel.clean("import ganc; print(ganc.__file__)")
    import ganc

    assert os.path.samefile(messages[0][1]["text"].strip(), ganc.__file__)
