"""When two queries are the same, and queries that are not plain text."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection

from queryscope import record, recording
from queryscope.core.fingerprint import is_batched
from queryscope.marks import repetition_mark


class Hostile:
    def __hash__(self) -> int:
        raise ZeroDivisionError

    __eq__ = object.__eq__


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (1,)),
        (("a", None), ("a", None)),
        ({"id": 1}, {"id": 1}),
        (([1, 2],), ([1, 2],)),
        ((uuid.UUID(int=1),), (uuid.UUID(int=1),)),
        (None, ()),
    ],
)
def test_the_same_values_are_the_same_question(one, other):
    assert repetition_mark("SELECT", one, 0) == repetition_mark("SELECT", other, 0) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [((-1,), (-2,)), ((1,), (True,)), ((1,), (1.0,)), ({"id": 1}, {"id": 2}), (("1",), (1,))],
)
def test_other_values_are_another_question(one, other):
    assert repetition_mark("SELECT", one, 0) != repetition_mark("SELECT", other, 0)


@pytest.mark.parametrize("value", [object(), Hostile(), [object()]])
def test_a_value_that_cannot_be_told_is_never_the_same(value):
    assert repetition_mark("SELECT", (value,), 0) is None


def test_a_write_in_between_makes_another_question():
    assert repetition_mark("SELECT", (1,), 0) != repetition_mark("SELECT", (1,), 1)


def test_a_fault_in_one_recording_costs_the_others_nothing(db, monkeypatch):
    monkeypatch.setattr(recording, "_reported", set())
    with record() as one, record() as other:
        monkeypatch.setattr(one.ledger, "add", lambda *args: 1 / 0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert (one.queries, other.queries) == (0, 1)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="psycopg's own statements")
@pytest.mark.django_db
def test_statements_that_are_not_plain_text_are_counted():
    from psycopg import sql

    with record() as seen, connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT {}").format(sql.Literal("secret")))
        cursor.execute(b"SELECT 1")
    assert {group.fingerprint for group in seen.trace.groups} == {"SELECT ?"}
    assert seen.queries == 2


@pytest.mark.parametrize(
    ("statement", "batched"),
    [
        ("SELECT 1 WHERE id IN (%s, %s)", True),
        ("SELECT 1 WHERE id IN ('it''s', %s)", True),
        ("SELECT 1 WHERE id IN (-1, %s)", True),
        ("SELECT 1 WHERE id IN (%s)", False),
        ("SELECT 1 WHERE note = 'x IN (1, 2)' AND id = %s", False),
        ("SELECT " + "VALUES (" * 20_000, False),
    ],
)
def test_a_batch_is_read_from_the_statement_not_from_its_literals(statement, batched):
    assert is_batched(statement) is batched
