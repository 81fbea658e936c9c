"""A PostgreSQL with what the embedded one has not: HypoPG, pg_trgm, pg_stat_statements.

``QUERYSCOPE_TEST_DEBIAN_URL`` names it (its superuser, any database); `make test` starts one where
it can, see tools/debian_postgresql.py, and says in ``QUERYSCOPE_TEST_DEBIAN_MISSING`` why not.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from sample_project import database_url

ALIAS = "debian"
_numbers = itertools.count()


@pytest.fixture
def debian_postgresql(db: None, django_db_blocker) -> Iterator[BaseDatabaseWrapper]:
    """A connection, in autocommit, to a new and empty database: the alias "debian"."""
    url = os.environ.get("QUERYSCOPE_TEST_DEBIAN_URL")
    if not url:
        why = os.environ.get("QUERYSCOPE_TEST_DEBIAN_MISSING") or (
            "QUERYSCOPE_TEST_DEBIAN_URL names no server"
        )
        pytest.skip(f"no PostgreSQL with HypoPG: {why}")
    name = f"queryscope_{os.getpid()}_{next(_numbers)}"
    with django_db_blocker.unblock():
        _administer(url, f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            # After `db`, which would forbid an alias that it found.
            connections.settings[ALIAS] = _settings(url, name)
            connections.configure_settings(connections.settings)
            yield connections[ALIAS]
        finally:
            _forget()
            _administer(url, f"DROP DATABASE {name} WITH (FORCE)")


def _settings(url: str, name: str = "postgres") -> dict:
    return database_url.parse(url) | {"NAME": name}


def _administer(url: str, statement: str) -> None:
    import psycopg

    given = _settings(url)
    server = {key: given[key.upper()] for key in ("host", "port", "user", "password")}
    with psycopg.connect(**server, dbname="postgres", autocommit=True) as connection:
        connection.execute(statement)


def _forget() -> None:
    if ALIAS in connections.settings:
        connections[ALIAS].close()
        del connections[ALIAS]
        del connections.settings[ALIAS]
