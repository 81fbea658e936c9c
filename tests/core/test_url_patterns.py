from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.url_patterns import Capture, forms, readable


def written(regex: str) -> list[str]:
    texts = []
    for form in forms(regex):
        texts.append("".join(p if isinstance(p, str) else f"{{{p.name}}}" for p in form))
    return texts


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"", [""]),
        (r"^a/b/$", ["a/b/"]),
        (r"^a/(?P<pk>[0-9]+)/$", ["a/{pk}/"]),
        (r"^a/(\d+)/(\w+)/$", ["a/{0}/{1}/"]),
        (r"^a/(?P<pk>\d+)/(x|y)/$", ["a/{pk}/x/"]),
        (r"^(page-(?P<page>\d+)/)?$", ["", "page-{page}/"]),
        (
            r"^a(?:/(?P<year>\d{4})(?:/(?P<month>\d\d))?)?/$",
            ["a/", "a/{year}/", "a/{year}/{month}/"],
        ),
        (r"^(?:one|two)/$", ["one/"]),
        (r"^(?:x/(?P<a>\d+)|y/(?P<b>\d+))/$", ["x/{a}/", "y/{b}/"]),
        (r"^a/?$", ["a/"]),
        (r"^a\.json$", ["a.json"]),
        (r"^[abc]\d{2}\s?$", ["a11"]),
        (r"^[^/]+/(?!b)\Z", ["x/"]),
        (r"^(?P<a>x)(?P=a)$", ["{a}{a}"]),
    ],
)
def test_forms(regex: str, expected: list[str]) -> None:
    assert written(regex) == expected


@pytest.mark.parametrize(
    ("regex", "only"),
    [
        (r"(?P<state>open|closed)", "open"),
        (r"(?P<state>done|draft)", "done"),
        (r"(?P<state>[ab])", "a"),
        (r"(?P<state>x(?:y|z))", "xy"),
        (r"(?P<state>\w+)", None),
        (r"(?P<state>a.)", None),
        (r"(?P<state>ab?)", None),
    ],
)
def test_only_text_of_a_group(regex: str, only: str | None) -> None:
    assert forms(regex) == [(Capture("state", only),)]


def test_number_of_forms_is_bounded() -> None:
    assert len(forms("".join(f"(?P<a{i}>x)?" for i in range(12)))) == 8


def test_not_a_regular_expression() -> None:
    with pytest.raises(ValueError, match="not a regular expression"):
        forms("(")


@given(st.from_regex(r"\A(?:[a-z]{1,3}(?:\[[a-z]-[a-z]\]|\\d|\\w|\.)?[+?]?/){1,4}\Z"))
def test_a_form_without_arguments_matches_its_regex(regex: str) -> None:
    try:
        found = forms(regex)
    except ValueError:
        return
    for form in found:
        assert re.fullmatch(regex, "".join(map(str, form)))


@pytest.mark.parametrize(
    ("route", "arguments", "expected"),
    [
        ("", (), "/"),
        ("api/projects/", (), "/api/projects/"),
        ("api/projects/<int:pk>/", ("pk",), "/api/projects/{pk}/"),
        ("api/<slug>/data.json", ("slug",), "/api/{slug}/data.json"),
        ("^api/projects/(?P<pk>[^/.]+)/$", ("pk",), "/api/projects/{pk}/"),
        ("api/<int:a>/^x/(?P<b>[0-9]+)/$", ("a", "b"), "/api/{a}/x/{b}/"),
        (r"^archive/(?:(?P<year>\d{4})/)?$", (), "/archive/"),
        (r"^archive/(?:(?P<year>\d{4})/)?$", ("year",), "/archive/{year}/"),
        ("^broken/(", (), "/^broken/("),
    ],
)
def test_readable(route: str, arguments: tuple[str, ...], expected: str) -> None:
    assert readable(route, arguments) == expected
