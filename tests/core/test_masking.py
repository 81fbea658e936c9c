"""What is stored of URLs and of what databases say: no value that a visitor sent."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.masking import masked_message, masked_path, masked_query, masked_steps

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.mark.parametrize(
    ("template", "values", "shown"),
    [
        ("/", {}, "/"),
        ("/api/projects/", {}, "/api/projects/"),
        ("/projects/{pk}/", {"pk": 12}, "/projects/12/"),
        ("/projects/{0}/{1}/", {"0": "12", "1": "name"}, "/projects/12/*/"),
        ("/reset/{uid}/{token}/", {"uid": "MQ", "token": "c5-1f"}, "/reset/*/*/"),
        ("/reset/{a}/{b}/", {"a": "MQ", "b": "c5-1f"}, "/reset/*/*/"),
        ("/reset/{ident}/", {"ident": UUID}, "/reset/*/"),
        ("/verify/{otp}/", {"otp": "123456"}, "/verify/*/"),
        ("/verify/{sms_code}/", {"sms_code": 123456}, "/verify/*/"),
        ("/users/{mail}/", {"mail": "a@example.com"}, "/users/*/"),
        ("/signed/{value}", {"value": "1:1tk7Yw:x-Q"}, "/signed/*"),
        ("/files/{path}", {"path": "a/secret/b"}, "/files/*"),
        ("/files/{path}.pdf", {"path": "12"}, "/files/12.pdf"),
        ("/calls/{number}/", {"number": "41790000000"}, "/calls/*/"),
        ("/flags/{on}/", {"on": True}, "/flags/*/"),
        ("/{x}/", {}, "/*/"),
    ],
)
def test_path_of_a_route(template, values, shown):
    assert masked_path(template, values) == shown


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "/"),
        ("/api/projects/12/", "/api/projects/12/"),
        ("/favicon.ico", "/favicon.ico"),
        ("/about-us/team", "/about-us/team"),
        (f"/orders/{UUID}/items/", "/orders/*/items/"),
        ("/users/a@example.com/", "/users/*/"),
        ("/x/c5kz3b1f/", "/x/*/"),
        ("/x/ABCDEF/", "/x/*/"),
        ("/x/\x1b[31m/", "/x/*/"),
        ("/password-reset/mq/hunter/", "/password-reset/*/*/"),
        ("/verify/123456", "/verify/*"),
        ("/reset2/123456", "/*/*"),
        ("/" + "a" * 80, "/*"),
    ],
)
def test_path_of_no_route(path, shown):
    assert masked_steps(path) == shown


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ""),
        ("page=2&limit=50", "page=2&limit=50"),
        ("page=two", "page=*"),
        ("page=", "*"),
        ("q=anna&status=done", "q=*&status=*"),
        ("a=b=c", "a=*"),
        ("bare", "*"),
        ("c2VjcmV0==", "*"),
        ("a%3Dsecret=1", "*"),
        ("filter[state]=1&due__gte=2024-01-01&order.by=x", "filter[state]=*&due__gte=*&order.by=*"),
        ("a" * 40 + "=1", "*"),
        ("x=1&&y=2", "x=*&*&y=*"),
    ],
)
def test_query_string(query, shown):
    assert masked_query(query) == shown


@given(st.text(string.ascii_letters + string.digits + "-_=", min_size=11).map(lambda t: t + "1X"))
def test_a_long_random_value_is_nowhere(secret):
    shown = masked_path("/a/{b}/", {"b": secret}) + masked_steps(f"/a/{secret}/b/")
    shown += masked_query(f"b={secret}")
    assert re.fullmatch(r"/a/\*//a/\*/(b|\*)/b=\*", shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            'duplicate key value violates unique constraint "u_key"\n'
            "DETAIL:  Key (email)=(anna@example.com) already exists.",
            'duplicate key value violates unique constraint "u_key"\n'
            "DETAIL:  Key (email)=(*) already exists.",
        ),
        ("Key (a, b)=(1, f(x)) is not present", "Key (a, b)=(*) is not present"),
        ("Failing row contains (1, it's (x), null).", "Failing row contains (*)"),
        (
            'invalid input syntax for type integer: "s3"',
            'invalid input syntax for type integer: "*"',
        ),
        (
            "column \"nam\" does not exist\nLINE 1: SELECT nam FROM t WHERE a = 's'\n   ^",
            'column "nam" does not exist',
        ),
        ("Duplicate entry 'a@b.c' for key 'email'", "Duplicate entry '*' for key 'email'"),
        ("UNIQUE constraint failed: app_user.email", "UNIQUE constraint failed: app_user.email"),
        ("no such table: app_user", "no such table: app_user"),
    ],
)
def test_what_a_database_says(text, shown):
    assert masked_message(text) == shown
