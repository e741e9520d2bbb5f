"""`docs/files.md` names a test after each of its promises."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = (HERE.parent / "docs" / "files.md").read_text(encoding="utf-8")


def test_every_promise_names_tests_that_exist():
    named = re.findall(r"(test_\w+\.py)::(test_\w+)", PAGE)
    assert len(named) > 20
    for file, test in named:
        assert f"def {test}(" in (HERE / file).read_text(encoding="utf-8"), (file, test)


def test_every_paragraph_has_one():
    promises = [p for p in PAGE.split("\n\n") if p.startswith("**")]
    assert len(promises) == 7
    for promise in promises:
        assert "::test_" in promise, promise
