from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from queryscope.core.index_statements import read_definition
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.schema import ForeignKey
from queryscope.databases import samples
from queryscope.databases.catalogue_sqlite import read_schema

TABLES = """
CREATE TABLE parent (id integer PRIMARY KEY, email varchar(254), name text COLLATE NOCASE NOT NULL,
    "Odd Name" int, data text, deleted datetime, status varchar(20), flag bool NOT NULL);
CREATE TABLE child (id integer NOT NULL PRIMARY KEY AUTOINCREMENT,
    parent_id bigint NOT NULL REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED,
    other_id bigint REFERENCES parent, code varchar(10) UNIQUE, UNIQUE (parent_id, code));
CREATE TABLE pair (a text, b text, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE parent_data (id integer PRIMARY KEY);
CREATE VIEW seen AS SELECT 1 AS id;
CREATE VIRTUAL TABLE words USING fts5 (word);
"""
ROWS = samples.SAMPLE_ROWS * 3


@pytest.fixture
def sqlite(db: None, django_db_blocker, tmp_path: Path) -> Iterator[BaseDatabaseWrapper]:
    """A connection to a database of its own, whatever the others are."""
    with django_db_blocker.unblock():
        connections.settings["lite"] = {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(tmp_path / "db.sqlite3"),
        }
        connections.configure_settings(connections.settings)
        connection = connections["lite"]
        try:
            connection.ensure_connection()
            connection.connection.executescript(f"PRAGMA synchronous = OFF; {TABLES}")
            yield connection
        finally:
            connection.close()
            del connections["lite"]
            del connections.settings["lite"]


def execute(connection: BaseDatabaseWrapper, sql: str) -> None:
    connection.connection.executescript(sql)


def fill(connection: BaseDatabaseWrapper, rows: int) -> None:
    connection.connection.execute("BEGIN")
    connection.connection.executemany(
        "INSERT INTO parent VALUES (?, ?, ?, ?, NULL, ?, ?, ?)",
        (
            (
                number,
                f"u{number}",
                f"n{number % 50}",
                number % 7,
                "no date" if number % 4 == 0 else None,
                "rare" if number % 100 == 0 else "done",
                number % 2,
            )
            for number in range(1, rows + 1)
        ),
    )
    connection.connection.commit()


def test_tables(sqlite) -> None:
    schema = read_schema(sqlite)
    # Virtual tables keep their rows in others, which are theirs alone.
    assert sorted(schema.tables) == ["child", "pair", "parent", "parent_data"]
    assert schema.vendor == "sqlite"
    major, minor, patch = sqlite.Database.sqlite_version_info
    assert schema.version == major * 1_000_000 + minor * 1_000 + patch
    assert list(read_schema(sqlite, ["pair", "seen", "nothing"]).tables) == ["pair"]


def test_columns(sqlite) -> None:
    columns = read_schema(sqlite, ["parent"]).tables["parent"].columns
    assert {c.name: (c.type.lower(), c.nullable, c.collation) for c in columns.values()} == {
        "id": ("integer", False, ""),
        "email": ("varchar(254)", True, ""),
        "name": ("text", False, "NOCASE"),
        "Odd Name": ("int", True, ""),
        "data": ("text", True, ""),
        "deleted": ("datetime", True, ""),
        "status": ("varchar(20)", True, ""),
        "flag": ("bool", False, ""),
    }


def test_keys(sqlite) -> None:
    schema = read_schema(sqlite)
    child = schema.tables["child"]
    assert sorted(
        (index.constraint, tuple(key.name for key in index.definition.keys))
        for index in child.indexes
    ) == [("primary", ("id",)), ("unique", ("code",)), ("unique", ("parent_id", "code"))]
    assert set(child.foreign_keys) == {
        ForeignKey(("parent_id",), "parent", ("id",)),
        ForeignKey(("other_id",), "parent", ()),
    }
    [key] = schema.tables["pair"].indexes
    assert (key.constraint, [k.name for k in key.definition.keys]) == ("primary", ["a", "b"])


@pytest.mark.parametrize(
    "keys",
    [
        "(status)",
        "(status, email DESC)",
        '("Odd Name")',
        "(email COLLATE NOCASE)",
        "(name COLLATE BINARY)",
        "(upper(email), status DESC)",
        "(json_extract(data, '$.k'))",
        "(status) WHERE deleted IS NULL",
        "(status) WHERE flag AND NOT (email = 'x')",
        "(email) WHERE status IN ('b', 'a')",
    ],
)
@pytest.mark.parametrize("unique", ["", "UNIQUE "])
def test_an_index_equals_the_candidate_that_would_make_it(sqlite, keys: str, unique: str) -> None:
    sql = f"CREATE {unique}INDEX made ON parent {keys}"
    execute(sqlite, sql)

    def found():
        indexes = read_schema(sqlite, ["parent"]).tables["parent"].indexes
        return next(index for index in indexes if index.name == "made")

    definition = found().definition
    assert definition == read_definition(sql, "sqlite")
    execute(sqlite, f"DROP INDEX made; {definition.create_sql('made')}")
    assert found().definition == definition


def test_a_columns_own_collation_is_not_told_twice(sqlite) -> None:
    execute(sqlite, "CREATE INDEX made ON parent (name, email)")
    indexes = read_schema(sqlite, ["parent"]).tables["parent"].indexes
    assert indexes[-1].definition == IndexDefinition(
        "parent", (IndexKey("name"), IndexKey("email"))
    )


@pytest.mark.parametrize("rows", [samples.SAMPLE_ROWS // 10, ROWS])
def test_statistics(sqlite, rows: int) -> None:
    fill(sqlite, rows)
    table = read_schema(sqlite, ["parent"]).tables["parent"]
    assert (table.rows, table.analyzed) == (rows, False)
    statistics = {name: column.statistics for name, column in table.columns.items()}
    assert statistics["id"].distinct == statistics["email"].distinct == rows
    assert statistics["name"].distinct == pytest.approx(50)
    assert dict(statistics["flag"].common) == {
        "0": pytest.approx(0.5, abs=0.03),
        "1": pytest.approx(0.5, abs=0.03),
    }
    # Every hundredth row: a sample at even distances would see none, or nothing else.
    assert dict(statistics["status"].common)["rare"] == pytest.approx(0.01, abs=0.004)
    # Values that Django's converters would not take are read as they are.
    assert statistics["deleted"].common[0][0] == "no date"
    assert statistics["deleted"].null_fraction == pytest.approx(0.75, abs=0.03)
    assert statistics["data"].null_fraction == 1
    bounds = statistics["id"].bounds
    assert bounds == tuple(sorted(bounds, key=int))
    assert table.size_bytes > rows * 10


def test_the_same_every_time(sqlite) -> None:
    fill(sqlite, ROWS)
    assert read_schema(sqlite) == read_schema(sqlite)


def test_deleted_rows_leave_a_sample(sqlite) -> None:
    fill(sqlite, ROWS)
    execute(sqlite, f"DELETE FROM parent WHERE id BETWEEN 100 AND {ROWS - 12_000}")
    table = read_schema(sqlite, ["parent"]).tables["parent"]
    assert table.rows == 12_099
    assert table.columns["name"].statistics.distinct == pytest.approx(50)


def test_empty_and_text_that_is_no_text(sqlite) -> None:
    execute(sqlite, "INSERT INTO pair VALUES (x'00ff', 'a'), ('b', 'a')")
    schema = read_schema(sqlite)
    assert schema.tables["parent"].columns["email"].statistics is None
    assert schema.tables["parent"].rows == 0
    pair = schema.tables["pair"].columns
    assert (pair["a"].statistics.distinct, pair["b"].statistics.distinct) == (2, 1)
    assert ("00ff", 0.5) in pair["a"].statistics.common


def test_analyze_tells_the_rows(sqlite) -> None:
    fill(sqlite, 500)
    execute(sqlite, "CREATE INDEX part ON parent (email) WHERE flag; ANALYZE")
    execute(sqlite, "DELETE FROM parent WHERE id > 400")
    table = read_schema(sqlite, ["parent"]).tables["parent"]
    assert (table.rows, table.analyzed) == (500, True)


def test_nothing_of_it_left(sqlite) -> None:
    fill(sqlite, 10)
    read_schema(sqlite)
    assert not sqlite.connection.in_transaction
    execute(sqlite, "BEGIN; DELETE FROM parent WHERE id = 1")
    assert read_schema(sqlite, ["parent"]).tables["parent"].rows == 9
    assert sqlite.connection.in_transaction
