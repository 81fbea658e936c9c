from __future__ import annotations

import re

import pytest

from queryscope.core.indexes import MAX_NAME, IndexDefinition, IndexKey


@pytest.mark.parametrize(
    ("table", "columns", "name"),
    [
        ("projects_task", ("project_id", "status"), "task_project_status_idx"),
        ("task", ("at",), "task_at_idx"),
        ("otp_2fa", ("user_id",), "t2fa_user_idx"),
        ("Odd Table", ("Amount Due",), "odd_table_amount_du_idx"),
        ("écu", ("x",), "cu_x_idx"),
        ("_", ("x",), "t_x_idx"),
    ],
)
def test_an_index_is_named_by_its_words_and_a_hash(table: str, columns: tuple, name: str) -> None:
    found = IndexDefinition(table, tuple(map(IndexKey, columns))).name
    assert re.sub("_[0-9a-f]{6}_idx$", "_idx", found) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("projects_event", ("status",)), ("scans_event", ("status",))),
        (("t", ("a_b",)), ("t", ("a", "b"))),
        (("t", ("user",)), ("t", ("user_id",))),
        (("t", ('a"b',)), ("t", ("a.b",))),
    ],
)
def test_no_two_indexes_share_a_name(one: tuple, other: tuple) -> None:
    names = {IndexDefinition(t, tuple(map(IndexKey, cs))).name for t, cs in (one, other)}
    assert len(names) == 2


@pytest.mark.parametrize(
    "options",
    [
        {"condition": '"b" IS NULL'},
        {"include": ("b",)},
        {"method": "gin"},
        {"keys": (IndexKey("a", descending=True),)},
        {"keys": (IndexKey("a", opclass="x_ops"),)},
        {"keys": (IndexKey("a", collation="C"),)},
        {"keys": (IndexKey("a", nulls="FIRST"),)},
        {"keys": (IndexKey("a_" * 20),)},
    ],
)
def test_what_words_do_not_tell_is_told_by_a_hash(options: dict) -> None:
    plain = IndexDefinition("t", (IndexKey("a"),))
    other = IndexDefinition(**{"table": "t", "keys": plain.keys} | options)
    assert other.name != plain.name
    assert len(other.name) <= MAX_NAME
    assert other.name.endswith("_idx")
    assert other.name == IndexDefinition(**{"table": "t", "keys": plain.keys} | options).name


@pytest.mark.parametrize(
    ("key", "sql"),
    [
        (IndexKey("a"), '"a"'),
        (IndexKey("a", True, nulls="LAST"), '"a" DESC NULLS LAST'),
        (IndexKey("a", opclass="o", collation="C"), '"a" COLLATE "C" o'),
        (IndexKey('UPPER("a")', expression=True), '(UPPER("a"))'),
    ],
)
def test_keys_in_sql(key: IndexKey, sql: str) -> None:
    assert key.sql == sql
