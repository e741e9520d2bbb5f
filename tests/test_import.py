"""What importing ganc does to a process: nothing that anyone else could notice."""

import re
import statistics

import pytest
from children import available_isas, fails, run

ISA = "import ganc; from ganc._backend import core; print(core.get_isa())"


def test_import_and_training_leave_the_process_alone():
    out = run(
        """
        import os, signal, sys, threading, time
        import numpy as np

        def threads():
            return sorted(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else []

        def subnormals():  # 0.0 where somebody left flush-to-zero switched on
            box = []
            def look():
                box.append(float(sys.argv[1]) * 1.0)
                box.append(float((np.array([1e-40], np.float32) * np.float32(1))[0]))
            look()
            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            return box

        def state():
            handlers = [signal.getsignal(n) for n in signal.valid_signals()]
            caught = [s for s in open("/proc/self/status") if s.startswith("Sig")] \
                if os.path.exists("/proc/self/status") else []
            return handlers, caught, dict(os.environ), os.getcwd(), np.geterr(), subnormals()

        def settled():  # a thread that has ended may be listed for a moment longer
            for _ in range(500):
                if set(threads()) <= set(tasks):
                    return True
                time.sleep(0.01)

        tasks = threads()
        before = state()
        import ganc
        assert settled(), "importing ganc started a thread"
        assert state() == before
        assert 0.0 not in subnormals()
        ganc.set_num_threads(2)
        x, _ = ganc.datasets.load_embedded(256)
        gan = ganc.models.VanillaGAN(seed=0)
        gan.fit(x, epochs=1, batch_size=64, verbose=0)
        assert state() == before
        """,
        "5e-324",
    )
    assert out == ""


def test_heavy_packages_are_imported_when_used():
    program = """
    import sys, ganc
    heavy = {"matplotlib", "PIL", "tqdm", "torch", "pandas", "scipy"}
    print(sorted(heavy & set(sys.modules)))
    """
    assert run(program).strip() == "[]"


def test_import_is_quick(tmp_path, capsys):
    program = """
    import time
    import numpy
    begin = time.process_time()  # numpy, and Python itself
    import ganc
    print(begin, time.process_time() - begin)
    """
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path), "PYTHONDONTWRITEBYTECODE": ""}
    run(program, **compiled)
    runs = [[float(word) for word in run(program, **compiled).split()] for _ in range(5)]
    seconds = [own for _, own in runs]
    with capsys.disabled():
        print(f"\nimport ganc over numpy: {statistics.median(seconds) * 1000:.0f} ms")
    assert min(own / base for base, own in runs) < 5


@pytest.mark.parametrize("name", ["portable", "avx2", "avx512", "neon"])
def test_isa_is_honoured_or_refused(name):
    if name in available_isas():
        assert run(ISA, GANC_ISA=name).strip() == name
        assert run(ISA, GANC_ISA=name, GANC_DTYPE="float64").strip() == "portable"
    else:
        assert re.match(f"ImportError: GANC_ISA='{name}', .*the best", fails(ISA, GANC_ISA=name))


def test_switches_are_honoured():
    assert run(ISA, GANC_ISA="").strip() == available_isas()[-1]
    dtype = "import ganc; print(ganc.zeros(2).dtype)"
    assert run(dtype).strip() == run(dtype, GANC_DTYPE="float32").strip() == "float32"
    assert run(dtype, GANC_DTYPE="float64").strip() == "float64"
    fused = "import ganc; from ganc._backend import core; print(core.set_fused(True))"
    assert run(fused).strip() == run(fused, GANC_FUSED="1").strip() == "True"
    assert run(fused, GANC_FUSED="0").strip() == "False"
    threads = "import ganc; print(ganc.get_num_threads())"
    assert run(threads, OMP_NUM_THREADS="1").strip() == "1"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name, value", [("GANC_ISA", "avx9000"), ("GANC_FUSED", "yes"), ("GANC_FUSED", "2")]
)
def test_bad_switches_are_refused(name, value, dtype):
    complaint = fails("import ganc", GANC_DTYPE=dtype, **{name: value})
    assert complaint.startswith(f"ImportError: {name}='{value}', expected ")


def test_bad_dtype_is_refused():
    complaint = fails("import ganc", GANC_DTYPE="float16")
    assert complaint == "ImportError: GANC_DTYPE='float16', expected 'float32' or 'float64'"


def test_refused_import_leaves_python_usable():
    out = run(
        """
        import os
        for _ in range(3):
            try:
                import ganc
            except ImportError as error:
                print(error)
        del os.environ["GANC_FUSED"]
        print(1 + 1)
        """,
        GANC_FUSED="no",
    )
    assert out.splitlines()[-1] == "2" and out.count("GANC_FUSED") == 3


def test_subinterpreters_are_refused():
    out = run(
        """
        import ganc
        from ganc._backend import core
        try:
            import _interpreters as interpreters
        except ImportError:
            import _xxsubinterpreters as interpreters
        inside = f'''
        import importlib.util as util
        spec = util.spec_from_file_location("ganc._core", {core.__file__!r})
        try:
            module = util.module_from_spec(spec)
            spec.loader.exec_module(module)
            print("imported", flush=True)
        except ImportError as error:
            print("refused:", error, flush=True)
        '''
        import textwrap
        number = interpreters.create()
        interpreters.run_string(number, textwrap.dedent(inside))
        interpreters.destroy(number)
        print(float(ganc.ones(3).sum()))
        """
    )
    assert out.startswith("refused: ") and out.strip().endswith("3.0")
    assert "main interpreter" in out or "subinterpreters" in out


def test_both_builds_live_in_one_process():
    out = run(
        """
        import ganc, sys
        from ganc import _core, _core64
        a, b = _core.Tensor([1 / 3]), _core64.Tensor([1 / 3])
        print(a.numpy().dtype, b.numpy().dtype, a.item() == 1 / 3, b.item() == 1 / 3)
        """
    )
    assert out.split() == ["float32", "float64", "False", "True"]
