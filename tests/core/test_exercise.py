"""What is loaded in vain, on watched traces built by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from queryscope.core.detection import Options, detections_of, merged
from queryscope.core.sightings import Usage

from .traces import COMMENTS, FORWARD, OWNER, TAGS, group, line, source, trace

READ = Usage(rows=5, ours=True, size=1_000)
LOADED = {"loaded_by": "select_related", "location": None, "single": True}
FETCHED = {"loaded_by": "prefetch", "location": line(1), "rows": 8, "evaluations": 1}


def watched(*sources, name="GET /", **values):
    groups = tuple(group(f"SELECT {n}") for n in range(3))
    return replace(trace(*groups, sources=sources, name=name), watched=True, **values)


def rows(touched=(), lookups=(), **values):
    """The rows of a list that joins a project and prefetches what ``lookups`` name."""
    usage = replace(READ, touched=tuple(touched), lookups=("project", "project__owner", *lookups))
    return source(group=0, selected=("project",), usage=usage, **values)


def project(index=1, parent=0, **values):
    made = source(index, "app.Project", parent=parent, relation=FORWARD, **LOADED)
    return replace(made, **{"usage": Usage(rows=5), **values})


def owner(index=2, parent=1, **values):
    made = source(index, "auth.User", parent=parent, relation=OWNER, **LOADED)
    return replace(made, usage=Usage(rows=0), **values)


def comments(index=1, **values):
    made = source(index, "app.Comment", parent=0, relation=COMMENTS, group=1, **FETCHED)
    return replace(made, usage=Usage(rows=0), **values)


def found(*traces, watching=()):
    return merged(detections_of(traces, Options(), watching))


def test_a_join_is_named_with_the_rows_it_made_wider():
    [finding] = found(watched(rows(), project()))
    assert finding.detector == "unused-eager-load"
    assert finding.message == "Task.project is joined to each Task row and never read: 5 rows"
    assert finding.hint == 'Leave "project" out of select_related() at views.py:1.'
    assert (finding.count, finding.saves, finding.severity) == (1, 0, "info")
    assert (finding.location, finding.origin) == (line(1), line(1))


def test_a_prefetch_saves_its_queries():
    fetching = replace(rows(["project"], ["comment_set"]), prefetched=("comment_set",))
    [finding] = found(watched(fetching, comments(), project(2)))
    assert (finding.relation, finding.count, finding.saves) == (COMMENTS.label, 1, 1)
    assert finding.message.endswith("never read: 8 rows, 1 query")
    assert finding.severity == "warning"
    assert finding.fix.code == 'Task.objects.select_related("project")'


def test_the_end_of_a_chain_is_cut_off():
    chain = replace(rows(["project"]), selected=("project__owner",))
    [finding] = found(watched(chain, project(), owner()))
    assert finding.relation == OWNER.label
    assert finding.fix.lookups == ("project",)
    assert finding.fix.code == 'Task.objects.select_related("project")'


def test_two_lookups_with_one_unused_beginning_are_one_finding():
    names = ("comment_set", "comment_set__author")
    fetching = replace(rows(["project"], names), prefetched=names)
    below = replace(owner(3, 1), relation=replace(OWNER, name="author"), loaded_by="prefetch")
    [finding] = found(watched(fetching, comments(), project(2), below))
    assert finding.relation == COMMENTS.label
    assert finding.count == 2


def test_a_changelist_is_told_what_to_remove():
    [finding] = found(watched(rows(changelist=True), project()))
    assert finding.fix.code == 'remove .select_related("project")'


USED = replace(READ, lookups=("project",))

SILENT = {
    "touched": (rows(["project"]), project()),
    "unwatched-rows": (replace(rows(), usage=None), project()),
    "not-ours": (replace(rows(), usage=replace(USED, ours=False)), project()),
    "written-elsewhere": (replace(rows(), usage=replace(USED, lookups=())), project()),
    "mentioned": (replace(rows(), usage=replace(USED, mentioned=("project",))), project()),
    "few-rows-read": (replace(rows(), usage=replace(USED, rows=2)), project()),
    "one-object": (rows(single=True), project()),
    "no-rows": (rows(rows=0), project()),
    "null-everywhere": (rows(),),
    "nothing-fetched": (
        replace(rows(["project"], ["comment_set"]), prefetched=("comment_set",)),
        comments(rows=0),
        project(2),
    ),
    "a-to-attr": (replace(rows(["project"]), prefetched=("sorted",)), comments(), project(2)),
    "no-place": (rows(location=None), project()),
    "a-lazy-object": (rows(loaded_by="lazy", relation=FORWARD), project()),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(case):
    assert found(watched(*SILENT[case])) == ()


@pytest.mark.parametrize(
    "values", [{"status": 404}, {"status": 302}, {"truncated": 1}, {"watched": False}], ids=str
)
def test_a_request_that_did_not_run_to_its_end_shows_nothing(values):
    assert found(replace(watched(rows(), project()), **values)) == ()


def test_one_request_that_reads_it_is_enough():
    vain, used = watched(rows(), project()), watched(rows(["project"]), project(), name="GET /b/")
    assert found(vain, used) == found(used, vain) == ()
    assert found(vain, watching=[used]) == ()


def test_a_watched_request_judges_a_measured_one():
    measured = replace(watched(replace(rows(), usage=None), name="GET /a/"), watched=False)
    [finding] = found(measured, watching=[watched(rows(), project())])
    assert (finding.endpoint, finding.relation) == ("GET /a/", FORWARD.label)
    assert found(measured) == ()


def test_other_lines_are_other_querysets():
    elsewhere = watched(rows(["project"], location=line(9)), project())
    assert len(found(watched(rows(), project()), elsewhere)) == 1


# over-fetch

WIDE = replace(READ, unread={"body": 60_000, "slug": 10}, size=70_000)


def wide(**values):
    return source(group=0, usage=replace(WIDE, **values))


def test_a_wide_column_is_left_out():
    [finding] = found(watched(wide()))
    assert finding.detector == "over-fetch"
    assert finding.message == "Task.body is loaded for 5 rows and never read: 60 of 70 kB"
    assert (finding.fix.kind, finding.fix.code) == ("only", 'Task.objects.defer("body")')
    assert (finding.relation, finding.severity) == ("app.Task.body", "info")


def test_columns_of_joined_rows_count():
    joined = project(usage=Usage(rows=5, unread={"text": 90_000}, size=90_000))
    used = replace(wide(touched=("project",)), selected=("project",))
    [finding] = found(watched(used, joined))
    assert finding.fix.code == 'Task.objects.defer("project__text", "body")'
    assert finding.message.startswith("Project.text, Task.body are loaded")


@pytest.mark.parametrize(
    "rows_read",
    [
        wide(unread={"body": 49_000}),
        wide(size=130_000),
        wide(unread={}),
        wide(mentioned=("body",)),
        wide(ours=False),
        wide(rows=2),
        replace(wide(), single=True),
        replace(wide(), raw=True),
        replace(wide(), combined=True),
        replace(wide(), choices=True),
        replace(wide(), usage=None),
    ],
)
def test_nothing_wide_is_found(rows_read):
    assert found(watched(rows_read)) == ()


def test_a_column_that_another_request_reads_stays():
    read = watched(wide(unread={"slug": 10}), name="GET /b/")
    assert found(watched(wide()), read) == ()


def test_a_column_of_an_object_that_is_read_stays():
    one = watched(replace(wide(unread={"slug": 10}), single=True, rows=1), name="GET /b/")
    assert found(watched(wide()), one) == ()


def test_a_join_without_rows_seen_hides_its_columns():
    other = watched(replace(wide()), project(usage=None), name="GET /b/")
    assert found(watched(wide()), other) == ()


def test_tags_are_no_join():
    tags = source(1, "app.Tag", parent=0, relation=TAGS, group=1, **FETCHED)
    heavy = replace(tags, usage=Usage(rows=5, unread={"text": 90_000}, size=90_000))
    assert found(watched(source(group=0, usage=READ), heavy)) == ()
