"""Two runs for people: 80 columns, what is worse first, the next thing to do last."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from ..comparison import Comparison, EndpointChange
from .advice_blocks import GAP, table
from .blocks import Block, blocks, short_place
from .blocks import render as render_block
from .compared import (
    TITLES,
    advised,
    figures,
    is_worse,
    mark,
    not_run,
    problem,
    same,
    told,
    totals,
    unsteady,
    verdict,
)
from .layout import WIDTH, clean, plural, shorten, wrap

_MAX_ENDPOINTS = 40
_MAX_LINES = 10
_INDENT = "    "
_HEADERS = ("Change", "Queries", "Distinct", "DB ms")


def render(comparison: Comparison, *, root: str = "", verbose: bool = False) -> str:
    """What changed; in one line where nothing did. ``verbose`` leaves nothing out."""
    sections = [
        list(_heading(comparison)),
        list(_failing(comparison)),
        list(_endpoints(comparison, verbose=verbose)),
        *_findings(comparison, root, verbose=verbose),
        list(_lines("Depends on time or data, may be by chance:", unsteady(comparison.findings))),
        list(_indexes(comparison)),
        list(_lines("Not run again:", not_run(comparison), verbose=verbose)),
        [line for note in comparison.notes for line in wrap(note)],
        list(_end(comparison, root)),
    ]
    lines = "\n\n".join("\n".join(section) for section in sections if section)
    return "\n".join(line.rstrip() for line in lines.split("\n")) + "\n"


def _heading(comparison: Comparison) -> Iterator[str]:
    said = verdict(comparison)
    yield from wrap(f"{said[0].upper()}{said[1:]}{'' if comparison.changed else same(comparison)}.")


def _endpoints(comparison: Comparison, *, verbose: bool) -> Iterator[str]:
    rows = [c for c in comparison.endpoints if c.kind not in ("failing", "unseen")]
    shown = rows if verbose or len(rows) <= _MAX_ENDPOINTS + 5 else rows[:_MAX_ENDPOINTS]
    if shown:
        yield from _table(shown)
    if len(shown) < len(rows):
        yield f"and {plural(len(rows) - len(shown), 'more endpoint')} (-v 2 names them)"


def _table(changes: Sequence[EndpointChange]) -> Iterator[str]:
    rows = [[mark(change), *figures(change, "->")] for change in changes]
    columns = [max(map(len, column)) for column in zip(_HEADERS, *rows, strict=True)]
    room = WIDTH - sum(columns) - len(columns) * len(GAP)
    names = [shorten(clean(change.name), room) for change in changes]
    yield from table([*_HEADERS, "Endpoint"], rows, names)


def _failing(comparison: Comparison) -> Iterator[str]:
    failing = comparison.at("failing")
    if failing:
        fails = "fails" if len(failing) == 1 else "fail"
        yield f"{plural(len(failing), 'endpoint')} now {fails} and could not be judged:"
    for row in failing:
        yield _INDENT + shorten(clean(row.name), WIDTH - len(_INDENT))
        yield from wrap(problem(row), _INDENT * 2)


def _findings(comparison: Comparison, root: str, *, verbose: bool) -> Iterator[list[str]]:
    for number, block in enumerate(_worse(comparison), 1):
        yield list(render_block(block, number, root, verbose=verbose))
    lines = [told(row) for row in comparison.of("grown")]
    yield list(_lines("In more places than before; all of them are told above:", lines))
    for kind, title in TITLES.items():
        lines = [told(row) for row in comparison.of(kind)]
        yield list(_lines(f"{title}:", lines, verbose=verbose))


def _worse(comparison: Comparison) -> list[Block]:
    rows = (*comparison.of("new"), *comparison.of("grown"))
    return blocks([f for row in rows for f in row.findings], comparison.after.round_trip_ms)


def _lines(title: str, lines: Sequence[str], *, verbose: bool = False) -> Iterator[str]:
    if lines:
        yield title
    shown = lines if verbose or len(lines) <= _MAX_LINES + 1 else lines[:_MAX_LINES]
    for line in shown:
        yield from wrap(line, _INDENT, _INDENT + "  ")
    if len(shown) < len(lines):
        yield f"{_INDENT}and {len(lines) - len(shown):,} more (-v 2 names them)"


def _indexes(comparison: Comparison) -> Iterator[str]:
    yield from _lines("Indexes that are advised now:", advised(comparison, "new"))
    yield from _lines("Indexes that are no longer advised:", advised(comparison, "gone"))


def _end(comparison: Comparison, root: str) -> Iterator[str]:
    if not comparison.changed:
        return
    sums = totals(comparison, "->")
    if sums:
        yield from wrap(f"{sums} in the database.")
    yield "Exit status 0: diff tells, check judges."
    if is_worse(comparison):
        yield ""
        yield from _next(comparison, root)


def _next(comparison: Comparison, root: str) -> Iterator[str]:
    found = _worse(comparison)
    url = None
    step = "see what the first of them asks"
    if found:
        place = found[0].place
        step = f"make change 1 ({short_place(place, root)})" if place else "make change 1"
        url = found[0].findings[0].request
    elif comparison.endpoints and comparison.endpoints[0].after:
        url = comparison.endpoints[0].after.request
    yield from wrap(f"Next: {step}, then ask again:")
    yield f"    python manage.py queryscope audit{f' {clean(shlex.quote(url))}' if url else ''}"
