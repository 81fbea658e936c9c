"""Fingerprints: what differs in values only is one; what differs in anything else is not."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from queryscope.core.fingerprint import (
    Statement,
    digest,
    fingerprint,
    is_batched,
    masked,
    statement_kind,
    tables,
)

SAME = [
    ("SELECT 1", "SELECT 2"),
    ("SELECT 'a'", "SELECT 'it''s'"),
    ("SELECT 'a'", "SELECT '-- no comment'"),
    ("SELECT 'a' FROM t", "SELECT '/* ' FROM t"),
    ("SELECT 'a'", "SELECT 'FROM t WHERE x IN (1, 2)'"),
    ("SELECT E'a'", r"SELECT E'it\'s'"),
    ("SELECT $$a$$", "SELECT $tag$it's $$ here$tag$"),
    ("SELECT 1.5", "SELECT .5e-10"),
    ("SELECT 1_000", "SELECT 2"),
    ("SELECT X'00'", "SELECT x'ff'"),
    ("SELECT N'a'", "SELECT N'b'"),
    ("SELECT %s", "SELECT %(name)s"),
    ("SELECT %s", "SELECT $1"),
    ("SELECT ?", "SELECT ?1"),
    ("SELECT :id", "SELECT %s"),
    ("SELECT a FROM t WHERE id IN (%s)", "SELECT a FROM t WHERE id IN (%s, %s, %s)"),
    ("SELECT a FROM t WHERE id IN (1)", "SELECT a FROM t WHERE id IN (1,2,3)"),
    ("SELECT a FROM t WHERE id IN (-1, 2)", "SELECT a FROM t WHERE id IN (1, +2, -3)"),
    ("SELECT ARRAY[1, 2]", "SELECT ARRAY[%s, -2, %s]"),
    ("SELECT 0xff", "SELECT 7"),
    ("SELECT 0b10 + 0o17", "SELECT 1e10 + 1.5E-3"),
    ("SELECT .5", "SELECT 1."),
    ("SELECT B'01'", "SELECT U&'d\\0061t'"),
    ("SELECT $é$it's$é$", "SELECT 1"),
    (r"SELECT E'a\\'", r"SELECT E'it\\\'s'"),
    ("SELECT INTERVAL '1 day'", "SELECT INTERVAL '2 years'"),
    ("SELECT a::int, b::text, 1::int", "SELECT a::int, b::text, :x::int"),
    ("SELECT a->>'b' ?| ARRAY['c']", "SELECT a->>'x' ?| ARRAY['y', 'z']"),
    ("SELECT a /* b /* c */ it's */ FROM t", "SELECT a FROM t"),
    ("/* a /* b */ SELECT 'c'", "SELECT 'd'"),
    ("SET search_path TO one, two", "SET search_path TO three"),
    ("SET LOCAL app.user = anna", "SET LOCAL app.user = 'bob'"),
    ("PRAGMA cache_size = -2000", "PRAGMA cache_size = 7"),
    ("PRAGMA hexkey = cafe", "PRAGMA hexkey = 'beef'"),
    ("INSERT INTO t VALUES (%s, %s)", "INSERT INTO t VALUES (%s, %s), (%s, %s), (%s, %s)"),
    ("SELECT  a\n FROM\tt", "SELECT a FROM t"),
    ("SELECT a /* route=/x/ */ FROM t", "SELECT a FROM t"),
    ("SELECT a FROM t -- because\n WHERE b = 1", "SELECT a FROM t WHERE b = 2"),
    ("SELECT a FROM t;", "SELECT a FROM t"),
    ('SAVEPOINT "s1234_x1"', 'SAVEPOINT "s99_x27"'),
    ("RELEASE SAVEPOINT s1_x1", "RELEASE SAVEPOINT s2_x9"),
]
DIFFERENT = [
    ("SELECT a", "SELECT b"),
    ('SELECT "a"', 'SELECT "A"'),
    ('SELECT "t1"."id"', 'SELECT "t2"."id"'),
    ("SELECT a1", "SELECT a2"),
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b > 1"),
    ("SELECT a FROM t WHERE b IS NULL", "SELECT a FROM t WHERE b = NULL"),
    ("SELECT a FROM t LIMIT 1", "SELECT a FROM t OFFSET 1"),
    ("SELECT a::int", "SELECT a::text"),
    ('SELECT "--x"', 'SELECT "--y"'),
    ("SELECT a FROM t WHERE b IN (SELECT 1)", "SELECT a FROM t WHERE b IN (1)"),
    ("SELECT ARRAY[1]", "SELECT (1)"),
    ("SELECT t1.a2", "SELECT t2.a1"),
    ('SELECT "a""1"', 'SELECT "a""2"'),
    ("SELECT `a``1`", "SELECT `a``2`"),
    ("SELECT a ?| b", "SELECT a ?& b"),
    ("SELECT a->>b", "SELECT a->b"),
    ("SELECT a[1:2]", "SELECT a[1]"),
    ("SET search_path TO a", "SET statement_timeout TO a"),
    ("UPDATE t SET a = b", "UPDATE t SET a = c"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_values_layout_and_lengths_make_no_difference(one, other):
    assert fingerprint(one) == fingerprint(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_anything_else_does(one, other):
    assert fingerprint(one) != fingerprint(other)


KINDS = [
    ("SELECT 1", "select"),
    ("  select 1", "select"),
    ("(SELECT 1) UNION (SELECT 2)", "select"),
    ("VALUES (1)", "select"),
    ("WITH a AS (SELECT 1) SELECT * FROM a", "select"),
    ("WITH a AS (DELETE FROM t RETURNING id) SELECT * FROM a", "delete"),
    ("WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a", "insert"),
    ("INSERT INTO t VALUES (1)", "insert"),
    ("REPLACE INTO t VALUES (1)", "insert"),
    ("UPDATE t SET a = 1", "update"),
    ("DELETE FROM t", "delete"),
    ("BEGIN", "transaction"),
    ("BEGIN;", "transaction"),
    ("SAVEPOINT s1_x1", "transaction"),
    ("RELEASE SAVEPOINT s1_x1", "transaction"),
    ("ROLLBACK TO SAVEPOINT s1_x1", "transaction"),
    ("CREATE TABLE t (a int)", "other"),
    ("SET TIME ZONE 'UTC'", "other"),
    ("", "other"),
    (";", "other"),
    ("/* only a comment */", "other"),
]


@pytest.mark.parametrize(("sql", "kind"), KINDS)
def test_the_kind_of_a_statement(sql, kind):
    assert statement_kind(fingerprint(sql)) == kind


TABLES = [
    ("SELECT * FROM t", ("t",)),
    ('SELECT * FROM "a b"', ("a b",)),
    ('SELECT * FROM "s"."t" JOIN u ON 1', ("s.t", "u")),
    ("SELECT * FROM `t` INNER JOIN `t` AS x", ("t",)),
    ("INSERT INTO t VALUES (1)", ("t",)),
    ("UPDATE ONLY t SET a = 1", ("t",)),
    ("DELETE FROM t USING u", ("t",)),
    ("SELECT 'FROM nowhere'", ()),
    ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", ("t", "u")),
]


@pytest.mark.parametrize(("sql", "names"), TABLES)
def test_the_tables_of_a_statement(sql, names):
    assert tables(fingerprint(sql)) == names


BATCHED = [
    ("SELECT a FROM t WHERE id IN (%s, %s)", True),
    ("SELECT a FROM t WHERE id IN (1, 2)", True),
    ("SELECT a FROM t WHERE id = ANY(%s)", True),
    ("INSERT INTO t (a) VALUES (%s), (%s)", True),
    ("SELECT a FROM t WHERE (b, c) IN ((%s, %s), (%s, %s))", True),
    ("SELECT a FROM t WHERE (b, c) IN ((%s, %s))", False),
    ("SELECT a FROM t WHERE id IN (-1, 2)", True),
    ("SELECT a FROM t WHERE id IN (%s)", False),
    ("SELECT a FROM t WHERE id = %s", False),
    ("SELECT a FROM t WHERE id IN (SELECT b FROM u)", False),
    ("INSERT INTO t (a, b) VALUES (%s, %s)", False),
]


@pytest.mark.parametrize(("sql", "batched"), BATCHED)
def test_whether_several_values_are_asked_at_once(sql, batched):
    assert is_batched(sql) is Statement.of(sql).batched is batched


# Properties of every statement there can be.

name = st.from_regex(r"\A[a-z_][a-z0-9_]{0,8}\Z")
text_literal = st.text(max_size=20).map(lambda value: "'" + value.replace("'", "''") + "'")
number_literal = st.one_of(
    st.integers(min_value=0).map(str),
    st.floats(min_value=0, allow_infinity=False, allow_nan=False).map(repr),
)
literal = st.one_of(text_literal, number_literal, st.just("%s"))
space = st.text(" \t\n", min_size=1, max_size=4)
gap = st.one_of(space, st.just(" /* note */ "), st.just(" -- note\n"))


@given(st.text(max_size=200))
@example("'")
@example('"')
@example("$a$")
@example("/*")
@example("--")
@example("((((")
@example("\x00")
def test_no_text_is_too_odd(sql):
    text = fingerprint(sql)
    assert len(digest(text)) == 12
    assert statement_kind(text)
    assert isinstance(tables(text), tuple)
    assert isinstance(Statement.of(sql), Statement)


#: What tokens begin, end and join with, so that they meet in every way.
pieces = """
    ' " ` $ $a$ $é$ E' x' U&' \\ /* */ -- %s %(a)s % :a : :: ? ?1 $1 0x1f 0b1 1e5 .5 . 1_0
    ( ) [ ] , - ; IN ARRAY a é \xa0 \ud800 \n PRAGMA SAVEPOINT s1_x1 SET TO =
"""
fragments = st.lists(
    st.one_of(
        st.sampled_from(pieces.split(" ")), st.just(" "), st.text(string.printable, max_size=3)
    ),
    max_size=25,
).map("".join)


@given(fragments)
@example("1:a")
@example("SAVEPOINT s1_x1$a$")
@example("[1:a")
@example("SET a = 'x'; SET a = 'y'")
def test_what_is_masked_stays_as_it_is(sql):
    assert masked(masked(sql)) == masked(sql)
    assert fingerprint(fingerprint(sql)) == fingerprint(sql)
    assert fingerprint(masked(sql)) == fingerprint(sql)


@given(name, name, st.lists(literal, min_size=1, max_size=6), st.lists(literal, min_size=1))
def test_lists_of_any_literals_and_lengths_are_one(table, column, some, others):
    def sql(values):
        return f"SELECT * FROM {table} WHERE {column} IN ({', '.join(values)})"

    assert fingerprint(sql(some)) == fingerprint(sql(others))


@given(name, name, literal, literal)
def test_literals_never_change_what_follows(table, column, one, other):
    def sql(value):
        return f"SELECT * FROM {table} WHERE {column} = {value} AND other = 1 ORDER BY {column}"

    assert fingerprint(sql(one)) == fingerprint(sql(other))
    assert tables(fingerprint(sql(one))) == (table,)


@given(st.lists(gap, min_size=5, max_size=5))
def test_layout_and_comments_never_matter(gaps):
    words = ["SELECT", "a", "FROM", "t", "WHERE", "b"]
    spread = words[0] + "".join(g + word for g, word in zip(gaps, words[1:], strict=True))
    assert fingerprint(spread) == "SELECT a FROM t WHERE b"


letters = st.text(string.ascii_letters, min_size=12, max_size=20)
around = st.text("'\"`$/*-\\%:?() \n", max_size=4)


def quoted(text: str, escapes: str) -> str:
    return "".join(2 * character if character in escapes else character for character in text)


STRINGS = {
    "'{}'": "'", "N'{}'": "'", "U&'{}'": "'", "x'{}'": "'", "B'{}'": "'", "E'{}'": "'\\",
    "$${}$$": "", "$é$ {} $é$": "", "$a1${}$a1$": "",
}  # fmt: skip


@pytest.mark.parametrize("form", STRINGS)
@given(letters, around, around)
def test_no_string_survives(form, secret, before, after):
    text = quoted(before + secret + after, STRINGS[form])
    if not STRINGS[form]:
        text = text.replace("$", "")
    sql = f"SELECT a, {form.format(text)} FROM t WHERE b = {form.format(text)} AND c::text = d"
    assert fingerprint(sql) == "SELECT a, ? FROM t WHERE b = ? AND c::text = d"


@pytest.mark.parametrize("form", ["{}", "{}.5", ".{}", "{}.", "{}e10", "1e-{}", "1_{}", "0x{}"])
@given(st.integers(min_value=10**6).map(str))
def test_no_number_survives(form, digits):
    sql = f"SELECT a{digits} FROM t WHERE b = {form.format(digits)} LIMIT 1"
    assert fingerprint(sql) == f"SELECT a{digits} FROM t WHERE b = ? LIMIT ?"


@given(letters, st.integers(min_value=0, max_value=4))
def test_no_comment_survives(secret, depth):
    comment = "/* it's " * depth + secret + ' "*/' * depth if depth else f"-- {secret}'\n"
    assert fingerprint(f"SELECT a {comment} FROM t") == "SELECT a FROM t"


rows = st.lists(st.lists(st.sampled_from(["%s", "7", "'x'"]), min_size=1, max_size=90), min_size=1)
layout = st.sampled_from(["SELECT a FROM t WHERE b IN {}", "INSERT INTO t (a) VALUES {}"])


@given(layout, rows, st.sampled_from([",", ", "]))
def test_a_long_list_is_read_as_it_would_be_token_by_token(form, values, comma):
    sql = form.format(comma.join(f"({comma.join(row)})" for row in values))
    statement = Statement.of(sql)
    assert statement.fingerprint == fingerprint(sql)
    assert statement.batched is is_batched(sql)


def test_a_long_list_is_not_read_token_by_token(monkeypatch):
    seen = []
    monkeypatch.setattr("queryscope.core.fingerprint.masked", lambda sql: seen.append(sql) or sql)
    Statement.of(f"SELECT a FROM t WHERE b IN ({', '.join(['%s'] * 5_000)}) AND c = 1")
    assert seen == ["SELECT a FROM t WHERE b IN (%s, %s) AND c = 1"]


@given(name, name)
def test_names_survive(table, column):
    text = fingerprint(f'SELECT "{column}" FROM {table} WHERE "{table}"."{column}" = 5')
    assert text == f'SELECT "{column}" FROM {table} WHERE "{table}"."{column}" = ?'


@given(name, name)
def test_other_names_are_other_digests(one, other):
    same = digest(fingerprint(f"SELECT {one}")) == digest(fingerprint(f"SELECT {other}"))
    assert same == (one == other)


HUGE = ["'", "(", "/*", "$a", "1 ", "''", '"', "%", ":", "\\'", "((?"]
HUGE += ["/*/**/", "$a$ ", "$aa", "%(a", "E'\\", "0x", "1_", "(%s,", "(%s),", "[?,", "(?), ", "*/"]


@pytest.mark.parametrize("text", HUGE)
def test_a_huge_statement_is_read_to_the_end(text):
    assert fingerprint(f"SELECT {text * 50_001}").startswith("SELECT")
