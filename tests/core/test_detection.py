"""Detectors on traces built by hand: what is found, what is not, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.detection import Options, detect
from queryscope.core.detectors import DETECTORS, NAMES
from queryscope.core.events import Offence
from queryscope.core.sightings import Location, TemplateLine

from .traces import (
    AUTHOR,
    COMMENTS,
    FORWARD,
    NOTES,
    OWNER,
    TAGS,
    TARGET,
    TITLE,
    group,
    line,
    loop,
    source,
    trace,
)

ROWS = (source(),)


def found(*traces, **options):
    return detect(traces, Options(**options))


def one(*groups, sources=ROWS, **options):
    [finding] = found(trace(*groups, sources=sources), **options)
    return finding


# n-plus-one

RELATIONS = [
    (FORWARD, "select_related", 'Task.objects.select_related("project")', 5),
    (COMMENTS, "prefetch_related", 'Task.objects.prefetch_related("comment_set")', 4),
    (TAGS, "prefetch_related", 'Task.objects.prefetch_related("tags")', 4),
    (NOTES, "prefetch_related", 'Task.objects.prefetch_related("notes")', 4),
    (TARGET, "prefetch_related", 'Task.objects.prefetch_related("target")', 4),
]


@pytest.mark.parametrize(
    ("relation", "kind", "code", "saves"), RELATIONS, ids=[r[0].kind for r in RELATIONS]
)
def test_queries_that_rows_caused_are_an_n_plus_one(relation, kind, code, saves):
    finding = one(loop(relation))
    assert (finding.detector, finding.confidence) == ("n-plus-one", "certain")
    assert (finding.relation, finding.count, finding.saves) == (relation.label, 5, saves)
    assert (finding.fix.kind, finding.fix.code) == (kind, code)
    assert (finding.location, finding.origin) == (line(2), line(1))


SILENT = {
    "one-query": trace(loop(FORWARD, 1), sources=ROWS),
    "single-row": trace(loop(FORWARD), sources=(source(single=True),)),
    "one-of-each-list": trace(
        replace(loop(FORWARD), offences=(Offence(0, 0, 5, 1),)), sources=ROWS
    ),
    "prefetch": trace(loop(COMMENTS, operation="prefetch"), sources=ROWS),
    "write": trace(loop(FORWARD, kind="update"), sources=ROWS),
    "strangers-of-no-loop": trace(group(count=5, relation=FORWARD, strangers=5)),
    "batches": trace(group(count=5, looped=True, batched=True)),
    "pages": trace(group("SELECT a FROM t LIMIT ? OFFSET ?", count=5, looped=True)),
    "two-turns": trace(group(count=2, looped=True)),
    "straight-line": trace(group(count=5)),
    "writes-in-a-loop": trace(group(count=5, looped=True, kind="insert")),
    "same-write-twice": trace(group(count=2, kind="update", repeats={1: 2})),
    "two-databases": trace(
        group(repeats={1: 1}), group(repeats={1: 1}, database="other", location=line(3))
    ),
    "a-librarys-duplicates": trace(group(count=2, repeats={1: 2}, application=False)),
    "prefetched-twice": trace(group(count=2, repeats={1: 2}, operation="prefetch")),
    "nothing": trace(),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(case):
    assert found(SILENT[case]) == ()


def test_one_row_today_waits():
    finding = one(loop(FORWARD, 1), sources=(source(rows=1),))
    assert (finding.waiting, finding.severity, finding.count) == (True, "info", 1)
    assert (
        finding.message
        == "Task.project is loaded for each Task row; there is one row now, so 1 query"
    )


def test_a_chain_of_one_row_says_all_its_queries():
    below = source(1, "app.Project", parent=0, relation=FORWARD, single=True, loaded_by="lazy")
    finding = one(loop(FORWARD, 1), loop(OWNER, 1, 1), sources=(source(rows=1), below))
    assert (finding.waiting, finding.count) == (True, 2)
    assert finding.message.endswith("there is one row now, so 2 queries")


def test_a_chain_on_one_line_is_one_finding():
    below = source(1, "app.Project", parent=0, relation=FORWARD, single=True, loaded_by="lazy")
    finding = one(loop(FORWARD), loop(OWNER, 5, 1), sources=(*ROWS, below))
    assert (finding.relation, finding.count) == (OWNER.label, 10)
    assert finding.fix.code == 'Task.objects.select_related("project__owner")'
    assert finding.saves == 10


def test_a_chain_on_two_lines_is_two_findings_with_one_fix():
    below = source(1, "app.Project", parent=0, relation=FORWARD, single=True, loaded_by="lazy")
    groups = loop(FORWARD), loop(OWNER, 5, 1, location=line(3))
    first, second = found(trace(*groups, sources=(*ROWS, below)))
    assert first.fix.code == second.fix.code == 'Task.objects.select_related("project__owner")'


def test_a_prefetch_below_another_costs_a_query_each():
    below = source(1, "app.Comment", parent=0, relation=COMMENTS, loaded_by="lazy", written=False)
    finding = one(loop(COMMENTS), loop(AUTHOR, 15, 1), sources=(*ROWS, below))
    assert finding.fix.code == 'Task.objects.prefetch_related("comment_set__author")'
    assert (finding.count, finding.saves) == (20, 18)


def test_a_generic_key_costs_a_query_for_each_model():
    users = replace(loop(TARGET, 3), digest="users", fingerprint="SELECT users")
    finding = one(users, loop(TARGET, 4))
    assert (finding.count, finding.saves) == (7, 5)


def test_beyond_a_generic_key_each_model_gets_its_queryset():
    below = source(1, "app.Task", parent=0, relation=TARGET, single=True, loaded_by="lazy")
    rows = (source(model="app.Activity"), below)
    finding = one(loop(FORWARD, 5, 1), sources=rows)
    assert finding.fix.code == (
        "Activity.objects.prefetch_related("
        'GenericPrefetch("target", [Task.objects.select_related("project")]))'
    )


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("count", 'Task.objects.annotate(comment_count=Count("comment", distinct=True))'),
        (
            "exists",
            'Task.objects.annotate(has_comment=Exists(Comment.objects.filter(task=OuterRef("pk"))))',
        ),
    ],
)
def test_counting_is_annotated(operation, code):
    finding = one(loop(COMMENTS, operation=operation))
    assert (finding.fix.kind, finding.fix.code, finding.saves) == ("annotate", code, 5)
    assert (
        finding.message == f"Task.comment_set.{operation}() is asked for each Task row: 5 queries"
    )


@pytest.mark.parametrize("operation", ["count", "exists"])
def test_a_narrowed_count_is_made_in_python(operation):
    finding = one(loop(COMMENTS, operation=operation, plain=False))
    assert finding.fix.kind == "prefetch_related"
    assert "narrow it in Python" in finding.hint


@pytest.mark.parametrize("raw", [True, False], ids=["raw", "combined"])
def test_a_field_left_out_of_a_query_is_named_there(raw):
    rows = (source(raw=raw, combined=not raw),)
    finding = one(loop(TITLE), sources=rows)
    assert finding.fix is None
    assert finding.hint == "Name the field in the query at views.py:1 that loads the rows."


def test_a_deferred_field_is_loaded_with_the_rows():
    finding = one(loop(TITLE), sources=(source(deferred=("title",)),))
    assert (finding.fix.kind, finding.fix.code) == ("only", "Task.objects.all()")


def test_rows_of_unknown_origin_are_likely():
    strangers = group(count=5, relation=FORWARD, strangers=5, looped=True)
    finding = one(strangers, sources=())
    assert (finding.confidence, finding.origin) == ("likely", None)
    assert finding.fix.code == 'prefetch_related_objects(rows, "project")'


@pytest.mark.parametrize(
    ("count", "application", "severity"),
    [(2, True, "warning"), (9, True, "warning"), (10, True, "error"), (50, False, "info")],
)
def test_how_bad_it_is(count, application, severity):
    assert one(loop(FORWARD, count, application=application)).severity == severity


def test_the_same_place_in_two_templates_is_two_findings():
    here, there = (TemplateLine(name, 3) for name in ("a.html", "b.html"))
    groups = loop(FORWARD, template=here), loop(FORWARD, 4, template=there)
    assert len(found(trace(*groups, sources=ROWS))) == 2


def test_rows_of_two_querysets_in_one_function_are_two_findings():
    other = source(1, location=line(9))
    groups = (
        loop(FORWARD),
        replace(loop(FORWARD, 4, location=line(10)), offences=(Offence(1, 1, 4, 4),)),
    )
    findings = found(trace(*groups, sources=(*ROWS, other)))
    assert sorted(finding.count for finding in findings) == [4, 5]
    assert len({finding.key for finding in findings}) == 1


# query-in-loop, duplicate-query


@pytest.mark.parametrize(
    ("unique", "operation", "kind", "code"),
    [
        ("primary key", "get", "in_bulk", "Task.objects.in_bulk(pks)"),
        ("unique", "get", "in_bulk", 'Task.objects.in_bulk(values, field_name="slug")'),
        ("", "queryset", "rewrite", "Task.objects.filter(slug__in=values)"),
    ],
)
def test_a_loop_over_keys_is_asked_at_once(unique, operation, kind, code):
    asked = {"model": "app.Task", "conditions": ("slug",), "unique": unique}
    finding = one(group(count=5, looped=True, operation=operation, **asked), sources=())
    assert (finding.detector, finding.count, finding.saves) == ("query-in-loop", 5, 4)
    assert (finding.fix.kind, finding.fix.code) == (kind, code)


def test_a_loop_of_plain_sql_is_named_by_its_table():
    finding = one(group(count=5, looped=True, operation="sql"), sources=())
    assert (finding.fix, finding.message) == (None, "t is queried in a loop: 5 queries")


def test_the_same_question_in_two_places_is_one_finding():
    first = group(repeats={7: 1})
    second = group(repeats={7: 2, 8: 1}, count=3, location=line(30))
    finding = one(first, second, sources=())
    assert (finding.detector, finding.count, finding.saves) == ("duplicate-query", 3, 2)
    assert finding.location == line(30), "it asks most often"
    assert "views.py:2" in finding.hint


def test_what_a_loop_explains_is_no_duplicate():
    looped = group(count=6, looped=True, repeats={1: 2, 2: 2, 3: 2})
    assert one(looped, sources=()).detector == "query-in-loop"


def test_what_another_trace_shows_to_be_a_loop_is_no_duplicate():
    asked = group(count=2, repeats={1: 2})
    traces = trace(asked), trace(group(count=3, looped=True))
    assert [finding.detector for finding in found(*traces)] == ["query-in-loop"]


@pytest.mark.parametrize(
    "groups",
    [
        [group(count=2, repeats={1: 2}, location=line(9))],
        [group(repeats={1: 1}), group(repeats={1: 1}, location=line(9))],
    ],
    ids=["on-another-line", "on-two-lines"],
)
def test_a_loop_in_another_trace_explains_its_own_line_only(groups):
    traces = trace(*groups), trace(group(count=3, looped=True))
    assert [f.detector for f in found(*traces)] == ["duplicate-query", "query-in-loop"]


def test_what_an_n_plus_one_explains_is_no_duplicate():
    assert one(replace(loop(FORWARD), repeats={1: 5})).detector == "n-plus-one"


# Several traces


def test_repeats_of_an_endpoint_are_one_finding_of_the_most_queries():
    traces = [trace(loop(FORWARD, count), sources=ROWS) for count in (3, 7, 5)]
    assert [finding.count for finding in found(*traces)] == [7]


def test_two_endpoints_that_pass_one_queryset_get_one_whole_fix():
    one_page = trace(loop(FORWARD), sources=ROWS, name="GET /one/")
    other_page = trace(loop(COMMENTS, location=line(3)), sources=ROWS, name="GET /other/")
    codes = {finding.fix.code for finding in found(one_page, other_page)}
    assert codes == {'Task.objects.select_related("project").prefetch_related("comment_set")'}


# The registry


@pytest.mark.parametrize("detector", DETECTORS, ids=NAMES)
def test_a_detector_is_documented_and_named_after_its_file(detector):
    assert detector.__name__.rpartition(".")[2] == detector.NAME.replace("-", "_")
    for words in ("Why it hurts:", "Instead of:", "use:", "Silent:", "To allow one:"):
        assert words in detector.__doc__


def test_keys_do_not_move_with_lines():
    moved = loop(FORWARD, location=Location("/app/views.py", 99, "view", "other text"))
    assert one(loop(FORWARD)).key == one(moved).key
