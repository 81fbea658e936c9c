"""How many rows a predicate is taken to match."""

import pytest

from queryscope.core.parsing import read_statement
from queryscope.core.selectivity import combined, ordinal

from .shop import shop

SCHEMA = shop()


@pytest.mark.parametrize(
    ("where", "share"),
    [
        ("status = 'done'", 0.9),
        ("status = 'pending'", 0.02),
        ("status <> 'done'", 0.1),
        ("status IN ('pending', 'review')", 0.05),
        ("status NOT IN ('done', 'failed')", 0.05),
        ("is_active", 0.6),
        ("NOT is_active", 0.4),
        ("is_active = true", 0.6),
        ("project_id = 7", 1 / 500),
        ("project_id = $1", 1 / 500),
        ("project_id IN (1, 2, 3, 4, 5)", 1 / 100),
        ("assigned_to_id = 7", 0.8 / 2000),
        ("parent_id IS NULL", 0.95),
        ("parent_id IS NOT NULL", 0.05),
        ("created_at < '2026-07-01 00:00:00+00'", 6 / 11),
        ("created_at >= '2026-07-01'", 5 / 11),
        ("created_at >= '2026-07-16'", 4.5 / 11),
        ("created_at < '2020-01-01'", 0),
        ("created_at > '2030-01-01'", 0),
        ("created_at BETWEEN '2026-03-01' AND '2026-04-01'", 1 / 11),
        ("created_at < now()", 0.33),
        ("due > '2026-01-01'", 0.33),
        ("due BETWEEN now() AND now()", 0.005),
        ("status = 'done' AND is_active", 0.54),
        ("title LIKE '%abc%'", 0.01),
        ("data @> '{}'", 0.01),
    ],
)
def test_share_of_rows(where, share):
    use = read_statement(f"SELECT * FROM task WHERE {where}", SCHEMA).uses[0]
    found = combined(list(use.predicates), SCHEMA.tables["task"])
    assert found == pytest.approx(share, abs=0.003)


@pytest.mark.parametrize(
    ("low", "high", "type_"),
    [
        ("9", "10", "integer"),
        ("-3.5", "2", "numeric(8,2)"),
        ("2026-01-31", "2026-02-01", "date"),
        ("2026-01-01 00:00:00+02", "2025-12-31 23:00:00+00", "timestamp with time zone"),
        ("10", "9", "character varying(20)"),
        ("2026-01-31 10:00:00", "2026-02-01", "datetime"),
    ],
)
def test_values_sort_as_their_types_do(low, high, type_):
    assert ordinal(low, type_) < ordinal(high, type_)


@pytest.mark.parametrize(("text", "type_"), [("x", "date"), ("infinity", "timestamp")])
def test_values_that_cannot_be_placed(text, type_):
    assert ordinal(text, type_) is None
