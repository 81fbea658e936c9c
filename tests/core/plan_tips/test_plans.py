"""What is said of plans that PostgreSQL 15 and 18 and SQLite gave."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

import pytest
import sqlglot
from sqlglot import exp

from queryscope.core.plan_tips import NAMES, Context, tips_for
from queryscope.core.schema import Schema

from .case import AFTER, Case
from .cases import CASES, NEWEST, SQLITE_CASES
from .said import SAID, said
from .stored import names, read

#: Shown by the small memory of the newest server only.
IN_MEMORY = {"cache-misses"}
SHOWN = [
    *(case for case in (*CASES, *SQLITE_CASES) if case.tip and case.name not in IN_MEMORY),
    *(replace(case, name=f"{case.name}-18") for case in CASES if case.name in NEWEST),
]
SILENT = [case.name for case in (*CASES, *SQLITE_CASES) if not case.tip]
SQL = re.compile(r"(?:CREATE|ANALYZE|VACUUM|ALTER|SELECT|SET LOCAL)\b[^;]*;")
DJANGO_NAMES = re.compile(r'(?:Upper|Lower|Extract\w+)\("(\w+)"\)|fields=\["(\w+)"\]|(\w+)__\w+=')
LITERAL = re.compile(r"'([^']{3,})'")


@lru_cache
def stored(name: str) -> Context:
    plan, sql, schema, _ = read(name)
    return Context(plan, sql, schema)


def context(name: str, **changes: object) -> Context:
    return replace(stored(name), **changes) if changes else stored(name)


def tips(name: str, **changes: object) -> list[str]:
    return [tip.name for tip in tips_for(context(name, **changes))]


@pytest.mark.parametrize("case", SHOWN, ids=lambda case: case.name)
def test_a_plan_shows_its_tip(case: Case):
    assert case.tip in tips(case.name)


@pytest.mark.parametrize("case", SHOWN, ids=lambda case: case.name)
def test_a_hint_that_was_followed_is_not_given_again(case: Case):
    assert case.tip not in tips(f"{case.name}{AFTER}")


@pytest.mark.parametrize("name", [*SILENT, "cache-misses"])
def test_a_plan_that_is_right_shows_none(name: str):
    assert tips(name) == []


def test_every_tip_is_shown_by_a_plan_of_postgresql():
    assert {case.tip for case in CASES if case.tip} == set(NAMES)


@pytest.mark.parametrize("name", names())
def test_every_plan_belongs_to_a_case(name: str):
    known = {case.name for case in (*CASES, *SQLITE_CASES)}
    assert name.removesuffix(AFTER).removesuffix("-18") in known


def test_what_is_said_reads_as_it_did():
    assert said() == SAID.read_text(), "python -m tests.core.plan_tips.said writes it again"


@pytest.mark.parametrize("name", names())
def test_no_value_of_the_statement_is_shown(name: str):
    found = context(name)
    values = {value.strip("%") for value in LITERAL.findall(found.statement)}
    shown = " ".join(f"{tip.message} {tip.hint}" for tip in tips_for(found))
    assert not [value for value in values if f"'{value}'" in shown or f"%{value}" in shown]


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("known", [True, False], ids=["schema", "no-schema"])
def test_sql_in_hints_is_sql_over_columns_that_are_there(name: str, known: bool):
    whole = context(name)
    found = whole if known else context(name, schema=Schema(whole.schema.vendor))
    columns = {column for table in whole.schema.tables.values() for column in table.columns}
    for tip in tips_for(found):
        for statement in SQL.findall(tip.hint):
            if statement.startswith(("VACUUM", "ANALYZE", "SET", "ALTER", "CREATE STATISTICS")):
                continue  # sqlglot does not parse what they say
            tree = sqlglot.parse_one(statement, dialect=found.dialect)
            if isinstance(tree, exp.Create):
                assert {column.name for column in tree.find_all(exp.Column)} <= columns
        mentioned = {name for names in DJANGO_NAMES.findall(tip.hint) for name in names if name}
        assert mentioned <= {*columns, "pk", "id"}


@pytest.mark.parametrize("name", names())
def test_tips_on_a_node_do_not_contradict_one_another(name: str):
    whole = context(name)
    scans = {"sequential-scan", "non-sargable", "or-across-columns", "nested-loop-scan"}
    on_nodes = [(tip.node, tip.name in scans) for tip in tips_for(whole) if tip.name in scans]
    assert len(on_nodes) == len(set(on_nodes))


@pytest.mark.parametrize("name", names())
def test_nodes_are_those_of_a_walk(name: str):
    whole = context(name)
    assert whole.nodes == tuple(whole.plan.root.walk())
    for position, parent in enumerate(whole.parents):
        assert parent is None or position in whole.children[parent]


def test_the_most_expensive_node_comes_first():
    found = tips_for(context("disk-sort-hash-18"))
    assert [tip.name for tip in found] == ["wide-rows", "disk-sort"]
    assert found[0].cost_ms > found[1].cost_ms


def test_on_one_node_the_most_useful_tip_comes_first():
    assert tips("row-misestimate-columns") == ["sequential-scan", "row-misestimate"]
    assert tips("exact-count-filtered") == ["exact-count", "wide-rows"]


# A masked statement, or none that can be read

MASKED = [
    ("sequential-scan", "SELECT * FROM task WHERE status = ? AND priority = ?"),
    ("deep-offset", 'SELECT "task"."id" FROM "task" ORDER BY "task"."id" LIMIT ? OFFSET ?'),
    ("non-sargable-upper", 'SELECT id FROM task WHERE UPPER("task"."email"::text) = UPPER(?)'),
    ("non-sargable-icontains", 'SELECT id FROM task WHERE UPPER("title"::text) LIKE UPPER(%s)'),
    ("top-n-sort", "SELECT * FROM task ORDER BY created_at DESC LIMIT $1"),
    ("row-misestimate-columns", "no statement at all ((("),
    ("disk-sort", ""),
    ("top-n-sort-mixed", "EXPLAIN whatever"),
]


@pytest.mark.parametrize(("name", "statement"), MASKED, ids=[name for name, _ in MASKED])
def test_a_masked_statement_does(name: str, statement: str):
    [case] = [case for case in CASES if case.name == name]
    assert case.tip in tips(name, statement=statement)


@pytest.mark.parametrize(
    "name", [case.name for case in SHOWN if case.tip in ("disk-sort", "top-n-sort")]
)
def test_plans_of_postgresql_say_it_without_a_schema(name: str):
    case = next(case for case in SHOWN if case.name == name)
    needs_rows = context(name).is_sqlite or not context(name).plan.analyzed
    found = tips(name, schema=Schema(context(name).schema.vendor))
    assert (case.tip in found) or needs_rows


# Casts: PostgreSQL adds them to texts, and they are in the way of numbers only


def casts(column: str, known: bool) -> list[str]:
    plan, _, schema, _ = read("sequential-scan")
    condition = f"(({column})::text = '7'::text)"
    root = replace(plan.root, conditions={"Filter": condition})
    given = schema if known else Schema("postgresql")
    return [tip.name for tip in tips_for(Context(replace(plan, root=root), "", given))]


def test_the_cast_of_a_text_is_none():
    assert casts("status", known=True) == ["sequential-scan"]


def test_the_cast_of_a_number_is_one():
    assert casts("priority", known=True) == ["non-sargable"]


def test_a_cast_of_what_nobody_knows_is_left_alone():
    assert casts("status", known=False) == []


def test_columns_that_the_schema_lacks_are_left_alone():
    plan, _, schema, _ = read("sequential-scan")
    root = replace(plan.root, conditions={"Filter": "(gone = 7)"})
    assert tips_for(Context(replace(plan, root=root), "", schema)) == ()


def test_an_index_that_is_there_is_not_advised():
    plan, sql, _, _ = read("sequential-scan")
    _, _, schema, _ = read("sequential-scan-after")
    assert [tip.name for tip in tips_for(Context(plan, sql, schema))] == []
