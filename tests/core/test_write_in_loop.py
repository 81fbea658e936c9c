"""write-in-loop on traces built by hand: what is one finding, what is none, and what is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.bulk import bulk_form, plural
from queryscope.core.detection import Options, detect
from queryscope.core.events import Trace
from queryscope.core.sightings import Write

from .traces import group, line, source, trace

TASKS = Write(model="app.Task", turns=4)


def write(sql: str = "INSERT INTO t", *, count: int = 5, kind: str = "insert", **values):
    given = {name: values.pop(name) for name in list(values) if name in Write.__slots__}
    values.setdefault("operation", "create")
    return group(sql, count=count, kind=kind, write=replace(TASKS, **given), **values)


def found(*groups, sources=(), **options):
    return detect([trace(*groups, sources=sources)], Options(**options))


def test_a_loop_of_writes_is_found():
    [finding] = found(write())
    assert (finding.detector, finding.severity, finding.confidence) == (
        "write-in-loop",
        "warning",
        "likely",
    )
    assert (finding.count, finding.saves, finding.model) == (5, 4, "app.Task")
    assert finding.message == "Task.objects.create() runs in a loop: 5 queries"


def test_queries_of_one_call_are_one_finding():
    """A get_or_create() reads and writes; nobody else reports what it reads."""
    read = write("SELECT a FROM t", kind="select", operation="get_or_create", looped=True)
    written = write(operation="get_or_create")
    [finding] = found(read, written)
    assert (finding.detector, finding.count) == ("write-in-loop", 10)


def test_another_operation_at_the_line_is_another_finding():
    assert len(found(write(), write("UPDATE t", kind="update", operation="save"))) == 2


def test_rows_of_a_list_make_it_certain_and_are_its_origin():
    saved = write("UPDATE t", kind="update", operation="save", source=0)
    [finding] = found(saved, sources=(source(),))
    assert (finding.confidence, finding.origin) == ("certain", line(1))
    [finding] = found(saved, sources=(source(single=True),))
    assert (finding.confidence, finding.origin) == ("likely", None)


SILENT = {
    "two-turns": write(turns=2),
    "few-queries": write(count=2),
    "batches": write(operation="bulk_create"),
    "values-of-several-rows": write(batched=True),
    "library": write(application=False),
    "no-turns": write(turns=0),
    "reads-of-writes": write("SELECT a FROM t", kind="select", operation="add"),
    "no-write": group(count=5, kind="insert"),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(case):
    assert found(SILENT[case]) == ()


@pytest.mark.parametrize(("threshold", "findings"), [(2, 1), (5, 1), (6, 0)])
def test_the_threshold_is_that_of_loops(threshold, findings):
    assert len(found(write(), loop_threshold=threshold)) == findings


def test_ten_queries_are_an_error():
    [finding] = found(write(count=10))
    assert finding.severity == "error"


def test_the_loop_is_named_where_it_is_in_another_function():
    [finding] = found(write(loop=line(9, "caller")))
    assert finding.hint.endswith(" The loop is at views.py:9.")
    [finding] = found(write(loop=line(9)))
    assert "The loop" not in finding.hint


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("a.Task", "tasks"),
        ("a.TaskTag", "task_tags"),
        ("a.Category", "categories"),
        ("a.Day", "days"),
        ("a.Box", "boxes"),
        ("a.Branch", "branches"),
        ("a.Address", "addresses"),
        ("a.Status", "statuses"),
        ("a.Settings", "settings"),
    ],
)
def test_names_for_several(label, name):
    assert plural(label) == name


SAID = [
    ({"skipped": ("Task.save()",)}, "; this skips Task.save()."),
    ({"skipped": ("Task.save()", "pre_save receivers")}, "Task.save() and pre_save receivers."),
    ({}, "after it."),
]


@pytest.mark.parametrize(("values", "end"), SAID)
def test_what_a_bulk_form_leaves_out_is_said(values, end):
    assert bulk_form([write(**values)]).hint.endswith(end)


def test_a_field_that_auto_now_sets_is_written_too():
    form = bulk_form([
        write("UPDATE t", kind="update", operation="save", fields=("a",), stamped=("changed",))
    ])  # fmt: skip
    assert form.fix.code == 'Task.objects.bulk_update(tasks, ["a", "changed"])'
    assert "set .changed in the loop as well" in form.hint


NO_CODE = {
    "inherits": {"inherits": True},
    "two-conditions": {"operation": "update", "kind": "update", "keys": ("a", "b")},
    "varied-fields": {
        "operation": "update",
        "kind": "update",
        "keys": ("a",),
        "fields": ("b", "c"),
        "varies": True,
    },
    "delete-by-two": {"operation": "delete", "kind": "delete", "keys": ("a", "b")},
    "no-lookups": {"operation": "get_or_create"},
    "two-free-lookups": {"operation": "get_or_create", "keys": ("a", "b")},
    "generic-set": {"operation": "set", "owner": "app.Task", "accessor": "notes"},
}


@pytest.mark.parametrize("case", NO_CODE)
def test_there_is_a_hint_where_no_code_is_certain(case):
    form = bulk_form([write(**NO_CODE[case])])
    assert form.fix is None
    assert form.hint.endswith(".")


def test_mysql_names_no_unique_fields():
    form = bulk_form([
        write(operation="update_or_create", keys=("a",), unique=True, fields=("b",), vendor="mysql")
    ])  # fmt: skip
    assert "unique_fields" not in form.fix.code


@pytest.mark.parametrize(
    "values", [{"keys": ("pk",), "fields": ("a",), "operation": "update"}, {"operation": "save"}]
)
def test_another_database_is_named(values):
    form = bulk_form([write("UPDATE t", kind="update", using="other", **values)])
    assert 'Task.objects.using("other").' in form.fix.code


def test_a_trace_with_writes_can_be_stored():
    whole = trace(write(keys=("a",), columns=("b", "c"), loop=line(3), skipped=("x",)))
    assert Trace.from_dict(whole.as_dict()) == whole
