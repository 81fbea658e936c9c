from __future__ import annotations

import pytest

from queryscope.core.canonical import canonical_definition, canonical_sql, columns_of
from queryscope.core.index_statements import read_definition
from queryscope.core.indexes import IndexDefinition, IndexKey

TYPES = {"status": "character varying(20)", "email": "varchar(254)", "name": "text", "id": "bigint"}


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        # What PostgreSQL prints, what Django writes, what a person would.
        ("upper((email)::text)", 'UPPER("email")'),
        ('UPPER("email"::text)', 'UPPER("email")'),
        ('upper("email")', 'UPPER("email")'),
        ("id::text", 'CAST("id" AS TEXT)'),
        ('"Odd Name" IS NULL', '"Odd Name" IS NULL'),
        ("Odd IS NULL", '"odd" IS NULL'),
        ("(status)::text = 'done'::text", "\"status\" = 'done'"),
        (
            "(status)::text = ANY ((ARRAY['b'::varchar, 'a'::varchar])::text[])",
            "\"status\" IN ('a', 'b')",
        ),
        ("status IN ('b', 'a')", "\"status\" IN ('a', 'b')"),
        ("status IN ('a')", "\"status\" = 'a'"),
        ("(status)::text <> ALL (ARRAY['a'::text, 'b'::text])", "NOT \"status\" IN ('a', 'b')"),
        ("NOT (status = 'a')", "\"status\" <> 'a'"),
        ("NOT (id < 5)", '"id" >= 5'),
        ("flag = true", '"flag"'),
        ("(flag = false)", 'NOT "flag"'),
        ("flag <> true", 'NOT "flag"'),
        ("NOT (deleted IS NULL)", '"deleted" IS NOT NULL'),
        ("((b) AND (a))", '"a" AND "b"'),
        ("(b AND a) AND c", '"a" AND "b" AND "c"'),
        ("c AND (b OR a)", '"c" AND ("b" OR "a")'),
        ("(a AND b) OR c", '"a" AND "b" OR "c"'),
        ("(a OR b) OR c", '"a" OR "b" OR "c"'),
        ("NOT (a OR b)", 'NOT ("a" OR "b")'),
        ("NOT (a AND b)", 'NOT ("a" AND "b")'),
        ("(a + b) * c", '("a" + "b") * "c"'),
        ("price > 5::numeric", '"price" > 5'),
        ("price > '-5'::integer", '"price" > -5'),
        ("((data -> 'a'::text) ->> 'b'::text)", "(\"data\" -> 'a') ->> 'b'"),
        ("total - '5 days'::interval", "\"total\" - CAST('5 days' AS INTERVAL)"),
        ("placed > '2024-01-01'::date", "\"placed\" > '2024-01-01'"),
        ("this is no (SQL", "this is no (SQL"),
    ],
)
def test_one_spelling(written: str, canonical: str) -> None:
    assert canonical_sql(written, TYPES) == canonical
    assert canonical_sql(canonical, TYPES) == canonical


def test_columns_in_their_order() -> None:
    assert columns_of("COALESCE(b, a) || \"C\" || 'd' || b") == ("b", "a", "C")
    assert columns_of("no (SQL") == ()


@pytest.mark.parametrize(
    ("sql", "vendor", "expected"),
    [
        (
            'CREATE INDEX CONCURRENTLY "n" ON "s"."t" USING gin ((UPPER("email"::text)) '
            'gin_trgm_ops, "b" text_pattern_ops) WITH (fastupdate = off) WHERE ("deleted" IS NULL)',
            "postgresql",
            IndexDefinition(
                "t",
                (
                    IndexKey('UPPER("email")', False, "gin_trgm_ops", True, ("email",)),
                    IndexKey("b", opclass="text_pattern_ops"),
                ),
                condition='"deleted" IS NULL',
                method="gin",
                schema="s",
            ),
        ),
        (
            "CREATE UNIQUE INDEX n ON t (a DESC, b DESC NULLS LAST, c NULLS FIRST) INCLUDE (d, e)",
            "postgresql",
            IndexDefinition(
                "t",
                (
                    IndexKey("a", True),
                    IndexKey("b", True, nulls="LAST"),
                    IndexKey("c", nulls="FIRST"),
                ),
                include=("d", "e"),
                unique=True,
            ),
        ),
        (
            'CREATE INDEX n ON t (a COLLATE "C" DESC)',
            "postgresql",
            IndexDefinition("t", (IndexKey("a", True, collation="C"),)),
        ),
        (
            'CREATE INDEX n ON t (a COLLATE NOCASE, upper("email") DESC) WHERE flag',
            "sqlite",
            IndexDefinition(
                "t",
                (
                    IndexKey("a", collation="NOCASE"),
                    IndexKey('UPPER("email")', True, expression=True, columns=("email",)),
                ),
                condition='"flag"',
            ),
        ),
        ("CREATE INDEX n ON t USING spgist (a)", "postgresql", None),
        ("CREATE TABLE t (a int)", "postgresql", None),
        ("no (SQL", "postgresql", None),
    ],
)
def test_create_index_is_read(sql: str, vendor: str, expected: IndexDefinition | None) -> None:
    assert read_definition(sql, vendor, TYPES) == expected


def test_what_is_made_is_what_is_read() -> None:
    definition = IndexDefinition(
        "t",
        (IndexKey("status", True), IndexKey('UPPER("email"::text)', False, "", True, ("email",))),
        include=("id",),
        condition="status = 'x'::text AND NOT flag",
    )
    canonical = canonical_definition(definition, TYPES)
    assert canonical != definition
    assert read_definition(definition.create_sql("n"), types=TYPES) == canonical
    assert read_definition(canonical.create_sql("n"), types=TYPES) == canonical
