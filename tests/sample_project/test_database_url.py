from __future__ import annotations

import pytest

from sample_project.database_url import DatabaseUrlError, parse

POSTGRESQL = {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": "tracker",
    "USER": "",
    "PASSWORD": "",
    "HOST": "",
    "PORT": "",
}
SQLITE = {"ENGINE": "django.db.backends.sqlite3"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql:///tracker", POSTGRESQL),
        ("postgres:///tracker", POSTGRESQL),
        ("postgres://db/tracker", POSTGRESQL | {"HOST": "db"}),
        ("postgres://DB.example:6432/tracker", POSTGRESQL | {"HOST": "DB.example", "PORT": "6432"}),
        ("postgres://[::1]:5432/tracker", POSTGRESQL | {"HOST": "::1", "PORT": "5432"}),
        ("postgres://[::1]/tracker", POSTGRESQL | {"HOST": "::1"}),
        ("postgres://ann@db/tracker", POSTGRESQL | {"USER": "ann", "HOST": "db"}),
        (
            "postgres://a%40nn:p%23%3A%2F%3F%25@db/tracker",
            POSTGRESQL | {"USER": "a@nn", "PASSWORD": "p#:/?%", "HOST": "db"},
        ),
        ("postgres:///my%20tracker", POSTGRESQL | {"NAME": "my tracker"}),
        ("postgres://%2FVar%2Frun/tracker", POSTGRESQL | {"HOST": "/Var/run"}),
        (
            "postgres://@:5432/tracker?host=/Var/my%20run",
            POSTGRESQL | {"HOST": "/Var/my run", "PORT": "5432"},
        ),
        (
            "postgres:///tracker?sslmode=require&application_name=a%26b",
            POSTGRESQL | {"OPTIONS": {"sslmode": "require", "application_name": "a&b"}},
        ),
        ("sqlite:///:memory:", SQLITE | {"NAME": ":memory:"}),
        ("sqlite://", SQLITE | {"NAME": ":memory:"}),
        ("sqlite:///db.sqlite3", SQLITE | {"NAME": "db.sqlite3"}),
        ("sqlite:////srv/my%20db.sqlite3", SQLITE | {"NAME": "/srv/my db.sqlite3"}),
        ("sqlite:///db?timeout=2.5", SQLITE | {"NAME": "db", "OPTIONS": {"timeout": 2.5}}),
    ],
)
def test_parse(url: str, expected: dict[str, object]) -> None:
    assert parse(url) == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("mysql://db/tracker", "unknown scheme 'mysql'"),
        ("tracker", "unknown scheme ''"),
        ("postgres://db", "names no database"),
        ("postgres://ann:secret@db:port/tracker", "malformed host or port"),
        ("postgres://ann:secret/@db/tracker", "malformed host or port"),
        ("postgres://db/tracker#secret", "contains a #"),
        ("sqlite://db.sqlite3", "three slashes"),
    ],
)
def test_parse_refuses(url: str, reason: str) -> None:
    with pytest.raises(DatabaseUrlError, match=reason) as caught:
        parse(url)
    assert "secret" not in str(caught.value)
