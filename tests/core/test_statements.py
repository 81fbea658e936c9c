from __future__ import annotations

import pytest

from queryscope.core.statements import (
    driver_style,
    has_values,
    numbered,
    placeholders,
    replaced,
    split,
)


@pytest.mark.parametrize(
    ("script", "statements"),
    [
        ("", []),
        (" ; ;", []),
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1;\n-- a note\nSELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';';SELECT 2", ["SELECT ';'", "SELECT 2"]),
        ("SELECT $$a;b$$;", ["SELECT $$a;b$$"]),
        ('SELECT ";" /* ; /* ; */ ; */ FROM t', ['SELECT ";" /* ; /* ; */ ; */ FROM t']),
    ],
)
def test_split(script: str, statements: list[str]) -> None:
    assert list(split(script)) == statements


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT '%s', \"$1\" -- ?", ()),
        ("a = %s AND b = %(x)s", ("%s", "%(x)s")),
        ("a = $1 AND b LIKE '%s%' AND c = $12", ("$1", "$12")),
    ],
)
def test_placeholders(sql: str, found: tuple[str, ...]) -> None:
    assert placeholders(sql) == found


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ('"deleted_at" IS NULL', False),
        ('UPPER("title"::text)', False),
        ('"status1" = "b 2"', False),
        ("\"status\" = 'done'", True),
        ('"priority" > 3', True),
        ("\"data\" -> 'plan'", True),
    ],
)
def test_has_values(sql: str, expected: bool) -> None:
    assert has_values(sql) == expected


def test_replaced() -> None:
    assert replaced("a = $1 AND b = '$1' AND c = $11", {"$1": "7"}) == (
        "a = 7 AND b = '$1' AND c = $11"
    )


def test_numbered() -> None:
    assert numbered("a = %s AND b LIKE 'x%%' AND c = %s") == "a = $1 AND b LIKE 'x%' AND c = $2"


@pytest.mark.parametrize(
    ("sql", "params", "expected"),
    [
        ("a = $2 AND b = $1", [1, 2], ("a = %s AND b = %s", (2, 1))),
        ("a = $1 OR b = $1", [1], ("a = %s OR b = %s", (1, 1))),
        ("a = ? AND b LIKE 'x%'", [1], ("a = %s AND b LIKE 'x%%'", (1,))),
        ("a = $1", [1, 2], None),
        ("a = 1", [1], None),
    ],
)
def test_driver_style(sql: str, params: list[int], expected: object) -> None:
    assert driver_style(sql, params) == expected
