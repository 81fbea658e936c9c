"""What the conditions of a scan ask, one by one: which of them an index on the columns answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from .reading import bare, conjuncts, parsed_condition, select_of
from .tip import Context

#: ``wildcard`` is a text search that no B-tree answers, ``hidden`` a comparison of something
#: computed from a column, ``contains`` one of documents or arrays, ``or`` alternatives.
Kind = Literal[
    "equality",
    "list",
    "range",
    "null",
    "flag",
    "prefix",
    "wildcard",
    "hidden",
    "contains",
    "or",
    "unequal",
    "other",
]
#: Kinds that a B-tree over the bare column answers.
SARGABLE: frozenset[Kind] = frozenset({"equality", "list", "range", "null", "flag", "prefix"})
_TEXT = ("text", "character", "varchar", "char", "citext", "bpchar")
_RANGES = (exp.GT, exp.GTE, exp.LT, exp.LTE)
_CONTAINS = (exp.ArrayContainsAll, exp.ArrayContainedBy, exp.ArrayOverlaps)
_PATTERNS = (exp.Like, exp.ILike, exp.RegexpLike, exp.RegexpILike)


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. ``columns`` are those of the scanned table that it reads; ``expression`` is
    the side that holds them, ``value`` the other one."""

    kind: Kind
    tree: exp.Expression
    columns: tuple[str, ...] = ()
    expression: exp.Expression | None = None
    value: exp.Expression | None = None

    @property
    def column(self) -> str:
        return self.columns[0]

    @property
    def joins(self) -> bool:
        """Whether it compares with a column of another table."""
        return self.value is not None and self.value.find(exp.Column) is not None


@dataclass(frozen=True, slots=True)
class _Scan:
    """Whose columns are looked for, and what is known of them."""

    names: frozenset[str]
    column_type: Callable[[str], str]
    known: Callable[[str], bool]
    #: Whether the statement itself has this cast of a column; None where it cannot be read.
    casts: Callable[[str], bool | None]
    bare_names: bool


def conditions(context: Context, position: int, *fields: str) -> tuple[Condition, ...]:
    """The conditions of a scan in these fields of its plan ("Filter", "Index Cond"), which must all
    hold; on SQLite, whose plans have none, those of the statement. () if one cannot be read.
    """
    if context.is_sqlite:
        trees = _from_statement(context, position)
    else:
        trees = []
        for name in fields:
            text = context.nodes[position].conditions.get(name)
            parsed = parsed_condition(text, context.dialect) if text else None
            if text and parsed is None:
                return ()
            trees += conjuncts(parsed) if parsed is not None else ()
    scan = _scan(context, position)
    return tuple(_classified(tree, scan) for tree in trees)


def join_conditions(context: Context, join: int, scan: int) -> tuple[Condition, ...]:
    """What the condition of a join asks of the scan on one of its sides."""
    text = context.nodes[join].conditions.get("Join Filter")
    tree = parsed_condition(text, context.dialect) if text else None
    names = _scan(context, scan)
    return tuple(_classified(part, names) for part in conjuncts(tree)) if tree is not None else ()


def alternatives(
    context: Context, position: int, tree: exp.Or
) -> tuple[tuple[Condition, ...], ...]:
    """The branches of an OR, each with the conditions that must all hold in it."""
    names = _scan(context, position)
    todo: list[exp.Expression] = [tree]
    branches = []
    while todo:
        node = bare(todo.pop())
        if isinstance(node, exp.Or):
            todo += [node.expression, node.this]
        else:
            branches.append(tuple(_classified(part, names) for part in conjuncts(node)))
    return tuple(branches)


def _from_statement(context: Context, position: int) -> list[exp.Expression]:
    node = context.nodes[position]
    select = select_of(context.tree, node.alias or node.relation or "")
    where = select.args.get("where") if select is not None else None
    if where is None:
        return []
    mine = _scan(context, position)
    return [tree for tree in conjuncts(where.this) if _own(tree, mine)]


def _scan(context: Context, position: int) -> _Scan:
    table = context.table(position)
    columns = table.columns if table is not None else {}
    casts = _cast_columns(context.tree)

    def column_type(name: str) -> str:
        return columns[name].type if name in columns else ""

    # PostgreSQL leaves the table's name out where there is one only; SQL may always do so.
    alone = not context.is_sqlite or len(context.aliases) == 1
    return _Scan(
        names=context.names(position),
        column_type=column_type,
        known=lambda name: not columns or name in columns,
        casts=lambda name: None if casts is None else name in casts,
        bare_names=alone,
    )


def _cast_columns(tree: exp.Expression | None) -> frozenset[str] | None:
    if tree is None:
        return None
    inside = (bare(cast.this) for cast in tree.find_all(exp.Cast))
    return frozenset(column.name for column in inside if isinstance(column, exp.Column))


def _own(tree: exp.Expression, scan: _Scan) -> tuple[str, ...]:
    """The table's columns in an expression."""
    found = (
        column.name
        for column in tree.find_all(exp.Column, bfs=False)
        if (column.table in scan.names if column.table else scan.bare_names)
    )
    return tuple(dict.fromkeys(found))


def _classified(tree: exp.Expression, scan: _Scan) -> Condition:
    tree = bare(tree)
    if isinstance(tree, exp.Escape):
        tree = bare(tree.this)
    columns = _own(tree, scan)
    other = Condition("other", tree, columns)
    if not columns or not all(map(scan.known, columns)):
        return other
    if isinstance(tree, exp.Or):
        return Condition("or", tree, columns)
    if isinstance(tree, exp.Not | exp.Column | exp.Is):
        return _of_one_column(tree, columns)
    if isinstance(tree, exp.Between | exp.In):
        kind: Kind = "range" if isinstance(tree, exp.Between) else "list"
        return _of_side(kind, tree, tree.this, None, scan)
    if isinstance(tree, exp.Binary | exp.RegexpLike | exp.RegexpILike):
        sides = (tree.this, tree.expression)
        left, right = (_own(side, scan) for side in sides)
        if not (left and right):
            mine, value = sides if left else (sides[1], sides[0])
            return _of_side(_comparison(tree, value, bool(left)), tree, mine, value, scan)
    return other


def _of_one_column(tree: exp.Expression, columns: tuple[str, ...]) -> Condition:
    """``flag``, ``NOT flag``, ``column IS NULL``."""
    inner = bare(tree.this) if isinstance(tree, exp.Not) else tree
    if isinstance(inner, exp.Column):
        return Condition("flag", tree, columns, inner)
    is_null = isinstance(tree, exp.Is) and isinstance(tree.expression, exp.Null)
    if is_null and not tree.args.get("negate") and isinstance(bare(tree.this), exp.Column):
        return Condition("null", tree, columns, bare(tree.this))
    return Condition("other", tree, columns)


def _comparison(tree: exp.Expression, value: exp.Expression, in_order: bool) -> Kind:
    """What a comparison would be if its column stood bare."""
    if tree.args.get("negate"):
        return "other"
    if isinstance(tree, exp.EQ):
        # ALL asks for every value at once, which no row can equal.
        kinds: dict[type[exp.Expression], Kind] = {exp.Any: "list", exp.All: "other"}
        return kinds.get(type(bare(value)), "equality")
    if isinstance(tree, exp.NEQ):
        return "unequal"
    if isinstance(tree, _RANGES):
        return "other" if isinstance(bare(value), exp.Any | exp.All) else "range"
    if isinstance(tree, _CONTAINS):
        return "contains"
    return _pattern(tree, value) if isinstance(tree, _PATTERNS) and in_order else "other"


def _pattern(tree: exp.Expression, value: exp.Expression) -> Kind:
    text = literal(value)
    if text is None:
        return "wildcard" if isinstance(tree, exp.ILike) else "other"
    if isinstance(tree, exp.RegexpLike | exp.RegexpILike):
        return "other" if text.startswith("^") else "wildcard"
    if text[:1] in ("%", "_") or isinstance(tree, exp.ILike):
        return "wildcard"
    return "prefix"


def literal(tree: exp.Expression) -> str | None:
    """The text of a literal, casts of it left out; None for anything else."""
    tree = bare(tree)
    while isinstance(tree, exp.Cast | exp.Paren | exp.Escape):
        tree = tree.this
    return str(tree.this) if isinstance(tree, exp.Literal) else None


def _of_side(
    kind: Kind,
    tree: exp.Expression,
    mine: exp.Expression,
    value: exp.Expression | None,
    scan: _Scan,
) -> Condition:
    columns = _own(tree, scan)
    side = bare(mine)
    if kind == "other":
        return Condition("other", tree, columns)
    if isinstance(side, exp.Column):
        return Condition(kind, tree, columns, side, value)
    stripped = _without_cast(side, scan)
    if stripped is None and kind != "wildcard":
        return Condition("other", tree, columns)
    if isinstance(stripped, exp.Column):
        return Condition(kind, tree, columns, stripped, value)
    if kind == "unequal" or len(columns) != 1:
        return Condition("other", tree, columns)
    if kind == "wildcard":
        return Condition("wildcard", tree, columns, side, value)
    return Condition("hidden", tree, columns, side, value)


def _without_cast(side: exp.Expression, scan: _Scan) -> exp.Expression | None:
    """The column, where PostgreSQL only relabels it: ``(status)::text`` of a varchar. The side as
    it is where the cast computes something; None where the column's type is not known."""
    if not isinstance(side, exp.Cast):
        return side
    column = bare(side.this)
    if not isinstance(column, exp.Column) or not side.to.is_type(*exp.DataType.TEXT_TYPES):
        return side
    known = scan.column_type(column.name)
    if known:
        return column if known.startswith(_TEXT) else side
    casts = scan.casts(column.name)
    if casts is None:
        return None
    return side if casts else column
