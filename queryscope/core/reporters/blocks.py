"""Findings that one change cures, told as one block: what, where, from which rows, the fix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlparse

from ..events import Location, TemplateLine
from ..findings import SEVERITIES, Finding, Severity
from ..paths import relative
from .layout import WIDTH, clean, cut, duration, plural, shorten, wrap

_INDENT = "   "
_ARROW = _INDENT + "  --> "
_BAR = _INDENT + "    | "
_CODE = _INDENT + "    "
_MAX_ENDPOINTS = 3
_MAX_SQL_LINES = 8
_MAX_SQL = 4_000


@dataclass(frozen=True, slots=True)
class Block:
    """Findings of one origin, or one finding where it has none; at several endpoints perhaps."""

    findings: tuple[Finding, ...]
    round_trip_ms: float

    @property
    def cost_ms(self) -> float:
        return sum(finding.cost_ms(self.round_trip_ms) for finding in self.findings)

    @property
    def saves(self) -> int:
        return sum(finding.saves for finding in self.findings)

    @property
    def count(self) -> int:
        return sum(finding.count for finding in self.findings)

    @property
    def severity(self) -> Severity:
        return min((f.severity for f in self.findings), key=SEVERITIES.index)

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
    """Findings put together by what cures them, the dearest block first."""
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
    return sorted(made, key=lambda block: -block.cost_ms)


def _line(finding: Finding) -> object:
    """Where the change is made, in a form that tells changes apart."""
    if finding.origin is not None:
        return finding.detector, finding.origin.file, finding.origin.line
    return finding.key if finding.location is not None else (finding.key, finding.endpoint)


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


def _title(block: Block, number: int) -> Iterator[str]:
    first = block.findings[0]
    sure = "" if first.confidence == "certain" else f", {first.confidence}"
    left = f"{number}. {', '.join(block.detectors)} ({block.severity}{sure}) "
    right = f" {_savings(block)}"
    room = WIDTH - len(left) - len(right)
    yield from [left + "-" * room + right] if room > 1 else wrap(left + right.strip(), "", _INDENT)


def _savings(block: Block) -> str:
    if not block.saves:
        return f"{plural(block.count, 'query')} now, one more for every row to come"
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
    """The same finding at several endpoints is told once."""
    alike: dict[str, list[Finding]] = {}
    for finding in findings:
        alike.setdefault(finding.key, []).append(finding)
    return list(alike.values())


def _finding(members: list[Finding], root: str) -> Iterator[str]:
    worst = max(members, key=lambda finding: finding.count)
    where = f" at most, at {len(members)} endpoints" if len(members) > 1 else ""
    yield from wrap(worst.message + where, _INDENT)
    yield from _template(worst.template, root)
    if worst.location is not None and worst.location != worst.origin:
        yield from _place(worst.location, root)
    if worst.relation is None and worst.fingerprint:
        yield _BAR.rstrip()
        yield from sql_lines(worst.fingerprint)


def _template(template: TemplateLine | None, root: str) -> Iterator[str]:
    if template is not None:
        yield _ARROW + shorten(
            f"{relative(clean(template.name), root)}:{template.line}", WIDTH - len(_ARROW)
        )


def _place(location: Location | None, root: str) -> Iterator[str]:
    if location is None:
        return
    room = WIDTH - len(_ARROW)
    place = f"{relative(clean(location.file), root)}:{location.line}"
    full = f"{place} in {clean(location.function)}"
    # The file and line are what an editor opens; the function goes first when room is short.
    yield _ARROW + (full if len(full) <= room else shorten(place, room))
    if location.code.strip():
        yield _BAR + cut(clean(location.code.strip()), WIDTH - len(_BAR))


def _remedy(block: Block) -> Iterator[str]:
    hints = list(dict.fromkeys(finding.hint for finding in block.findings if finding.hint))
    changes = list(dict.fromkeys(hint.partition(", then ")[0].rstrip(".") for hint in hints))
    then = [rest.rstrip(".") for hint in hints if (rest := hint.partition(", then ")[2])]
    fixes = block.fixes()
    yield ""
    for number, change in enumerate(changes):
        end = ":" if fixes and number == len(changes) - 1 else "."
        lead = "Fix: " if number == 0 else "     "
        yield from wrap(lead + change + end, _INDENT, _INDENT + "     ")
    for code in fixes:
        yield ""
        if len(fixes) > 1:
            names = [f.endpoint for f in block.findings if f.fix and f.fix.code == code]
            yield _CODE + shorten(f"# {clean(names[0])}", WIDTH - len(_CODE))
        yield from (_CODE + line for line in paste_lines(code, WIDTH - len(_CODE)))
    if then:
        yield ""
        yield from wrap(f"Then {'; '.join(then)}.", _INDENT, _INDENT + "  ")


def paste_lines(code: str, room: int) -> list[str]:
    """Code as it can be pasted; a chain that is too long breaks inside its brackets, so that it
    stays one expression wherever it stands.
    """
    lines = code.splitlines()
    if len(lines) != 1 or len(code) <= room:
        return lines
    broken: list[str] = []
    start = depth = 0
    for position, character in _outside_quotes(code):
        if character == "(":
            depth += 1
            if depth == 1:
                broken.append(code[start : position + 1])
                start = position + 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                broken.extend(_arguments(code[start:position], room))
                start = position
    # "()" need not be broken.
    return re.sub(r"\(\n\)", "()", "\n".join([*broken, code[start:]])).splitlines()


def _arguments(text: str, room: int) -> list[str]:
    if len(text) + 5 <= room:
        return [f"    {text},"] if text else []
    found: list[str] = []
    start = depth = 0
    for position, character in _outside_quotes(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            found.append(text[start:position].strip())
            start = position + 1
    return [f"    {argument}," for argument in [*found, text[start:].strip()] if argument]


def _outside_quotes(code: str) -> Iterator[tuple[int, str]]:
    quote = ""
    for position, character in enumerate(code):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        else:
            yield position, character


def sql_lines(fingerprint: str) -> Iterator[str]:
    """The statement laid out by sqlparse, its column list left out and its end cut when long."""
    text = _without_columns(clean(fingerprint))[:_MAX_SQL]
    lines = [line for line in sqlparse.format(text, reindent=True).splitlines() if line.strip()]
    for line in lines[:_MAX_SQL_LINES]:
        yield _BAR + cut(line.rstrip(), WIDTH - len(_BAR))
    if len(lines) > _MAX_SQL_LINES:
        yield f"{_BAR}... {plural(len(lines) - _MAX_SQL_LINES, 'more line')}"


def _without_columns(sql: str) -> str:
    head = re.match(r"SELECT (?:DISTINCT )?", sql)
    end = _first_from(sql) if head else -1
    if head is None or end < 0 or end - head.end() <= 60:
        return sql
    return f"{head.group()}... {sql[end:]}"


def _first_from(sql: str) -> int:
    """Where the outermost FROM begins, or -1."""
    depth = 0
    for token in re.finditer(r'"(?:[^"]|"")*"|`[^`]*`|\(|\)|\bFROM\b', sql):
        if token.group() == "(":
            depth += 1
        elif token.group() == ")":
            depth -= 1
        elif token.group() == "FROM" and depth == 0:
            return token.start()
    return -1


def short_place(location: Location, root: str) -> str:
    """ "projects/views.py:12", for a sentence."""
    return f"{relative(clean(location.file), root).replace(os.sep, '/')}:{location.line}"
