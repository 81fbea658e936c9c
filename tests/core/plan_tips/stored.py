"""Plans that real servers gave, with what is known of their tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from queryscope.core import postgresql_plans, sqlite_plans
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.plans import Plan
from queryscope.core.schema import (
    Column,
    ColumnStatistics,
    ExistingIndex,
    ForeignKey,
    Schema,
    Table,
)

PLANS = Path(__file__).parent / "plans"


def names() -> list[str]:
    return sorted(path.stem for path in PLANS.glob("*.json"))


def read(name: str) -> tuple[Plan, str, Schema, str]:
    """A plan, its statement, the schema, and the server's version."""
    stored = json.loads((PLANS / f"{name}.json").read_text())
    schema = _schema(stored["schema"])
    if stored["server"] == "sqlite":
        plan = sqlite_plans.plan_of(stored["plan"])
    else:
        plan = postgresql_plans.plan_of(stored["plan"])
    return plan, stored["sql"], schema, stored["server"]


def _schema(raw: dict[str, Any]) -> Schema:
    tables = {name: _table(table) for name, table in raw["tables"].items()}
    sets = {key: frozenset(raw[key]) for key in ("extensions", "available")}
    return Schema(**{**raw, **sets, "tables": tables})


def _table(raw: dict[str, Any]) -> Table:
    return Table(
        **{
            **raw,
            "columns": {name: _column(column) for name, column in raw["columns"].items()},
            "indexes": tuple(map(_index, raw["indexes"])),
            "foreign_keys": tuple(ForeignKey(**_tuples(key)) for key in raw["foreign_keys"]),
        }
    )


def _column(raw: dict[str, Any]) -> Column:
    statistics = raw["statistics"] and ColumnStatistics(**_tuples(raw["statistics"]))
    return Column(**{**raw, "statistics": statistics})


def _index(raw: dict[str, Any]) -> ExistingIndex:
    definition = raw["definition"]
    if definition is not None:
        keys = tuple(IndexKey(**_tuples(key)) for key in definition["keys"])
        definition = IndexDefinition(**{**_tuples(definition), "keys": keys})
    return ExistingIndex(**{**raw, "definition": definition})


def _tuples(raw: dict[str, Any]) -> dict[str, Any]:
    return {key: _tuple(value) for key, value in raw.items()}


def _tuple(value: Any) -> Any:
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value
