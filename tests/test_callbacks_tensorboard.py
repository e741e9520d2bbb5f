"""The TensorBoard callback, read back with tensorboardX's own protocol buffers."""

import struct
import sys

import numpy as np
import pytest
from test_callbacks import X, toy_gan
from test_callbacks_live import images_gan

from ganc.callbacks import LambdaCallback, TensorBoard


def records(folder):
    """Yield (tag, step, value) of all event files of a folder."""
    from tensorboardX.proto.event_pb2 import Event

    for path in sorted(folder.iterdir()):
        data, at = path.read_bytes(), 0
        while at < len(data):
            (length,) = struct.unpack_from("<Q", data, at)
            event = Event.FromString(data[at + 12 : at + 12 + length])
            at += 16 + length
            for value in event.summary.value:
                kind = value.WhichOneof("value")
                yield value.tag, event.step, getattr(value, kind)


@pytest.fixture
def _writer():
    pytest.importorskip("tensorboardX", reason="pip install 'ganc[tensorboard]'")


@pytest.mark.usefixtures("_writer")
def test_numbers_and_samples(tmp_path):
    gan = images_gan()
    x = np.zeros((32, 4, 4), np.uint8)
    board = TensorBoard(tmp_path, update_freq=2, n=4)
    history = gan.fit(x, epochs=2, verbose=0, callbacks=[board])
    found = {}
    for tag, step, value in records(tmp_path):
        found.setdefault(tag, []).append((step, value))
    assert [step for step, _ in found["d_loss"]] == [4, 8]
    assert np.allclose([v for _, v in found["d_loss"]], history.history["d_loss"])
    assert [step for step, _ in found["step/g_loss"]] == [2, 4, 6, 8]
    step, image = found["samples"][-1]
    assert step == 8 and (image.height, image.width) == (14, 14)


@pytest.mark.usefixtures("_writer")
def test_the_file_is_closed_after_an_exception(tmp_path):
    def fail(epoch, logs):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        callbacks = [TensorBoard(tmp_path), LambdaCallback(on_epoch_end=fail)]
        toy_gan().fit(X, epochs=2, verbose=0, callbacks=callbacks)
    assert "d_loss" in [tag for tag, *_ in records(tmp_path)]


def test_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"pip install 'ganc\[tensorboard\]'"):
        toy_gan().fit(X, verbose=0, callbacks=[TensorBoard(tmp_path)])
    with pytest.raises(ValueError, match="update_freq"):
        TensorBoard(update_freq=0)
