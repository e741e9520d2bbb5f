"""DataLoader with and without its thread: the same batches, bounded memory, ends, exact resume."""

import gc
import itertools
import os
import threading
import time

import numpy as np
import pytest
import systems
from children import run, start

import ganc
from ganc import data
from ganc.data import transforms
from ganc.data._ahead import _close_all


def wait_for(holds):
    """Return when it holds; a machine may take its time."""
    for _ in range(12_000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("not after 120 s")


def threads():
    return [thread for thread in threading.enumerate() if thread.name == "ganc-loader"]


@pytest.fixture(autouse=True)
def no_thread_is_left():
    yield
    gc.collect()
    for thread in threads():
        thread.join(5)
    assert not threads()


class Noisy(data.Dataset):
    """Samples that depend on what is drawn; it counts what was asked for."""

    def __init__(self, n=20):
        self.n, self.asked, self.makers = n, [], set()

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.asked.append(index)
        self.makers.add(threading.current_thread().name)
        return np.full(3, index) + transforms.current_draws().uniform(), index


def loader(dataset=None, workers=1, **options):
    options = {"batch_size": 4, "shuffle": True, "seed": 3} | options
    return data.DataLoader(dataset or Noisy(), num_workers=workers, **options)


def epochs(source, n):
    return [batch for _ in range(n) for batch in source]


def assert_same(got, expected):
    assert len(got) == len(expected)
    for (x, y), (other_x, other_y) in zip(got, expected, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)


@pytest.mark.parametrize("depth", [1, 2, 7])
@pytest.mark.parametrize("options", [{}, {"shuffle": False}, {"batch_size": 7, "drop_last": True}])
def test_the_thread_changes_no_bit(depth, options):
    ahead = loader(prefetch_factor=depth, **options)
    assert_same(epochs(ahead, 3), epochs(loader(workers=0, **options), 3))
    assert ahead.dataset.makers == {"ganc-loader"}
    assert ahead.state_dict()["epoch"] == 2


def test_more_workers_mean_one():
    assert_same(epochs(loader(workers=8), 1), epochs(loader(workers=0), 1))


@pytest.mark.parametrize("depth", [1, 3])
def test_no_more_than_depth_is_made_ahead(depth):
    source = loader(Noisy(100), prefetch_factor=depth, batch_size=5)
    batches = iter(source)
    for given in range(1, 6):
        next(batches)
        wait_for(lambda: len(source.dataset.asked) >= 5 * (given + depth))  # noqa: B023
        time.sleep(0.05)
        assert len(source.dataset.asked) == 5 * (given + depth)
    batches.close()


def test_batches_are_made_while_the_consumer_works():
    source = loader(Noisy(8), prefetch_factor=2)
    batches = iter(source)
    next(batches)
    wait_for(lambda: len(source.dataset.asked) == 8)  # and only one was asked for
    batches.close()


@pytest.mark.parametrize("workers", [0, 1])
@pytest.mark.parametrize("stop", range(12))
def test_a_resumed_loader_loses_nothing_that_was_made_ahead(stop, workers):
    expected = epochs(loader(workers=0), 3)
    first = loader()
    stream = itertools.chain.from_iterable(iter(first) for _ in range(3))
    got = [next(stream) for _ in range(stop)]
    time.sleep(0.01)  # the thread is ahead now
    second = loader(workers=workers, seed=99)
    second.load_state_dict(first.state_dict())
    stream = itertools.chain.from_iterable(iter(second) for _ in range(4))
    got += [next(stream) for _ in range(15 - stop)]
    assert_same(got, expected)


# ---- ends ----


@pytest.mark.parametrize("error", [KeyError, SystemExit, MemoryError])
@pytest.mark.parametrize("workers", [0, 1])
def test_errors_reach_the_consumer_where_they_belong(workers, error):
    class Broken(Noisy):
        broken = True

        def __getitem__(self, index):
            if index == 9 and self.broken:
                raise error("nine")
            return super().__getitem__(index)

    source = loader(Broken(), workers, shuffle=False)
    got = []
    with pytest.raises(error, match="nine") as caught:
        for batch in source:
            got.append(batch)
    assert len(got) == 2 and source.state_dict()["position"] == 2
    assert "__getitem__" in [frame.name for frame in caught.traceback]
    source.dataset.broken = False  # the position was kept: nothing is skipped
    source.load_state_dict(source.state_dict())
    assert [y.tolist() for _, y in source][0] == [8, 9, 10, 11]


@pytest.mark.parametrize("how", ["break", "exception", "close", "forget", "cycle"])
def test_the_thread_ends_with_the_loop(how):
    batches = iter(loader(Noisy(1000)))
    next(batches)
    assert len(threads()) == 1
    if how == "close":
        batches.close()
    elif how == "cycle":
        box = [batches]
        box.append(box)
        del box, batches
        gc.collect()
    elif how == "forget":
        del batches
    elif how == "break":
        for _ in batches:
            break
        del batches
    else:
        with pytest.raises(ZeroDivisionError):
            for _ in batches:
                1 / 0  # noqa: B018
        del batches
    assert not threads()


def test_the_thread_leaves_a_batch_that_nobody_wants_any_more():
    class Slow(Noisy):
        def __getitem__(self, index):
            time.sleep(0.02)
            return super().__getitem__(index)

    source = loader(Slow(100_000), batch_size=50_000)
    batches = iter(source)
    said = []

    def consume():
        try:
            next(batches)
        except RuntimeError as error:
            said.append(str(error))

    consumer = threading.Thread(target=consume)
    consumer.start()
    wait_for(lambda: source.dataset.asked)
    _close_all()
    consumer.join(120)  # the batch takes 1,000 s
    assert not consumer.is_alive() and not threads()
    assert said == ["the loader was closed while a batch was waited for"]


def test_two_loops_at_once():
    one, other = loader(), loader()
    pairs = list(zip(one, other, strict=True))
    assert_same([a for a, _ in pairs], [b for _, b in pairs])


PROGRAM = """
import os, signal, sys, threading, time
import numpy as np
from ganc import data

class Slow(data.Dataset):
    def __len__(self):
        return 100_000
    def __getitem__(self, index):
        time.sleep(0.002)
        return np.full(2, index)

def loader(seed=0):
    return data.DataLoader(Slow(), 8, shuffle=True, num_workers=1, seed=seed)

batches = iter(loader())
next(batches)
"""


@pytest.mark.parametrize(
    "end", ["", "sys.exit(3)", "1 / 0", "kept = batches.__next__; sys.exit()", "os._exit(0)"]
)
def test_the_interpreter_ends_while_the_thread_works(end):
    child = start(PROGRAM + end)
    _, err = child.communicate(timeout=120)  # an epoch takes 200 s
    assert child.returncode == {"sys.exit(3)": 3, "1 / 0": 1}.get(end, 0)
    assert ("ZeroDivisionError" in err) == (end == "1 / 0") and "Fatal" not in err


def test_ctrl_c_in_a_loop_loses_no_batch():
    """The signal comes while waiting, again and again; afterwards the same batches were seen."""
    run(
        PROGRAM
        + """
del batches
source = loader(1)
main, seen, armed = threading.main_thread().ident, [], False
stop = threading.Event()

def raise_if_armed(number, frame):
    if armed:
        raise KeyboardInterrupt

def disturb():  # after each batch at most once, or a slow machine would see none
    last = -1
    while not stop.wait(0.05):
        if len(seen) > last:
            last = len(seen)
            signal.pthread_kill(main, signal.SIGINT)

signal.signal(signal.SIGINT, raise_if_armed)
disturber = threading.Thread(target=disturb)
disturber.start()
interrupted, state = 0, source.state_dict()
while len(seen) < 40 or interrupted < 4:
    try:
        armed = True
        for batch in source:
            state = source.state_dict()
            seen.append((state["position"], batch[0, 0]))
            if len(seen) >= 40 and interrupted >= 4:
                break
        armed = False
    except KeyboardInterrupt:
        armed = False
        interrupted += 1
        source.load_state_dict(state)
armed = False
stop.set()
disturber.join()
order = data.order(1, 0, 100_000)
for position, x in seen:
    assert x == order[(position - 1) * 8], (position, x)
positions = [position for position, _ in seen]
assert sorted(set(positions)) == list(range(1, max(positions) + 1))
"""
    )


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_goes_on_with_the_next_batch():
    run(
        PROGRAM
        + """
expected = data.order(0, 0, 100_000)
for attempt in range(20):
    time.sleep(0.001 * attempt)
    child = os.fork()
    got = [next(batches)[0, 0] for _ in range(2)]
    start = (1 + 2 * attempt) * 8
    right = got == [expected[start], expected[start + 8]]
    if not child:
        if attempt % 2:
            batches.close()
        os._exit(0 if right else 1)
    assert right, (attempt, got)
    for _ in range(10_000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        time.sleep(0.01)
    assert done and status == 0, (attempt, status)
"""
    )


def test_memory_of_an_epoch_is_that_of_its_batches(tmp_path):
    """2,000 pictures would be 98 MB; the peak grows by a few batches of 3 MB."""
    out = run(
        """
        import sys, resource
        from pathlib import Path
        import numpy as np
        from PIL import Image
        from ganc import data

        folder = Path(sys.argv[1])
        rng = np.random.default_rng(0)
        for i in range(20):
            Image.fromarray(rng.integers(0, 256, (16, 16, 3)).astype(np.uint8)).save(
                folder / f"{i}.png")
        files = [folder / f"{i % 20}.png" for i in range(2000)]

        def peak():
            text = Path("/proc/self/status").read_text()
            return int(text.split("VmHWM:")[1].split()[0]) / 1024

        pictures = data.ImageFolder(files, size=128)
        def epoch(n):
            source = data.DataLoader(pictures, 64, shuffle=True, num_workers=1, seed=0)
            total = 0
            for x, _ in source:
                total += len(x)
                if total >= n:
                    break
        epoch(256)
        before = peak()
        epoch(2000)
        print(peak() - before)
        """,
        tmp_path,
    )
    assert float(out) < 12


def test_arguments():
    for workers in (-1, "1"):
        with pytest.raises((ValueError, TypeError), match="num_workers"):
            loader(workers=workers)
    with pytest.raises(ValueError, match="prefetch_factor: got 2 with num_workers=0"):
        loader(workers=0, prefetch_factor=2)
    with pytest.raises(ValueError, match="prefetch_factor: got 0"):
        loader(prefetch_factor=0)


def test_pairs_train_as_their_arrays_do():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 256, (12, 8, 8), dtype=np.uint8)
    b = np.stack([a, 255 - a, a // 2], 3)
    labelled = data.TensorDataset(a, np.arange(12))
    pairs = data.Paired(labelled, b)
    assert len(pairs) == 12 and repr(pairs) == "Paired(12 pairs)"
    assert all((got == want).all() for got, want in zip(pairs[3], (a[3], b[3]), strict=True))
    learned = []
    for fields in ((pairs,), (a, b)):
        ganc.manual_seed(0)
        model = systems.pix2pix(seed=1)
        learned.append(model.fit(*fields, batch_size=4, epochs=2, verbose=0).history)
    assert learned[0] == learned[1]
    with pytest.raises(ValueError, match="12 and 11 samples"):
        data.Paired(a, b[:-1])
