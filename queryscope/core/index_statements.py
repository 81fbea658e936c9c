"""CREATE INDEX, as Django or a database words it -> what it makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast, get_args

import sqlglot
from sqlglot import exp

from .canonical import DIALECTS, canonical_sql, columns_of
from .indexes import IndexDefinition, IndexKey, Method, Nulls


def read_definition(
    sql: str, vendor: str = "postgresql", types: Mapping[str, str] | None = None
) -> IndexDefinition | None:
    """The definition, its expressions as :func:`canonical_sql` spells them with these ``types``.

    None for what is no CREATE INDEX or has what a definition cannot tell.
    """
    try:
        tree = sqlglot.parse_one(sql, dialect=DIALECTS.get(vendor, vendor))
    except sqlglot.errors.SqlglotError:
        return None
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Index):
        return None
    table, parameters = tree.this.args["table"], tree.this.args["params"]
    method = parameters.args["using"].name.lower() if parameters.args.get("using") else "btree"
    if method not in get_args(Method):
        return None
    where = parameters.args.get("where")
    dialect = DIALECTS.get(vendor, vendor)
    return IndexDefinition(
        table=table.name,
        schema=table.db,
        keys=tuple(_key(key, vendor, types) for key in parameters.args.get("columns") or ()),
        include=tuple(column.name for column in parameters.args.get("include") or ()),
        condition=canonical_sql(where.this.sql(dialect=dialect), types, vendor) if where else "",
        method=cast("Method", method),
        unique=bool(tree.args.get("unique")),
    )


def _key(node: exp.Expr, vendor: str, types: Mapping[str, str] | None) -> IndexKey:
    descending = False
    nulls: Nulls = ""
    if isinstance(node, exp.Ordered):
        descending = bool(node.args.get("desc"))
        # SQLite sorts NULL first and knows no other way in an index.
        if vendor == "postgresql" and bool(node.args.get("nulls_first")) != descending:
            nulls = "FIRST" if node.args.get("nulls_first") else "LAST"
        node = node.this
    opclass = collation = ""
    if isinstance(node, exp.Opclass):
        opclass, node = node.expression.name, node.this
    if isinstance(node, exp.Collate):
        collation, node = node.expression.name, node.this
    node = node.unnest()
    if isinstance(node, exp.Column):
        return IndexKey(node.name, descending, opclass, collation=collation, nulls=nulls)
    text = canonical_sql(node.sql(dialect=DIALECTS.get(vendor, vendor)), types, vendor)
    columns = columns_of(text, vendor)
    return IndexKey(text, descending, opclass, True, columns, collation, nulls)
