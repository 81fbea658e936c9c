"""What the debug toolbar's panel shows of a request, from its trace and report: JSON types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .core.events import QueryGroup, TimelineEntry, Trace
from .core.findings import SEVERITIES, Finding, Report
from .core.paths import relative
from .core.repairs import Fix
from .core.reporters.blocks import Block, blocks, savings, short_place
from .core.reporters.layout import clean, duration, plural
from .core.reporters.listings import paste_lines
from .core.sightings import Location, TemplateLine

#: Lanes of the timeline that have a number; one more has the rest. Colours come again, numbers not.
MAX_LANES, COLORS = 12, 8
MAX_CHANGES = 30
MAX_SLOW = 10
#: Queries that can be explained though none is slow.
_SLOWEST = 3
#: The timeline's length in units, and the least that can be seen of a query.
AXIS, _LEAST = 1_000, 3
_ROOM = 96
_EXPLAINABLE = frozenset({"select", "insert", "update", "delete"})


def page(trace: Trace, report: Report, *, root: str, slow_ms: float) -> dict[str, Any]:
    """All that the panel shows. Files are named from the folder ``root``.

    SQL is in there as fingerprints, to be laid out when somebody looks; no values of the
    application are. ``slow`` has the alias and digest of each query that may be explained.
    """
    chosen = _chosen(trace)
    numbers = {index: number for number, index in enumerate(chosen, 1)}
    found = blocks(report.findings, report.round_trip_ms)
    return {
        "endpoint": clean(trace.name),
        "subtitle": _subtitle(report, trace),
        "severity": min((f.severity for f in report.findings), key=SEVERITIES.index, default=""),
        "figures": _figures(trace),
        "changes": [_change(block, trace, numbers, root) for block in found[:MAX_CHANGES]],
        "more_changes": max(0, len(found) - MAX_CHANGES),
        "allowed": len(report.suppressed),
        "lanes": _lanes(trace, chosen, root),
        "axis": _axis(trace),
        "slow": _slow(trace, numbers, root, slow_ms),
        "slow_ms": slow_ms,
        "notes": [clean(note) for note in report.notes],
    }


def _subtitle(report: Report, trace: Trace) -> str:
    queries = plural(trace.queries, "query")
    return f"{plural(len(report.findings), 'finding')}, {queries}" if report.findings else queries


def _figures(trace: Trace) -> list[dict[str, str]]:
    """What the request cost, each figure with its unit or noun."""
    told = (
        (f"{trace.queries:,}", "query" if trace.queries == 1 else "queries"),
        (f"{trace.distinct:,}", "distinct"),
        (duration(trace.database_ms), "in the database"),
        (duration(trace.duration_ms), "for the whole request"),
    )
    return [{"value": value, "what": what} for value, what in told]


def _change(block: Block, trace: Trace, numbers: dict[int, int], root: str) -> dict[str, Any]:
    """Findings that one change cures."""
    hints = [f.hint.partition(", then ") for f in block.findings if f.hint]
    fixes = [finding.fix for finding in block.findings if finding.fix]
    codes = block.fixes()
    others = dict.fromkeys(fix.alternative for fix in fixes if len(codes) == 1)
    return {
        "detectors": list(block.detectors),
        "severity": block.severity,
        "confidence": block.findings[0].confidence,
        "savings": savings(block),
        "findings": [_finding(f, trace, numbers, root) for f in block.findings],
        "origin": _place(block.findings[0].origin, root),
        "hints": list(dict.fromkeys(change.rstrip(".") + "." for change, _, _ in hints)),
        "codes": [_code(next(fix for fix in fixes if fix.code == code)) for code in codes],
        "alternatives": [_pasted(code) for code in others if code],
        "afterwards": list(dict.fromkeys(then.rstrip(".") + "." for _, _, then in hints if then)),
    }


def _finding(finding: Finding, trace: Trace, numbers: dict[int, int], root: str) -> dict[str, Any]:
    elsewhere = finding.location if finding.location != finding.origin else None
    return {
        "message": clean(finding.message),
        "cost": duration(finding.duration_ms) if finding.fingerprint else "",
        "badges": _badges(
            (index for index, group in enumerate(trace.groups) if _shows(finding, group)), numbers
        ),
        "template": _template(finding.template, root),
        "location": _place(elsewhere, root),
        "fingerprint": finding.fingerprint if finding.relation is None else "",
    }


def _shows(finding: Finding, group: QueryGroup) -> bool:
    return bool(finding.digest) and (finding.digest, finding.location, finding.template) == (
        group.digest,
        group.location,
        group.template,
    )


def _code(fix: Fix) -> str:
    return "\n".join([*fix.imports, "", _pasted(fix.code)] if fix.imports else [_pasted(fix.code)])


def _pasted(code: str) -> str:
    return "\n".join(paste_lines(code, _ROOM))


def _place(location: Location | None, root: str) -> dict[str, str] | None:
    if location is None:
        return None
    # A template has no functions, whatever its engine calls them.
    function = clean(location.function) if location.file.endswith(".py") else ""
    code = clean(location.code.strip())
    return {"place": short_place(location, root), "function": function, "code": code}


def _template(template: TemplateLine | None, root: str) -> str:
    return f"{relative(clean(template.name), root)}:{template.line}" if template else ""


def _chosen(trace: Trace) -> list[int]:
    """Indexes of the groups that have a lane: what repeats first, then what takes the time."""
    order = sorted(
        range(len(trace.groups)),
        key=lambda index: (trace.groups[index].count == 1, -trace.groups[index].duration_ms, index),
    )
    return order[:MAX_LANES]


def _lanes(trace: Trace, chosen: Sequence[int], root: str) -> list[dict[str, Any]]:
    end = _end(trace)
    lanes = []
    for number, index in enumerate(chosen, 1):
        group = trace.groups[index]
        entries = [entry for entry in trace.timeline if entry.group == index]
        lanes.append({**_query(group, root), **_bars(entries, end), **_badge(number)})
    rest = [group for index, group in enumerate(trace.groups) if index not in set(chosen)]
    if rest:
        entries = [entry for entry in trace.timeline if entry.group not in set(chosen)]
        lanes.append({**_others(rest), **_bars(entries, end), **_badge(0)})
    return lanes


def _badge(number: int) -> dict[str, int]:
    """A lane's number, and which colour that is; 0 for the lane of the rest."""
    return {"number": number, "color": (number - 1) % COLORS + 1 if number else 0}


def _badges(indexes: Iterable[int], numbers: dict[int, int]) -> list[dict[str, int]]:
    """Those of the groups that have a lane."""
    return [_badge(number) for number in sorted(numbers[i] for i in indexes if i in numbers)]


def _query(group: QueryGroup, root: str) -> dict[str, Any]:
    return {
        "label": _label(group),
        "count": plural(group.count, "query"),
        "time": duration(group.duration_ms),
        "fingerprint": group.fingerprint,
        "location": _place(group.location, root),
        "template": _template(group.template, root),
    }


def _label(group: QueryGroup) -> str:
    """ "Project.owner", "Project.tasks.count()" or "SELECT projects_task"."""
    if group.relation is not None:
        asked = f".{group.operation}()" if group.operation in ("count", "exists") else ""
        return clean(group.relation.label.partition(".")[2] + asked)
    tables = ", ".join(group.tables[:2]) + (", …" if len(group.tables) > 2 else "")
    return clean(f"{group.kind.upper()} {tables}".strip())


def _others(groups: Sequence[QueryGroup]) -> dict[str, Any]:
    places = plural(len(groups), "other place")
    time = duration(sum(group.duration_ms for group in groups))
    count = plural(sum(group.count for group in groups), "query")
    return {"label": places, "count": count, "time": time}


def _bars(entries: Sequence[TimelineEntry], end: int) -> dict[str, str]:
    """A lane's queries as a path, one unit high and ``AXIS`` wide, and the same in words."""
    if not entries:
        return {"path": "", "words": "not on the timeline"}
    path = "".join(f"M{start} 0h{length}v1h-{length}z" for start, length in _merged(entries, end))
    first = duration(entries[0].start_ns / 1e6)
    last = duration(max(entry.start_ns + entry.duration_ns for entry in entries) / 1e6)
    return {"path": path, "words": f"{plural(len(entries), 'query')} from {first} to {last}"}


def _merged(entries: Sequence[TimelineEntry], end: int) -> list[list[int]]:
    """Start and length of what can be told apart, in units of the axis."""
    bars: list[list[int]] = []
    for entry in sorted(entries, key=lambda entry: entry.start_ns):
        start = min(AXIS - _LEAST, AXIS * entry.start_ns // end)
        stop = -(-AXIS * (entry.start_ns + entry.duration_ns) // end)
        stop = min(AXIS, max(start + _LEAST, stop))
        if bars and start <= sum(bars[-1]):
            bars[-1][1] = max(stop - bars[-1][0], bars[-1][1])
        else:
            bars.append([start, stop - start])
    return bars


def _axis(trace: Trace) -> dict[str, Any]:
    """``ticks`` at both ends and in the middle; ``shown`` queries of all that there were."""
    end_ms = _end(trace) / 1e6
    return {
        "ticks": ["0 ms", duration(end_ms / 2), duration(end_ms)],
        "shown": f"{len(trace.timeline):,}",
        "queries": f"{trace.queries:,}",
        "cut": len(trace.timeline) < trace.queries,
    }


def _end(trace: Trace) -> int:
    """Nanoseconds that the axis spans: the request, or the part of it that was noted."""
    last = max((entry.start_ns + entry.duration_ns for entry in trace.timeline), default=0)
    whole = round(trace.duration_ms * 1e6) if len(trace.timeline) >= trace.queries else 0
    return max(last, whole, 1)


def _slow(trace: Trace, numbers: dict[int, int], root: str, slow_ms: float) -> list[dict[str, Any]]:
    """The slowest queries, one a fingerprint; a few where none takes ``slow_ms``."""
    able = [i for i, group in enumerate(trace.groups) if group.kind in _EXPLAINABLE]
    alike: dict[tuple[str, str], list[int]] = {}
    for index in sorted(able, key=lambda index: -trace.groups[index].slowest_ms):
        alike.setdefault((trace.groups[index].database, trace.groups[index].digest), []).append(
            index
        )
    rows = []
    for place, ((alias, digest), indexes) in enumerate(list(alike.items())[:MAX_SLOW]):
        groups = [trace.groups[index] for index in indexes]
        is_slow = groups[0].slowest_ms >= slow_ms
        if is_slow or place < _SLOWEST:
            rows.append(
                {
                    **_query(groups[0], root),
                    **_totals(groups),
                    "badges": _badges(indexes, numbers),
                    "database": alias,
                    "digest": digest,
                    "slow": is_slow,
                }
            )
    return rows


def _totals(groups: Sequence[QueryGroup]) -> dict[str, Any]:
    return {
        "count": plural(sum(group.count for group in groups), "query"),
        "time": duration(sum(group.duration_ms for group in groups)),
        "slowest": duration(groups[0].slowest_ms),
    }


def statements(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every part of what :func:`page` made that has a fingerprint to be laid out."""
    parts: Iterable[dict[str, Any]] = (
        *(finding for change in data.get("changes", ()) for finding in change["findings"]),
        *data.get("lanes", ()),
        *data.get("slow", ()),
    )
    return (part for part in parts if part.get("fingerprint"))
