"""Findings as one shows them singly: the same at several endpoints is one problem."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..findings import SEVERITIES, Finding, Severity
from .blocks import pasted
from .layout import clean, duration, plural
from .listings import sql_lines
from .proof import sentences

#: Columns of pasted code, where lines may be longer than a terminal's.
_ROOM = 88


@dataclass(frozen=True, slots=True)
class Problem:
    """``findings`` differ only in their endpoint, the worst first. ``number`` tells problems of one
    key apart: it counts them from 1 in the order of their lines."""

    findings: tuple[Finding, ...]
    number: int

    @property
    def worst(self) -> Finding:
        return self.findings[0]

    @property
    def severity(self) -> Severity:
        return min((finding.severity for finding in self.findings), key=SEVERITIES.index)

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.endpoint for finding in self.findings))

    @property
    def where(self) -> str:
        """ "GET /orders/ and 2 more endpoints"."""
        first, *others = self.endpoints
        more = f" and {plural(len(others), 'more endpoint')}" if others else ""
        return clean(first) + more

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that stay the same when lines move."""
        text = f"{self.worst.key}\n{self.number}"
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def problems(findings: Iterable[Finding]) -> list[Problem]:
    """In the order of the findings."""
    return numbered(findings)[0]


def numbered(*groups: Iterable[Finding]) -> list[list[Problem]]:
    """The problems of each group; no two of them all have the same key and number."""
    alike: dict[tuple[str, str, int], list[Finding]] = {}
    for index, group in enumerate(groups):
        for finding in group:
            alike.setdefault((finding.key, _position(finding), index), []).append(finding)
    numbers: dict[str, int] = {}
    number: dict[tuple[str, str, int], int] = {}
    for same in sorted(alike):
        number[same] = numbers[same[0]] = numbers.get(same[0], 0) + 1
    made: list[list[Problem]] = [[] for _ in groups]
    for same, members in alike.items():
        worst_first = sorted(members, key=lambda finding: -finding.count)
        made[same[2]].append(Problem(tuple(worst_first), number[same]))
    return made


def _position(finding: Finding) -> str:
    """The lines it names and what is asked there, as text that sorts as the lines do."""
    places = (finding.location, finding.origin)
    lines = [f"{p.file}:{p.line:09}" if p is not None else "" for p in places]
    template = finding.template
    lines.append(f"{template.name}:{template.line:09}" if template is not None else "")
    return "\n".join([*lines, finding.relation or finding.digest])


def described(finding: Finding) -> str:
    """What is wrong, in one line, with the time it takes."""
    cost = f", {duration(finding.duration_ms)}" if finding.fingerprint else ""
    return clean(finding.message).strip() + cost


def statement(finding: Finding) -> list[str]:
    """The SQL in lines, its values masked, where no relation tells what it asks."""
    if finding.relation is not None or not finding.fingerprint:
        return []
    return list(sql_lines(finding.fingerprint, _ROOM))


def remedy(finding: Finding, alike: Sequence[Finding] = ()) -> list[str]:
    """What to do, in lines: the hint, the code to paste after an empty one, and what is proven of
    it there or, of ``alike``, at the endpoint that gains most."""
    lines = [f"Fix: {clean(finding.hint).strip()}"] if finding.hint else []
    if finding.fix is not None:
        imports = [*finding.fix.imports, ""] if finding.fix.imports else []
        lines += ["", *imports, *pasted(finding.fix.code, _ROOM)]
        if finding.fix.alternative:
            lines += ["", "Or, as Django 6.1 can:", "", *pasted(finding.fix.alternative, _ROOM)]
    proof = sentences(alike or [finding])
    return [*lines, "", *proof] if proof else lines
