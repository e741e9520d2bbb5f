"""Checks, findings, and how they are printed."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from ganc.doctor._evidence import Evidence

__all__ = ["CURVES", "DATA", "Check", "Diagnosis", "Finding", "Measured", "examine"]

CURVES, DATA = "a longer history", "data that it fits"
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
    since: int = 0  # steps of training before it is more than a sign
    rank: str = "cause"  # what follows: see `Diagnosis.verdict`
    needs: str = "this kind of model"  # what is missing where there is no number

    def is_early(self, evidence: Evidence) -> bool:
        """Whether there has been too little training to tell."""
        return evidence.model is not None and evidence.model.step < self.since

    def is_bad(self, number: float) -> bool:
        """Whether a number is beyond the threshold."""
        return number < self.threshold if self.sign == "<" else number > self.threshold

    def why_not(self, evidence: Evidence) -> str:
        """Say why there is no number."""
        if self.rank == "outcome" and evidence.unseen:
            return evidence.unseen
        if evidence.model is None and self.needs != CURVES:
            return "no model given"
        if evidence.x is None and self.needs == DATA:
            return "no data given"
        return f"needs {self.needs}"


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
        return _table([_cells(self)])


class Diagnosis(Sequence[Finding]):
    """Findings in the order of the checks, and what follows from them.

    Attributes
    ----------
    verdict : {"sick", "too early", "not judged", "healthy"}
        "sick" where the data or what the model makes of them is wrong. "too early" if there are
        signs of it, but there has been too little training to tell. "not judged" if samples were
        not compared with data. "healthy" if they were, and are like them; there may be findings
        all the same: remarks on causes that have done no harm.
    signs : list of Finding
        What would be a finding after more training.
    measured : dict of str to float
        The number of each check that could be made.
    skipped : dict of str to str
        Why the others could not.
    unseen : str
        Why samples were not compared with data, "" if they were.
    step : int or None
        Steps of training, where a model was given.
    """

    def __init__(
        self,
        findings: Iterable[Finding],
        signs: Iterable[Finding],
        measured: dict[str, float],
        skipped: dict[str, str],
        *,
        verdict: str,
        unseen: str,
        step: int | None,
    ) -> None:
        self._findings, self.signs = list(findings), list(signs)
        self.measured, self.skipped = measured, skipped
        self.verdict, self.unseen, self.step = verdict, unseen, step

    def __len__(self) -> int:
        return len(self._findings)

    def __getitem__(self, index: Any) -> Any:
        return self._findings[index]

    @property
    def title(self) -> str:
        """The verdict, and how many findings of how many checks."""
        count = {0: "nothing", 1: "1 finding"}.get(len(self), f"{len(self)} findings")
        checks = f"{count} in {len(self.measured)} checks"
        names = ", ".join(sign.name for sign in self.signs)
        signs = f"sick signs: {names}; " if names else ""
        if self.verdict == "not judged":
            return f"not judged: {self.unseen}; {signs}{checks}"
        if self.verdict == "too early":
            return f"too early: {self.step:,} steps, {signs}{checks}"
        if self.verdict == "sick":
            return f"sick: {checks}" + (f"; too early to tell: {names}" if names else "")
        if self:
            return f"healthy: samples are like the data; {checks}"
        return f"nothing found in {len(self.measured)} checks: samples are like the data"

    @property
    def not_checked(self) -> str:
        """The checks that could not be made, by reason."""
        reasons: dict[str, list[str]] = {}
        for name, reason in self.skipped.items():
            reasons.setdefault(reason, []).append(name)
        return "; ".join(f"{', '.join(names)} ({why})" for why, names in reasons.items())

    def to_dict(self) -> dict[str, Any]:
        """Return verdict, findings, signs and numbers as plain data.

        Returns
        -------
        dict
        """
        return {
            "verdict": self.verdict,
            "step": self.step,
            "findings": [asdict(finding) for finding in self],
            "signs": [asdict(sign) for sign in self.signs],
            "measured": self.measured,
            "skipped": self.skipped,
        }

    def __repr__(self) -> str:
        signs = [f"sign of {sign}" for sign in self.signs]
        more = ["More on a finding is in its .explanation"] if self else []
        skipped = [f"not checked: {self.not_checked}"] if self.skipped else []
        return "\n".join([self.title, *map(str, self), *signs, *skipped, *more])

    def _repr_html_(self) -> str:
        title = f"<b>{escape(self.title)}</b>"
        skipped = f"<p>not checked: {escape(self.not_checked)}</p>" if self.skipped else ""
        rows = [_cells(finding) for finding in self]
        rows += [_cells(sign, "sign of ") for sign in self.signs]
        return title + (_table(rows) if rows else "") + skipped


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    left = "style='text-align:left'"
    head = "".join(f"<th {left}>{name}</th>" for name in ("finding", "what", "number", "try"))
    body = "".join(
        "<tr>" + "".join(f"<td {left}>{cell}</td>" for cell in cells) + "</tr>" for cells in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(finding: Finding, before: str = "") -> tuple[str, ...]:
    more = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escape(finding.explanation))
    more = re.sub(r"`(.+?)`", r"<code>\1</code>", more)
    name = f"<details><summary>{before}{escape(finding.name)}</summary>{more}</details>"
    return name, escape(finding.sentence), escape(finding.evidence), escape(finding.advice)


def examine(checks: Sequence[Check], evidence: Evidence) -> Diagnosis:
    """Make checks."""
    findings, signs, measured, skipped, ranks = [], [], {}, {}, set()
    for check in checks:
        seen = check.measure(evidence)
        if seen is None or math.isnan(seen.number):
            skipped[check.name] = check.why_not(evidence)
            continue
        measured[check.name] = float(seen.number)
        if check.is_bad(seen.number):
            early = check.is_early(evidence)
            (signs if early else findings).append(_finding(check, seen))
            ranks.add("sign" if early else check.rank)
    return Diagnosis(
        findings, signs, measured, skipped,
        verdict=_verdict(ranks, evidence.unseen),
        unseen=evidence.unseen,
        step=None if evidence.model is None else evidence.model.step,
    )  # fmt: skip


def _verdict(ranks: set[str], unseen: str) -> str:
    if ranks & {"input", "outcome"}:
        return "sick"
    if unseen:
        return "sick" if "cause" in ranks else "not judged"
    return "too early" if "sign" in ranks else "healthy"


def _finding(check: Check, seen: Measured) -> Finding:
    return Finding(
        check.name, seen.sentence, float(seen.number), check.threshold, check.sign, seen.advice,
        f"{PAGE}#{check.name}",
    )  # fmt: skip
