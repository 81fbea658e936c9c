"""The report for people: 80 columns, no colour, worst first, the next thing to do last."""

from __future__ import annotations

from collections.abc import Iterator

from tabulate import tabulate

from ..findings import SEVERITIES, Endpoint, Report, Skipped
from ..paths import is_packaged
from . import gate, reruns, suppressions
from .blocks import Block, blocks, short_place
from .blocks import render as render_block
from .layout import WIDTH, clean, duration, plural, shorten, width, wrap
from .proof import proof_of

_MAX_ENDPOINTS = 40
_MAX_NOTES = 10
_GAP = "  "


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """The whole report; ``verbose`` names every endpoint and every route that was left out."""
    found = blocks(report.findings, report.round_trip_ms)
    notes = [block for block in found if block.severity == "info"]
    # In a check nothing is only worth knowing: what is new fails it.
    whole = verbose or report.gate is not None
    told = found if whole else found[: len(found) - len(notes)]
    sections = [
        list(_heading(report)),
        list(_endpoints(report, verbose=verbose)) if report.gate is None or verbose else [],
        *(list(render_block(b, n, root, verbose=verbose)) for n, b in enumerate(told, 1)),
        [] if whole else list(_notes(notes, root)),
        *reruns.sections(report, root, verbose=verbose),
        *suppressions.sections(report, root, verbose=verbose),
        list(_failed(report)),
        list(_skipped(report.skipped, brief=report.gate is not None, verbose=verbose)),
        [line for note in report.notes for line in wrap(clean(note))],
        *gate.sections(report, verbose=verbose),
        list(_summary(report, found, root, verbose=verbose)),
    ]
    lines = "\n\n".join("\n".join(section) for section in sections if section)
    return "\n".join(line.rstrip() for line in lines.split("\n")) + "\n"


def _heading(report: Report) -> Iterator[str]:
    tool = f"{report.tool.get('name', 'queryscope')} {report.tool.get('version', '')}".strip()
    judged = [endpoint for endpoint in report.endpoints if not endpoint.problem]
    total_ms = sum(endpoint.database_ms for endpoint in judged)
    queries = sum(endpoint.queries for endpoint in judged)
    parts = [
        tool,
        str(report.database.get("vendor", "")),
        plural(len(judged), "endpoint"),
        plural(queries, "query"),
        f"{duration(total_ms)} in the database",
    ]
    yield from wrap(", ".join(part for part in parts if part))


def _endpoints(report: Report, *, verbose: bool) -> Iterator[str]:
    judged = [endpoint for endpoint in report.endpoints if not endpoint.problem]
    active = [endpoint for endpoint in judged if endpoint.queries]
    active.sort(key=lambda e: (-(e.database_ms + e.queries * report.round_trip_ms), e.name))
    shown = active if verbose or len(active) <= _MAX_ENDPOINTS + 5 else active[:_MAX_ENDPOINTS]
    if shown:
        yield from _endpoint_table(shown)
    if len(shown) < len(active):
        yield f"and {plural(len(active) - len(shown), 'cheaper endpoint')} (-v 2 names them)"
    idle = [endpoint for endpoint in judged if not endpoint.queries]
    if idle and verbose:
        yield "No queries:"
        yield from ("    " + shorten(clean(e.name), WIDTH - 4) for e in idle)
    elif idle:
        yield f"{plural(len(idle), 'endpoint')} ran no query (-v 2 names them)"


def _endpoint_table(endpoints: list[Endpoint]) -> Iterator[str]:
    repeated = any(endpoint.repeats > 1 for endpoint in endpoints)
    headers = ["Queries", "Distinct", "DB ms", "Share"]
    headers += ["Median", "p95 ms"] if repeated else []
    rows = [_figures(endpoint, repeated=repeated) for endpoint in endpoints]
    columns = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    room = WIDTH - sum(columns) - len(columns) * len(_GAP)
    # The name comes last: it takes the room that is left, and wide characters shift no column.
    names = [shorten(clean(endpoint.name), room) for endpoint in endpoints]
    table = tabulate(
        [[*headers, "Endpoint"], *([*row, name] for row, name in zip(rows, names, strict=True))],
        tablefmt="plain",
        disable_numparse=True,
        colalign=(*["right"] * len(headers), "left"),
    )
    head, *body = table.splitlines()
    yield head
    yield _GAP.join("-" * wide for wide in [*columns, max(map(width, [*names, "Endpoint"]))])
    yield from body


def _figures(endpoint: Endpoint, *, repeated: bool) -> list[str]:
    figures = [f"{endpoint.queries:,}", f"{endpoint.distinct:,}", f"{endpoint.database_ms:,.1f}"]
    figures.append(_share(endpoint.share))
    if repeated:
        figures += [_milliseconds(endpoint.median_ms), _milliseconds(endpoint.p95_ms)]
    return figures


def _share(share: float) -> str:
    percent = share * 100
    return "<1%" if 0 < percent < 0.5 else f"{percent:.0f}%"


def _milliseconds(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _failed(report: Report) -> Iterator[str]:
    failed = [endpoint for endpoint in report.endpoints if endpoint.problem]
    if not failed:
        return
    yield f"{plural(len(failed), 'endpoint')} failed and could not be judged:"
    for endpoint in failed:
        url = f"  ({endpoint.request})" if endpoint.request else ""
        name = clean(endpoint.name)
        both = f"    {name}{clean(url)}"
        yield both if width(both) <= WIDTH else "    " + shorten(name, WIDTH - 4)
        yield from wrap(endpoint.problem or "", "        ")


def _skipped(skipped: tuple[Skipped, ...], *, brief: bool, verbose: bool) -> Iterator[str]:
    if not skipped:
        return
    names = "" if verbose else " (-v 2 names them)"
    were = "was" if len(skipped) == 1 else "were"
    end = "" if brief and not verbose else ":"
    yield f"{plural(len(skipped), 'route')} {were} not requested{names}{end}"
    if not end:
        return
    reasons: dict[str, list[str]] = {}
    for route in skipped:
        reasons.setdefault(route.reason, []).append(route.route)
    digits = max(len(f"{len(routes):,}") for routes in reasons.values())
    for reason, routes in sorted(reasons.items(), key=lambda item: -len(item[1])):
        count = f"{len(routes):,}".rjust(digits)
        yield from wrap(reason, f"    {count}  ", " " * (6 + digits))
        if verbose:
            indent = " " * (8 + digits)
            yield from (indent + shorten(clean(r), WIDTH - len(indent)) for r in routes)


def _notes(notes: list[Block], root: str) -> Iterator[str]:
    """What need not be changed now, one line each."""
    if notes:
        yield "Worth knowing (-v 2 tells it in full):"
    waiting = [block for block in notes if block.waiting]
    own = [block for block in notes if not block.waiting and block.is_own]
    unused = [block for block in notes if block.detectors == ("unused-index",)]
    others = [block for block in notes if block not in (*waiting, *own, *unused)]
    lighter = [block for block in others if not block.saves]
    rest = [block for block in others if block.saves]
    for title, members in (
        ("In installed packages: queries that a change would save", rest),
        ("In your code, perhaps as it is meant to be: queries", own),
        ("In waiting: queries now, each one more for every row to come", waiting),
        ("Loaded and not read: queries that a change would make lighter", lighter),
    ):
        if members:
            yield f"  {title}:"
            yield from _note_lines(members[:_MAX_NOTES], root)
        if len(members) > _MAX_NOTES:
            yield f"    and {plural(len(members) - _MAX_NOTES, 'more place')}"
    yield from _unused_lines(unused)


def _unused_lines(blocks: list[Block]) -> Iterator[str]:
    """The index itself is looked for, not the line of its model."""
    if blocks:
        yield "  Indexes that no query has used yet (unused-index):"
    names = [clean(finding.relation or "") for block in blocks for finding in block.findings]
    yield from (f"    {shorten(name, WIDTH - 4)}" for name in names[:_MAX_NOTES])
    if len(names) > _MAX_NOTES:
        yield f"    and {len(names) - _MAX_NOTES:,} more"


def _note_lines(blocks: list[Block], root: str) -> Iterator[str]:
    counts = [f"{(not block.waiting and block.saves) or block.count:,}" for block in blocks]
    names = max(len(", ".join(block.detectors)) for block in blocks)
    digits = max(map(len, counts))
    for block, count in zip(blocks, counts, strict=True):
        head = f"    {count.rjust(digits)}  {', '.join(block.detectors).ljust(names)}  "
        where = short_place(block.place, root) if block.place else clean(block.endpoints[0])
        yield head + shorten(where, WIDTH - len(head))


def _summary(report: Report, found: list[Block], root: str, *, verbose: bool) -> Iterator[str]:
    if report.gate is not None:
        yield from gate.status(report, report.gate)
        if found:
            yield ""
            yield from _next(found, root, "check", verbose=verbose)
        return
    if not found:
        yield "No findings."
        if report.failing:
            yield _status(report)
        return
    counts = report.summary()["findings"]
    kinds = ", ".join(_severity(counts[name], name) for name in SEVERITIES if counts[name])
    changes = [block for block in found if not block.is_budget]
    cured = f", cured by {plural(len(changes), 'change')}{_proven(changes)}" if changes else ""
    yield from wrap(f"{plural(len(report.findings), 'finding')} ({kinds}){cured}.")
    yield from _savings(changes, report.round_trip_ms)
    yield _status(report)
    yield ""
    yield from _next(found, root, "audit", verbose=verbose)


def _proven(changes: list[Block]) -> str:
    """ ", 2 of them proven" where one looked whether they are."""
    proven = sum(1 for block in changes if block.is_proven)
    partly = sum(1 for block in changes if block.is_proven_in_part) - proven
    in_part = f", {partly:,} in part" if partly else ""
    if not proven and partly:
        return ", proven in part" if len(changes) == 1 else f", {partly:,} of them proven in part"
    if not proven:
        none = ", not proven" if len(changes) == 1 else ", none of them proven"
        return none if any(block.was_tried for block in changes) else ""
    if proven == len(changes):
        return ", proven" if proven == 1 else ", all of them proven"
    return f", {proven:,} of them proven{in_part}"


def _status(report: Report) -> str:
    counts = report.summary()["findings"]
    if report.failing and not (counts["error"] or counts["warning"]):
        return "Exit status 1: suppressions that do not hold count."
    return f"Exit status {int(report.failing)}: errors and warnings count, info does not."


def _savings(changes: list[Block], round_trip_ms: float) -> Iterator[str]:
    saves = sum(block.saves for block in changes)
    cost_ms = sum(block.cost_ms for block in changes)
    cost = duration(cost_ms)
    if not saves:
        if cost_ms >= 1:
            yield f"Together they save up to {cost} in the database."
        return
    text = f"Together they save {plural(saves, 'query')} and about {cost}, "
    yield from wrap(f"{text}counting {round_trip_ms:g} ms for a round trip to the database.")
    notes = [block for block in changes if block.severity == "info" and not block.waiting]
    theirs = sum(block.saves for block in notes if not block.is_own)
    if theirs:
        share = "All" if theirs == saves else f"{theirs:,}"
        yield f"{share} of these are in the code of installed packages."


def _severity(count: int, name: str) -> str:
    return f"{count:,} {name}" if name == "info" else plural(count, name)


def _next(found: list[Block], root: str, verb: str, *, verbose: bool) -> Iterator[str]:
    number, worst = next(
        ((n, block) for n, block in enumerate(found, 1) if not block.is_budget), (1, found[0])
    )
    request = worst.findings[0].request
    url = f" {_quoted(request)}" if request else ""
    if found[0].severity != "info" or verb == "check":
        yield from wrap(f"Next: {_step(number, worst, root)}, then ask again:")
        yield f"    python manage.py queryscope {verb}{url if verb == 'audit' else ''}"
    elif not verbose:
        yield "Next: read them in full:"
        yield f"    python manage.py queryscope {verb} -v 2"
    proven = {f.request for block in found for f in block.findings if proof_of(f) is not None}
    if proven:
        only = next(iter(proven)) if len(proven) == 1 else None
        yield "What is proven, as a diff (--write changes your files):"
        yield f"    python manage.py queryscope fix{f' {_quoted(only)}' if only else ''}"
    yield from wrap(f"What {worst.detectors[0]} means and when it is wrong:")
    yield f"    python manage.py queryscope rule {worst.detectors[0]}"


def _step(number: int, block: Block, root: str) -> str:
    if block.is_budget:
        verb = "take queries away from" if block.findings[0].saves else "speed up"
        return f"{verb} {block.endpoints[0]}"
    place = short_place(block.place, root) if block.place else ""
    # A line of an installed package is where it happens, not where one edits.
    file = block.place.file if block.place else ""
    own = file.startswith(root) and not is_packaged(file) and bool(file)
    return f"make change {number} ({place})" if own else f"make change {number}"


def _quoted(url: str) -> str:
    plain = all(c.isalnum() or c in "/-_.,:%@" for c in url)
    return clean(url) if plain else "'" + clean(url).replace("'", "'\\''") + "'"
