"""How a condition that hides its column is asked so that an index answers it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ..canonical import canonical_sql
from ..fingerprint import masked
from ..indexes import IndexDefinition, IndexKey, Method
from .conditions import Condition
from .indexing import create, index_for
from .reading import bare
from .tip import Context

#: Functions of one column that Django has under these names, in django.db.models.functions.
_FUNCTIONS: dict[type[exp.Expression], str] = {
    exp.Upper: "Upper",
    exp.Lower: "Lower",
    exp.Trim: "Trim",
    exp.Length: "Length",
    exp.Abs: "Abs",
    exp.MD5: "MD5",
    exp.Reverse: "Reverse",
}
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)
_DAY = frozenset({"DJANGO_DATETIME_CAST_DATE", "DATE"})
#: Parts of a date that do not lie side by side: the same month comes every year.
_RECURRING = {
    "MONTH": "ExtractMonth",
    "DAY": "ExtractDay",
    "HOUR": "ExtractHour",
    "MINUTE": "ExtractMinute",
    "WEEK": "ExtractWeek",
    "QUARTER": "ExtractQuarter",
    "ISODOW": "ExtractIsoWeekDay",
}


def rewrite(context: Context, position: int, condition: Condition) -> str:
    """The next thing to do, in one line of Django."""
    side = condition.expression
    if condition.kind == "wildcard" or side is None:
        return _text_search(context, position, condition)
    if _is_day(side):
        return _by_bounds(context, position, condition, "timedelta(days=1)")
    if _is_truncated(side):
        return _by_bounds(context, position, condition, "")
    for hint in (
        _recurring(context, position, condition),
        _function(context, position, condition),
        _conversion(context, position, condition),
    ):
        if hint:
            return hint
    return _otherwise(context, position, condition)


def shown(context: Context, position: int, condition: Condition) -> str:
    """The condition in short, without its values."""
    return masked(_canonical(context, position, condition.tree))


def shown_expression(context: Context, position: int, condition: Condition) -> str:
    """What the condition computes, in SQL over unqualified columns; its values included."""
    side = condition.expression
    return _canonical(context, position, side) if side is not None else condition.column


def exists(context: Context, position: int, condition: Condition) -> bool:
    """Whether an index that is there holds what the condition computes, or its trigrams."""
    table, side = context.table(position), condition.expression
    if table is None or side is None:
        return False
    text = _canonical(context, position, side)
    plain = text == f'"{condition.column}"'
    for index in table.indexes:
        definition = index.definition
        if definition is None or not index.valid:
            continue
        if condition.kind == "wildcard" and definition.method == "btree":
            continue
        first = definition.keys[0] if definition.keys else IndexKey("")
        if (first.name == condition.column) if plain else (first.expression and first.name == text):
            return True
    return False


def _canonical(context: Context, position: int, tree: exp.Expression) -> str:
    table = context.table(position)
    columns = table.columns if table is not None else {}
    named = {column.name for column in tree.find_all(exp.Column)}
    # Without a schema the cast that PostgreSQL adds to a varchar is left out as well.
    types = {name: columns[name].type if name in columns else "text" for name in named}
    copy = tree.copy()
    for column in copy.find_all(exp.Column):
        column.set("table", None)
    return canonical_sql(copy.sql(dialect=context.dialect), types, context.plan.vendor)


def _name(
    context: Context, position: int, asked: Sequence[Condition], method: Method = "btree"
) -> str:
    """A name for an index on expressions, as those that are advised have it."""
    keys = []
    for condition in asked:
        side = condition.expression
        text = _canonical(context, position, side) if side is not None else condition.column
        keys.append(IndexKey(text, expression=True, columns=(condition.column,)))
    table = (context.relation(position) or "").rsplit(".", 1)[-1]
    return IndexDefinition(table, tuple(keys), method=method).name


def search(context: Context, position: int, asked: Sequence[Condition]) -> str:
    """An index for texts inside of one column, or of each of several; "" where none is possible."""
    available = context.schema.available | context.schema.extensions
    if available and "pg_trgm" not in available:
        return (
            "The server lacks pg_trgm, whose indexes find texts inside of texts: install "
            "postgresql-contrib, or search whole words by SearchVector."
        )
    keys = [_django(each.expression, each.column) for each in asked if each.expression is not None]
    texts = list(dict.fromkeys(key for key in keys if key is not None))
    if not texts or len(keys) < len(asked) or None in keys:
        return ""
    name = _name(context, position, asked, "gin")
    if all(text.startswith('"') for text in texts):
        opclasses = ", ".join(['"gin_trgm_ops"'] * len(texts))
        index = f'GinIndex(fields=[{", ".join(texts)}], opclasses=[{opclasses}], name="{name}")'
    else:
        wrapped = ", ".join(f'OpClass({text}, name="gin_trgm_ops")' for text in texts)
        index = f'GinIndex({wrapped}, name="{name}")'
    first = "" if "pg_trgm" in context.schema.extensions else " (TrigramExtension() first)"
    return f"A trigram index finds texts inside of texts{first}: {index}."


def _text_search(context: Context, position: int, condition: Condition) -> str:
    if context.is_sqlite:
        return (
            "SQLite has no index for texts inside of texts: search a table of its full-text "
            "search (FTS5), or by what the text begins with (startswith)."
        )
    found = search(context, position, [condition])
    return found or _otherwise(context, position, condition)


def _django(side: exp.Expression, column: str) -> str | None:
    """``Upper("email")``; None for what is no chain of functions of the column alone."""
    side = bare(side)
    if isinstance(side, exp.Cast) and side.to.is_type(*exp.DataType.TEXT_TYPES):
        # A text stays what it is; for numbers and dates there is no index in Django's words.
        inner = bare(side.this)
        return _django(inner, column) if isinstance(inner, exp.Column) else None
    if isinstance(side, exp.Column):
        return f'"{column}"'
    name = _FUNCTIONS.get(type(side))
    arguments = [value for key, value in side.args.items() if value and key != "this"]
    if name is None or arguments or not isinstance(side.this, exp.Expression):
        return None
    inside = _django(side.this, column)
    return f"{name}({inside})" if inside is not None else None


def _function(context: Context, position: int, condition: Condition) -> str:
    side = condition.expression
    if side is None or isinstance(side, exp.Cast):
        return ""
    django = _django(side, condition.column)
    if django is None:
        return ""
    name = _name(context, position, [condition])
    if isinstance(condition.tree, exp.Like):
        django = f'OpClass({django}, name="text_pattern_ops")'
    return f'Index what is computed: models.Index({django}, name="{name}").'


def _is_day(side: exp.Expression) -> bool:
    if isinstance(side, exp.Cast):
        return side.to.is_type(exp.DataType.Type.DATE)
    return isinstance(side, exp.Date | exp.TsOrDsToDate) or _call(side) in _DAY


def _is_truncated(side: exp.Expression) -> bool:
    if isinstance(side, exp.Extract):
        return side.name.upper() == "YEAR"
    return isinstance(side, exp.TimestampTrunc | exp.DateTrunc | exp.Year) or "_TRUNC" in _call(
        side
    )


def _call(side: exp.Expression) -> str:
    return side.name.upper() if isinstance(side, exp.Anonymous) else ""


def _by_bounds(context: Context, position: int, condition: Condition, length: str) -> str:
    column = condition.column
    end = f"start + {length}" if length else "end"
    lookup = f"{column}__date=" if length else "what is computed from it"
    said = f"Compare {column} itself with bounds, not {lookup}"
    asked = Condition("range", condition.tree, (column,))
    index = index_for(context, position, [asked])
    also = f", with an index: {create(context, index)}" if index is not None else "."
    return f"{said}: .filter({column}__gte=start, {column}__lt={end}){also}"


def _recurring(context: Context, position: int, condition: Condition) -> str:
    side = condition.expression
    if not isinstance(side, exp.Extract) or context.is_sqlite:
        return ""
    function = _RECURRING.get(side.name.upper())
    if function is None:
        return ""
    name = _name(context, position, [condition])
    return f'Index what is computed: models.Index({function}("{condition.column}"), name="{name}").'


def _conversion(context: Context, position: int, condition: Condition) -> str:
    side, column = condition.expression, condition.column
    if isinstance(side, exp.Cast) and isinstance(bare(side.this), exp.Column):
        table = context.table(position)
        known = table.columns.get(column) if table is not None else None
        own = f" ({known.type})" if known is not None else ""
        return f"Compare {column} with a value of its own type{own}, so that no row is converted."
    if isinstance(side, _ARITHMETIC):
        return f"Do the arithmetic on the other side: leave {column} alone and compare it."
    if isinstance(side, exp.JSONExtract | exp.JSONExtractScalar):
        return _of_document(context, position, condition)
    if isinstance(side, exp.Coalesce):
        return (
            f"Compare {column} itself, and ask for NULL apart if it counts too: "
            f"Q({column}=value) | Q({column}__isnull=True)."
        )
    return ""


def _of_document(context: Context, position: int, condition: Condition) -> str:
    if context.is_sqlite or not isinstance(condition.tree, exp.EQ):
        return ""
    column = condition.column
    key = IndexKey(column, opclass="jsonb_path_ops")
    table = (context.relation(position) or "").rsplit(".", 1)[-1]
    name = IndexDefinition(table, (key,), method="gin").name
    return (
        f"Ask for what the document contains, filter({column}__contains={{key: value}}), with "
        f'GinIndex(fields=["{column}"], opclasses=["jsonb_path_ops"], name="{name}").'
    )


def _otherwise(context: Context, position: int, condition: Condition) -> str:
    side = condition.expression
    text = masked(_canonical(context, position, side)) if side is not None else condition.column
    return (
        f"Compare {condition.column} itself, or keep {text} in a column of its own "
        f"(GeneratedField) with an index."
    )
