"""setup.py: what it says while it builds, and what it says where it cannot."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from children import ROOT

pytest.importorskip("setuptools")

COMPILER = """#!/bin/sh
# As if: a header is missing on request, and what is compiled or linked is empty.
case "$*" in
*probe.c*)
    for last; do :; done
    ! grep -q "${LACKS:-nothing}" "$last"
    exit
    ;;
esac
while [ $# -gt 1 ]; do
    [ "$1" = -o ] && : > "$2"
    shift
done
"""


@pytest.fixture
def build(tmp_path):
    """Return what builds a copy of the sources with a compiler of its own that does nothing."""
    tree, compiler = tmp_path / "tree", tmp_path / "cc"
    shutil.copytree(ROOT / "csrc", tree / "csrc")
    (tree / "ganc").mkdir()
    shutil.copy(ROOT / "ganc" / "_version.py", tree / "ganc")
    (tree / "ganc" / "__init__.py").touch()
    for name in ("setup.py", "pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, tree)
    compiler.write_text(COMPILER)
    compiler.chmod(0o755)

    def run(*options, command=("build_ext", "--inplace"), CC=str(compiler), **switches):
        return subprocess.run(
            [sys.executable, "setup.py", *options, *command],
            cwd=tree,
            env=os.environ | {"CC": CC} | switches,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_build_says_what_it_compiles_and_how_far_it_is(build):
    done = build()
    assert done.returncode == 0, done.stderr
    told = done.stdout + done.stderr
    for name in ("ganc._core", "ganc._core64"):
        files = re.search(rf"{name}: (\d+) files of C to compile, \d+ at a time", told)[1]
        assert int(files) > 50
        assert f"{name}: {files} of {files} compiled" in told
        assert len(re.findall(rf"{name}: \d+ of {files} compiled", told)) == 4
    again = build("-q")
    assert again.returncode == 0 and "files of C" not in again.stdout + again.stderr


def complaint(done):
    """Return the one line that a build without something needs."""
    assert done.returncode == 1 and not done.stdout
    (line,) = done.stderr.strip().splitlines()
    return line


def test_without_a_compiler_one_sentence_says_what_to_install(build):
    line = complaint(build("-q", CC="no-such-compiler"))
    assert "'no-such-compiler'" in line and "install gcc" in line and "CC=" in line


def test_the_compiler_is_looked_for_before_anything_else(build):
    done = build(command=["bdist_wheel"], CC="no-such-compiler")
    lines = [line for line in (done.stdout + done.stderr).splitlines() if line]
    assert done.returncode == 1 and "'no-such-compiler'" in lines[-1]
    assert lines[:-1] == [f"running {command}" for command in ("bdist_wheel", "build", "build_ext")]


@pytest.mark.parametrize("header", ["stdlib.h", "Python.h", "omp.h"])
def test_without_a_header_one_sentence_says_what_to_install(build, header):
    line = complaint(build("-q", LACKS=header))
    assert f"lacks {header}: install" in line


def test_a_file_that_does_not_compile_ends_the_build(build, tmp_path):
    compiler = tmp_path / "fails"
    compiler.write_text('#!/bin/sh\ncase "$*" in *probe.c*) exit 0;; esac\nexit 1\n')
    compiler.chmod(0o755)
    done = build("-q", CC=str(compiler))
    assert done.returncode == 1 and "compiled" not in done.stdout + done.stderr
