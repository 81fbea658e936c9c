"""Two runs as a comment on a pull request: the verdict, a table, what is new and its fix."""

from __future__ import annotations

from collections.abc import Iterator

from ..comparison import Comparison, EndpointChange
from ..repairs import Fix
from .blocks import pasted
from .compared import (
    TITLES,
    advised,
    figures,
    mark,
    not_run,
    places,
    problem,
    same,
    told,
    totals,
    unsteady,
    verdict,
)
from .layout import cut, plural
from .markup import code, details, fenced, text
from .problems import Problem, described, problems
from .sites import sites

_ARROW = "→"
_MAX_ENDPOINTS = 30
_MAX_PROBLEMS = 10
_MAX_LINES = 20
_MAX_CODE = 30
_MAX_LINE = 300
#: Columns of pasted code, where lines may be longer than a terminal's.
_ROOM = 88
#: Characters; a comment on GitHub may have 65,536, and the details are what can be left out.
_MOST = 60_000


def render(comparison: Comparison, *, root: str = "", verbose: bool = False) -> str:
    """What changed, as much of it as a comment has room for."""
    sections = [
        _heading(comparison),
        list(_failing(comparison)),
        list(_endpoints(comparison)),
        *_worse(comparison, root),
        *_folded(comparison),
        [f"- {text(note)}" for note in comparison.notes],
        list(_totals(comparison)),
    ]
    room = _MOST
    shown: list[list[str]] = []
    for section in filter(None, sections):
        room -= sum(map(len, section)) + len(section) + 1
        if room < 0:
            shown.append(
                ["The rest has no room here: `manage.py queryscope diff` tells all of it."]
            )
            break
        shown.append(section)
    return "\n\n".join("\n".join(section) for section in shown) + "\n"


def _heading(comparison: Comparison) -> list[str]:
    rest = "" if comparison.changed else same(comparison)
    return [f"### queryscope: {text(verdict(comparison) + rest)}"]


def _failing(comparison: Comparison) -> Iterator[str]:
    failing = comparison.at("failing")
    for row in failing[:_MAX_LINES]:
        yield f"- {_code(row.name)} fails: {_text(problem(row))}"
    yield from _more(len(failing) - _MAX_LINES)


def _endpoints(comparison: Comparison) -> Iterator[str]:
    rows = [row for row in comparison.endpoints if row.kind not in ("failing", "unseen")]
    if not rows:
        return
    yield "| Endpoint | Change | Queries | Distinct | DB ms |"
    yield "|:---|---:|---:|---:|---:|"
    yield from (_row(row) for row in rows[:_MAX_ENDPOINTS])
    if len(rows) > _MAX_ENDPOINTS:
        yield ""
        yield f"And {plural(len(rows) - _MAX_ENDPOINTS, 'more endpoint')}."


def _row(row: EndpointChange) -> str:
    changed = mark(row)
    worse = row.more_queries > 0 or row.more_ms > 0
    cells = [_code(row.name), f"**{changed}**" if worse else changed, *figures(row, _ARROW)]
    return f"| {' | '.join(cells)} |"


def _worse(comparison: Comparison, root: str) -> Iterator[list[str]]:
    for title, rows in (
        ("New findings", comparison.of("new")),
        ("Findings in more places", comparison.of("grown")),
    ):
        if rows:
            yield [f"#### {title}"]
        counts = {row.key: f" ({places(row)})" for row in rows if row.kind == "grown"}
        found = problems(finding for row in rows for finding in row.findings)
        for one in found[:_MAX_PROBLEMS]:
            yield list(_problem(one, counts.get(one.worst.key, ""), root))
        if len(found) > _MAX_PROBLEMS:
            yield [f"And {plural(len(found) - _MAX_PROBLEMS, 'more finding')}."]


def _problem(one: Problem, count: str, root: str) -> Iterator[str]:
    finding = one.worst
    others = one.endpoints[1:]
    where = _code(one.endpoints[0]) + (
        f" and {plural(len(others), 'more endpoint')}" if others else ""
    )
    yield f"- **{text(finding.detector)}** ({one.severity}) in {where}{count}:"
    yield f"  {_text(described(finding))}"
    for site in sites(finding, root):
        yield f"  - {site.role}: {_code(str(site))}"
    if finding.hint:
        yield f"  - Fix: {_text(finding.hint)}"
    if finding.fix is not None:
        yield from (f"  {line}".rstrip() for line in ["", *_pasted(finding.fix)])


def _pasted(fix: Fix) -> list[str]:
    lines = [*fix.imports, *[""][: len(fix.imports)], *pasted(fix.code, _ROOM)]
    if len(lines) > _MAX_CODE:
        lines = [*lines[:_MAX_CODE], f"... {plural(len(lines) - _MAX_CODE, 'more line')}"]
    return fenced(lines, "sql" if fix.code.startswith(("CREATE ", "DROP ")) else "python")


def _folded(comparison: Comparison) -> Iterator[list[str]]:
    """What is not worse, a line each, folded away."""
    groups = {title: [told(row) for row in comparison.of(kind)] for kind, title in TITLES.items()}
    groups["Depends on time or data, may be by chance"] = unsteady(comparison.findings)
    groups["Indexes that are advised now"] = advised(comparison, "new")
    groups["Indexes that are no longer advised"] = advised(comparison, "gone")
    groups["Not run again"] = not_run(comparison)
    for title, lines in groups.items():
        if lines:
            listed = [f"- {_text(line)}" for line in lines[:_MAX_LINES]]
            listed += _more(len(lines) - _MAX_LINES)
            yield details(f"{title}: {len(lines):,}", listed)


def _more(left: int) -> list[str]:
    return [f"- and {left:,} more"] if left > 0 else []


def _totals(comparison: Comparison) -> Iterator[str]:
    sums = totals(comparison, _ARROW)
    if comparison.changed and sums:
        yield f"{text(sums)} in the database."


def _code(raw: str) -> str:
    return code(cut(raw, _MAX_LINE))


def _text(raw: str) -> str:
    return text(cut(raw, _MAX_LINE))
