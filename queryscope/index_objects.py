"""An index definition -> the ``models.Index`` by which Django makes exactly that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlglot
from django.apps import apps
from django.db.models import F, Field, Func, Index, Model, Q, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Abs, Coalesce, Collate, Length, Lower, Trim, Upper
from sqlglot import exp

from .core.canonical import DIALECTS, canonical_definition
from .core.index_statements import read_definition
from .core.indexes import IndexDefinition, IndexKey

_FUNCTIONS: dict[type, type[Func]] = {
    exp.Upper: Upper,
    exp.Lower: Lower,
    exp.Length: Length,
    exp.Trim: Trim,
    exp.Abs: Abs,
}
_LOOKUPS: dict[type, str] = {
    exp.EQ: "",
    exp.GT: "__gt",
    exp.GTE: "__gte",
    exp.LT: "__lt",
    exp.LTE: "__lte",
}
_KEYS: dict[type, type[KeyTransform]] = {
    exp.JSONExtract: KeyTransform,
    exp.JSONExtractScalar: KeyTextTransform,
}


class Inexpressible(Exception):
    """The ORM cannot say it; the text says what."""


def model_of(table: str) -> type[Model] | None:
    """The model whose own table it is and whose migrations change it, if there is one.

    None for a many-to-many table that Django made by itself, and for an unmanaged model's: no
    model has a Meta that its indexes could be put in.
    """
    for model in apps.get_models():
        options = model._meta
        if options.db_table.strip('"') == table and options.managed and not options.proxy:
            return model
    return None


def index_object(definition: IndexDefinition, model: type[Model], connection: Any) -> Index:
    """The index under the definition's name, for the model's Meta.

    Raises Inexpressible where Django has no words for it, or would make another one of them.
    """
    if definition.unique:
        raise Inexpressible("it is unique")
    reading = _Reading(_columns(model), connection.vendor)
    named: dict[str, Any] = {"name": definition.name}
    if definition.condition:
        named["condition"] = reading.condition(definition.condition)
    if definition.include:
        named["include"] = [reading.field(column).name for column in definition.include]
    kind = _kind(definition)
    if _is_plain(definition):
        named["fields"] = [
            f"{'-' if key.descending else ''}{reading.field(key.name).name}"
            for key in definition.keys
        ]
        if definition.keys[0].opclass:
            named["opclasses"] = [key.opclass for key in definition.keys]
        index = kind(**named)
    else:
        index = kind(*map(reading.key, definition.keys), **named)
    _check(index, definition, model, connection)
    return index


def _kind(definition: IndexDefinition) -> type[Index]:
    if definition.method == "btree":
        return Index
    # It imports the driver.
    from django.contrib.postgres import indexes

    return {
        "gin": indexes.GinIndex,
        "gist": indexes.GistIndex,
        "brin": indexes.BrinIndex,
        "hash": indexes.HashIndex,
    }[definition.method]


def _is_plain(definition: IndexDefinition) -> bool:
    """Whether names of fields tell all of its keys."""
    keys = definition.keys
    return not any(k.expression or k.collation or k.nulls for k in keys) and (
        all(key.opclass for key in keys) or not any(key.opclass for key in keys)
    )


def _check(index: Index, definition: IndexDefinition, model: type[Model], connection: Any) -> None:
    """What Django would make must be what was advised: it has a mind of its own on NULL."""
    if "OpClass" in repr(index.expressions) and not apps.is_installed("django.contrib.postgres"):
        return  # without it Django does not know where in the statement the class goes
    vendor = connection.vendor
    columns = _columns(model)
    types = {name: str(field.db_type(connection) or "") for name, field in columns.items()}
    made = str(index.create_sql(model, connection.schema_editor(collect_sql=True)))
    found = read_definition(made, vendor, types)
    wanted = canonical_definition(definition, types, vendor)
    if found is None or (found.keys, found.condition, found.include, found.method) != (
        wanted.keys,
        wanted.condition,
        wanted.include,
        wanted.method,
    ):
        raise Inexpressible(f"Django would make it {made.partition(' ON ')[2]}")


def _columns(model: type[Model]) -> dict[str, Field[Any, Any]]:
    """The fields that have a column in the model's own table."""
    return {field.column: field for field in model._meta.local_concrete_fields if field.column}


class _Reading:
    """SQL over a model's columns -> the ORM's expressions over its fields."""

    def __init__(self, columns: Mapping[str, Field[Any, Any]], vendor: str) -> None:
        self._columns = columns
        self._dialect = DIALECTS.get(vendor, vendor)

    def field(self, column: str) -> Field[Any, Any]:
        if column not in self._columns:
            raise Inexpressible(f"no field of the model has the column {column}")
        return self._columns[column]

    def key(self, key: IndexKey) -> Any:
        """The expression for a key, dressed as the key is."""
        found = self._expression(self._parse(key.name)) if key.expression else None
        if found is None:
            found = F(self.field(key.name).name)
        if isinstance(found, str):
            found = F(found)
        if key.collation:
            found = Collate(found, key.collation)
        if key.opclass:
            from django.contrib.postgres.indexes import OpClass

            found = OpClass(found, name=key.opclass)
        nulls = {f"nulls_{key.nulls.lower()}": True} if key.nulls else {}
        if key.descending:
            return found.desc(**nulls)
        return found.asc(**nulls) if nulls else found

    def condition(self, sql: str) -> Q:
        return self._condition(self._parse(sql))

    def _parse(self, sql: str) -> exp.Expr:
        try:
            return sqlglot.parse_one(sql, dialect=self._dialect).unnest()
        except sqlglot.errors.SqlglotError as error:
            raise Inexpressible(f"{sql} cannot be parsed") from error

    def _expression(self, node: exp.Expr) -> Any:
        """An expression of the ORM; the name alone for a column, as functions take it."""
        node = node.unnest()
        if isinstance(node, exp.Column):
            return self.field(node.name).name
        if type(node) in _FUNCTIONS and not node.args.get("expression"):
            return _FUNCTIONS[type(node)](self._expression(node.this))
        if isinstance(node, exp.Cast) and node.to.is_type("text"):
            return self._expression(node.this)  # Django's functions of text cast by themselves
        if isinstance(node, exp.Coalesce):
            return Coalesce(*map(self._expression, [node.this, *node.expressions]))
        if isinstance(node, exp.Literal):
            return Value(node.name if node.is_string else node.to_py())
        if type(node) in _KEYS and self._dialect == "postgres":
            *_, last = node.expression.expressions
            return _KEYS[type(node)](str(last.this), self._expression(node.this))
        if isinstance(node, exp.JSONBExtract | exp.JSONBExtractScalar):
            return self._path(node)
        raise Inexpressible(f"the ORM has no function for {node.sql(self._dialect)}")

    def _path(self, node: exp.JSONBExtract | exp.JSONBExtractScalar) -> Any:
        """``data #>> '{a,b}'``: a key of a key."""
        found = self._expression(node.this)
        for key in node.expression.name.strip("{}").split(","):
            # As KT() makes it: Django asks the last step alone for its kind.
            text = isinstance(node, exp.JSONBExtractScalar)
            found = (KeyTextTransform if text else KeyTransform)(key, found)
        return found

    def _condition(self, node: exp.Expr) -> Q:
        node = node.unnest()
        if isinstance(node, exp.And | exp.Or):
            joined: Callable[[Q, Q], Q] = Q.__and__ if isinstance(node, exp.And) else Q.__or__
            return joined(self._condition(node.this), self._condition(node.expression))
        if isinstance(node, exp.Column):
            return self._where(node, "", True)
        if isinstance(node, exp.Not):
            inner = node.this.unnest()
            if isinstance(inner, exp.Column):
                return self._where(inner, "", False)
            if isinstance(inner, exp.Is):  # how some dialects have IS NOT NULL
                return self._null(inner, absent=False)
            return ~self._condition(inner)
        if isinstance(node, exp.Is):
            return self._null(node, absent=True)
        if isinstance(node, exp.NEQ):
            return ~self._where(node.this, "", node.expression)
        if type(node) in _LOOKUPS:
            return self._where(node.this, _LOOKUPS[type(node)], node.expression)
        if isinstance(node, exp.In) and node.expressions:
            return self._where(node.this, "__in", node.expressions)
        raise Inexpressible(f"Q() has no lookup for {node.sql(self._dialect)}")

    def _null(self, node: exp.Is, *, absent: bool) -> Q:
        if not isinstance(node.expression, exp.Null):
            raise Inexpressible(f"Q() has no lookup for {node.sql(self._dialect)}")
        return self._where(node.this, "__isnull", absent is not bool(node.args.get("negate")))

    def _where(self, column: exp.Expr, lookup: str, value: Any) -> Q:
        if not isinstance(column, exp.Column):
            raise Inexpressible(f"Q() cannot say {column.sql(self._dialect)}")
        field = self.field(column.name)
        if isinstance(value, list):
            value = [self._value(field, one) for one in value]
        elif isinstance(value, exp.Expr):
            value = self._value(field, value)
        return Q(**{f"{field.name}{lookup}": value})

    def _value(self, field: Field[Any, Any], node: exp.Expr) -> Any:
        negative = isinstance(node, exp.Neg)
        literal = node.this if negative else node
        if not isinstance(literal, exp.Literal):
            raise Inexpressible(f"{node.sql(self._dialect)} is no constant")
        target = getattr(field, "target_field", field)
        try:
            return target.to_python(f"-{literal.name}" if negative else literal.name)
        except Exception as error:  # ValidationError, or whatever a custom field raises
            raise Inexpressible(f"{field.name} does not take {node.sql(self._dialect)}") from error
