"""Checks, findings, and how they are printed."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ganc.doctor._evidence import Evidence

__all__ = ["Check", "Diagnosis", "Finding", "Measured", "examine"]

PAGE = Path(__file__).with_name("doctor.md")  # it comes with the package


class Measured(NamedTuple):
    """What a check has seen: a number, what it means, what helps if it is bad."""

    number: float
    sentence: str
    advice: str


class Check(NamedTuple):
    """A row of the table: a number, and where it begins to be a finding."""

    name: str
    measure: Callable[[Evidence], Measured | None]
    sign: str  # "<" or ">": on which side of the threshold trouble is
    threshold: float
    since: int = 0  # steps of training before it can be told

    def fits(self, evidence: Evidence) -> bool:
        """Whether there has been enough training."""
        return evidence.model is None or evidence.model.step >= self.since

    def is_bad(self, number: float) -> bool:
        """Whether a number is beyond the threshold."""
        return number < self.threshold if self.sign == "<" else number > self.threshold


@dataclass(frozen=True)
class Finding:
    """Something that is wrong.

    Attributes
    ----------
    name : str
        Of the check, such as "mode-collapse".
    sentence : str
        What is wrong.
    number, threshold : float
        What was measured, and the value beyond which it counts.
    sign : {"<", ">"}
        On which side of the threshold the number is.
    advice : str
        One thing to try.
    link : str
        Where it is explained: the page that comes with ganc, ``#``, the section.
    """

    name: str
    sentence: str
    number: float
    threshold: float
    sign: str
    advice: str
    link: str

    @property
    def evidence(self) -> str:
        """The number beside its threshold."""
        return f"{self.number:.3g} {self.sign} {self.threshold:g}"

    @property
    def explanation(self) -> str:
        """The section of the page that explains it, as Markdown."""
        sections = PAGE.read_text(encoding="utf-8").split("\n## ")
        (text,) = (s for s in sections if s.startswith(f"{self.name}\n"))
        return text.removeprefix(self.name).strip()

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence} ({self.evidence}). {self.advice}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return Diagnosis([self], {self.name: self.number}, 1)._repr_html_()


class Diagnosis(Sequence[Finding]):
    """Findings in the order of the checks.

    Attributes
    ----------
    measured : dict of str to float
        The number of each check that could be made.
    """

    def __init__(
        self, findings: Iterable[Finding], measured: dict[str, float], checks: int
    ) -> None:
        self._findings = list(findings)
        self.measured = measured
        self._checks = checks

    def __len__(self) -> int:
        return len(self._findings)

    def __getitem__(self, index: Any) -> Any:
        return self._findings[index]

    @property
    def title(self) -> str:
        """How many findings of how many checks."""
        count = {0: "nothing found", 1: "1 finding"}.get(len(self), f"{len(self)} findings")
        rest = self._checks - len(self.measured)
        return f"{count} in {len(self.measured)} checks" + (
            f"; {rest} others do not apply, or need a model, data or more training" if rest else ""
        )

    def to_dict(self) -> dict[str, Any]:
        """Return findings and numbers as plain data.

        Returns
        -------
        dict
        """
        findings = [asdict(finding) for finding in self]
        return {"findings": findings, "measured": self.measured}

    def __repr__(self) -> str:
        more = ["More on a finding is in its .explanation"] if self else []
        return "\n".join([self.title, *map(str, self), *more])

    def _repr_html_(self) -> str:
        rows = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{cell}</td>" for cell in cells) + "</tr>"
            for cells in map(_cells, self)
        )
        if not rows:
            return f"<b>{escape(self.title)}</b>"
        names = ("finding", "what", "number", "try")
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in names)
        return (
            f"<b>{escape(self.title)}</b><table><thead><tr>{head}</tr></thead>"
            f"<tbody>{rows}</tbody></table>"
        )


def _cells(finding: Finding) -> tuple[str, ...]:
    more = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(finding.explanation))
    more = re.sub(r"`(.+?)`", r"<code>\1</code>", more)
    name = f"<details><summary>{escape(finding.name)}</summary>{more}</details>"
    return name, escape(finding.sentence), escape(finding.evidence), escape(finding.advice)


def examine(checks: Sequence[Check], evidence: Evidence) -> Diagnosis:
    """Make checks."""
    findings, measured = [], {}
    for check in checks:
        seen = check.measure(evidence) if check.fits(evidence) else None
        if seen is None or math.isnan(seen.number):
            continue
        measured[check.name] = float(seen.number)
        if check.is_bad(seen.number):
            findings.append(_finding(check, seen))
    return Diagnosis(findings, measured, len(checks))


def _finding(check: Check, seen: Measured) -> Finding:
    return Finding(
        check.name, seen.sentence, float(seen.number), check.threshold, check.sign, seen.advice,
        f"{PAGE}#{check.name}",
    )  # fmt: skip
