"""Who imports whom in ganc, read from the source: no circle, not even inside functions."""

import ast
from collections import deque
from pathlib import Path

import pytest

import ganc

PACKAGE = Path(ganc.__file__).parent
MODULES = {
    ".".join(p.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): p
    for p in sorted(PACKAGE.rglob("*.py"))
}


def statements(node):
    """Imports below a node, those in functions too; not those for type checkers only."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield node
    elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        for child in node.orelse:
            yield from statements(child)
    else:
        for child in ast.iter_child_nodes(node):
            yield from statements(child)


def named(importer, is_package, node):
    """Modules that an import statement names, and packages it takes a plain name from."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        here = importer.split(".") if is_package else importer.split(".")[:-1]
        base = ".".join([*here[: len(here) - node.level + 1], *filter(None, [base])])
    below = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in MODULES else base for name in below]


def imported(importer, is_package, tree):
    """Modules of ours that run when the importer's statements run.

    Importing a.b.c runs a and a.b first, unless the importer is inside them: then they run already.
    """
    found = set()
    for node in statements(tree):
        for name in named(importer, is_package, node):
            if name not in MODULES:
                continue
            parts = name.split(".")
            packages = [".".join(parts[:i]) for i in range(1, len(parts))]
            found.add(name)
            found.update(p for p in packages if not f"{importer}.".startswith(f"{p}."))
    return found - {importer}


def graph():
    return {
        name: imported(name, path.name == "__init__.py", ast.parse(path.read_text()))
        for name, path in MODULES.items()
    }


def shortest_circle(edges):
    """The shortest list of modules each of which imports the next, and the last the first."""
    best = []
    for start in edges:
        before, queue = {start: None}, deque([start])
        while queue:
            at = queue.popleft()
            if start in edges[at]:
                circle = [at]
                while before[circle[0]] is not None:
                    circle.insert(0, before[circle[0]])
                if not best or len(circle) < len(best):
                    best = circle
                break
            for follower in sorted(edges[at]):
                if follower not in before:
                    before[follower] = at
                    queue.append(follower)
    return best


def test_no_circle():
    circle = shortest_circle(graph())
    assert not circle, " -> ".join([*circle, circle[0]])


def test_graph_sees_what_is_there():
    edges = graph()
    assert {"ganc._tensor", "ganc.nn", "ganc._version"} <= edges["ganc"]
    assert {"ganc.nn._module", "ganc._tensor._creation", "ganc._tensor"} <= edges["ganc.nn._linear"]
    assert "ganc.nn" not in edges["ganc.nn._linear"] and "ganc" not in edges["ganc.nn._linear"]


@pytest.mark.parametrize(
    "source, expected",
    [
        ("import ganc", {"ganc"}),
        ("from ganc import Tensor", {"ganc"}),
        ("from ganc import io", {"ganc.io"}),
        ("def f():\n    import ganc.io", {"ganc.io"}),
        ("from ganc.nn.functional._conv import each", {"ganc.nn.functional._conv"}),
        ("from ..io import _atomic", {"ganc.io", "ganc.io._atomic"}),
        ("if TYPE_CHECKING:\n    import ganc\nelse:\n    import ganc.io", {"ganc.io"}),
        ("import numpy, gancx", set()),
    ],
)
def test_imports_are_resolved(source, expected):
    found = imported("ganc.data._images", False, ast.parse(source))
    if "functional" in source:
        expected = expected | {"ganc.nn", "ganc.nn.functional"}
    assert found == expected


def test_circles_are_found():
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}}
    assert sorted(shortest_circle(edges)) == ["d", "e"]
    assert shortest_circle({"a": {"b"}, "b": set()}) == []
