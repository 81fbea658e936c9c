from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.paths import relative
from queryscope.core.reporters.layout import (
    WIDTH,
    clean,
    cut,
    duration,
    plural,
    shorten,
    width,
    wrap,
)


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("商品", 4), ("e\u0301", 1), ("\u200b", 0), ("é", 1)]
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("short", 5, "short"),
        ("GET /api/projects/{pk}/", 15, "GET /a.../{pk}/"),
        ("商品の一覧", 9, "商品...覧"),
    ],
)
def test_shorten(text: str, room: int, expected: str) -> None:
    assert shorten(text, room) == expected


@given(st.text(), st.integers(5, 100))
def test_never_wider_than_the_room(text: str, room: int) -> None:
    assert width(shorten(text, room)) <= room
    assert width(cut(text, room)) <= room


@given(st.text())
def test_wrap_fits(text: str) -> None:
    lines = wrap(text, "  ", "      ")
    assert all(width(line) <= WIDTH for line in lines)
    assert all(line.startswith("  ") for line in lines)


@given(st.text())
def test_clean_is_printable_on_one_line(text: str) -> None:
    cleaned = clean(text)
    assert len(cleaned.splitlines()) <= 1
    assert clean(cleaned) == cleaned
    cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb\r\x00", r"a\nb\r\x00"),
        ("a\x9b31m", r"a\x9b31m"),
        ("a\u202eb\u2066c\u200f", r"a\u202eb\u2066c\u200f"),
        ("a\u200b\ufeff\u061c", r"a\u200b\ufeff\u061c"),
        ("a\U000e0041", r"a\U000e0041"),
        ("a\udce9", r"a\udce9"),
        ("é 商品 \u200d e\u0301", "é 商品 \u200d e\u0301"),
    ],
)
def test_clean(text: str, shown: str) -> None:
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("/home/ann/shop/a/views.py", "a/views.py"),
        ("/home/ann/shopping/views.py", "/home/ann/shopping/views.py"),
        ("/v/lib/python3.13/site-packages/django/db/models.py", "django/db/models.py"),
        ("/usr/lib/python3/dist-packages/rest_framework/x.py", "rest_framework/x.py"),
        ("<string>", "<string>"),
    ],
)
def test_relative(file: str, expected: str) -> None:
    assert relative(file, "/home/ann/shop") == expected


@pytest.mark.parametrize(
    ("count", "noun", "expected"),
    [(1, "query", "1 query"), (2001, "query", "2,001 queries"), (0, "change", "0 changes")],
)
def test_plural(count: int, noun: str, expected: str) -> None:
    assert plural(count, noun) == expected


@pytest.mark.parametrize(
    ("milliseconds", "expected"),
    [(0, "0.0 ms"), (0.44, "0.4 ms"), (9.96, "10 ms"), (382.4, "382 ms"), (1234, "1.2 s")],
)
def test_duration(milliseconds: float, expected: str) -> None:
    assert duration(milliseconds) == expected
