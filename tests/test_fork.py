"""fork, threads and what is left when no thread can be started."""

import os
import sys

import pytest
from children import DIGEST, run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

STEP = (
    DIGEST
    + """
import os, sys, threading, time, warnings
import ganc
from ganc.datasets import toy
X = toy.ring(2048, seed=0)
ganc.set_num_threads(3)

def model():
    return ganc.models.ToyGAN(seed=1)

def region():  # large enough for all threads
    a = ganc.ones((256, 256))
    return float((a @ a).sum())
"""
)

FORKS = (
    STEP
    + """
def fork_and_step(n):
    expected = model()
    expected.train_on_batch(X[:512])
    expected = digest(expected)
    gan = model()
    slowest = 0.0
    for i in range(n):
        region()
        read, write = os.pipe()
        start = time.monotonic()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                gan.train_on_batch(X[:512])
                os.write(write, digest(gan).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(write)
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() - start > 120:
                os.kill(child, 9)
                sys.exit(f"fork {i}: the child hangs")
            time.sleep(0.001)
        slowest = max(slowest, time.monotonic() - start)
        assert os.read(read, 100).decode() == expected, f"fork {i}: other bits"
        os.close(read)
    region()
    print(f"slowest child {slowest:.2f} s")
"""
)


def _report(capsys, out):
    with capsys.disabled():
        print(f"\n{out.strip()}")


def test_fork_after_a_region_from_the_main_thread(capsys):
    _report(capsys, run(FORKS + "fork_and_step(50)", timeout=280))


def test_fork_after_a_region_from_another_thread(capsys):
    program = """
failed = []
def work():
    try:
        fork_and_step(50)
    except BaseException as error:
        failed.append(error)
thread = threading.Thread(target=work)
thread.start()
thread.join()
if failed:
    raise failed[0]
"""
    _report(capsys, run(FORKS + program, timeout=280))


@pytest.mark.parametrize("work", ["other.train_on_batch(X[:512])", "ganc.exp(a @ a)"])
def test_fork_while_another_thread_works(work, capsys):
    program = f"""
stop = threading.Event()
def train():
    other, a = model(), ganc.ones((384, 384))
    while not stop.is_set():
        {work}
thread = threading.Thread(target=train)
thread.start()
try:
    fork_and_step(30)
finally:
    stop.set()
    thread.join()
"""
    _report(capsys, run(FORKS + program, timeout=280))


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python warns of threads since 3.12")
def test_fork_after_a_region_is_not_multi_threaded():
    out = run(FORKS + "fork_and_step(3)", options=["-W", "error"], OPENBLAS_NUM_THREADS="1")
    assert "slowest" in out


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(method, tmp_path):
    script = tmp_path / "work.py"
    body = """
def work(_):
    region()
    gan = model()
    gan.train_on_batch(X[:512])
    return digest(gan)

if __name__ == "__main__":
    import multiprocessing
    expected = work(0)
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        assert pool.map(work, range(4)) == [expected] * 4
    assert work(0) == expected
    print("done")
"""
    script.write_text(STEP + body)
    program = "import runpy, sys; runpy.run_path(sys.argv[2], run_name='__main__')"
    if method != "fork":  # children import the main module by its path
        program = "import os, sys; os.execv(sys.executable, [sys.executable, *sys.argv[2:0:-1]])"
    assert run(program, method, script) == "done\n"


def test_no_thread_can_be_started():
    program = """
import resource
expected = model()
ganc.set_num_threads(1)
expected.train_on_batch(X[:512])      # everything is imported, and no thread is there yet
region()
limit = resource.getrlimit(resource.RLIMIT_NPROC)[1]
resource.setrlimit(resource.RLIMIT_NPROC, (0, limit))
if os.getuid() == 0:                  # the limit does not hold for root
    os.setgroups([])
    os.setuid(65534)
try:
    thread = threading.Thread(target=print)
    thread.start()
    thread.join()
    print("not limited")
except RuntimeError:
    ganc.set_num_threads(4)
    region()
    gan = model()
    gan.train_on_batch(X[:512])
    print(digest(gan) == digest(expected))
"""
    out = run(STEP + program).split()
    if out and out[-1] == "limited":
        pytest.skip("RLIMIT_NPROC is not enforced here")
    assert out == ["True"]


def test_two_models_in_two_threads_give_the_serial_bits():
    program = """
def train(gan):
    gan.fit(images, epochs=1, batch_size=64, steps_per_epoch=12, verbose=0)

images, _ = ganc.datasets.load_embedded(1024)
serial = [ganc.models.VanillaGAN(seed=seed) for seed in (1, 2)]
both = [ganc.models.VanillaGAN(seed=seed) for seed in (1, 2)]
for gan in serial:
    train(gan)
threads = [threading.Thread(target=train, args=(gan,)) for gan in both]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print([digest(a) == digest(b) for a, b in zip(serial, both)])
"""
    assert run(STEP + program).strip() == "[True, True]"
