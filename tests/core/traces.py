"""Builds traces by hand: what a recording would hold, without Django."""

from __future__ import annotations

from dataclasses import replace

from queryscope.core.events import Offence, QueryGroup, Relation, Source, Trace
from queryscope.core.fingerprint import digest
from queryscope.core.sightings import Location

FORWARD = Relation("app.Task", "project", "project", "forward", "app.Project")
OWNER = Relation("app.Project", "owner", "owner", "forward", "auth.User")
ONE_TO_ONE = Relation("auth.User", "profile", "profile", "reverse-one-to-one", "app.Profile")
COMMENTS = Relation(
    "app.Task", "comment_set", "comment", "reverse-many", "app.Comment", "objects", "task"
)
AUTHOR = Relation("app.Comment", "author", "author", "forward", "auth.User")
TAGS = Relation("app.Task", "tags", "tags", "many-to-many", "app.Tag", "objects", "task")
TARGET = Relation("app.Activity", "target", "target", "generic-foreign-key", "")
NOTES = Relation("app.Task", "notes", "notes", "generic-relation", "app.Note")
TITLE = Relation("app.Task", "title", "title", "deferred-field", "app.Task")


def line(number: int, function: str = "view", file: str = "/app/views.py") -> Location:
    return Location(file, number, function, f"line {number}")


def group(sql: str = "SELECT ?", *, count: int = 1, **values: object) -> QueryGroup:
    made = QueryGroup(
        fingerprint=sql,
        digest=digest(sql),
        kind="select",
        database="default",
        vendor="sqlite",
        tables=("t",),
        operation="queryset",
        count=count,
        duration_ms=1.0 * count,
        slowest_ms=1.0,
        location=line(2),
        template=None,
        application=True,
        repeats=dict.fromkeys(range(count), 1),
    )
    return replace(made, **values)


def loop(
    relation: Relation | None, count: int = 5, source: int = 0, **values: object
) -> QueryGroup:
    """Queries that the rows of a source caused, all in one evaluation of the first source."""
    values.setdefault("operation", "attribute")
    offences = (Offence(0, source, count, count),)
    sql = f"SELECT {relation.name if relation else 'nothing'} {source}"
    return group(sql, count=count, relation=relation, offences=offences, **values)


def source(index: int = 0, model: str = "app.Task", **values: object) -> Source:
    made = Source(index, model, "objects", line(1), None, evaluations=1, rows=5)
    return replace(made, **values)


def trace(*groups: QueryGroup, sources: tuple[Source, ...] = (), name: str = "GET /") -> Trace:
    queries = sum(group.count for group in groups)
    return Trace(name, None, 200, 1.0, queries, len(groups), 1.0, groups, sources)
