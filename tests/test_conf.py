from __future__ import annotations

import dataclasses
import datetime

import pytest
from django.core.exceptions import ImproperlyConfigured

from queryscope.conf import Settings, get_settings, problems
from queryscope.core.suppression import Allowance


def test_without_the_setting_the_defaults_hold(settings):
    settings.QUERYSCOPE = {}  # sends setting_changed, now and when undone; deleting sends nothing
    del settings.QUERYSCOPE
    assert get_settings() == Settings()


def test_options_replace_defaults(settings):
    settings.QUERYSCOPE = {"SAMPLE_RATE": 0.5, "IGNORE_PATHS": ["/a/"], "QUERY_BUDGET": None}
    assert get_settings() == Settings(sample_rate=0.5, ignore_paths=("/a/",), query_budget=None)


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
        ("QUERY_BUDGET", "many", "must be a whole number or None, not 'many'"),
        ("QUERY_BUDGET", -1, "must be at least 0, not -1"),
        ("QUERY_BUDGET", None, None),
        ("QUERY_BUDGETS", {"/a/": -1}, "must map routes to whole numbers, not {'/a/': -1}"),
        ("QUERY_BUDGETS", {"/a/": True}, "must map routes to whole numbers, not {'/a/': True}"),
        ("QUERY_BUDGETS", {"/a/": 3}, None),
        ("IGNORE_PATHS", "/a/", "must be a list of strings that are not empty, not '/a/'"),
        ("IGNORE_PATHS", [""], "must be a list of strings that are not empty, not ['']"),
        ("IGNORE_PATHS", (), None),
        ("CACHE_ALIAS", None, "must be a string, not None"),
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
