"""What statements ask of their tables: SQL as Django writes it, and what it is read as."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryscope.core.parsing import MAX_LENGTH, read_statement
from queryscope.core.predicates import Predicate, Term, UnreadableStatement

from .statements import blocks, schema, told

VENDORS = ("postgresql", "sqlite")
BLOCKS = [(vendor, *block) for vendor in VENDORS for block in blocks(vendor)]
CASES = [pytest.param(v, sql, lines, id=f"{v}: {name}") for v, name, sql, lines in BLOCKS]
WORDS = re.compile(r'"[^"]*"|\'[^\']*\'|\w+|\S')
TOKENS = sorted({word for _, _, sql, _ in BLOCKS for word in WORDS.findall(sql)})


@pytest.mark.parametrize(("vendor", "sql", "expected"), CASES)
def test_statements_are_read(vendor, sql, expected):
    assert told(read_statement(sql, schema(vendor))) == expected


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("", "an empty text"),
        ("-- nothing", "an empty text"),
        ("SET search_path = x", "'SET' reads no table"),
        ("VACUUM shop_task", "'VACUUM' reads no table"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT FROM WHERE (", ""),
        ("SELECT 'unclosed FROM shop_task", ""),
        ("SELECT " + "(" * 5000 + "1" + ")" * 5000, ""),
        ("SELECT 1" + " OR id = 1" * MAX_LENGTH, "longer than"),
        ("DELETE", ""),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(sql, why):
    with pytest.raises(UnreadableStatement) as caught:
        read_statement(sql, schema("postgresql"))
    assert why in str(caught.value)
    assert 0 < len(str(caught.value).splitlines()) == 1


def test_the_parser_says_nothing_on_its_own(caplog, capfd):
    with pytest.raises(UnreadableStatement):
        read_statement(
            "WITH x AS (SELECT 1) MERGE INTO shop_task USING x ON true", schema("sqlite")
        )
    assert not caplog.records
    assert capfd.readouterr() == ("", "")


@given(st.text() | st.text(alphabet="SELECTFROM ()'\"*,;=$%--/*"))
def test_any_text_is_read_or_refused(text):
    _read_or_refused("SELECT " + text, "postgresql")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(BLOCKS), st.data())
def test_damaged_statements_are_read_or_refused(block, data):
    vendor, _, sql, _ = block
    words = WORDS.findall(sql)
    at = data.draw(st.integers(0, len(words) - 1))
    words[at : at + data.draw(st.integers(0, 2))] = data.draw(
        st.lists(st.sampled_from(TOKENS), max_size=2)
    )
    _read_or_refused(" ".join(words), vendor)


def _read_or_refused(sql, vendor):
    with contextlib.suppress(UnreadableStatement):
        assert read_statement(sql, schema(vendor)).kind in ("select", "insert", "update", "delete")


@pytest.mark.parametrize(
    ("pattern", "kind"),
    [
        ("ab", "exact"),
        ("ab%", "prefix"),
        ("a_b", "prefix"),
        ("%ab", "suffix"),
        ("%ab%", "infix"),
        ("_b%", "infix"),
        ("50\\%", "exact"),
        ("50\\%%", "prefix"),
        (None, "any"),
    ],
)
def test_patterns_are_told_apart(pattern, kind):
    assert Predicate(Term("title", ("title",)), "like", (pattern,)).pattern == kind


@pytest.mark.parametrize(
    ("where", "immutable"),
    [
        ("UPPER(title::text) = 'X'", True),
        ("LOWER(email) = 'x'", None),
        ("(data ->> 'kind') = 'x'", True),
        ("(data #>> '{a,b}') = 'x'", True),
        ("(data ->> 'n')::int > 3", True),
        ("created_at::date = '2026-05-01'", False),
        ("(created_at AT TIME ZONE 'UTC')::date = '2026-05-01'", True),
        ("date_trunc('month', created_at) = '2026-05-01'", False),
        ("date_trunc('month', created_at AT TIME ZONE 'UTC') = '2026-05-01'", True),
        ("EXTRACT(YEAR FROM created_at) = 2026", False),
        ("EXTRACT(YEAR FROM due) = 2026", True),
        ("created_at::text = 'x'", False),
        ("due::text = 'x'", False),
        ("priority::text = '3'", True),
        ("coalesce(title, body) = 'x'", True),
        ("to_tsvector(body) @@ to_tsquery('x')", False),
        ("to_tsvector('english', body) @@ to_tsquery('x')", True),
        ("my_function(title) = 'x'", False),
        ("title || random() = 'x'", False),
    ],
)
def test_only_immutable_expressions_may_be_indexed(where, immutable):
    use = read_statement(f"SELECT id FROM shop_task WHERE {where}", schema("postgresql")).uses[0]
    found = [each.term.immutable for each in use.predicates]
    assert found == ([] if immutable is None else [immutable])


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ("status = 'a'", "\"status\" = 'a'"),
        ("status = 'it''s'", "\"status\" = 'it''s'"),
        ("priority = -3", '"priority" = -3'),
        ("is_active", '"is_active"'),
        ("NOT is_active", 'NOT "is_active"'),
        ("deleted_at IS NULL", '"deleted_at" IS NULL'),
        ("NOT (deleted_at IS NULL)", '"deleted_at" IS NOT NULL'),
        ("status IN ('a', 'b')", "\"status\" IN ('a', 'b')"),
        ("status = ANY('{a,b}'::text[])", "\"status\" IN ('a', 'b')"),
        ("NOT (status = 'a')", "NOT (\"status\" = 'a')"),
        ("data ? 'key'", "\"data\" ? 'key'"),
        ("priority = $1", ""),
        ("created_at < now()", ""),
        ("priority = assigned_to_id", None),
    ],
)
def test_conditions_of_partial_indexes(where, condition):
    use = read_statement(f"SELECT id FROM shop_task WHERE {where}", schema("postgresql")).uses[0]
    assert [each.condition for each in use.predicates] == ([] if condition is None else [condition])
