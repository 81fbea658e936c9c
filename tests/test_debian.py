"""The fixture that others rely on, and the extensions that they are there for."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from django.db import connections

from tests.debian import ALIAS


@pytest.mark.parametrize("extension", ["hypopg", "pg_trgm", "pg_stat_statements"])
def test_has_extension(debian_postgresql, extension):
    with debian_postgresql.cursor() as cursor:
        cursor.execute(f"CREATE EXTENSION {extension}")
        cursor.execute("SELECT extname FROM pg_extension WHERE extname = %s", [extension])
        assert cursor.fetchone() == (extension,)


def test_hypothetical_index_is_seen_by_the_planner(debian_postgresql):
    with debian_postgresql.cursor() as cursor:
        cursor.execute("CREATE EXTENSION hypopg")
        cursor.execute("CREATE TABLE book AS SELECT g AS id FROM generate_series(1, 10000) g")
        cursor.execute("ANALYZE book")
        cursor.execute("SELECT hypopg_create_index('CREATE INDEX ON book (id)')")
        cursor.execute("EXPLAIN SELECT * FROM book WHERE id = 7")
        assert "Index" in cursor.fetchone()[0]


def test_statements_are_recorded(debian_postgresql):
    with debian_postgresql.cursor() as cursor:
        cursor.execute("CREATE EXTENSION pg_stat_statements")
        cursor.execute("SELECT 'asked' AS this_one")
        cursor.execute("SELECT calls FROM pg_stat_statements WHERE query LIKE '%this_one'")
        assert cursor.fetchone() == (1,)


def test_is_an_alias(debian_postgresql):
    assert connections[ALIAS] is debian_postgresql
    assert debian_postgresql.get_autocommit()
    assert debian_postgresql.introspection.table_names() == []


def test_is_no_alias_otherwise(db):
    assert ALIAS not in connections.settings


@pytest.fixture
def homes():
    """An empty directory for servers; its parents let another user pass."""
    with tempfile.TemporaryDirectory(prefix="qs-", dir="/var/tmp") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory)


@pytest.mark.any_environment
def test_private_server_goes_when_its_block_ends(homes):
    code = (
        "import sys; sys.path.insert(0, 'tools')\n"
        "import debian_postgresql as debian\n"
        "try:\n"
        "    with debian.running() as url: print(url)\n"
        "except debian.Missing as missing: print('missing:', missing)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        env={**os.environ, "QUERYSCOPE_POSTGRES_HOME": str(homes)},
        capture_output=True,
        text=True,
        check=True,
    )
    if done.stdout.startswith("missing:"):
        pytest.skip(done.stdout)
    assert done.stdout.startswith("postgresql://postgres@:5432/postgres?host=")
    assert list(homes.glob("*/session-*")) == []
