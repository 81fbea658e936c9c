"""Findings that one change cures, told as one block: what, where, from which rows, the fix."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..findings import SEVERITIES, Finding, Severity
from ..paths import relative
from ..sightings import Location, TemplateLine
from . import proof
from .advice_blocks import broken
from .layout import WIDTH, clean, cut, duration, plural, shorten, width, wrap
from .listings import paste_lines, sql_lines

_INDENT = "   "
_ARROW = _INDENT + "  --> "
_BAR = _INDENT + "    | "
_CODE = _INDENT + "    "
_MAX_ENDPOINTS = 3
#: How code begins that is SQL, whose brackets cannot be broken as Python's are.
_SQL = ("CREATE INDEX ", "CREATE UNIQUE INDEX ", "DROP INDEX ")


@dataclass(frozen=True, slots=True)
class Block:
    """Findings of one origin, or one finding where it has none; at several endpoints perhaps."""

    findings: tuple[Finding, ...]
    round_trip_ms: float

    @property
    def is_budget(self) -> bool:
        """Whether nothing is changed here: a budget is kept by the fixes of other findings."""
        return self.findings[0].detector == "query-budget"

    @property
    def waiting(self) -> bool:
        """Whether it costs little yet, as there is one row only."""
        return all(finding.waiting for finding in self.findings)

    @property
    def is_own(self) -> bool:
        """Whether the project's own code may well be as it is meant to be."""
        return set(self.detectors) <= {"deferred-load", "write-in-loop"}

    @property
    def cost_ms(self) -> float:
        """What the change saves, in milliseconds; nothing for a budget."""
        if self.is_budget:
            return 0.0
        return sum(finding.cost_ms(self.round_trip_ms) for finding in self.findings)

    @property
    def saves(self) -> int:
        """Queries that the change takes away; none for a budget."""
        return 0 if self.is_budget else sum(finding.saves for finding in self.findings)

    @property
    def count(self) -> int:
        return sum(finding.count for finding in self.findings)

    @property
    def severity(self) -> Severity:
        return min((f.severity for f in self.findings), key=SEVERITIES.index)

    @property
    def is_proven(self) -> bool:
        """Whether all of it is."""
        return all(finding.confidence == "proven" for finding in self.findings)

    @property
    def kind(self) -> str:
        """ "error", "error, likely", "error, proven in part", "in waiting"."""
        kind = "in waiting" if self.waiting else self.severity
        sure: str = self.findings[0].confidence
        if not self.is_proven and self.is_proven_in_part:
            sure = "proven in part"
        return kind if sure == "certain" else f"{kind}, {sure}"

    @property
    def is_proven_in_part(self) -> bool:
        """Whether something of it is, perhaps all."""
        return any(finding.confidence == "proven" for finding in self.findings)

    @property
    def was_tried(self) -> bool:
        """Whether one looked if it is proven, whatever came of it."""
        return any(f.unproven or proof.proof_of(f) is not None for f in self.findings)

    @property
    def endpoints(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.endpoint for finding in self.findings))

    @property
    def detectors(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(finding.detector for finding in self.findings))

    @property
    def place(self) -> Location | None:
        """Where the change is made."""
        return self.findings[0].origin or self.findings[0].location

    def fixes(self) -> tuple[str, ...]:
        """Code to paste: one text, unless endpoints need different things of the same rows."""
        fixes = [finding.fix for finding in self.findings if finding.fix]
        widest = max(fixes, key=lambda fix: len(set(fix.lookups)), default=None)
        if widest and all(set(fix.lookups) <= set(widest.lookups) for fix in fixes):
            return (widest.code,)
        return tuple(dict.fromkeys(fix.code for fix in fixes))


def blocks(findings: Sequence[Finding], round_trip_ms: float) -> list[Block]:
    """Findings put together by what cures them: what is only worth knowing ("info") after all
    else, and the dearest block first.
    """
    # One line of a library may evaluate querysets of several models: each is a change of its own.
    rows: dict[object, set[str]] = {}
    for finding in findings:
        if finding.fix is not None:
            rows.setdefault(_line(finding), set()).add(_rows_of(finding.fix.code))
    grouped: dict[object, list[Finding]] = {}
    for finding in findings:
        known = rows.get(_line(finding), set())
        only = next(iter(known)) if len(known) == 1 else finding.fix and _rows_of(finding.fix.code)
        grouped.setdefault((_line(finding), only), []).append(finding)
    made = [Block(tuple(members), round_trip_ms) for members in grouped.values()]
    return sorted(made, key=lambda block: (block.severity == "info", -block.cost_ms))


def _line(finding: Finding) -> object:
    """Where the change is made, in a form that tells changes apart."""
    if finding.origin is not None:
        return finding.detector, finding.origin.file, finding.origin.line
    where = finding.endpoint if finding.location is None else None
    return finding.identity, where


def _rows_of(code: str) -> str:
    """ "Task.objects" of "Task.objects.select_related(...)"."""
    return code.partition("(")[0].rpartition(".")[0]


def render(block: Block, number: int, root: str, *, verbose: bool = False) -> Iterator[str]:
    """The lines of a block."""
    yield from _title(block, number)
    yield from _endpoints(block, verbose=verbose)
    yield ""
    for members in _alike(block.findings):
        yield from _finding(members, root)
    if block.findings[0].origin is not None:
        yield f"{_INDENT}The rows come from"
        yield from _place(block.findings[0].origin, root)
    yield from _remedy(block)
    yield from _proof(block)
    if verbose:
        yield from _diffs(block)


def _title(block: Block, number: int) -> Iterator[str]:
    left = f"{number}. {', '.join(block.detectors)} ({block.kind}) "
    right = f" {savings(block)}"
    room = WIDTH - len(left) - len(right)
    yield from [left + "-" * room + right] if room > 1 else wrap(left + right.strip(), "", _INDENT)


def savings(block: Block) -> str:
    """ "saves 298 of 300 queries, about 358 ms", or what is known instead."""
    if block.is_budget:
        over = block.findings[0].saves
        return f"{plural(over, 'query')} over the budget" if over else "over the budget"
    if not block.saves and block.cost_ms >= 1:
        whole = sum(finding.duration_ms for finding in block.findings)
        return f"saves up to {duration(block.cost_ms)} of {duration(whole)}"
    if not block.saves:
        queries = plural(block.count, "query")
        return f"{queries} now, one more for every row to come" if block.waiting else queries
    of = "" if block.saves == block.count else f" of {block.count:,}"
    noun = "query" if block.saves == 1 and not of else "queries"
    return f"saves {block.saves:,}{of} {noun}, about {duration(block.cost_ms)}"


def _endpoints(block: Block, *, verbose: bool) -> Iterator[str]:
    names = block.endpoints
    shown = names if verbose or len(names) <= _MAX_ENDPOINTS + 1 else names[:_MAX_ENDPOINTS]
    for name in shown:
        yield _INDENT + shorten(clean(name), WIDTH - len(_INDENT))
    if len(shown) < len(names):
        yield f"{_INDENT}and {plural(len(names) - len(shown), 'more endpoint')} (-v 2 names them)"


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The same finding at several endpoints is told once; from several lines, once for each."""
    alike: dict[object, list[Finding]] = {}
    for finding in findings:
        # A count() and an exists() of one relation on one line are two things to change.
        asked = finding.message.partition(" ")[0]
        same = finding.identity, finding.template, finding.location, asked
        alike.setdefault(same, []).append(finding)
    return list(alike.values())


def _finding(members: list[Finding], root: str) -> Iterator[str]:
    worst = max(members, key=lambda finding: finding.count)
    endpoints = len({finding.endpoint for finding in members})
    where = f" at most, at {endpoints} endpoints" if endpoints > 1 else ""
    cost = f", {duration(worst.duration_ms)}" if worst.fingerprint else ""
    yield from wrap(worst.message + cost + where, _INDENT)
    yield from _template(worst.template, root)
    if worst.location is not None and worst.location != worst.origin:
        yield from _place(worst.location, root)
    if worst.relation is None and worst.fingerprint:
        yield _BAR.rstrip()
        yield from (_BAR + line for line in sql_lines(worst.fingerprint, WIDTH - len(_BAR)))


def _template(template: TemplateLine | None, root: str) -> Iterator[str]:
    if template is not None:
        yield _ARROW + shorten(
            f"{relative(clean(template.name), root)}:{template.line}", WIDTH - len(_ARROW)
        )


def _place(location: Location | None, root: str) -> Iterator[str]:
    if location is None:
        return
    room = WIDTH - len(_ARROW)
    place = short_place(location, root)
    # A template has no functions, whatever its engine calls them.
    function = clean(location.function) if location.file.endswith(".py") else ""
    full = f"{place} in {function}" if function else place
    # The file and line are what an editor opens; the function goes first when room is short.
    yield _ARROW + (full if width(full) <= room else shorten(place, room))
    if location.code.strip():
        yield _BAR + cut(clean(location.code.strip()), WIDTH - len(_BAR))


def _remedy(block: Block) -> Iterator[str]:
    fixes = block.fixes()
    # What the code is for comes last, right above it.
    findings = sorted(block.findings, key=lambda finding: finding.fix is not None)
    hints = [finding.hint.partition(", then ") for finding in findings if finding.hint]
    changes = list(dict.fromkeys(change.rstrip(".") for change, _, _ in hints))
    if changes or fixes:
        yield ""
    for number, change in enumerate(changes):
        last = "" if change.endswith(";") else "."  # SQL ends as it is pasted
        end = ":" if fixes and number == len(changes) - 1 else last
        lead, indent = ("Fix: ", _INDENT) if number == 0 else ("", _INDENT + "     ")
        yield from wrap(lead + change + end, indent, _INDENT + "     ")
    for code in fixes:
        yield ""
        if len(fixes) > 1:
            names = [f.endpoint for f in block.findings if f.fix and f.fix.code == code]
            yield _CODE + shorten(f"# {clean(names[0])}", WIDTH - len(_CODE))
        imports = next(f.fix.imports for f in block.findings if f.fix and f.fix.code == code)
        yield from (_CODE + line for line in (*imports, "") if imports)
        yield from (_CODE + line for line in pasted(code, WIDTH - len(_CODE)))
    others = dict.fromkeys(f.fix.alternative for f in block.findings if f.fix and len(fixes) == 1)
    for code in filter(None, others):
        yield from ["", f"{_INDENT}     or, as Django 6.1 can:", ""]
        yield from (_CODE + line for line in paste_lines(code, WIDTH - len(_CODE)))
    yield from _afterwards(list(dict.fromkeys(then.rstrip(".") for _, _, then in hints if then)))


def _proof(block: Block) -> Iterator[str]:
    said = list(proof.said(block.findings))
    if said:
        yield ""
    for first, *others in said:
        together = " ".join([first, *others])
        if width(_INDENT + first) > WIDTH or width(_INDENT + together) <= WIDTH:
            yield from wrap(together, _INDENT, _INDENT + "  ")
        else:
            yield _INDENT + first
            yield from (line for part in others for line in wrap(part, _INDENT + "  "))


def _diffs(block: Block) -> Iterator[str]:
    """To be read: what writes it, or what git takes, is `queryscope fix`."""
    for diff in dict.fromkeys(f.fix.diff for f in block.findings if f.fix and f.fix.diff):
        yield ""
        yield from (_CODE + cut(clean(line), WIDTH - len(_CODE)) for line in diff.splitlines())


def pasted(code: str, room: int) -> Iterable[str]:
    """The code of a fix, Python or SQL, in lines of about ``room`` columns."""
    return broken(code.rstrip(";"), room) if code.startswith(_SQL) else paste_lines(code, room)


def _afterwards(steps: list[str]) -> Iterator[str]:
    """What else changes once the fix is there."""
    if steps:
        yield ""
    if len(steps) == 1:
        yield from wrap(f"Then {steps[0]}.", _INDENT, _INDENT + "  ")
    elif steps:
        yield f"{_INDENT}Then:"
        for step in steps:
            yield from wrap(f"- {step}", _INDENT + "  ", _INDENT + "    ")


def short_place(location: Location, root: str) -> str:
    """ "projects/views.py:12", for a sentence."""
    return f"{relative(clean(location.file), root).replace(os.sep, '/')}:{location.line}"
