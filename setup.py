"""Builds the two extension modules from the same C sources.

``ganc._core`` is float32 with every kernel, ``ganc._core64`` is float64 with the portable ones.

Environment variables
---------------------
GANC_DEBUG=1         -O0 -g
GANC_SANITIZE=address|thread   build under the sanitizer (see CONTRIBUTING.md)
GANC_COVERAGE=1      gcov instrumentation
GANC_WERROR=1        warnings are errors (CI)
"""

import logging
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import numpy
from setuptools import Extension, setup
from setuptools.command.build import build
from setuptools.command.build_ext import build_ext

ROOT = Path(__file__).parent
AVX512 = "-mavx512f -mavx512vl -mavx512bw -mavx512dq -mfma -mprefer-vector-width=512"
X86 = {"avx2": "-mavx2 -mfma", "avx512": AVX512}  # name that files end in -> flags
ARM = {"neon": ""}
MACHINES = {"x86_64": X86, "amd64": X86, "aarch64": ARM, "arm64": ARM}
ISAS = X86 | ARM
OWN = MACHINES.get(platform.machine().lower(), {})


def on(name: str) -> bool:
    return os.environ.get(name, "0") not in ("", "0")


def isa_of(path: str) -> str:
    """Return the ISA that a file is compiled for, "" for none in particular."""
    ending = Path(path).stem.rpartition("_")[2]
    return ending if ending in ISAS else ""


def sources() -> list[str]:
    found = (str(p.relative_to(ROOT)) for p in ROOT.glob("csrc/**/*.c"))
    return sorted(path for path in found if not isa_of(path) or isa_of(path) in OWN)


def isa_flags(path: str) -> list[str]:
    """Flags of one file: its ISA, and contraction for the GEMM tiles only.

    ``-ffp-contract=off`` everywhere else keeps the bits the same on every ISA.
    """
    isa = isa_of(path)
    tile = isa and Path(path).stem.startswith("gemm_")
    return [*ISAS.get(isa, "").split(), f"-ffp-contract={'fast' if tile else 'off'}"]


def common_flags() -> tuple[list[str], list[str]]:
    flags = ["-std=gnu11", "-D_GNU_SOURCE", "-fvisibility=hidden", "-fno-math-errno"]
    flags += ["-fno-trapping-math", "-fopenmp", "-Wall", "-Wextra", "-Wshadow", "-Wno-psabi"]
    flags += ["-O0", "-g"] if on("GANC_DEBUG") or on("GANC_COVERAGE") else ["-O3", "-g0"]
    link = ["-fopenmp"]
    if on("GANC_WERROR"):
        flags.append("-Werror")
    if on("GANC_COVERAGE"):
        flags.append("--coverage")
        link.append("--coverage")
    sanitize = os.environ.get("GANC_SANITIZE", "")
    if sanitize == "address":
        both = ["-fsanitize=address,undefined,float-cast-overflow"]
        both += ["-fno-sanitize-recover=undefined,float-cast-overflow"]
        flags += [*both, "-O1", "-g", "-fno-omit-frame-pointer"]
        link += both
    elif sanitize == "thread":
        flags += ["-fsanitize=thread", "-O1", "-g"]
        link.append("-fsanitize=thread")
    return flags, link


PYTHON_H = "the headers of Python (Debian, Ubuntu: apt install python3-dev; Fedora: python3-devel)"
NEEDED = {  # header -> what has it
    "stdlib.h": "the headers of the C library (Debian, Ubuntu: apt install libc6-dev)",
    "Python.h": PYTHON_H,
    "omp.h": "OpenMP (gcc has it; for clang, Debian and Ubuntu: apt install libomp-dev)",
}


def what_is_missing(compiler: list[str], folders: list[str]) -> str:
    """Return in a sentence what this machine lacks to compile ganc, "" for nothing."""
    if not shutil.which(compiler[0]):
        return (
            f"ganc is compiled from C, but there is no compiler '{compiler[0]}': install gcc "
            "(Debian, Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc), or name "
            "another one with CC=clang"
        )
    options = [*(f"-I{folder}" for folder in folders), "-fopenmp", "-fsyntax-only"]
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.c"
        for header, package in NEEDED.items():
            probe.write_text(f"#include <{header}>\n")
            command = [*compiler, *options, str(probe)]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return (
                    f"ganc is compiled from C, but {compiler[0]} lacks {header}: install {package}"
                )
    return ""


def tell(command: build_ext, text: str) -> None:
    """Say it to the log, which pip shows with -v, and on the terminal that pip leaves silent."""
    command.announce(text, level=logging.INFO)
    if "PIP_BUILD_TRACKER" in os.environ and not sys.stderr.isatty():
        try:
            with open("/dev/tty", "w") as terminal:
                terminal.write(f"\r  {text}\n")
        except OSError:
            pass  # nobody sits there


class Build(build):
    """Compiles first: without a compiler nothing else is done or said."""

    sub_commands = sorted(build.sub_commands, key=lambda entry: entry[0] != "build_ext")


class BuildExt(build_ext):
    """Compiles each file with its own flags, as many at a time as there are cores."""

    def build_extensions(self):
        missing = what_is_missing(self.compiler.compiler_so, self.compiler.include_dirs)
        if missing:
            raise SystemExit(missing)
        super().build_extensions()

    def build_extension(self, ext):
        files = [s for s in ext.sources if not (ext.name.endswith("64") and isa_of(s))]
        self.compiler.compiler_so = [f for f in self.compiler.compiler_so if f != "-g"]
        newest_header = max(p.stat().st_mtime for p in ROOT.glob("csrc/**/*.[hid]*"))
        temp = str(Path(self.build_temp) / ext.name)
        objects = self.compiler.object_filenames(files, output_dir=temp)

        def fresh(source: str, target: str) -> bool:
            newest = max(newest_header, (ROOT / source).stat().st_mtime)
            return (
                not self.force and Path(target).exists() and Path(target).stat().st_mtime > newest
            )

        pairs = zip(files, objects, strict=True)
        self.compile(ext, [source for source, target in pairs if not fresh(source, target)], temp)
        self.link(ext, objects)

    def compile(self, ext, files: list[str], temp: str) -> None:
        flags, _ = common_flags()

        def compile_one(source: str) -> None:
            self.compiler.compile(
                [source],
                output_dir=temp,
                macros=ext.define_macros,
                include_dirs=[*ext.include_dirs, *self.include_dirs],
                extra_postargs=[*flags, *isa_flags(source)],
            )

        begin, cores = time.perf_counter(), os.cpu_count() or 1
        if files:
            tell(self, f"{ext.name}: {len(files)} files of C to compile, {cores} at a time")
        with ThreadPoolExecutor(cores) as pool:
            try:
                for n, done in enumerate(
                    as_completed([pool.submit(compile_one, f) for f in files]), 1
                ):
                    done.result()
                    if n * 4 // len(files) > (n - 1) * 4 // len(files):
                        seconds = time.perf_counter() - begin
                        tell(self, f"{ext.name}: {n} of {len(files)} compiled, {seconds:.0f} s")
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def link(self, ext, objects: list[str]) -> None:
        built = Path(self.get_ext_fullpath(ext.name))
        self.compiler.link_shared_object(
            objects,
            str(built),
            extra_postargs=common_flags()[1],
            build_temp=self.build_temp,
            export_symbols=None,
        )
        # ``python -m ganc`` in a clone imports the package that lies there: it gets a core as well
        beside = ROOT / self.get_ext_filename(ext.name)
        if built.resolve() != beside.resolve():
            beside.unlink(missing_ok=True)
            shutil.copy2(built, beside)


def extension(name: str, macros: list[tuple[str, str | None]]) -> Extension:
    return Extension(
        name,
        sources(),
        include_dirs=[numpy.get_include()],
        define_macros=[("Py_LIMITED_API", "0x030b0000"), *macros],
        py_limited_api=True,
    )


if sys.platform == "win32":
    raise SystemExit("ganc needs gcc or clang; on Windows use WSL")

setup(
    ext_modules=[extension("ganc._core", []), extension("ganc._core64", [("GANC_FLOAT64", None)])],
    cmdclass={"build": Build, "build_ext": BuildExt},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
