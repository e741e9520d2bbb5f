"""No circle in the core: neither of includes, nor of files that use each other's functions.

What is defined for other files begins with ``gn_``. A file uses another when its code or one of its
tables names a function or a table that the other one defines, after the preprocessor: what a macro
or an inline function of a header names counts for each file that has it.
"""

import os
import re
import shutil
import subprocess
import sysconfig
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
import pytest

CORE = Path(__file__).resolve().parent.parent / "csrc"
pytestmark = pytest.mark.skipif(not CORE.is_dir(), reason="only in the source tree")
SOURCES = sorted(CORE.rglob("*.c"))
PARTS = sorted(p for p in CORE.rglob("*") if p.suffix in (".h", ".inc", ".def"))


def name(path):
    return path.relative_to(CORE).as_posix()


def circles(graph):
    """Return the circles of a graph {node: nodes}: the sorted nodes that reach each other."""
    reach = {a: set(to) for a, to in graph.items()}
    for via in graph:
        for a in graph:
            if via in reach[a]:
                reach[a] |= reach[via]
    found = {tuple(sorted(b for b in reach[a] if a in reach.get(b, ()))) for a in graph}
    return sorted(found - {()})


def includes():
    graph = {}
    for path in [*SOURCES, *PARTS]:
        text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", path.read_text(), flags=re.S)
        found = re.findall(r'^\s*#\s*include\s+"([^"]+)"', text, flags=re.M)
        graph[name(path)] = {name((path.parent / header).resolve()) for header in found}
    return graph


def preprocessed(path):
    """Text of a C file and of what it includes of ours, without strings."""
    paths = (sysconfig.get_path("include"), numpy.get_include())
    command = [shutil.which(os.environ.get("CC", "cc")), "-std=gnu11", "-D_GNU_SOURCE", "-E"]
    command += [*(f"-I{p}" for p in paths), "-DPy_LIMITED_API=0x030b0000", str(path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines, ours = [], False
    for line in out.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker:
            ours = Path(marker.group(1)).resolve().is_relative_to(CORE)
        elif ours and not line.lstrip().startswith("#"):
            lines.append(line)
    return re.sub(r'"(\\.|[^"\\])*"|\'(\\.|[^\'\\])*\'', '""', "\n".join(lines))


def items(text):
    """(head, body) of each definition and declaration; the body of one without braces is empty."""
    depth, start, opened = 0, 0, None
    for mark in re.finditer(r"[{};]", text):
        at, c = mark.start(), mark.group()
        if c == "{":
            opened = at if depth == 0 and opened is None else opened
            depth += 1
        elif c == "}":
            depth -= 1
        function = c == "}" and depth == 0 and text[start:opened].rstrip().endswith(")")
        if function or (c == ";" and depth == 0):
            yield text[start : opened or at].strip(), text[opened or at : at + 1]
            start, opened = at + 1, None


def defined_and_used(text):
    """Names that a file defines for others, and all names of ours in its code and tables."""
    defined, used = set(), set()
    for head, body in items(text):
        head, _, value = head.partition("=")
        used |= set(re.findall(r"\bgn_\w+", value + body))
        head = re.sub(r"__attribute__\s*\(\(.*?\)\)", "", head, flags=re.S)
        if re.match(r"(static|typedef|extern|enum|struct|_Static_assert)\b", head.strip()):
            continue
        function = re.search(r"\b(gn_\w+)\s*\(", head)
        if function and body.startswith("{"):
            defined.add(function.group(1))
        elif pointer := re.search(r"\(\*(gn_\w+)\)", head):
            defined.add(pointer.group(1))
        elif not function and (variable := re.search(r"\b(gn_\w+)\s*(\[[^\]]*\]\s*)*$", head)):
            defined.add(variable.group(1))
    return defined, used


def uses():
    """The graph of C files: which file names what which other one defines."""
    with ThreadPoolExecutor() as pool:
        texts = pool.map(preprocessed, SOURCES)
        found = {name(p): defined_and_used(t) for p, t in zip(SOURCES, texts, strict=True)}
    where = {d: path for path, (defined, _) in found.items() for d in defined}
    return {p: {where[u] for u in used if u in where} - {p} for p, (_, used) in found.items()}


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}}) == [("b", "c"), ("d",)]


def test_definitions_and_uses_are_found():
    text = """
        int gn_a(int x); extern const int gn_table; typedef struct { int gn_field; } gn_type;
        static int own(void) { return gn_b() + gn_table; }
        const struct row gn_rows[2] = {{gn_c}, {0}};  void (*gn_hook)(void); int gn_count;
        gn_type *gn_d(int n) __attribute__((nonnull));
        gn_type *gn_d(int n) { if (n) { gn_a(n); } return 0; }
    """
    defined, used = defined_and_used(text)
    assert defined == {"gn_rows", "gn_hook", "gn_count", "gn_d"}
    assert used & {"gn_a", "gn_b", "gn_c", "gn_table"} == {"gn_a", "gn_b", "gn_c", "gn_table"}


def test_no_circle_of_includes():
    assert circles(includes()) == []


def test_no_circle_of_uses():
    if not shutil.which(os.environ.get("CC", "cc")):
        pytest.skip("needs a C compiler")
    graph = uses()
    assert "error.c" in graph["tensor.c"] and "op_point.c" in graph["op_reduce.c"]
    assert circles(graph) == []
