"""unbounded-query on traces built by hand."""

from __future__ import annotations

import pytest

from queryscope.core.detection import Options, detect
from queryscope.core.sightings import Location, TemplateLine

from .traces import COMMENTS, FORWARD, group, line, source, trace


def found(rows, asked=None, **options):
    asked = asked or group()
    return detect([trace(asked, sources=(rows,))], Options(**options))


def many(**values):
    return source(rows=values.pop("rows", 1_000), group=0, **values)


def test_many_rows_without_a_limit_are_found():
    [finding] = found(many(rows=12_345))
    assert finding.message == "A queryset of Task brings 12,345 rows at once, and has no limit"
    assert (finding.severity, finding.confidence, finding.saves) == ("warning", "certain", 0)
    assert (finding.location, finding.origin) == (line(2), line(1))


def test_rows_of_a_manager_are_named_by_their_relation():
    [finding] = found(many(relation=COMMENTS, loaded_by="lazy"))
    assert finding.message.startswith("Task.comment_set brings 1,000 rows")
    assert (finding.fix, finding.relation) == (None, COMMENTS.label)


SILENT = {
    "library": (many(), group(application=False)),
    "few": (many(rows=999), group()),
    "single": (many(single=True), group()),
    "limited": (many(limited=True), group()),
    "streamed": (many(streamed=True), group()),
    "choices": (many(choices=True), group()),
    "changelist": (many(changelist=True), group()),
    "collected": (many(collected=True), group()),
    "prefetch": (many(loaded_by="prefetch", relation=COMMENTS), group(operation="prefetch")),
    "joined": (many(loaded_by="select_related", relation=FORWARD), group()),
    "one-by-one": (many(loaded_by="lazy", relation=FORWARD), group()),
    "keys": (many(), group(batched=True, keys_listed=True)),
    "limit-in-sql": (many(raw=True), group("SELECT * FROM t LIMIT ?")),
    "fetch-in-sql": (many(raw=True), group("SELECT * FROM t FETCH FIRST ? ROWS ONLY")),
    "write": (many(), group(operation="delete")),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(case):
    rows, asked = SILENT[case]
    assert found(rows, asked) == ()


@pytest.mark.parametrize(("threshold", "findings"), [(1_000, 1), (1_001, 0)])
def test_the_threshold_is_one_of_rows(threshold, findings):
    assert len(found(many(), unbounded_rows=threshold)) == findings


def at(code: str, number: int = 1, function: str = "view") -> Location:
    return Location("/app/views.py", number, function, code)


LOOPS = [
    ("for task in Task.objects.all():", "iterator", "Task.objects.iterator(chunk_size=2000)"),
    ("async for task in rows:", "iterator", "Task.objects.aiterator(chunk_size=2000)"),
    ("for task in list(rows):", None, None),
    ("for task in sorted(rows):", None, None),
    ("rows = list(Task.objects.all())", None, None),
    ("return [task.pk for task in rows]", None, None),
]


@pytest.mark.parametrize(("code", "kind", "fix"), LOOPS)
def test_a_loop_over_the_queryset_is_streamed(code, kind, fix):
    [finding] = found(many(location=at("...")), group(location=at(code, 2)))
    given = finding.fix
    assert (given and given.kind, given and given.code) == (kind, fix)


def test_a_loop_over_rows_built_elsewhere_is_not_streamed():
    loop = at("for task in rows:", 2, "helper")
    [finding] = found(many(location=at("...")), group(location=loop))
    assert finding.fix is None


def test_a_view_class_is_given_pages():
    place = at("queryset = ...", 1, "Tasks.queryset")
    [finding] = found(many(location=place, written=False))
    assert "page_size = 100" in finding.fix.code
    shown = group(template=TemplateLine("tasks.html", 1))
    [finding] = found(many(location=place), shown)
    assert finding.fix.code == "paginate_by = 100"
