"""The figures, in tables of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tabulate import tabulate

from .evaluate import Evaluation

WIDTH = 80
MB = 1_000_000
#: What the advice must reach on the workload of the published figures.
GOALS = {
    "cost left": "2.5 %",
    "cost left, 100 MB": "7 %",
    "time left": "5 %",
    "size": "250 MB",
    "WAL of the writes": "2.0 x",
    "unused": "0",
    "traps taken": "0",
}


def comparison(evaluations: dict[str, Evaluation]) -> str:
    """Sets of indexes side by side, and what is to be reached."""
    rows = [_figures(name, evaluation) for name, evaluation in evaluations.items()]
    goal = [GOALS[key] for key in ("cost left", "time left", "size", "WAL of the writes")]
    rows.append(["to reach", "", *goal, GOALS["unused"], GOALS["traps taken"]])
    headers = ["", "indexes", "cost left", "time left", "size", "WAL", "unused", "traps"]
    return tabulate(rows, headers, disable_numparse=True, colalign=["left", *["right"] * 7])


def queries(evaluation: Evaluation) -> str:
    """Each query before and after, those that cost most of what is left first."""
    found = sorted(
        evaluation.as_dict()["queries"], key=lambda row: -row["calls"] * row["cost_after"]
    )
    rows = [
        [
            _short(row["name"], 34),
            f"{row['calls']:,.0f}",
            *_pair(row["cost_before"], row["cost_after"], "{:,.0f}"),
            *_pair(row["duration_ms_before"], row["duration_ms_after"], "{:,.2f}"),
        ]
        for row in found
    ]
    headers = ["query", "calls", "cost", "after", "ms", "after"]
    return tabulate(rows, headers, disable_numparse=True, colalign=["left", *["right"] * 5])


def indexes(evaluation: Evaluation) -> str:
    """What each saves of the workload, if it alone were missing; in two lines each."""
    lines = []
    for index in sorted(evaluation.indexes, key=lambda index: -index.cost_share):
        verdict = "UNUSED" if not index.used_by else "TRAP" if index.idle else ""
        create = index.create.removeprefix("CREATE INDEX ").replace('"', "")
        lines.append(_short(create, WIDTH))
        lines.append(
            f"    {index.size_bytes / MB:.2f} MB, {len(index.used_by)} queries, without it"
            f" {index.cost_share:+.2%} cost, {index.time_share:+.2%} time {verdict}".rstrip()
        )
    return "\n".join(lines)


def table(rows: Iterable[Sequence[Any]], headers: Sequence[str]) -> str:
    align = ["left", *["right"] * (len(headers) - 1)]
    return tabulate(list(rows), headers, disable_numparse=True, colalign=align)


def _figures(name: str, evaluation: Evaluation) -> list[str]:
    return [
        name,
        str(len(evaluation.indexes)),
        f"{evaluation.cost_left:.2%}",
        f"{evaluation.time_left:.2%}",
        f"{evaluation.size_bytes / MB:.1f} MB",
        f"{evaluation.wal_ratio:.2f} x",
        str(len(evaluation.unused)),
        str(len(evaluation.traps)),
    ]


def _pair(before: float, after: float, form: str) -> tuple[str, str]:
    return form.format(before), form.format(after)


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"
