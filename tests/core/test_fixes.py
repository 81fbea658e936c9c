"""From what is missing to the code to write, merged for one queryset."""

from __future__ import annotations

import pytest

from queryscope.core.fixes import Counted, Need, Path, Remedy, eager_fix, expression, snake

from .traces import (
    AUTHOR,
    COMMENTS,
    FORWARD,
    NOTES,
    ONE_TO_ONE,
    OWNER,
    TAGS,
    TARGET,
    source,
)


def paths(*steps: tuple) -> Remedy:
    return Remedy(paths=tuple(Path(step) for step in steps))


TASKS = source()
LAZY = source(1, "app.Comment", parent=0, relation=COMMENTS, loaded_by="lazy")

MERGED = [
    (TASKS, paths((FORWARD,)), 'Task.objects.select_related("project")'),
    (TASKS, paths((FORWARD, OWNER)), 'Task.objects.select_related("project__owner")'),
    (TASKS, paths((FORWARD,), (FORWARD, OWNER)), 'Task.objects.select_related("project__owner")'),
    (TASKS, paths((FORWARD, OWNER), (FORWARD,)), 'Task.objects.select_related("project__owner")'),
    (TASKS, paths((FORWARD,), (FORWARD,)), 'Task.objects.select_related("project")'),
    (TASKS, paths((COMMENTS,)), 'Task.objects.prefetch_related("comment_set")'),
    (TASKS, paths((TAGS,), (NOTES,)), 'Task.objects.prefetch_related("tags", "notes")'),
    (
        TASKS,
        paths((FORWARD, OWNER), (COMMENTS, AUTHOR)),
        'Task.objects.select_related("project__owner").prefetch_related("comment_set__author")',
    ),
    (
        TASKS,
        paths((FORWARD, OWNER, ONE_TO_ONE)),
        'Task.objects.select_related("project__owner__profile")',
    ),
    (source(model="app.Activity"), paths((TARGET,)), 'Activity.objects.prefetch_related("target")'),
    (
        TASKS,
        Remedy(paths=(Path((FORWARD, OWNER), prefetched=True),)),
        'Task.objects.prefetch_related("project__owner")',
    ),
    (
        TASKS,
        Remedy(counted=(Counted(COMMENTS, exists=False),)),
        'Task.objects.annotate(comment_count=Count("comment", distinct=True))',
    ),
    (
        TASKS,
        Remedy(counted=(Counted(COMMENTS, exists=True),)),
        'Task.objects.annotate(has_comment=Exists(Comment.objects.filter(task=OuterRef("pk"))))',
    ),
    (
        TASKS,
        Remedy(paths=(Path((FORWARD,)),), counted=(Counted(TAGS, exists=False),)),
        'Task.objects.select_related("project").annotate(tags_count=Count("tags", distinct=True))',
    ),
    (source(manager="open"), paths((FORWARD,)), 'Task.open.select_related("project")'),
    (LAZY, paths((AUTHOR,)), 'task.comment_set.select_related("author")'),
    (
        source(deferred=("title",)),
        Remedy(loaded_fields=("title",)),
        "Task.objects.all()",
    ),
    (
        source(deferred=("text", "title")),
        Remedy(loaded_fields=("title",)),
        'Task.objects.defer("text")',
    ),
    (
        source(deferred=("project", "title")),
        paths((FORWARD,)),
        'Task.objects.defer("title").select_related("project")',
    ),
    (
        source(streamed=True),
        paths((FORWARD,)),
        'Task.objects.select_related("project").iterator()',
    ),
    (
        source(streamed=True),
        paths((COMMENTS,)),
        'Task.objects.prefetch_related("comment_set").iterator(chunk_size=2000)',
    ),
    (
        source(raw=True),
        paths((FORWARD,), (COMMENTS,)),
        'prefetch_related_objects(rows, "project", "comment_set")',
    ),
    (source(combined=True), paths((FORWARD,)), 'prefetch_related_objects(rows, "project")'),
]


@pytest.mark.parametrize(("origin", "remedy", "code"), MERGED, ids=[case[2] for case in MERGED])
def test_the_code_holds_everything_that_is_missing(origin, remedy, code):
    assert eager_fix(origin, remedy, "select_related").code == code


def test_rows_that_are_there_already_can_only_be_prefetched_for():
    assert eager_fix(source(raw=True), paths((FORWARD,)), "select_related").kind == (
        "prefetch_related"
    )


def test_the_lookups_are_complete_and_said_once():
    remedy = paths((FORWARD,), (FORWARD, OWNER), (COMMENTS,), (COMMENTS, AUTHOR))
    fix = eager_fix(TASKS, remedy, "select_related")
    assert fix.lookups == ("project__owner", "comment_set__author")


def test_a_lookup_that_only_begins_like_another_is_kept():
    longer = FORWARD.__class__("app.Task", "project_lead", "project_lead", "forward", "auth.User")
    fix = eager_fix(TASKS, paths((FORWARD,), (longer, ONE_TO_ONE)), "select_related")
    assert fix.lookups == ("project", "project_lead__profile")


def test_remedies_add_up_without_repetition():
    one, other = paths((FORWARD,)), paths((FORWARD,), (COMMENTS,))
    assert one | other == other
    assert other | one == other


def test_needs_of_one_queryset_meet_whichever_request_saw_it():
    one = Need(source(0), paths((FORWARD,)), "select_related")
    other = Need(source(7), paths((COMMENTS,)), "prefetch_related")
    elsewhere = Need(source(0, "app.Project"), paths((OWNER,)), "select_related")
    assert one.queryset == other.queryset != elsewhere.queryset


@pytest.mark.parametrize(
    ("origin", "code"),
    [
        (source(model="app.WebhookDelivery"), "WebhookDelivery.objects"),
        (source(manager="published"), "Task.published"),
        (LAZY, "task.comment_set"),
    ],
)
def test_how_the_queryset_begins(origin, code):
    assert expression(origin) == code


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("Task", "task"),
        ("WebhookDelivery", "webhook_delivery"),
        ("HTTPRequest", "http_request"),
        ("OAuth2Token", "o_auth2_token"),
        ("SQL", "sql"),
    ],
)
def test_the_variable_that_holds_an_object(name, variable):
    assert snake(name) == variable


@pytest.mark.parametrize(
    ("steps", "selectable", "generic"),
    [
        ((FORWARD,), True, False),
        ((FORWARD, OWNER, ONE_TO_ONE), True, False),
        ((COMMENTS,), False, False),
        ((FORWARD, TAGS), False, False),
        ((TARGET,), False, False),
        ((TARGET, FORWARD), False, True),
    ],
)
def test_what_a_join_can_follow(steps, selectable, generic):
    path = Path(steps)
    assert (path.selectable, path.turn is not None) == (selectable, generic)


def test_a_path_is_a_prefix_of_a_longer_one_only():
    assert Path((FORWARD,)).is_prefix_of(Path((FORWARD, OWNER)))
    assert not Path((FORWARD,)).is_prefix_of(Path((FORWARD,)))
    assert not Path((FORWARD, OWNER)).is_prefix_of(Path((FORWARD,)))
    assert not Path((OWNER,)).is_prefix_of(Path((FORWARD, OWNER)))


def test_a_list_of_joins_keeps_those_that_were_there():
    rows = source(changelist=True, selected=("sprint",), displayed=("owner",))
    fix = eager_fix(rows, paths((FORWARD,)), "select_related")
    assert fix.code == 'list_select_related = ["sprint", "owner", "project"]'


def test_a_queryset_of_its_own_keeps_the_joins_that_were_there():
    rows = source(changelist=True, selected=("sprint",), displayed=("owner",))
    fix = eager_fix(rows, paths((FORWARD,), (TAGS,)), "select_related")
    joins = '.select_related("sprint", "owner", "project")'
    assert fix.methods == f'{joins}.prefetch_related("tags")'
    assert fix.code.endswith(f"super().get_queryset(request){fix.methods}")


def test_an_inline_has_no_list_of_joins():
    fix = eager_fix(source(changelist=True, inline=True), paths((FORWARD,)), "select_related")
    assert fix.code.endswith('super().get_queryset(request).select_related("project")')
