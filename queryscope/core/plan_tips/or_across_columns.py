"""An OR over several columns, of which no single index knows more than one.

    Task.objects.filter(Q(assigned_to=user) | Q(created_by=user))

Why it hurts: without an index on each of the columns the whole table has to be read, since a row
may match by the other one.

Instead of:
    one index on (assigned_to, created_by)           it answers AND
use:
    an index on each of them                         the server combines what they find
    first.union(second)                              where the columns are of several tables

A scan counts when it read 10,000 rows and threw nine tenths away.
Silent: where something in the OR cannot be indexed at all, and where all of it is.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from .conditions import SARGABLE, Condition, alternatives
from .figures import listed
from .indexing import create, index_for
from .remedies import remedy
from .scans import discards, read_and_kept, reading
from .tip import Context, Tip

NAME = "or-across-columns"


def tips(context: Context) -> Iterable[Tip]:
    """Speak of scans whose only condition is an OR."""
    for position in range(len(context.nodes)):
        scan = reading(context, position)
        if scan is None or not scan.sequential or not discards(scan):
            continue
        answer = remedy(context, position)
        if answer.remedy != "alternatives":
            continue
        found = _indexes(context, position, answer.conditions[0])
        if found is None:
            continue
        columns, statements = found
        message = f"{read_and_kept(context, position, scan)}, by {listed(columns, 'or')}"
        hint = f"Index each side of the OR: {' '.join(statements)}"
        yield Tip(NAME, position, message, hint, scan.cost_ms)


def _indexes(
    context: Context, position: int, condition: Condition
) -> tuple[tuple[str, ...], list[str]] | None:
    """Columns and the indexes they lack; None where an index on each would not help."""
    if not isinstance(condition.tree, exp.Or):
        return None
    branches = alternatives(context, position, condition.tree)
    answers = [[asked for asked in branch if asked.kind in SARGABLE] for branch in branches]
    if not all(answers):
        return None
    columns = tuple(dict.fromkeys(branch[0].column for branch in answers))
    indexes = [index_for(context, position, branch) for branch in answers]
    wanted = dict.fromkeys(create(context, index) for index in indexes if index is not None)
    return (columns, list(wanted)) if len(columns) > 1 and wanted else None
