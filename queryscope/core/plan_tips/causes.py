"""Why the planner was wrong about the rows of a step, and what tells it better."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlglot import exp

from ..fingerprint import masked
from ..indexes import quoted
from .conditions import Condition, conditions
from .figures import counted, listed
from .indexing import qualified
from .reading import bare, parsed_condition
from .rewrites import shown_expression
from .tip import MANY_ROWS, Context

#: Why, and what to do.
Cause = tuple[str, str]
#: Autovacuum analyses a table once a tenth of its rows has changed.
_STALE = 0.1
#: What statistics over several columns describe.
_DESCRIBED = frozenset({"equality", "list", "range", "null", "flag", "unequal"})
_FIELDS = ("Filter", "Index Cond", "Recheck Cond")
_NAME = 63


def cause(context: Context, position: int, *, too_few: bool) -> Cause | None:
    """The likely cause at the step where an estimate went wrong; None where nothing would help.

    ``too_few`` tells that fewer rows were expected than came.
    """
    node = context.nodes[position]
    if node.kind in ("Aggregate", "Group") and not str(node.details.get("Partial Mode")).startswith(
        "Partial"
    ):
        return _of_groups(context, position)
    if node.kind in ("Nested Loop", "Hash Join", "Merge Join"):
        return _of_join(context, position) if too_few else None
    if node.relation is None or not node.kind.endswith("Scan"):
        return None
    return _of_table(context, position) or _of_scan(context, position)


def _of_table(context: Context, position: int) -> Cause | None:
    """Statistics that are missing or old."""
    table = context.table(position)
    if table is None:
        return None
    analyze = f"Let the planner see its rows: ANALYZE {qualified(context, position)};"
    if not table.analyzed:
        return f"{table.name} was never analysed", analyze
    if table.modified is not None and table.modified > table.rows * _STALE:
        changed = counted(table.modified, "row")
        return f"{changed} of {table.name} changed since it was last analysed", analyze
    return None


def _of_scan(context: Context, position: int) -> Cause | None:
    asked = conditions(context, position, *_FIELDS)
    fields = set(_FIELDS) & set(context.nodes[position].conditions)
    analyze = f"ANALYZE {qualified(context, position)};"
    if not asked:
        old = "its statistics are older than its rows"
        return None if fields else (old, f"Let the planner see its rows: {analyze}")
    for condition in asked:
        if condition.kind == "hidden":
            return _of_expression(context, position, condition)
    if any(condition.kind not in _DESCRIBED for condition in asked):
        return None
    fixed = tuple(condition for condition in asked if not condition.joins)
    columns = tuple(dict.fromkeys(condition.column for condition in fixed))
    if len(columns) > 1:
        return _of_columns(context, position, columns, "dependencies, mcv")
    if len(columns) == 1 and len(fixed) == len(asked):
        return _of_column(context, position, fixed)
    return None


def _of_columns(
    context: Context, position: int, columns: Sequence[str], kinds: str
) -> Cause | None:
    if context.is_sqlite:
        return None
    table = qualified(context, position)
    name = statistics_name(context.relation(position) or "", columns)
    statement = (
        f"CREATE STATISTICS {quoted(name)} ({kinds}) ON {', '.join(map(quoted, columns))} "
        f"FROM {table}; ANALYZE {table};"
    )
    names = listed(tuple(columns))
    return (
        f"{names} depend on each other, which statistics of single columns do not tell",
        f"Let the planner see them together: {statement}",
    )


def _of_column(context: Context, position: int, asked: Sequence[Condition]) -> Cause | None:
    table, column = qualified(context, position), asked[0].column
    if any(condition.kind == "range" for condition in asked):
        return (
            f"the values of {column} lie beyond what statistics tell",
            f"Let the planner see the newer rows: ANALYZE {table};",
        )
    return (
        f"{column} has more values than statistics remember",
        f"Let them remember more: ALTER TABLE {table} ALTER COLUMN {quoted(column)} "
        f"SET STATISTICS 1000; ANALYZE {table};",
    )


def _of_expression(context: Context, position: int, condition: Condition) -> Cause | None:
    table = qualified(context, position)
    text = shown_expression(context, position, condition)
    hidden = masked(text)
    why = f"there are no statistics of {hidden}"
    if hidden != text:
        # Its values are the application's own, and not shown.
        return why, (
            f"Compare {condition.column} itself, or index {hidden}: of both there are statistics."
        )
    name = statistics_name(context.relation(position) or "", [condition.column, text])
    return (
        why,
        f"Let the planner see what is computed: CREATE STATISTICS {quoted(name)} ON ({text}) "
        f"FROM {table}; ANALYZE {table};",
    )


def _of_groups(context: Context, position: int) -> Cause | None:
    """Groups by several columns of one table."""
    keys = context.nodes[position].details.get("Group Key")
    trees = [parsed_condition(str(key), context.dialect) for key in keys or ()]
    columns = [bare(tree) for tree in trees if tree is not None]
    found = [column for column in columns if isinstance(column, exp.Column)]
    owners = {column.table for column in found}
    scans = [
        below
        for below in context.below(position)
        if context.nodes[below].relation and owners <= {*context.names(below), ""}
    ]
    if len(found) < 2 or len(found) != len(trees) or len(owners) != 1 or len(scans) != 1:
        return None
    return _of_columns(context, scans[0], [column.name for column in found], "ndistinct")


def _of_join(context: Context, position: int) -> Cause | None:
    """A join whose sides were estimated right; told only where a loop runs once a row of it."""
    parent = context.parents[position]
    loops = parent is not None and context.nodes[parent].kind == "Nested Loop"
    if not loops or (context.nodes[position].rows or 0.0) < MANY_ROWS:
        return None
    return (
        "what is asked of one table decides how many rows of the other belong to it, which no "
        "statistics tell",
        "Ask for the keys of the smaller side first, ids = list(...values_list('pk', flat=True)), "
        "then filter by them (__in=ids): of values there are statistics.",
    )


def statistics_name(table: str, words: Sequence[str]) -> str:
    """A name that is the same every time, within PostgreSQL's length."""
    name = "_".join([table.rsplit(".", 1)[-1], *words, "stats"])
    if name.isidentifier() and len(name) <= _NAME:
        return name
    mark = hashlib.sha256(name.encode()).hexdigest()[:6]
    plain = "".join(letter if letter.isalnum() else "_" for letter in f"{table}_{words[0]}")
    return f"{plain[: _NAME - 13]}_{mark}_stats"
