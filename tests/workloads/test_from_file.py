"""Every form of a workload file that a person or a program may write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from queryscope.core.workload import Sample, Workload
from queryscope.workloads import WorkloadError
from queryscope.workloads.from_file import read

ONE = "SELECT * FROM t WHERE a = %s"


@pytest.fixture
def given(tmp_path: Path) -> Any:
    def write(content: Any, name: str = "workload.json") -> Workload:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / name).write_text(text, encoding="utf-8")
        return read(str(tmp_path / name))

    return write


def samples(workload: Workload) -> list[tuple[str, Any]]:
    return [(each.sql, each.params) for query in workload.queries for each in query.samples]


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"sql": ONE, "params": [1]}, [(ONE, (1,))]),
        ({"sql": "SELECT %(a)s", "params": {"a": 1}}, [("SELECT %(a)s", {"a": 1})]),
        ({"sql": "SELECT 1 WHERE a LIKE '%s%'"}, [("SELECT 1 WHERE a LIKE '%s%'", None)]),
        ({"sql": "SELECT 'a%'", "params": []}, [("SELECT 'a%'", None)]),
        ({"sql": "SELECT 'a%%'", "params": []}, [("SELECT 'a%%'", ())]),
        (
            {"sql": "SELECT 1 WHERE a LIKE '%s%' AND b = %s", "params": [1]},
            [("SELECT 1 WHERE a LIKE '%%s%%' AND b = %s", (1,))],
        ),
        ({"sql": "SELECT a % 2, %s", "params": [1]}, [("SELECT a %% 2, %s", (1,))]),
        ({"sql": "SELECT $2, $1", "params": [1, 2]}, [("SELECT %s, %s", (2, 1))]),
        ({"sql": "SELECT ?", "params": [1]}, [("SELECT %s", (1,))]),
        ({"sql": "SELECT %s", "params": [{"a": 1}]}, [("SELECT %s", ('{"a": 1}',))]),
        ({"sql": "SELECT %s", "params": [[1, 2]]}, [("SELECT %s", ([1, 2],))]),
        ({"sql": ONE, "samples": [[1], [2]]}, [(ONE, (1,)), (ONE, (2,))]),
        ({"sql": ONE, "samples": [{"params": [1]}]}, [(ONE, (1,))]),
        (
            {"sql": ONE, "samples": ["SELECT * FROM t WHERE a = 7"]},
            [(ONE.replace("%s", "7"), None)],
        ),
        ({"samples": [{"sql": ONE, "params": [3]}]}, [(ONE, (3,))]),
        ({"sql": ONE, "samples": [], "params": [4]}, [(ONE, (4,))]),
        ("SELECT 1", [("SELECT 1", None)]),
        (
            {"sql": "DELETE FROM t WHERE a = %s;", "params": [1]},
            [("DELETE FROM t WHERE a = %s", (1,))],
        ),
    ],
)
def test_sample(given: Any, entry: Any, expected: list[Any]) -> None:
    workload = given({"queries": [entry], "other": 1})
    assert samples(workload) == expected
    assert workload.skipped == ()


@pytest.mark.parametrize(
    ("sql", "numbered"),
    [(ONE, "SELECT * FROM t WHERE a = $1"), ("SELECT $1", "SELECT $1")],
)
def test_values_that_are_missing_are_to_be_chosen(given: Any, sql: str, numbered: str) -> None:
    [query] = given([{"sql": sql}]).queries
    assert query.samples == (Sample(numbered, None, generic=True),)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (7, 'not an object with "sql"'),
        ({}, '"sql" is missing or empty'),
        ({"sql": " "}, '"sql" is missing or empty'),
        ({"sql": "SAVEPOINT x"}, "neither SELECT, INSERT, UPDATE nor DELETE"),
        ({"sql": "SELECT 1; DROP TABLE t"}, "more than one statement"),
        ({"sql": ONE, "params": 5}, '"params" is a number, neither a list nor an object'),
        ({"sql": ONE, "params": [1, 2]}, "1 placeholder and 2 parameters"),
        ({"sql": "SELECT 1", "params": [1]}, "0 placeholders and 1 parameter"),
        ({"sql": "SELECT %(a)s", "params": {}}, "no value for %(a)s"),
        ({"sql": "SELECT %(a)s", "params": {"b": 1}}, "no value for %(a)s"),
        (
            {"sql": "SELECT %(a)s", "params": [1]},
            'its placeholders have names: "params" must be an object',
        ),
        ({"sql": ONE, "samples": 3}, '"samples" is a number, not a list'),
        ({"sql": "SELECT 1", "calls": "3"}, '"calls" is a text, not a number'),
        ({"sql": "SELECT 1", "calls": 0}, '"calls" is 0, not a number above 0'),
        ({"sql": "SELECT 1", "calls": True}, '"calls" is true or false, not a number'),
        ({"sql": "SELECT 1", "mean_ms": -1}, '"mean_ms" is -1, not a number of 0 or more'),
    ],
)
def test_a_malformed_entry_is_named_and_skipped(given: Any, entry: Any, reason: str) -> None:
    workload = given({"queries": [{"sql": "SELECT 2"}, entry]})
    assert len(workload.queries) == 1
    assert workload.skipped == (f"queries[1]: {reason}",)


def test_a_malformed_sample_is_named_and_skipped(given: Any) -> None:
    workload = given([{"sql": ONE, "samples": [[1], [1, 2], {"params": 3}]}])
    assert samples(workload) == [(ONE, (1,))]
    assert workload.skipped == (
        "queries[0].samples[1]: 1 placeholder and 2 parameters",
        'queries[0].samples[2]: "params" is a number, neither a list nor an object',
    )


@pytest.mark.parametrize(
    ("entry", "calls", "total_ms", "name"),
    [
        ({}, 1.0, None, ""),
        ({"calls": 12}, 12.0, None, ""),
        ({"frequency": 0.5, "id": 7}, 0.5, None, "7"),
        ({"weight": 3, "mean_ms": 2, "name": "list"}, 3.0, 6.0, "list"),
        ({"calls": 3, "total_ms": 9, "mean_ms": 2}, 3.0, 9.0, ""),
        ({"calls": 2, "duration_ms": 2.5}, 2.0, 5.0, ""),
    ],
)
def test_figures(given: Any, entry: Any, calls: float, total_ms: float | None, name: str) -> None:
    [query] = given([{"sql": ONE, "params": [1], **entry}]).queries
    assert (query.calls, query.total_ms, query.name) == (calls, total_ms, name)


def test_runs_of_one_fingerprint_are_one_query(given: Any) -> None:
    entries = [{"sql": f"SELECT {n}", "calls": n, "mean_ms": 2.0} for n in range(1, 9)]
    [query] = given([*entries, {"sql": "SELECT 99", "calls": 4}]).queries
    assert query.calls == 40
    assert query.total_ms == 80.0  # four runs that nobody measured take as long as the others
    assert len(query.samples) == 5


def test_the_slowest_and_the_fastest_sample_are_kept_the_slowest_first(given: Any) -> None:
    runs = [{"params": [n], "duration_ms": n % 7} for n in range(20)]
    [query] = given([{"sql": ONE, "samples": runs}]).queries
    durations = [sample.duration_ms for sample in query.samples]
    assert durations == sorted(durations, reverse=True)
    assert (durations[0], durations[-1], len(durations)) == (6, 0, 5)


@pytest.mark.parametrize(
    ("text", "name", "count"),
    [
        ('{"sql": "SELECT 1"}\n{"sql": "UPDATE t SET a = 1"}\n', "w.jsonl", 2),
        ('{"sql": "SELECT 1"}', "w.json", 1),
        ('["SELECT 1", "DELETE FROM t"]', "w.json", 2),
        ("SELECT 1;\n-- two\nDELETE FROM t WHERE x = ';';", "w.sql", 2),
        ("﻿SELECT 1", "w.sql", 1),
    ],
)
def test_file_forms(given: Any, text: str, name: str, count: int) -> None:
    workload = given(text, name)
    assert len(workload.queries) == count
    assert workload.skipped == ()


def test_a_broken_line_is_named(given: Any) -> None:
    workload = given('{"sql": "SELECT 1"}\n{"sql": \n', "w.jsonl")
    assert len(workload.queries) == 1
    assert workload.skipped[0].startswith("queries[1]: not JSON: ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "no query in it"),
        ('{"queries": [', "not JSON: "),
        ({"queries": []}, "no query in it"),
        ({"a": 1}, "it has no list of queries"),
        ([{"sql": "BEGIN"}], "1 skipped, first queries[0]: neither SELECT"),
        ({"version": 1, "queries": 3, "groups": []}, "a trace of queryscope keeps no values"),
        ({"version": 1, "endpoints": [], "findings": []}, "a report of queryscope keeps no values"),
    ],
)
def test_nothing_in_it(given: Any, content: Any, reason: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        given(content)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match=r"No such file or directory; it takes a JSON file"):
        read(str(tmp_path / "none.json"))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(WorkloadError, match="not UTF-8"):
        read(str(tmp_path / "binary"))


def test_a_trace_of_our_own_says_why_it_will_not_do(given: Any, library: None) -> None:
    from queryscope import record
    from tests.testapp.models import Book

    with record() as trace:
        list(Book.objects.all())
    with pytest.raises(WorkloadError, match="keeps no values"):
        given(trace.as_dict())
