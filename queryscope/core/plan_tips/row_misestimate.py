"""A step that brings many more rows, or far fewer, than the planner expected.

    Seq Scan on address: 5,000 rows, expected 50     city = ... AND zip = ...

Why it hurts: everything above was chosen for another number of rows: a nested loop that runs
thousands of times, a hash that does not fit, an index that is not used.

Instead of:
    hints, enable_nestloop = off
use, by the cause:
    ANALYZE "address";                               nobody has looked at the table, or not lately
    CREATE STATISTICS ... ON "city", "zip" ...       columns that depend on each other
    CREATE STATISTICS ... ON (UPPER("email")) ...    a condition on something computed
    ALTER TABLE ... SET STATISTICS 1000;             a column with more values than are remembered

A step counts when it is off ten times and brought 1,000 rows or more, or 10,000 were expected;
only the step where it begins is named, not all above it. Silent: steps that a LIMIT or the like
stopped early, estimates that no statistics could make better, and without ANALYZE.
"""

from __future__ import annotations

from collections.abc import Iterable

from .causes import cause
from .figures import counted, number
from .scans import may_stop_early
from .tip import MANY_VISITS, Context, Tip

NAME = "row-misestimate"

_TIMES = 10
#: Too many rows expected does less harm than too few: at worst a join that prepares for them.
_HARMLESS = 10
#: What a step below must be off, as a part of this, to be where it began.
_INHERITED = 1 / 3
#: They give no rows of their own, or count them otherwise.
_UNCOUNTED = frozenset({"BitmapAnd", "BitmapOr", "Bitmap Index Scan", "ModifyTable", "Limit"})
_JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})


def tips(context: Context) -> Iterable[Tip]:
    """Speak of each step at which an estimate goes wrong."""
    for position in range(len(context.nodes)):
        factor = _off(context, position)
        if abs(factor) < _TIMES or _is_inherited(context, position, factor):
            continue
        node = context.nodes[position]
        expected, brought = number(node.rows_estimated), number(node.rows)
        if max(expected / _HARMLESS, brought) < MANY_VISITS:
            continue
        found = cause(context, position, too_few=factor > 0)
        if found is None:
            continue
        why, hint = found
        verb = "brings" if factor > 0 else "brings only"
        message = (
            f"{verb} {counted(brought, 'row')} where {counted(expected, 'row')} "
            f"{'was' if expected == 1 else 'were'} expected ({abs(factor):,.0f} times "
            f"{'more' if factor > 0 else 'less'}): {why}"
        )
        yield Tip(NAME, position, message, hint, _cost_ms(context, position))


def _off(context: Context, position: int) -> float:
    """How many times more rows came than expected, negative for less; 0 if that tells nothing."""
    node = context.nodes[position]
    if not context.was_run(position) or node.rows_estimated is None or node.kind in _UNCOUNTED:
        return 0.0
    loops = max(number(node.loops), 1.0)
    expected, brought = max(number(node.rows_estimated), 1.0), max(number(node.rows), 1.0)
    if brought >= expected:
        return 0.0 if _is_repeated(context, position) else brought / expected
    # No estimate is below one row a loop.
    if expected <= loops or may_stop_early(context, position):
        return 0.0
    return -expected / brought


def _is_inherited(context: Context, position: int, factor: float) -> bool:
    """Whether a step below is off in the same direction, so that this one only passes it on."""
    for child in context.children[position]:
        below = _off(context, child)
        if below * factor > 0 and abs(below) >= max(abs(factor) * _INHERITED, 2.0):
            return True
        # A bitmap's rows are told by the scan above it.
        if context.nodes[child].kind in ("Limit", "ModifyTable") and _is_inherited(
            context, child, factor
        ):
            return True
    return False


def _is_repeated(context: Context, position: int) -> bool:
    """Whether a merge join counts rows again each time that it goes back to them."""
    for above in context.ancestors(position):
        if context.nodes[above].kind == "Merge Join":
            return True
        if context.nodes[above].kind not in ("Sort", "Materialize", "Gather Merge"):
            return False
    return False


def _cost_ms(context: Context, position: int) -> float | None:
    """The join that was chosen by the estimate; the step itself where there is none above."""
    for above in context.ancestors(position):
        if context.nodes[above].kind in _JOINS:
            return context.nodes[above].duration_ms
    return context.nodes[position].self_ms
