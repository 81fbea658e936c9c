"""Indexes as `name: keys` -> those that need not be, and why."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from queryscope.core.droppable import WORTH_BYTES, droppable
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.schema import Column, ExistingIndex, ForeignKey, Schema, Table


def key(text: str) -> IndexKey:
    """ "a", "a desc", "a text_pattern_ops", 'a "C"' or an expression in parentheses."""
    name, _, rest = text.partition(" ")
    words = rest.split()
    return IndexKey(
        name.strip("()"),
        descending="desc" in words,
        opclass=next((word for word in words if word.endswith("_ops")), ""),
        expression=name.startswith("("),
        columns=("a",) if name.startswith("(") else (),
        collation=next((word.strip('"') for word in words if word.startswith('"')), ""),
        nulls="LAST" if "last" in words else "",
    )


def definition(keys: str, **options: object) -> IndexDefinition:
    return IndexDefinition("t", tuple(map(key, keys.split(", "))), **options)


def index(text: str, **options: object) -> ExistingIndex:
    """ "name: a, b desc include c where x = 1 using gin"; unique and more by ``options``."""
    name, _, rest = text.partition(": ")
    found = re.fullmatch(r"(.+?)(?: include (.+?))?(?: where (.+?))?(?: using (\w+))?", rest)
    assert found is not None
    keys, include, condition, method = found.groups()
    unique = bool(options.pop("unique", False) or options.get("constraint"))
    made = definition(
        keys,
        include=tuple(include.split(", ")) if include else (),
        condition=condition or "",
        method=method or "btree",
        unique=unique,
    )
    return ExistingIndex(name, "t", made, **{"size_bytes": 2 * WORTH_BYTES, "scans": 5} | options)


def schema(*indexes: ExistingIndex, **options: object) -> Schema:
    table = Table(
        "t",
        {name: Column(name, "text") for name in "abcd"} | {"c": Column("c", "text", collation="C")},
        indexes=indexes,
        foreign_keys=(ForeignKey(("a",), "parent", ("id",)),),
    )
    settled = {"statistics_days": 30.0}
    return Schema("postgresql", {"t": table}, **settled | options)


@pytest.mark.parametrize(
    ("short", "long", "redundant"),
    [
        ("i: a", "j: a, b", True),
        ("i: a, b", "j: a, b, c", True),
        ("i: b", "j: a, b", False),
        ("i: b, a", "j: a, b, c", False),
        ("i: a desc", "j: a, b", True),
        ("i: a desc, b desc", "j: a, b, c", True),
        ("i: a desc, b", "j: a, b, c", False),
        ("i: a desc last", "j: a, b", False),
        ("i: a where b = 1", "j: a, c where b = 1", True),
        ("i: a where b = 1", "j: a, c", False),
        ("i: a", "j: a, c where b = 1", False),
        ("i: a include b", "j: a, b", True),
        ("i: a include b", "j: a, c include b", True),
        ("i: a include d", "j: a, b", False),
        ('i: a "C"', "j: a, b", False),
        ("i: a text_pattern_ops", "j: a, b", False),
        ("i: c varchar_pattern_ops", "j: c, b", True),
        ("i: a varchar_pattern_ops", "j: a text_pattern_ops, b", True),
        ("i: (UPPER(a))", "j: (UPPER(a)), b", True),
        ("i: (UPPER(a))", "j: a, b", False),
        ("i: a using gin", "j: a, b using gin", False),
        ("i: a using hash", "j: a, b", False),
        ("i: a using gin", "j: a using gin", True),
    ],
)
def test_what_another_index_answers(short: str, long: str, redundant: bool) -> None:
    found = droppable(schema(index(short), index(long, scans=9)))
    assert [(one.name, one.kind, one.covered_by) for one in found] == (
        [("i", "redundant", "j")] if redundant else []
    )
    assert all(one.caveats == () for one in found)


@pytest.mark.parametrize(
    "options",
    [
        {"unique": True},
        {"constraint": "primary"},
        {"constraint": "unique"},
        {"needed_for": "replica identity"},
        {"needed_for": "clustering"},
        {"needed_for": "foreign keys"},
        {"valid": False},
    ],
)
@pytest.mark.parametrize("scans", [0, 5])
def test_never_what_the_database_needs(options: dict[str, object], scans: int) -> None:
    assert droppable(schema(index("i: a", scans=scans, **options), index("j: a, b"))) == ()


def test_what_cannot_be_described_stays() -> None:
    exclusion = ExistingIndex("x", "t", None, 9 * WORTH_BYTES, "exclusion", scans=0)
    assert droppable(schema(exclusion, index("j: a, b"))) == ()


def test_an_invalid_index_answers_nothing() -> None:
    assert droppable(schema(index("i: a"), index("j: a, b", valid=False))) == ()


def test_of_two_that_are_the_same_one_goes() -> None:
    same = schema(index("i: a"), index("j: a", scans=9), index("k: a", scans=7))
    assert [(one.name, one.covered_by) for one in droppable(same)] == [("i", "j"), ("k", "j")]


def test_a_constraint_is_kept_before_its_copy() -> None:
    both = schema(index("i: a", scans=900), index("j: a", constraint="unique", scans=0))
    [found] = droppable(both)
    assert (found.name, found.covered_by) == ("i", "j")
    assert found.reason.startswith("(a) is the same as j (a)")


def test_a_chain_leaves_the_longest() -> None:
    chain = schema(index("i: a"), index("j: a, b"), index("k: a, b, c"))
    assert [(one.name, one.covered_by) for one in droppable(chain)] == [("i", "k"), ("j", "k")]


def test_an_advised_index_makes_others_redundant_and_serves_deletes() -> None:
    advised = definition("a, d")
    [found] = droppable(schema(index("fk: a")), [advised])
    assert found.covered_by == advised.name
    assert found.reason == (
        f"(a) is the beginning of {advised.name} (a, d), once that is there; "
        f"deletes from parent find their rows by {advised.name} then"
    )
    assert found.drop == 'DROP INDEX CONCURRENTLY "fk"'


def test_an_advised_index_may_be_spelled_otherwise() -> None:
    there = index("i: b where a IN ('x', 'y')")
    there = replace(there, definition=replace(there.definition, condition="\"a\" IN ('x', 'y')"))
    advised = definition("b, c", condition="a::text = ANY (ARRAY['y'::text, 'x'::text])")
    [found] = droppable(schema(there), [advised])
    assert found.covered_by == advised.name


def test_one_of_another_table_or_schema_says_nothing() -> None:
    elsewhere = [replace(definition("a, d"), table="u"), replace(definition("a, d"), schema="s")]
    assert droppable(schema(index("fk: a")), elsewhere) == ()


def test_like_needs_its_twin_unless_text_is_bytewise() -> None:
    twins = (index("plain: b"), index("twin: b varchar_pattern_ops"))
    assert droppable(schema(*twins)) == ()
    [found] = droppable(schema(*twins, c_collation=True))
    assert found.kind == "redundant"


@pytest.mark.parametrize(
    ("text", "options", "around", "caveats"),
    [
        ("i: b", {}, {}, []),
        ("i: b", {}, {"statistics_days": 3.0}, ["Scans have been counted for less than 7 days."]),
        ("i: b", {}, {"statistics_days": None}, ["How long scans have been counted is not known."]),
        (
            "i: b",
            {},
            {"replicas": 2},
            ["Scans on replicas (2 connected) are not counted here."],
        ),
        (
            "i: b",
            {},
            {"replica": True},
            ["This server is a replica: scans on the primary are not counted here."],
        ),
        ("i: a", {}, {}, ["Without it every delete from parent reads all of t."]),
        (
            "i: b varchar_pattern_ops",
            {},
            {},
            [
                "It serves startswith and LIKE 'x%' alone; Django made it beside the plain index.",
            ],
        ),
    ],
)
def test_unused(text: str, options: dict, around: dict, caveats: list[str]) -> None:
    [found] = droppable(schema(index(text, scans=0, **options), **around))
    assert (found.kind, found.covered_by) == ("unused", "")
    assert list(found.caveats) == caveats


@pytest.mark.parametrize(
    "options", [{"scans": None}, {"scans": 1}, {"size_bytes": WORTH_BYTES - 1}, {"unique": True}]
)
def test_not_unused(options: dict[str, object]) -> None:
    assert droppable(schema(index("i: b", **{"scans": 0} | options))) == ()


def test_what_the_workload_uses_is_not_unused() -> None:
    unused = schema(index("i: b", scans=0))
    assert [one.name for one in droppable(unused)] == ["i"]
    assert droppable(unused, used={"i"}) == ()


@pytest.mark.parametrize("days", [0.0, 0.9])
def test_nothing_is_unused_on_the_first_day(days: float) -> None:
    assert droppable(schema(index("i: b", scans=0), statistics_days=days)) == ()


def test_of_twins_that_nobody_scanned_one_stays() -> None:
    [found] = droppable(schema(index("i: b", scans=0), index("j: b", scans=0)))
    assert (found.name, found.kind, found.covered_by) == ("j", "redundant", "i")


def test_a_delete_has_another_index_to_go_by() -> None:
    both = schema(index("i: a, b", scans=0), index("j: a, c"))
    [found] = droppable(both)
    assert (found.name, found.caveats) == ("i", ())


def test_largest_first_and_no_concurrency_over_partitions() -> None:
    found = schema(index("i: b", scans=0), index("j: c", scans=0, size_bytes=9 * WORTH_BYTES))
    table = replace(found.tables["t"], partitioned=True)
    dropped = droppable(replace(found, tables={"t": table}))
    assert [one.drop for one in dropped] == ['DROP INDEX "j"', 'DROP INDEX "i"']
