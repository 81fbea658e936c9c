"""Index advice for people: 80 columns, the most useful index first, what to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..advice import Advice, AdvisedIndex, DroppableIndex, Served
from ..units import size
from .advice_blocks import GAP, block, broken, figure, table
from .advised import DjangoIndex, Surroundings, described, saved_ms
from .layout import WIDTH, clean, duration, plural, shorten, width, wrap

_INDENT = "   "
_CODE = _INDENT + "    "
_MAX_NAMED = 10
_HOW = {
    "measured": "measured with the real index, in a transaction that was rolled back",
    "hypothetical": "estimated with hypothetical indexes (HypoPG): nothing was built or timed",
    "none": "likely, by what the queries ask for: nothing was tried",
}


def render(advice: Advice, around: Surroundings, *, verbose: bool = False) -> str:
    """The whole advice; ``verbose`` adds rejected candidates, and every query and statement."""
    sections = [
        list(_heading(advice, around)),
        list(_overview(advice.indexes, around)),
        *(
            list(block(index, number, around, verbose=verbose))
            for number, index in enumerate(advice.indexes, 1)
        ),
        list(_droppable(advice.droppable)),
        list(_notes(advice.notes)),
        list(_skipped(advice.skipped, verbose=verbose)),
        list(_rejected(advice, verbose=verbose)),
        list(_summary(advice, around)),
    ]
    lines = "\n\n".join("\n".join(section) for section in sections if section)
    return "\n".join(line.rstrip() for line in lines.split("\n")) + "\n"


def _heading(advice: Advice, around: Surroundings) -> Iterator[str]:
    parts = [
        around.tool,
        around.vendor,
        plural(advice.queries, "query"),
        plural(len(advice.indexes), "index", "indexes"),
    ]
    yield from wrap(", ".join(part for part in parts if part))
    if advice.indexes:
        yield from wrap(f"{_HOW[advice.method].capitalize()}.")


def _overview(indexes: Sequence[AdvisedIndex], around: Surroundings) -> Iterator[str]:
    if not indexes:
        return
    headers = ["Queries", *["Cost"] * around.costed, "Time", "Saves", "Size"]
    rows = [
        [
            f"{len(index.served):,}",
            *[_change(*_costs(index.served))] * around.costed,
            _change(*_times(index.served)),
            _saves(index),
            size(index.size_bytes) if index.size_bytes else "-",
        ]
        for index in indexes
    ]
    room = WIDTH - sum(max(map(len, column)) for column in zip(headers, *rows, strict=True))
    room -= len(headers) * len(GAP)
    names = [shorten(clean(described(index.definition)), room) for index in indexes]
    yield from table([*headers, "Index"], rows, names)


def _saves(index: AdvisedIndex) -> str:
    saved = saved_ms(index)
    return "-" if saved is None else duration(saved)


def _droppable(droppable: Sequence[DroppableIndex]) -> Iterator[str]:
    if not droppable:
        return
    yield f"{plural(len(droppable), 'index', 'indexes')} that need not be there:"
    for index in droppable:
        yield ""
        yield from wrap(f"{index.name} ({index.kind}, {size(index.size_bytes)})", _INDENT)
        yield from wrap(index.reason, _INDENT + "  ")
        for caveat in index.caveats:
            yield from wrap(f"- {caveat}", _INDENT + "  ", _INDENT + "    ")
        if index.drop:
            yield from (_CODE + line for line in broken(index.drop.rstrip(";"), WIDTH - len(_CODE)))


def _notes(notes: Sequence[str]) -> Iterator[str]:
    if notes:
        yield "Good to know:"
        for note in notes:
            yield from wrap(f"- {note}", "  ", "    ")


def _skipped(skipped: Sequence[str], *, verbose: bool) -> Iterator[str]:
    if not skipped:
        return
    yield f"{plural(len(skipped), 'query')} could not be used:"
    shown = skipped if verbose else skipped[:_MAX_NAMED]
    for reason in shown:
        yield from wrap(reason, "    ", "      ")
    if len(shown) < len(skipped):
        yield f"    and {len(skipped) - len(shown):,} more (-v 2 names them)"


def _rejected(advice: Advice, *, verbose: bool) -> Iterator[str]:
    rejected = advice.rejected
    if not rejected:
        return
    were = "was" if len(rejected) == 1 else "were"
    candidates = plural(len(rejected), "other candidate")
    if not verbose:
        yield f"{candidates} {were} looked at and not advised (-v 2 says why)"
        return
    yield f"{candidates} {were} looked at and not advised:"
    for index in rejected:
        yield from wrap(described(index.definition), "    ", "      ")
        yield from wrap(index.reason, "        ")


def _summary(advice: Advice, around: Surroundings) -> Iterator[str]:
    if not advice.indexes:
        yield "No index would help this workload: those that it can use are there."
    else:
        yield from wrap(" ".join(_totals(advice, around)))
    found = bool(advice.indexes or advice.droppable)
    yield f"Exit status {int(found)}: {'there is advice' if found else 'no advice'}."
    yield from _next(advice, around)


def _next(advice: Advice, around: Surroundings) -> Iterator[str]:
    if around.written:
        yield ""
        for line in around.written:
            yield from wrap(line, "", "    ")
        yield from wrap(
            "Next: add the lines above to the models, run makemigrations --check, then migrate."
        )
    elif any(around.code.get(index.definition, DjangoIndex()).code for index in advice.indexes):
        yield ""
        yield "Next: add the lines above to the models, and have the migrations written:"
        whole = clean(f"    {around.again} --write-migrations")
        parts = [clean(f"    {around.again} \\"), "        --write-migrations"]
        yield from [whole] if width(whole) <= WIDTH else parts


def _totals(advice: Advice, around: Surroundings) -> Iterator[str]:
    indexes = plural(len(advice.indexes), "index", "indexes")
    yield f"{indexes}, {size(advice.size_bytes)}." if advice.size_bytes else f"{indexes}."
    before, after = advice.cost_before, advice.cost_after
    if before and after is not None and around.costed:
        change = _change(before, after)
        yield f"Cost of the workload: {figure(before)} before, {figure(after)} after ({change})."
    if advice.duration_ms_before and advice.duration_ms_after is not None:
        change = _change(advice.duration_ms_before, advice.duration_ms_after)
        yield (
            f"Its time: {duration(advice.duration_ms_before)} before, "
            f"{duration(advice.duration_ms_after)} after ({change})."
        )


def _costs(served: Sequence[Served]) -> tuple[float | None, float | None]:
    known = [q for q in served if q.cost_before is not None and q.cost_after is not None]
    before = sum(q.calls * (q.cost_before or 0.0) for q in known)
    return (before, sum(q.calls * (q.cost_after or 0.0) for q in known)) if known else (None, None)


def _times(served: Sequence[Served]) -> tuple[float | None, float | None]:
    known = [
        q for q in served if q.duration_ms_before is not None and q.duration_ms_after is not None
    ]
    before = sum(q.calls * (q.duration_ms_before or 0.0) for q in known)
    after = sum(q.calls * (q.duration_ms_after or 0.0) for q in known)
    return (before, after) if known else (None, None)


def _change(before: float | None, after: float | None) -> str:
    """ "-97.5%"; "-" where it is not known."""
    if not before or after is None:
        return "-"
    percent = (after - before) / before * 100
    # What is left counts: 99.9 % less is ten times better than 99 %.
    return f"{percent:+.1f}%" if abs(percent) >= 90 else f"{percent:+.0f}%"
