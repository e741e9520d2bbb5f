"""The rules of the house (CONTRIBUTING.md) that a machine can check."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "csrc"
pytestmark = pytest.mark.skipif(not CORE.is_dir(), reason="only in the source tree")

LINES, COLUMNS = 400, 100
C_FILES = sorted(p for p in CORE.rglob("*") if p.suffix in (".c", ".h", ".inc", ".def"))
PY_FILES = sorted(
    p
    for folder in ("ganc", "tests", "benchmarks", "tools")
    for p in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in p.parts
)
ISA_FILE = re.compile(r"_(avx2|avx512|neon)$")

# Which headers of ours a kind of file may include: a file is of the first kind that matches.
BASE = {"base.h", "part.h"}
KERN = {f"kern/{n}.h" for n in ("kern", "vec", "gemm", "conv", "conv_plan", "resample", "norm")}
INNER = {f"kern/{n}.h" for n in ("gemm_plan", "im2col", "small_k", "winograd", "conv_block")}
TAPE = {"tensor.h", "node.h", "view.h", "tape.h"}
OPS = {"ops.h", "planes.h", "norms.h", "reduce.h"}
PARTS = {"kern/point.def", *(f"kern/{p.name}" for p in CORE.glob("kern/*.inc"))}
KINDS = [
    (r"(base|error|alloc|par|rng|cpu|part)\.[ch]", BASE),
    (r"kern/.*", BASE | KERN | INNER | PARTS),
    (r"tensor\.h", BASE),
    (r"(tensor\.c|node\.h|view\.h)", BASE | {"tensor.h", "node.h", "view.h"}),
    (r"(tape|dtype|graph)\.[ch]", BASE | TAPE | {"graph.h"}),
    (r"(sweep|view)\.c", BASE | TAPE | {"graph.h", "ops.h"}),
    (r"reduce\.[ch]", BASE | KERN | {"tensor.h", "reduce.h"}),
    (r"ops\.h", BASE | TAPE | KERN | {"kern/point.def"}),
    (r"planes\.h", BASE | TAPE | KERN),
    (r"norms\.h", BASE | TAPE | KERN | {"ops.h"}),
    (r"op_\w+\.c", BASE | TAPE | KERN | OPS | {"kern/point.def"}),
    (r"step\.h", BASE | TAPE | {"ops.h"}),
    (r"(params|optim|average|step)\.c", BASE | TAPE | KERN | {"ops.h", "step.h"}),
    (r"py/.*", BASE | TAPE | {"ops.h", "step.h", "kern/point.def"}),
]  # fmt: skip
SYSTEM = {
    "Python.h": r"py/.*",
    "numpy/arrayobject.h": r"py/.*",
    "omp.h": r"par\.c",
    "pthread.h": r"(par|alloc)\.c",
    "immintrin.h": r"cpu\.c",
    "arm_neon.h": r"nothing",
}


def name(path):
    return path.relative_to(CORE).as_posix()


def code(path):
    """Text of a C file without its comments."""
    return re.sub(r"/\*.*?\*/|//[^\n]*", " ", path.read_text(), flags=re.S)


def without_strings(path):
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', code(path))


def ours():
    """(file, header of ours that it includes), both relative to csrc/."""
    for path in C_FILES:
        for header in re.findall(r'^\s*#\s*include\s+"([^"]+)"', code(path), flags=re.M):
            target = (path.parent / header).resolve()
            assert target.is_file(), f"{name(path)} includes {header}, which is not there"
            yield name(path), name(target)


def test_who_includes_whom():
    wrong = []
    for path, header in ours():
        allowed = next((set_ for kind, set_ in KINDS if re.fullmatch(kind, path)), None)
        assert allowed is not None, f"{path}: add it to KINDS, and to the page of the design"
        same_folder_of_binding = path.startswith("py/") and header.startswith("py/")
        if header not in allowed and not same_folder_of_binding:
            wrong.append(f"{path} includes {header}")
    assert not wrong


def test_system_headers_in_their_places():
    wrong = [
        f"{name(path)} includes {header}"
        for path in C_FILES
        for header in re.findall(r"^\s*#\s*include\s+<([^>]+)>", code(path), flags=re.M)
        if header in SYSTEM and not re.fullmatch(SYSTEM[header], name(path))
    ]
    assert not wrong


def test_openmp_only_in_par():
    wrong = [name(p) for p in C_FILES if re.search(r"#\s*pragma\s+omp|\bomp_\w+\(", code(p))]
    assert wrong == ["par.c"]
    text = "".join(map(code, C_FILES))
    assert not re.search(r"#\s*pragma[^\n]*reduction", text), (
        "sums of floats that change from run to run"
    )


def test_no_fast_math():
    banned = r"-ffast-math|-Ofast|-funsafe-math|-fassociative-math|-freciprocal-math|-march=native"
    files = [*C_FILES, ROOT / "setup.py", ROOT / "pyproject.toml", *ROOT.glob(".ci/*")]
    wrong = [p.name for p in files if p.is_file() and re.search(banned, p.read_text())]
    wrong += [name(p) for p in C_FILES if re.search(r"(fast-math|_mm\d*_(rsqrt|rcp))", code(p))]
    assert not wrong


def test_kernels_use_no_libm_and_cannot_fail():
    calls = r"\b(expf?|logf?|tanhf?|sinf?|cosf?|powf?|gn_fail|gn_alloc|printf|malloc)\s*\("
    wrong = [
        f"{name(p)}: {found.group(1)}"
        for p in C_FILES
        if name(p).startswith("kern/")
        for found in re.finditer(calls, without_strings(p))
    ]
    assert not wrong


def test_lengths():
    files = [*C_FILES, *PY_FILES, ROOT / "setup.py"]
    long = {}
    for path in files:
        lines = path.read_text().splitlines()
        if len(lines) > LINES:
            long[path.relative_to(ROOT).as_posix()] = f"{len(lines)} lines"
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                long[f"{path.relative_to(ROOT)}:{number}"] = f"{len(line)} columns"
    assert not long


def test_lengths_of_functions():
    """Of C functions, as clang-format lays them out; kernels may be longer."""
    long = {}
    for path in C_FILES:
        most = 80 if name(path).startswith("kern/") else 40
        for found in re.finditer(
            r"^[^\s#/}].*\n(?:\s.*\n)*\{\n(?:[^}\n].*\n|\n)*\}", code(path), re.M
        ):
            lines = found.group().count("\n") + 1
            if lines > most:
                long[f"{name(path)}: {found.group().splitlines()[0]}"] = f"{lines} lines"
    assert not long


def test_every_c_file_opens_with_what_it_does():
    wrong = [
        name(p) for p in C_FILES if not re.match(rf"/\* {re.escape(p.name)} - \S", p.read_text())
    ]
    assert not wrong


def test_external_names_have_the_prefix():
    """Functions that a header declares begin with gn_, macros with GN_."""
    wrong = []
    for path in C_FILES:
        if path.suffix != ".h":
            continue
        text = code(path)
        macros = re.findall(r"^\s*#\s*define\s+(\w+)", text, flags=re.M)
        wrong += [
            f"{path.name}: {m}" for m in macros if not re.match("GN_|gn_|NPY_|PY_|NO_IMPORT", m)
        ]
        body = re.sub(r"^\s*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
        declared = re.findall(r"^[A-Za-z][\w \*]*?\b(\w+)\([^;{]*\)[^;{]*;", body, flags=re.M)
        wrong += [f"{path.name}: {f}" for f in declared if not re.match("gn_|GN_", f)]
    assert not wrong


def _tracked():
    """Files that belong to the project, as text."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        out = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        paths = [ROOT / p for p in out.split("\0") if p]
    else:
        paths = [*C_FILES, *PY_FILES, *ROOT.glob("*.*"), *ROOT.glob(".ci/*")]
    for path in paths:
        if path.is_file() and path.suffix not in (".xz", ".png", ".gif", ".ganc", ".npz", ".gz"):
            try:
                yield path, path.read_text()
            except UnicodeDecodeError:
                continue


def test_no_path_of_a_machine():
    places = ["/" + "root/", "/" + "work/", "/" + "home/", "/" + "tmp/", "/" + "opt/"]
    hosts = ["index" + "-url", "find" + "-links", "artifact" + "ory", "127.0." + "0.1"]
    allowed = {"/" + "tmp/": r"README|CONTRIBUTING|\.ci"}
    wrong = [
        f"{path.relative_to(ROOT)}: {text}"
        for path, content in _tracked()
        for text in places + hosts
        if text in content and not re.search(allowed.get(text, "nowhere"), path.name)
    ]
    assert not wrong


def _names(path):
    """(names of __all__ or None, public names defined at the top) of a module."""
    tree = ast.parse(path.read_text())
    listed, defined = None, set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name) and target.id == "__all__":
                    constants = [n.value for n in ast.walk(node.value) if type(n) is ast.Constant]
                    starred = any(isinstance(n, ast.Starred) for n in ast.walk(node.value))
                    listed = (set(constants), starred)
    return listed, {n for n in defined if not n.startswith("_")}


def test_imports_are_absolute():
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in PY_FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert not wrong, "write `from ganc.x import y`"


def test_all_is_complete():
    """A public module lists every public function and class that it defines, and no others."""
    wrong = []
    for path in PY_FILES:
        relative = path.relative_to(ROOT)
        private = any(part.startswith("_") and part != "__init__.py" for part in relative.parts)
        if relative.parts[0] != "ganc" or path.name == "__main__.py":
            continue
        listed, defined = _names(path)
        if listed is None:
            if not private:
                wrong.append(f"{relative}: no __all__")
            continue
        names, _ = listed
        if defined - names and not private:
            wrong.append(f"{relative}: __all__ lacks {sorted(defined - names)}")
    assert not wrong


def test_all_names_exist():
    import importlib
    import pkgutil

    import ganc

    wrong = []
    modules = pkgutil.walk_packages(ganc.__path__, "ganc.")
    for module_name in ["ganc", *(m.name for m in modules if not m.name.endswith("__main__"))]:
        module = importlib.import_module(module_name)
        names = getattr(module, "__all__", [])
        wrong += [f"{module_name}.{n}" for n in names if not hasattr(module, n)]
        if len(set(names)) != len(names):
            wrong.append(f"{module_name}: a name twice in __all__")
    assert not wrong


def test_baseline_objects_use_no_wide_registers():
    """A file compiled without ISA flags runs on any x86-64 processor."""
    objects = sorted((ROOT / "build").glob("temp.*/**/*.o"))
    newest = max(p.stat().st_mtime for p in C_FILES)
    baseline = [p for p in objects if not ISA_FILE.search(p.stem) and p.stat().st_mtime > newest]
    if not shutil.which("objdump") or not baseline:
        pytest.skip("needs objdump and a fresh build/ of the core; .ci/run has both")
    wrong = []
    for path in baseline:
        text = subprocess.run(["objdump", "-d", path], capture_output=True, text=True).stdout
        if re.search(r"%[yz]mm|\{%k\d", text):
            wrong.append(path.relative_to(ROOT).as_posix())
    assert not wrong
