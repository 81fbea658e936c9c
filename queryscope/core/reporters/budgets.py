"""Budgets in a check: what is over, by how much, and how many are kept."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from tabulate import tabulate

from ..budgets import figure
from ..gate import Verdict
from .layout import WIDTH, clean, plural, shorten, width

MEASURES = {
    "queries": "queries",
    "distinct": "distinct queries",
    "database_ms": "database time",
    "duration_ms": "request time",
    "database_ratio": "database ratio",
}
_GAP = "  "


def lines(verdicts: Sequence[Verdict], *, verbose: bool = False) -> Iterator[str]:
    """Budgets that are over as a table, worst first; those that are kept as a number, all of them
    when ``verbose``. Nothing where there is no budget."""
    over = sorted((v for v in verdicts if v.over), key=lambda v: (-_excess(v), v.endpoint))
    kept = [verdict for verdict in verdicts if not verdict.over]
    if over:
        yield f"{plural(len(over), 'budget')} exceeded:"
        yield from _table(over, "Over")
    if kept and verbose:
        yield f"{plural(len(kept), 'budget')} kept:"
        yield from _table(kept, "Under")
    elif kept:
        yield f"{plural(len(kept), 'budget')} kept (-v 2 names them)"


def _excess(verdict: Verdict) -> float:
    return verdict.value / verdict.limit if verdict.limit else math.inf


def _table(verdicts: Sequence[Verdict], state: str) -> Iterator[str]:
    headers = [state, "Budget", "Measure"]
    rows = [
        [figure(v.measure, v.value), figure(v.measure, v.limit), MEASURES[v.measure]]
        for v in verdicts
    ]
    columns = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    room = WIDTH - sum(columns) - len(columns) * len(_GAP)
    # The name comes last: it takes the room that is left, and wide characters shift no column.
    names = [shorten(clean(verdict.endpoint), room) for verdict in verdicts]
    table = tabulate(
        [[*headers, "Endpoint"], *([*row, name] for row, name in zip(rows, names, strict=True))],
        tablefmt="plain",
        disable_numparse=True,
        colalign=("right", "right", "left", "left"),
    )
    head, *body = table.splitlines()
    yield head
    yield _GAP.join("-" * wide for wide in [*columns, max(map(width, [*names, "Endpoint"]))])
    yield from body
