from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryscope.core.bodies import times
from queryscope.core.responses import REORDERED, Captured, Comparison, compare

HTML, JSON, TEXT, PDF = "text/html; charset=utf-8", "application/json", "text/plain", "image/png"
VARIES = "the response differs from one request to the next: "
TOKEN, OTHER_TOKEN = "aB3" * 21 + "x", "Zy7" * 21 + "q"
SECRET, OTHER_SECRET = "aB3d" * 8, "Zy7x" * 8


def page(body="", kind=HTML, status=200, cookies=(), charset="utf-8", **headers):
    raw = body if isinstance(body, bytes) else body.encode(charset, "surrogateescape")
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Captured(status, (("Content-Type", kind), *named), tuple(cookies), raw, charset)


def told(base, fixed, kind=HTML, **options):
    """Bodies of both; a list is of several requests, any other value JSON."""
    found = compare(_pages(base, kind), _pages(fixed, kind), **options)
    return "" if found.same else found.reason


def _pages(bodies, kind):
    return [page(body, kind) for body in (bodies if isinstance(bodies, list) else [bodies])]


def noise(letter, count):
    return " ".join(f"{letter}{number}" for number in range(count))


def documents(*values):
    return [json.dumps(value) for value in values]


# Status, headers, cookies


@pytest.mark.parametrize(
    ("base", "fixed", "reason"),
    [
        (page(), page(), ""),
        (page(), page(status=500), "the status differs: 200 became 500"),
        (page(status=302), page(status=301), "the status differs: 302 became 301"),
        (page(Location="/a/"), page(Location="/b/"), "the header Location differs"),
        (page(Location="/a/"), page(), "the header Location is gone"),
        (page(), page(X_Total="3"), "the header X-Total is new"),
        (page(X_Total="3"), page(X_Total="4"), "the header X-Total differs"),
        (page(X_Total="3"), page(x_total="3"), ""),
        (page(kind=HTML), page(kind=TEXT), "the header Content-Type differs"),
        (page(Vary="Cookie, Accept"), page(Vary="accept, Cookie"), ""),
        (page(Vary="Cookie"), page(Vary="Accept"), "the header Vary differs"),
        (page(Link="<a>, <b>"), page(Link="<b>, <a>"), "the header Link differs"),
        (page(Date="Mon"), page(Date="Tue"), ""),
        (page(Expires="Mon"), page(Expires="Tue"), ""),
        (page(Age="1"), page(Age="2"), ""),
        (page(Server_Timing="db;dur=53"), page(Server_Timing="db;dur=3"), ""),
        (page(X_Request_ID="8a7"), page(X_Request_ID="1c2"), ""),
        (page(X_Correlation_ID="8a7"), page(), ""),
        (page(X_Runtime="0.8"), page(X_Runtime="0.1"), ""),
        (page(X_Page_Duration_ms="8"), page(X_Page_Duration_ms="1"), ""),
        (page(X_DB_Queries="101"), page(X_DB_Queries="2"), ""),
        (page(Content_Length="4"), page(Content_Length="5"), ""),
        (page(Set_Cookie="a=1"), page(Set_Cookie="a=2"), ""),
        (page("a", ETag='"1"'), page("a", ETag='"2"'), "the header ETag differs"),
        (
            page(f'csrf_token="{TOKEN}"', ETag='"1"'),
            page(f'csrf_token="{OTHER_TOKEN}"', ETag='"2"'),
            "",
        ),
        (
            page(Content_Security_Policy="script-src 'nonce-q+/zAAAAAA=='"),
            page(Content_Security_Policy="script-src 'nonce-AAAAbbbb/+=='"),
            "",
        ),
        (
            page(Content_Security_Policy="script-src 'self' 'nonce-q+/zAAAAAA=='"),
            page(Content_Security_Policy="script-src 'none' 'nonce-AAAAbbbb/+=='"),
            "the header Content-Security-Policy differs",
        ),
        (page(cookies=["a", "b"]), page(cookies=["b", "a"]), ""),
        (page(cookies=["a"]), page(), "the cookie a is no longer set"),
        (page(), page(cookies=["seen"]), "the cookie seen is set, as it was not before"),
    ],
)
def test_what_comes_before_the_body(base, fixed, reason):
    assert compare([base], [fixed]).reason == reason
    assert compare([base, base], [fixed, fixed]).same is (reason == "")


@pytest.mark.parametrize(
    ("base", "fixed", "same"),
    [
        ([page(X_Seed="a"), page(X_Seed="b")], [page(X_Seed="c")], True),
        ([page(X_Seed="a"), page()], [page(X_Seed="c")], True),
        (
            [page(X_Noise=noise("a", 3000)), page(X_Noise=noise("b", 2500))],
            [page(X_Noise="c")],
            True,
        ),
        ([page(ETag="1"), page(ETag="2")], [page(ETag="3")], True),
        ([page(X_Left="9 of 10"), page(X_Left="8 of 10")], [page(X_Left="7 of 20")], False),
        ([page(X_Seed="a"), page(X_Seed="a")], [page(X_Seed="a"), page(X_Seed="b")], True),
        ([page(cookies=["a"]), page()], [page()], True),
        ([page(cookies=["a"]), page()], [page(cookies=["b"])], False),
        ([page(), page()], [page(), page(status=500)], False),
    ],
)
def test_headers_that_vary(base, fixed, same):
    assert compare(base, fixed).same is same


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        ([page(), page(status=500)], "status 200, then 500"),
        ([page("a"), page("b", kind=TEXT)], "the body is of another type"),
        ([page(b"\0", PDF), page(b"\0\0", PDF)], "the body (image/png) is never the same, 1 bytes"),
    ],
)
def test_what_cannot_be_compared(base, reason):
    found = compare(base, base[:1])
    assert (found.same, found.comparable, found.reordered) == (False, False, False)
    assert found.reason.startswith(VARIES + reason)


@pytest.mark.parametrize(("base", "fixed"), [([], [page()]), ([page()], []), ([], [])])
def test_without_a_response_there_is_nothing_to_compare(base, fixed):
    expected = Comparison(False, comparable=False, reason="there is no response to compare")
    assert compare(base, fixed) == expected


# Texts


def form(token, name="csrfmiddlewaretoken"):
    return f'<input type="hidden" name="{name}" value="{token}">'


@pytest.mark.parametrize(
    "text",
    [
        form("{}"),
        "<input name='csrfmiddlewaretoken' value='{}'>",
        '<input type="hidden" value="{}" name="csrfmiddlewaretoken">',
        '<input name="csrfmiddlewaretoken" type="hidden" value="{}">',
        '<meta name="csrf-token" content="{}">',
        '<meta content="{}" name="csrf-token">',
        '<body hx-headers=\'{{"X-CSRFToken": "{}"}}\'>',
        "<body hx-headers='{{&quot;X-CSRFToken&quot;: &quot;{}&quot;}}'>",
        "var csrf_token = '{}';",
        'window.CSRF_TOKEN="{}"',
        'xhr.setRequestHeader("X-CSRFToken", "{}")',
        "csrfmiddlewaretoken={}&next=/",
        '{{"csrfToken": "{}"}}',
    ],
)
@pytest.mark.parametrize(("one", "other"), [(TOKEN, OTHER_TOKEN), (SECRET, OTHER_SECRET)])
def test_csrf_tokens(text, one, other):
    assert told(text.format(one), text.format(other)) == ""
    assert told(text.format(one), text.format(other[1:])) != ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<script nonce="q+/zAAAAAA==">', '<script nonce="AAAAbbbb-_">'),
        ("<style nonce='0123456789abcdef'>", "<style nonce='fedcba9876543210'>"),
        ("<!-- page rendered in 812 ms -->", "<!-- page rendered in 3 ms -->"),
        ("This page was generated in 0.81 seconds.", "This page was generated in 0.1 seconds."),
        ("The request took 812 ms", "The request took 53 ms"),
        ("101 queries in 53.2ms", "2 queries in 1.2ms"),
        ("101 SQL queries (53 ms)", "2 SQL queries (1 ms)"),
    ],
)
def test_what_is_always_masked(before, after):
    assert told([before] * 2, [after] * 2) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"sha256 {TOKEN}", f"sha256 {OTHER_TOKEN}"),
        (f"<td>{'0a' * 32}</td>", f"<td>{'0b' * 32}</td>"),
        (f'<a data-key="{SECRET}">', f'<a data-key="{OTHER_SECRET}">'),
        (f"no csrf here. Key: {TOKEN}", f"no csrf here. Key: {OTHER_TOKEN}"),
        (f"<p>csrf</p><p>{TOKEN}</p>", f"<p>csrf</p><p>{OTHER_TOKEN}</p>"),
        (form(SECRET, name="key"), form(OTHER_SECRET, name="key")),
        (
            f'{form(TOKEN)}<input value="{SECRET}" name="key">',
            f'{form(TOKEN)}<input value="{OTHER_SECRET}" name="key">',
        ),
        (f'csrf="{SECRET}12345678"', f'csrf="{OTHER_SECRET}12345678"'),
        ('<p data-nonce="01234567">', '<p data-nonce="11234567">'),
        ('<p nonce="short">', '<p nonce="shirt">'),
        ("12.05", "13.05"),
        ("12.05", "12.06"),
        ("item 1718900001", "item 1718900002"),
        ("12:05", "12:06"),
        ("2024-05-01 12:00:00", "2024-05-01 12:00:01"),
        ("3 seconds ago", "4 seconds ago"),
        ("took 12 ms", "took 13 ms"),
        ("12 queries", "13 queries"),
        ("the report took 5 s", "the report took 6 s"),
        ("a  b", "a b"),
        ("a\nb", "a b"),
        ("", "a"),
        ("é", "e"),
        ("Straße", "Strasse"),
        ("<b>a</b>", "<i>a</i>"),
        ('<p class="a">', '<p class="b">'),
        ("<p>", "<P>"),
        ("<p>\n</p>", "<p></p>"),
        ("a,b\n1,2\n", "a,b\n1,2"),
        ("<!-- a -->", "<!-- b -->"),
        ("\udcff", "\udcfe"),
    ],
)
def test_what_is_never_masked(before, after):
    assert told([before] * 2, [after] * 2) != ""
    assert told([f"<p>so</p>{before}<p>", f"<p>so</p>{before}<p>"], [f"<p>so</p>{after}<p>"] * 2)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2024-05-01 12:00:00", "2024-05-01 12:00:01"),
        ("2024-05-01T23:59:59.9Z", "2024-05-02T00:00:01.123456Z"),
        ("2024-05-01T12:00:00+02:00", "2024-05-01T12:00:59+02:00"),
        ("12:05", "12:06"),
        ("12:59 p.m.", "1:00 p.m."),
        ("23:59:59", "0:00:01"),
        ("Mon, 06 May 2024 12:00:00 GMT", "Mon, 06 May 2024 12:00:01 GMT"),
        ("1718900001", "1718900002"),
        ("1718900001.25", "1718900001.75"),
        ("1718900001250", "1718900031250"),
        ("3 seconds ago", "4 seconds ago"),
        ("1 minute ago", "2 minutes ago"),
        ("12 ms", "3.5 ms"),
        ("120µs", "80µs"),
    ],
)
def test_a_time_may_move_on_where_only_one_response_tells(before, after):
    assert told(f"<p>at {before}, no</p>", f"<p>at {after}, no</p>") == ""
    assert told(f"<p>at {before}, no</p>", f"<p>at {after}, yes</p>") != ""
    assert told([before] * 2, [after]) == ""
    assert told([before] * 2, [after, after]) != ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("2024-05-01 12:00:00", "2024-05-01 12:01:01"),
        ("2024-05-01 12:00:00", "2024-05-01T12:00:00Z"),
        ("2024-05-01 12:00:00", "2024-05-41 12:00:00"),
        ("2024-05-01", "2024-05-02"),
        ("12:05", "12:07"),
        ("12:05", "12:05:00"),
        ("1718900001", "1718900062"),
        ("1718900001", "1718900001000"),
        ("3 seconds ago", "3 minutes ago"),
        ("3 seconds", "4 seconds"),
        ("12 ms", "12 m"),
        ("12.05", "12.06"),
        ("1.12:05", "1.12:06"),
        ("9718900001", "9718900002"),
        ("10:20:30:40", "10:20:30:41"),
    ],
)
def test_a_time_that_is_another_one(before, after):
    assert told(before, after) != ""


@pytest.mark.parametrize(
    ("base", "fixed", "same"),
    [
        (["id 1 is here", "id 2 is here"], ["id 3 is here"], True),
        (["id 1 is here", "id 2 is here"], ["id 3 was here"], False),
        (["id 1 is here", "id 1 is here"], ["id 1 is here", "id 2 is here"], True),
        (["id 1 is here", "id 1 is here"], ["id 2 is here", "id 3 is here"], False),
        (["a 1 and 1", "a 1 and 1"], ["a 1 and 2", "a 2 and 1"], True),
        (["a 1 and 1", "a 1 and 1"], ["a 3 and 2", "a 2 and 1"], False),
        (["at 1 to 5", "at 1 to 6", "at 1 to 7"], ["at 1 to 8"], True),
        (["at 1 to 5", "at 1 to 6", "at 1 to 7"], ["at 2 to 8"], False),
        (["the key a+b is ok", "the key abc is ok"], ["the key ab== is ok"], True),
        (["the key a+b is ok", "the key abc is ok"], ["the key ab== is no"], False),
        (["the key a+b is ok", "the key abc is ok"], ["a key ab== is ok"], False),
        (["all of it: a b c, by me", "all of it: d e f, by me"], ["all of it: g, by me"], True),
        (["all of it: a b c, by me", "all of it: d e f, by me"], ["all of it: g, by us"], False),
        (["a\nb\nhi\nc\nd", "a\nb\nc\nd"], ["a\nb\nc\nd"], True),
        (["a\nb\nhi\nc\nd", "a\nb\nc\nd"], ["a\nb\nhi\nhi\nc\nd"], True),
        (["a\nb\nhi\nc\nd", "a\nb\nc\nd"], ["a\nb\nc\nx"], False),
        (["a\nb\nhi\nc\nd", "a\nb\nc\nd"], ["a\nx\nhi\nc\nd"], False),
        (["a\nb\nhi\nc\nd", "a\nb\nc\nd"], ["a\nb"], False),
        (["a\n1\na", "a\n2\n3\na"], ["a"], False),
        (
            ["a\nb\n1\nc\nd\ne\n2\nf\ng", "a\nb\nc\nd\ne\n3\nf\ng", "a\nb\n5\n5\nc\nd\ne\nf\ng"],
            ["a\nb\n7\nc\nd\ne\nf\ng"],
            True,
        ),
        (
            ["a\nb\n1\nc\nd\ne\n2\nf\ng", "a\nb\nc\nd\ne\n3\nf\ng", "a\nb\n5\n5\nc\nd\ne\nf\ng"],
            ["a\nb\n7\nc\nd\nx\nf\ng"],
            False,
        ),
        (["<p>no 1</p><p>a</p>", "<p>no 2 2</p><p>a</p>"], ["<p>no 3 3 3</p><p>a</p>"], True),
        (["<p>no 1</p><p>a</p>", "<p>no 2 2</p><p>a</p>"], ["<p>no 3 3 3</p><p>b</p>"], False),
    ],
)
def test_what_varies_by_itself(base, fixed, same):
    assert (told(base, fixed) == "") is same


def lined(parts):
    """Letters stand for lines that stay, numbers for those that do not."""
    blocks = {"A": "a b c", "B": "d e f", "C": "g h i j k l"}
    return " ".join(blocks.get(part, part) for part in parts.split()).replace(" ", "\n")


@pytest.mark.parametrize(
    ("base", "fixed", "same"),
    [
        (["1 A 2 B 3", "4 4 A 5 B"], "A 9 B 8 8", True),  # as many lines, but not in their places
        (["1 A 2 B 3 3", "4 4 A 5 B"], "A 9 B 8 8", True),
        (["1 A 2 B 3 3", "4 4 A 5 B"], "B 9 A 8 8", False),
        (["1 A 2 B 3", "4 4 A 5 B"], "A 9 B", True),
        (["1 A 2 B 3", "4 4 A 5 B"], "B 9 A 8 8", False),
        (["1 A 2 B 3", "4 4 A 5 B"], "A 9 9 9", False),
        (["1 A 2 B 3", "4 4 A 5 B"], "1 1 1 B 9", False),
        (["1 A 2 B 3", "4 4 A 5 B"], "1 A 2 a B 3 3", True),
        (["1 A 2 B 3", "4 4 A 5 B"], "1 A 2 d e B f 3 3", True),
        (["1 A 2 B 3", "4 4 A 5 B"], "1 a 2 b c B 3", False),
        (["1 A 2 B 3 C", "4 4 A 5 B 6 C", "7 B 7 8 9 C"], "B 9 9 C", True),
        (["1 A 2 B 3 C", "4 4 A 5 B 6 C", "7 B 7 8 9 C"], "A 9 C", False),
        (["1 A 2 B 3 C", "4 4 A 5 B 6 C", "7 B 7 8 9 C"], "B 9 9", False),
    ],
)
def test_lines_that_stay_among_lines_that_vary(base, fixed, same):
    assert (told([lined(each) for each in base], lined(fixed), TEXT) == "") is same


@pytest.mark.parametrize(
    ("bodies", "reason"),
    [
        (["8372", "9912"], "most words of the body are others"),
        (["a b c d e", "v w x y z"], "most words of the body are others"),
        (["a b c", "d e f g"], "body has 3 words, then 4"),
        (["<p>a</p>\n" * 1204, "<p>b</p>\n" * 1198], "body has 1,204 words, then 1,198"),
    ],
)
def test_too_much_varies_by_itself(bodies, reason):
    found = compare(_pages(bodies, HTML), _pages(bodies[:1], HTML))
    assert (found.comparable, found.reason) == (False, VARIES + reason)


@pytest.mark.parametrize("glue", ["\n", "", "</p><p>"])
def test_rows_in_any_order_beside_what_varies(glue):
    one, other, fixed = (
        glue.join(f"<b>{row}</b>" for row in rows) + f"{glue}<i>{now}</i>"
        for now, rows in enumerate([range(30), range(29, -1, -1), [*range(1, 30), 99]])
    )
    found = compare(_pages([one, other], HTML), _pages(fixed, HTML))
    assert (found.same, found.comparable) == (False, False)
    assert found.reason.endswith('name the endpoint in QUERYSCOPE["UNORDERED"]')
    assert told([one, other], fixed, unordered=True) != ""
    assert told([one, other], fixed.replace("99", "0"), unordered=True) == ""


def test_values_in_any_order_beside_what_varies():
    orders = range(9), range(8, -1, -1), [*range(1, 9), 99]
    one, other, fixed = (
        {"at": now, "rows": [{"id": row, "a": 1, "b": 2, "c": 3} for row in rows]}
        for now, rows in enumerate(orders)
    )
    base = documents(one, other)
    found = compare(_pages(base, JSON), _pages(documents(fixed), JSON))
    assert (found.same, found.comparable) == (False, False)
    assert found.reason.endswith('name the endpoint in QUERYSCOPE["UNORDERED"]')
    assert told(base, documents(fixed), JSON, unordered=True) != ""
    assert told(base, json.dumps(fixed).replace("99", "0"), JSON, unordered=True) == ""


def test_texts_too_long_and_too_unlike_to_align():
    one, other = ("".join(f"so {i} or {i} {n} " for i in range(3000)) for n in ("a", "b c"))
    found = compare(_pages([one, other], TEXT), _pages([one + "d"], TEXT))
    assert (found.same, found.comparable) == (False, False)


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("In stock", "Sold out", 'the body differs: "In stock" became "Sold out"'),
        ("a\n<b>In stock</b>", "a\n<b>Sold out</b>", 'at line 2: "In stock" became "Sold out"'),
        ("<p>3</p><p>4</p>", "<p>3</p><p>5</p>", 'at line 1: "4" became "5"'),
        ("a\nb\nc", "a\nc", 'at line 2: "b" is gone'),
        ("a\nb", "a\nb\nc", 'at line 3: "c" is new'),
        ("a", "a b", 'at line 1: "b" is new'),
        ("<p>a</p>\n<p>b</p>\n", "<p>a</p>\n", 'at line 2: "b" is gone'),
        ('<p class="a">b</p>\n<i>c</i>', "<i>c</i>", 'at line 1: "b" is gone'),
        ("<i>a</i>", "<b>a</b>", 'at line 1: "<i" became "<b"'),
        ("a b", "a  b", "the body differs at line 1"),
        ("x" * 99, "y" * 99, f'"{"x" * 39}…" became "{"y" * 39}…"'),
        ("a", "\x1b[31m\u202eb", '"a" became "[31m b"'),
        ("a\n" * 1499 + "b", "a\n" * 1499 + "c", 'at line 1,500: "b" became "c"'),
    ],
)
def test_what_differs_is_told(before, after, reason):
    assert reason.removeprefix("the body differs: ") in told(before, after)
    assert told(before, after).startswith("the body differs")


# JSON


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ""),
        ({"a": [1, {"c": 1, "b": 2}]}, {"a": [1, {"b": 2, "c": 1}]}, ""),
        ({"a": "x"}, {"a": "y"}, 'at a: "x" became "y"'),
        ({"a": 1}, {"a": 2}, "at a: 1 became 2"),
        ({"a": 1}, {"a": 1.0}, "at a: 1 became 1.0"),
        ({"a": 0.3}, {"a": 0.30000000000000004}, "at a: 0.3 became 0.30000000000000004"),
        ({"a": 1}, {"a": True}, "at a: 1 became true"),
        ({"a": 0}, {"a": False}, "at a: 0 became false"),
        ({"a": "1"}, {"a": 1}, 'at a: "1" became 1'),
        ({"a": ""}, {"a": None}, 'at a: "" became null'),
        ({"a": None}, {"a": {"b": 1}}, "at a: null became an object"),
        ({"a": []}, {"a": {}}, "at a: a list became an object"),
        ({"a": 1}, {}, "at a: 1 is gone"),
        ({}, {"a": None}, "at a: null is new"),
        ({"a": [1, 2]}, {"a": [1]}, "at a: 2 items became 1 item"),
        ([1], [2], "at [0]: 1 became 2"),
        ([[1], [2]], [[1], [3]], "at [1][0]: 2 became 3"),
        (3, 4, "the body differs: 3 became 4"),
        (
            {"results": [{"owner": {"name": n}} for n in "abcd"]},
            {"results": [{"owner": {"name": n}} for n in "abcx"]},
            'at results[3].owner.name: "d" became "x"',
        ),
        ({"a b": {"c.d": 1}}, {"a b": {"c.d": 2}}, 'at ["a b"]["c.d"]: 1 became 2'),
        ({"\x1b" * 50: 1}, {"\x1b" * 50: 2}, 'at [""]: 1 became 2'),
        ({"a": "the old house"}, {"a": "the new house"}, 'at a: "old" became "new"'),
        ({"a": float("nan")}, {"a": float("nan")}, ""),
        ({"a": 10**30}, {"a": 10**30 + 1}, f"at a: {10**30} became {10**30 + 1}"),
        ({"a": 1, "b": 1}, {"a": 2, "b": 2}, "at a: 1 became 2"),
    ],
)
def test_json(before, after, reason):
    found = told(*documents(before, after), kind=JSON)
    assert found.endswith(reason) if reason else found == ""
    assert told(*documents(before, after), kind="application/problem+json; a=b") == found


@pytest.mark.parametrize(
    ("base", "fixed", "same"),
    [
        (({"a": 1, "t": 1}, {"a": 1, "t": 2}), ({"a": 1, "t": 3},), True),
        (({"a": 1, "t": 1}, {"a": 1, "t": 2}), ({"a": 2, "t": 3},), False),
        (({"a": 1, "t": 1}, {"a": 1, "t": None}), ({"a": 1, "t": "x"},), True),
        (({"a": 1, "t": 1}, {"a": 1}), ({"a": 1, "t": 9},), True),
        (({"a": 1, "t": 1}, {"a": 1, "t": 1}), ({"a": 1, "t": 1}, {"a": 1, "t": 2}), True),
        (({"a": 1, "t": 1}, {"a": 1, "t": 1}), ({"a": 1, "t": 2}, {"a": 1, "t": 3}), False),
        (({"a": "of 1 x", "b": 2}, {"a": "of 2 x", "b": 2}), ({"a": "of 3 x", "b": 2},), True),
        (({"a": "of 1 x", "b": 2}, {"a": "of 2 x", "b": 2}), ({"a": "of 3 y", "b": 2},), False),
        (({"t": 1718900001},), ({"t": 1718900031},), True),
        (({"t": 1718900001},), ({"t": 1718900091},), False),
        (({"t": "2024-05-01T12:00:00Z"},), ({"t": "2024-05-01T12:00:02.5Z"},), True),
        (({"t": 1718900001},) * 2, ({"t": 1718900031},) * 2, False),
        (({"id": 17},), ({"id": 18},), False),
        (({"csrfToken": TOKEN},), ({"csrfToken": OTHER_TOKEN},), True),
        (({"hash": TOKEN},), ({"hash": OTHER_TOKEN},), False),
    ],
)
def test_values_that_vary(base, fixed, same):
    assert (told(documents(*base), documents(*fixed), JSON) == "") is same


@pytest.mark.parametrize(
    ("base", "reason"),
    [
        (({"results": [1, 2]}, {"results": [1]}), "results has 2 items, then 1"),
        (([1, 2], [1]), "the list has 2 items, then 1"),
        (({"t": 1}, {"t": 2}), "most values of the body are others"),
        (({"a": 1, "b": {"c": 1, "d": 2}}, {"a": 1, "b": 0}), "most values of the body are others"),
    ],
)
def test_json_that_cannot_be_compared(base, reason):
    found = compare(_pages(documents(*base), JSON), _pages(documents(*base[:1]), JSON))
    assert (found.comparable, found.reason) == (False, VARIES + reason)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ('{"a": NaN, "b": [Infinity]}', '{"b":[Infinity],"a":NaN}', True),
        ('{"a": 1.50}', '{"a": 1.5}', False),
        ('{"a": 0.1000000000000000055}', '{"a": 0.1}', False),
        (f'{{"a": {"1" * 5000}}}', f'{{"a":{"1" * 5000}}}', True),
        ('\ufeff{"a": 1}', '{"a":1}', True),
        (f'{{"csrf": "{TOKEN}", "a": 1}}', f'{{"a": 1, "csrf": "{OTHER_TOKEN}"}}', True),
    ],
)
def test_json_as_it_is_written(before, after, same):
    assert (told(before, after, JSON) == "") is same


@pytest.mark.parametrize(
    ("before", "after"),
    [("{", "[["), ("[" * 100_000, "[" * 99_999), ('{"a": 1}', '{"a": 1'), ("", "{}")],
)
def test_what_is_not_json_is_a_text(before, after):
    assert told(before, after, JSON).startswith("the body differs")
    assert told(before, before, JSON) == ""


@pytest.mark.parametrize("depth", [100, 900, 3_000])
def test_json_as_deep_as_the_parser_goes(depth):
    before, after = ("[" * depth + value + "]" * depth for value in "12")
    # As JSON or, where Python goes less deep, as a text.
    assert told(before, after, JSON).replace('"', "").endswith("1 became 2")


# Rows in any order

PEOPLE = [{"name": name, "books": n} for n, name in enumerate(["Ann", "Bob", "Cid", "Dan"])]


def table(rows, row="<tr><td>{name}</td><td>{books}</td></tr>"):
    return "<h1>People</h1><table>" + "".join(row.format(**each) for each in rows) + "</table>.\n"


LINES = "<tr>\n  <td>{name}</td>\n  <td>{books}</td>\n</tr>\n"
DIVS = '<div class="row"><div>{name}</div><div>{books}</div></div>'


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        (json.dumps, JSON),
        (
            lambda rows: json.dumps({"n": 4, "results": [{"at": r, "of": [1, 2]} for r in rows]}),
            JSON,
        ),
        (table, HTML),
        (lambda rows: table(rows, LINES), HTML),
        (lambda rows: table(rows, DIVS), HTML),
        (lambda rows: table(rows, "<p><img src='{name}'/><br>{books}</p>"), HTML),
        (lambda rows: table(rows, "<p>{name} {books}</p><br>"), HTML),
        (lambda rows: table(rows, "<p>{name}</i></b> {books}</p>"), HTML),
        (lambda rows: "".join(f"{row['name']},{row['books']}\n" for row in rows), "text/csv"),
    ],
)
def test_rows_in_another_order(written, kind):
    before, after = written(PEOPLE), written([*PEOPLE[2:], *PEOPLE[:2]])
    assert told(before, after, kind, unordered=True) == ""
    found = compare(_pages(before, kind), _pages(after, kind))
    assert found == Comparison(same=False, reason=REORDERED, reordered=True)
    # The request itself shows that its rows have no order.
    assert told([before, after], [written(PEOPLE[::-1])], kind) == ""
    for other in ([*PEOPLE[:3], PEOPLE[2]], PEOPLE[:3], [*PEOPLE[:3], {"name": "Eve", "books": 3}]):
        assert told(before, written(other), kind, unordered=True) != ""
        assert told([before, after], [written(other)], kind) != ""
        assert not compare(_pages(before, kind), _pages(written(other), kind)).reordered


@pytest.mark.parametrize(
    ("written", "kind"), [(json.dumps, JSON), (table, HTML), (lambda r: table(r, LINES), HTML)]
)
def test_values_that_changed_rows_are_not_another_order(written, kind):
    numbers = [{**row, "books": 3 - row["books"]} for row in PEOPLE]
    found = compare(_pages(written(PEOPLE), kind), _pages(written(numbers), kind))
    assert (found.same, found.reordered) == (False, False)
    assert told([written(PEOPLE), written(PEOPLE[::-1])], [written(numbers)], kind) != ""


def test_tokens_that_vary_are_not_rows_in_any_order():
    base = [form(TOKEN) + table(PEOPLE), form(OTHER_TOKEN) + table(PEOPLE)]
    found = compare(_pages(base, HTML), _pages(form("a" * 64) + table(PEOPLE[::-1]), HTML))
    assert found.reordered


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("<!-- a -->", "<!-- b -->", HTML),
        ("<!doctype a>", "<!doctype b>", HTML),
        ("<?a?>", "<?b?>", "text/xml"),
        ("<![CDATA[a]]>", "<![CDATA[b]]>", "text/xml"),
        ("<td>a </td>", "<td>a</td>", HTML),
        ('<p id="a" class="b">', '<p class="b" id="a">', HTML),
        ("<b>a</b>", "<b>a", HTML),
        ("a b c", "a c b", TEXT),
    ],
)
def test_what_is_not_a_row(before, after, kind):
    assert not compare(_pages(before, kind), _pages(after, kind)).reordered


@pytest.mark.parametrize(
    ("before", "after", "kind", "same"),
    [
        ("<i class=odd>a</i><i class=even>b</i>", "<i class=odd>b</i><i class=even>a</i>", 1, True),
        ("a b\nc d", "d c\nb a", 0, True),
        ("a b\nc d", "a b\nc c", 0, False),
        ("a b\nc d", "a b\nc d d", 0, False),
        ("a b", "a-b", 0, False),
        ("  a\nb", "b\na", 0, True),
    ],
)
def test_words_in_any_order(before, after, kind, same):
    assert (told(before, after, (TEXT, HTML)[kind], unordered=True) == "") is same


def stamped(rows, stamp):
    return [{**row, "served": stamp + n} for n, row in enumerate(rows)]


@pytest.mark.parametrize(
    ("fixed", "same"),
    [
        (stamped(PEOPLE[::-1], 300), True),
        (stamped(PEOPLE[:3], 300), False),
        (stamped([*PEOPLE[:3], {"name": "Eve", "books": 3}], 300), False),
    ],
)
def test_rows_in_any_order_with_values_that_vary(fixed, same):
    base = documents(stamped(PEOPLE, 100), stamped(PEOPLE[1:] + PEOPLE[:1], 200))
    assert (told(base, documents(fixed), JSON, unordered=True) == "") is same


@pytest.mark.parametrize(
    ("fixed", "same"),
    [("<p>b</p> <p>a</p> now 3", True), ("<p>b</p> <p>c</p> now 3", False), ("<p>b</p> 3", False)],
)
def test_words_in_any_order_some_of_which_vary(fixed, same):
    base = ["<p>a</p> <p>b</p> now 1", "<p>b</p> <p>a</p> now 2"]
    assert (told(base, fixed, unordered=True) == "") is same


@pytest.mark.parametrize(
    ("bodies", "kind"),
    [
        (["a b", "c d"], TEXT),
        (documents([1, 2], [3, 4]), JSON),
        (documents([[1, 2], [3, 4]], [[1, 3], [2, 4]]), JSON),
    ],
)
def test_even_in_any_order_most_may_vary(bodies, kind):
    assert told(bodies, bodies[0], kind, unordered=True).startswith(VARIES)


@pytest.mark.parametrize(
    ("before", "after", "kind", "reason"),
    [
        ("in stock", "sold out", TEXT, 'the body differs: "in" became "sold"'),
        ('{"a": [1, 2]}', '{"a": [2, 3]}', JSON, "the body differs at a[*]: 1 became 3"),
        ('{"a": [1, 2]}', '{"a": [2]}', JSON, "the body differs at a[*]: 1 is gone"),
        ("[[1, 2], [3, 4]]", "[[1, 3], [2, 4]]", JSON, "the body differs"),
    ],
)
def test_what_differs_in_any_order_is_told(before, after, kind, reason):
    assert told(before, after, kind, unordered=True) == reason


def test_rows_of_huge_pages_are_not_put_in_order():
    rows = [f"<p>{number:>60}</p>\n" for number in range(40_000)]
    found = compare([page("".join(rows))], [page("".join(rows[::-1]))])
    assert (found.same, found.reordered) == (False, False)


# Types and charsets


@pytest.mark.parametrize(
    ("kind", "body", "other"),
    [
        (PDF, f"csrf_token={TOKEN}", f"csrf_token={OTHER_TOKEN}"),
        ("application/zip", "at 12:05", "at 12:06"),
        ("", "at 12:05", "at 12:06"),
    ],
)
def test_what_is_no_text_is_compared_byte_by_byte(kind, body, other):
    assert "differs: " in told(body, other, kind)
    assert told([body] * 2, [body, other], kind) == ""


@pytest.mark.parametrize("kind", ["text/csv", "application/xml", "image/svg+xml", "text/xml", JSON])
def test_texts_of_other_types(kind):
    assert told(f'<a csrf="{TOKEN}"/>', f'<a csrf="{OTHER_TOKEN}"/>', kind) == ""


def test_what_is_compressed_is_no_text():
    base, fixed = (page(f"csrf={token}", Content_Encoding="gzip") for token in (TOKEN, OTHER_TOKEN))
    assert compare([base], [fixed]).reason == "the body (text/html) differs: 69 bytes became 69"


@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "utf-16", "cp1252", "shift_jis"])
def test_charsets(charset):
    base = page("in stock\nok", charset=charset)
    fixed = page("sold out\nok", charset=charset)
    assert compare([base], [fixed]).reason.endswith('at line 1: "in stock" became "sold out"')


@pytest.mark.parametrize("charset", ["", "nonsense", "base64", "a\0b", "idna"])
def test_a_charset_that_is_none(charset):
    base, fixed = (
        Captured(200, (("Content-Type", TEXT),), (), body, charset) for body in (b"\xff", b"\xfe")
    )
    assert compare([base], [fixed]).reason == 'the body differs at line 1: "ÿ" became "þ"'


def test_bytes_that_are_not_of_the_charset_count():
    assert told(b"\xff", b"\xfe", TEXT) != ""


# For any text

WORD = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
WORDS = st.lists(WORD, min_size=2, max_size=30)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=20,
)
KINDS = st.sampled_from([HTML, TEXT, JSON, PDF, "text/csv", ""])


@settings(deadline=None)
@given(st.text() | WORDS.map("\n".join), KINDS, st.booleans(), st.integers(1, 3), st.integers(1, 3))
def test_the_same_is_the_same(body, kind, unordered, bases, runs):
    raw = body.encode("utf-8", "surrogatepass")
    assert compare([page(raw, kind)] * bases, [page(raw, kind)] * runs, unordered=unordered).same


@settings(deadline=None)
@given(ANY_JSON, st.booleans())
def test_json_is_the_same_however_it_is_written(value, unordered):
    base, fixed = json.dumps(value), json.dumps(value, indent=1, ensure_ascii=False)
    assert told(base, fixed.encode("utf-8", "surrogatepass"), JSON, unordered=unordered) == ""


@settings(deadline=None)
@given(ANY_JSON, ANY_JSON)
def test_json_is_the_same_only_if_it_is(one, other):
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (told([json.dumps(one)] * 2, [json.dumps(other)] * 2, JSON) == "") is same


@settings(deadline=None)
@given(WORDS, st.data(), st.sampled_from([" ", "\n", "</p><p>"]), st.integers(2, 3))
def test_what_varies_is_no_difference(words, data, glue, bases):
    many = 2 * len(words)
    places = data.draw(st.sets(st.integers(0, len(words) - 1), max_size=(len(words) - 1) // 2))

    def written(run):
        values = [f"v{run}" if place in places else word for place, word in enumerate(words)]
        return glue.join(values)

    assert told([written(run) for run in range(bases)], [written(many), written(many + 1)]) == ""


@settings(deadline=None)
@given(WORDS, st.data(), st.sampled_from([" ", "\n", "</p><p>"]), st.booleans(), st.integers(1, 3))
def test_one_other_word_is_a_difference(words, data, glue, csrf, runs):
    place = data.draw(st.integers(0, len(words) - 1))
    varying = data.draw(st.sets(st.integers(0, len(words) - 1), max_size=(len(words) - 1) // 2))
    other = data.draw(
        st.sampled_from(["12.05", "17", "0a" * 32, "12:05", "x9", "1718900009", "5 ms"])
    )

    def written(run, there):
        values = [f"v{run}" if at in varying - {place} else word for at, word in enumerate(words)]
        values[place] = there
        return form(f"{run:064}") * csrf + glue.join(values)

    base = [written(run, words[place]) for run in range(2)]
    assert told(base, [written(run, other) for run in range(2, 2 + runs)]) != ""


@settings(deadline=None)
@given(st.lists(ANY_JSON, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_another_order_of_a_list_is_reordered(values, chance):
    shuffled = values[:]
    chance.shuffle(shuffled)
    base, fixed = documents(values, shuffled)
    found = compare(_pages(base, JSON), _pages(fixed, JSON))
    assert found.same or found == Comparison(False, reason=REORDERED, reordered=True)
    assert told(base, fixed, JSON, unordered=True) == ""


@settings(deadline=None)
@given(st.lists(WORD, min_size=2, max_size=9, unique=True), st.randoms(use_true_random=False))
def test_another_order_of_elements_is_reordered(words, chance):
    rows = [f"<li><b>{word}</b> {number}</li>" for number, word in enumerate(words)]
    shuffled = rows[:]
    chance.shuffle(shuffled)
    before, after = (f"<ul>{''.join(each)}</ul>" for each in (rows, shuffled))
    found = compare([page(before)], [page(after)])
    assert found.reordered is (rows != shuffled)
    assert told(before, after, unordered=True) == ""


@settings(deadline=None)
@given(st.binary(max_size=200), st.binary(max_size=200), KINDS, st.booleans())
def test_nothing_is_raised_and_only_equal_bytes_are_sure(one, other, kind, unordered):
    found = compare([page(one, kind)] * 2, [page(other, kind)] * 2, unordered=unordered)
    assert found.same is (found.reason == "")
    assert found.reason.isprintable()
    assert len(found.reason) < 300
    assert found.same or one != other


@settings(deadline=None)
@given(st.lists(st.binary(max_size=60), min_size=2, max_size=4), KINDS, st.booleans())
def test_nothing_is_raised_by_what_varies(bodies, kind, unordered):
    pages = [page(body, kind) for body in bodies]
    assert compare(pages[:-1], pages[-1:], unordered=unordered).reason.isprintable()


@settings(deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_times_are_near_both_ways(one, other):
    assert times.near(one, other) is times.near(other, one)


def test_shuffled_rows_of_many_requests():
    chance, rows = random.Random(7), [f"<li>{number}</li>" for number in range(200)]

    def written():
        chance.shuffle(rows)
        return f"<ul>{''.join(rows)}</ul>"

    base = [written() for _ in range(3)]
    assert told(base, [written()]) == ""
    assert told(base, [written().replace("<li>7</li>", "<li>x</li>")]) != ""
