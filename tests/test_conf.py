from __future__ import annotations

import dataclasses
import datetime

import pytest
from django.core.exceptions import ImproperlyConfigured

from queryscope.conf import Settings, get_settings, is_unordered, problems
from queryscope.core.suppression import Allowance


def test_without_the_setting_the_defaults_hold(settings):
    settings.QUERYSCOPE = {}  # sends setting_changed, now and when undone; deleting sends nothing
    del settings.QUERYSCOPE
    assert get_settings() == Settings()


def test_options_replace_defaults(settings):
    settings.QUERYSCOPE = {"SAMPLE_RATE": 0.5, "IGNORE_PATHS": ["/a/"], "QUERY_BUDGET": 7}
    assert get_settings() == Settings(
        sample_rate=0.5, ignore_paths=("/a/",), query_budget={"queries": 7}
    )


def test_settings_are_cached_until_they_change(settings):
    settings.QUERYSCOPE = {}
    first = get_settings()
    assert get_settings() is first
    settings.QUERYSCOPE = {"KEEP_REPORTS": 3}
    assert get_settings().keep_reports == 3


def test_settings_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().enabled = False


def test_all_that_is_wrong_is_said_at_once(settings):
    settings.QUERYSCOPE = {"ENABELD": True, "SAMPLE_RATE": 2}
    with pytest.raises(ImproperlyConfigured) as caught:
        get_settings()
    assert "'ENABELD'; did you mean 'ENABLED'?" in str(caught.value)
    assert "QUERYSCOPE['SAMPLE_RATE'] must be between 0 and 1, not 2" in str(caught.value)


def test_the_defaults_are_right_themselves():
    defaults = dataclasses.asdict(Settings())
    assert problems({name.upper(): value for name, value in defaults.items()}) == []


@pytest.mark.parametrize("values", [None, [], "x", 1])
def test_the_setting_is_a_dict(values):
    assert problems(values) == [f"QUERYSCOPE must be a dict, not {type(values).__name__}"]


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("ENABLED", 1, "must be True or False, not 1"),
        ("ENABLED", False, None),
        ("SAMPLE_RATE", "1", "must be a number, not '1'"),
        ("SAMPLE_RATE", True, "must be a number, not True"),
        ("SAMPLE_RATE", float("nan"), "must be a finite number, not nan"),
        ("SAMPLE_RATE", -0.1, "must be at least 0, not -0.1"),
        ("SAMPLE_RATE", 1.1, "must be between 0 and 1, not 1.1"),
        ("SAMPLE_RATE", 1, None),
        ("ROUND_TRIP_MS", float("inf"), "must be a finite number, not inf"),
        ("ROUND_TRIP_MS", 0.5, None),
        ("SLOW_QUERY_MS", -1, "must be at least 0, not -1"),
        ("SLOW_QUERY_MS", 250, None),
        ("EXPLAIN", "analyze", "must be True or False, not 'analyze'"),
        ("EXPLAIN_SECONDS_PER_MINUTE", -0.5, "must be at least 0, not -0.5"),
        ("EXPLAIN_SECONDS_PER_MINUTE", 0.5, None),
        ("N_PLUS_ONE_THRESHOLD", 1, "must be at least 2, not 1"),
        ("LOOP_THRESHOLD", 2.5, "must be a whole number, not 2.5"),
        ("IGNORE_PATHS", "/a/", "must be a list of strings that are not empty, not '/a/'"),
        ("IGNORE_PATHS", [""], "must be a list of strings that are not empty, not ['']"),
        ("IGNORE_PATHS", (), None),
        ("UNORDERED", "/a/", "must be a list of strings that are not empty, not '/a/'"),
        ("UNORDERED", [""], "must be a list of strings that are not empty, not ['']"),
        ("UNORDERED", ["/a/", 5], "must be a list of strings that are not empty, not ['/a/', 5]"),
        (
            "UNORDERED",
            {"/a/": True},
            "must be a list of strings that are not empty, not {'/a/': True}",
        ),
        ("UNORDERED", ["/a/", "GET /b/*"], None),
        ("CACHE_ALIAS", None, "must be a string that is not empty, not None"),
        ("LOG_INTERVAL_S", -1, "must be at least 0, not -1"),
        ("KEEP_REPORTS", 0, None),
        ("ALLOW", [], None),
        ("ALLOW", [{"app": "wagtailcore", "reason": "x"}], None),
        ("ALLOW", {"app": "x"}, "must be a list of dicts, not {'app': 'x'}"),
    ],
)
def test_values(name, value, wrong):
    expected = [] if wrong is None else [f"QUERYSCOPE[{name!r}] {wrong}"]
    assert problems({name: value}) == expected


BUDGET = "must be a whole number of queries, a dict of measures or None, not "


@pytest.mark.parametrize(
    ("name", "value", "wrong"),
    [
        ("QUERY_BUDGET", "many", f" {BUDGET}'many'"),
        ("QUERY_BUDGET", 2.5, f" {BUDGET}2.5"),
        ("QUERY_BUDGET", -1, " must be at least 0, not -1"),
        ("QUERY_BUDGET", None, None),
        ("QUERY_BUDGET", 0, None),
        ("QUERY_BUDGET", {}, None),
        ("QUERY_BUDGET", {"queries": 9, "database_ms": 200, "duration_ms": None}, None),
        ("QUERY_BUDGET", {"querys": 9}, " has no measure 'querys'; did you mean 'queries'?"),
        (
            "QUERY_BUDGET",
            {7: 9},
            " has no measure 7; it may have queries, distinct, database_ms, duration_ms, "
            "database_ratio",
        ),
        ("QUERY_BUDGETS", [], " must be a dict of routes and their budgets, not []"),
        ("QUERY_BUDGETS", {"/a/": 3, "/b/": None, "/c/*": {"database_ratio": 1.5}}, None),
        (
            "QUERY_BUDGETS",
            {5: 3},
            " has the key 5; it must be a route or a pattern such as '/api/*'",
        ),
        (
            "QUERY_BUDGETS",
            {"": 3},
            " has the key ''; it must be a route or a pattern such as '/api/*'",
        ),
        ("QUERY_BUDGETS", {"/a/": -1}, "['/a/'] must be at least 0, not -1"),
        ("QUERY_BUDGETS", {"/a/": True}, f"['/a/'] {BUDGET}True"),
        (
            "QUERY_BUDGETS",
            {"/a/": {"database": 9}},
            "['/a/'] has no measure 'database'; did you mean 'database_ms'?",
        ),
        (
            "QUERY_BUDGETS",
            {"/a/": {"distinct": 2.0}},
            "['/a/']['distinct'] must be a whole number or None, not 2.0",
        ),
        (
            "QUERY_BUDGETS",
            {"/a/": {"database_ms": "2"}},
            "['/a/']['database_ms'] must be a number or None, not '2'",
        ),
        (
            "QUERY_BUDGETS",
            {"/a/": {"duration_ms": float("inf")}},
            "['/a/']['duration_ms'] must be a finite number, not inf",
        ),
        (
            "QUERY_BUDGETS",
            {"/a/": {"database_ratio": 0}},
            "['/a/']['database_ratio'] must be more than 0, not 0",
        ),
    ],
)
def test_budgets(name, value, wrong):
    expected = [] if wrong is None else [f"QUERYSCOPE[{name!r}]{wrong}"]
    assert problems({name: value}) == expected


def test_all_that_is_wrong_in_budgets_is_said_at_once():
    wrong = {"/a/": {"querys": 1, "distinct": -1}, "/b/": "few"}
    assert len(problems({"QUERY_BUDGETS": wrong})) == 3


def test_a_number_of_a_budget_is_its_queries(settings):
    settings.QUERYSCOPE = {"QUERY_BUDGETS": {"/a/": 3, "/b/": {"distinct": 2}}}
    assert get_settings().query_budgets == {"/a/": {"queries": 3}, "/b/": {"distinct": 2}}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([{"reason": "x", "app": "a"}, 5], ["QUERYSCOPE['ALLOW'][1] must be a dict, not 5"]),
        (
            [{"reason": "x", "ap": "a", "model": "a.B"}],
            ["QUERYSCOPE['ALLOW'][0] has no key 'ap'; did you mean 'app'?"],
        ),
        (
            [{"detector": "n-plus-on"}],
            [
                "QUERYSCOPE['ALLOW'][0]['detector']: no such detector 'n-plus-on'; "
                "did you mean 'n-plus-one'?",
                "QUERYSCOPE['ALLOW'][0] has no 'reason': say why, for whoever reads it next",
            ],
        ),
    ],
)
def test_entries_of_allow(entries, expected):
    assert problems({"ALLOW": entries}) == expected


def test_entries_become_allowances(settings):
    entry = {"model": "a.B", "reason": "few", "until": "2027-01-31"}
    settings.QUERYSCOPE = {"ALLOW": [{"app": "a", "reason": "x"}, entry]}
    until = datetime.date(2027, 1, 31)
    assert get_settings().allow[1] == Allowance(1, "few", model="a.B", until=until)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("sample_rate", "; did you mean 'SAMPLE_RATE'?"), ("XYZ", ""), (1, "")],
)
def test_an_unknown_option(name, hint):
    assert problems({name: 1}) == [f"QUERYSCOPE has no option {name!r}{hint}"]


@pytest.mark.parametrize(
    ("patterns", "endpoint", "expected"),
    [
        ([], "GET /a/", False),
        (["/a/"], "GET /a/", True),
        (["/a/"], "HEAD /a/", True),
        (["/a/"], "GET /a/b/", False),
        (["GET /a/"], "GET /a/", True),
        (["GET /a/"], "HEAD /a/", False),
        (["/a/*"], "GET /a/{pk}/", True),
        (["GET /a/*"], "GET /a/{pk}/", True),
        (["HEAD *"], "GET /a/", False),
        (["/b/", "/A/", "/a/?"], "GET /a/1", True),
        (["/A/"], "GET /a/", False),
        (["/a/[x]/"], "GET /a/[x]/", True),  # a route of its own before it is a pattern
        (["job"], "job", True),
    ],
)
def test_endpoints_without_an_order(settings, patterns, endpoint, expected):
    settings.QUERYSCOPE = {"UNORDERED": patterns}
    assert is_unordered(get_settings(), endpoint) is expected
