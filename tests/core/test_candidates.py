"""Which indexes are proposed for a query, and which are not."""

from dataclasses import replace

import pytest

from queryscope.core.candidates import Weighted, candidates
from queryscope.core.parsing import read_statement

from .shop import existing, pool, shop, told

PENDING = "status = 'pending'"
WANTED = [
    # B-trees: equality, then order or range
    ("project_id = 7 AND status = 'done'", "(project_id, status)"),
    ("project_id = 7 ORDER BY created_at DESC LIMIT 25", "(project_id, created_at)"),
    ("project_id = 7 AND created_at > '2026-06-01'", "(project_id, created_at)"),
    ("project_id = 7 AND priority > 2 ORDER BY due", "(project_id, priority)"),
    ("project_id = 7 AND priority > 2 ORDER BY created_at", "(project_id, created_at)"),
    ("project_id = 7 AND priority IN (1, 2)", "(project_id, priority)"),
    ("project_id = 7 AND parent_id IS NULL", "(project_id, parent_id)"),
    ("project_id = 7 AND is_active", "(project_id, is_active)"),
    ("created_at > '2026-11-01' AND priority = 2", "(priority, created_at)"),
    ("TRUE ORDER BY created_at DESC LIMIT 25", "(created_at)"),
    ("TRUE ORDER BY created_at DESC, priority DESC LIMIT 25", "(created_at, priority)"),
    ("TRUE ORDER BY created_at DESC, priority LIMIT 25", "(created_at, priority DESC)"),
    ("project_id = 7 ORDER BY project_id, created_at LIMIT 5", "(project_id, created_at)"),
    ("(assigned_to_id, id) > (3, 4) ORDER BY assigned_to_id, id LIMIT 9", "(assigned_to_id, id)"),
    # conditions
    (
        "deleted_at IS NULL ORDER BY created_at DESC LIMIT 25 OFFSET 200",
        "(created_at) WHERE deleted_at IS NULL",
    ),
    (f"{PENDING} AND due <= now() ORDER BY due LIMIT 10", f"(due) WHERE {PENDING}"),
    (
        f"{PENDING} AND project_id = 7 ORDER BY priority DESC, due LIMIT 1",
        f"(project_id, priority, due DESC) WHERE {PENDING}",
    ),
    (
        f"{PENDING} AND deleted_at IS NULL ORDER BY created_at LIMIT 5",
        f"(created_at) WHERE deleted_at IS NULL AND {PENDING}",
    ),
    (
        "project_id = 7 AND is_active AND deleted_at IS NULL ORDER BY created_at LIMIT 5",
        "(project_id, created_at) WHERE deleted_at IS NULL AND is_active",
    ),
    (
        "project_id = 7 AND status IN ('failed', 'pending') ORDER BY created_at LIMIT 5",
        "(project_id, created_at) WHERE status IN ('failed', 'pending')",
    ),
    ("status <> 'done' AND project_id = 7", "(project_id) WHERE status <> 'done'"),
    ("NOT (status = 'done') AND project_id = 7", "(project_id) WHERE status <> 'done'"),
    ("parent_id = 3", "(parent_id) WHERE parent_id IS NOT NULL"),
    ("parent_id IS NOT NULL AND priority = 2", "(priority) WHERE parent_id IS NOT NULL"),
    # expressions
    ("UPPER(email::text) = UPPER('a@b.c')", "((UPPER(email)))"),
    ("LOWER(email) = 'a@b.c'", "((LOWER(email)))"),
    ("(data -> 'kind') = '\"x\"'::jsonb", "((data -> 'kind'))"),
    ("(data ->> 'kind') = 'x'", "((data ->> 'kind'))"),
    # patterns
    ("email LIKE 'abc%'", "(email varchar_pattern_ops)"),
    ("email::text LIKE 'abc%'", "(email varchar_pattern_ops)"),
    ("UPPER(email::text) LIKE UPPER('abc%')", "((UPPER(email)) text_pattern_ops)"),
    ("UPPER(title::text) LIKE UPPER('%abc%')", "USING gin ((UPPER(title)) gin_trgm_ops)"),
    ("title ILIKE '%abc%'", "USING gin (title gin_trgm_ops)"),
    (
        "(UPPER(title) LIKE '%ABC%' OR UPPER(email) LIKE '%ABC%')",
        "USING gin ((UPPER(title)) gin_trgm_ops, (UPPER(email)) gin_trgm_ops)",
    ),
    # documents, arrays, words
    ("data @> '{\"a\": 1}'", "USING gin (data jsonb_path_ops)"),
    ("data ? 'a'", "USING gin (data jsonb_ops)"),
    ("labels @> ARRAY['x']::varchar[]", "USING gin (labels)"),
    ("labels && ARRAY['x']::varchar[]", "USING gin (labels)"),
    ("words @@ to_tsquery('x')", "USING gin (words)"),
    (
        "to_tsvector('english', body) @@ to_tsquery('x')",
        "USING gin ((TO_TSVECTOR(CAST('english' AS REGCONFIG), body)))",
    ),
    # order of the rows on disk
    ("created_at > '2026-11-01'", "USING brin (created_at)"),
    # either side of an OR
    ("(assigned_to_id = 3 OR parent_id = 4)", "(assigned_to_id)"),
    ("(assigned_to_id = 3 OR parent_id = 4)", "(parent_id)"),
]
UNWANTED = [
    ("id = 3", "(id"),
    ("id IN (1, 2, 3) AND status = 'done'", "(status"),
    ("project_id = 7", "WHERE project_id"),
    ("status = 'done' AND project_id = 7", "WHERE status"),
    ("created_at::date = '2026-05-01'", "date"),
    ("date_trunc('month', created_at) = '2026-05-01'", "DATE_TRUNC"),
    ("UPPER(title) LIKE '%AB%'", "gin"),
    ("email LIKE '%abc'", "pattern_ops"),
    ("due > '2026-11-01'", "brin"),
    ("project_id = 7 ORDER BY due DESC NULLS LAST", "due"),
    ("TRUE ORDER BY created_at DESC LIMIT 25", "DESC"),
    ("data = '{}'", "data)"),
    ("priority + random() = 3", "("),
    ("project_id = 7", "INCLUDE"),
]


def indexes(where, schema=None, columns="*", **options):
    sql = f"SELECT {columns} FROM task WHERE {where}"
    return [told(each.definition) for each in pool(schema or shop(), sql, **options).candidates]


@pytest.mark.parametrize(("where", "index"), WANTED)
def test_is_proposed(where, index):
    assert f"task {index}" in indexes(where)


@pytest.mark.parametrize(("where", "part"), UNWANTED)
def test_is_not_proposed(where, part):
    assert not [index for index in indexes(where) if part in index]


@pytest.mark.parametrize(
    ("columns", "where", "index"),
    [
        (
            "COUNT(*)",
            f"{PENDING} AND deleted_at IS NULL",
            f"task (id) WHERE deleted_at IS NULL AND {PENDING}",
        ),
        ("COUNT(*)", "project_id = 7 AND status = 'done'", "task (project_id, status)"),
        ("id", "project_id = 7", "task (project_id, id)"),
        ("id, title, email", "project_id = 7", "task (project_id) INCLUDE (id, title, email)"),
        (
            "SUM(priority), MAX(due)",
            "created_at > '2026-06-01'",
            "task (created_at) INCLUDE (priority, due)",
        ),
        ("MAX(created_at)", "project_id = 7", "task (project_id, created_at)"),
        ("DISTINCT project_id", "TRUE", "task (project_id)"),
        ("project_id, COUNT(*)", "TRUE GROUP BY project_id", "task (project_id)"),
        (
            "DISTINCT ON (project_id) id",
            "TRUE ORDER BY project_id, created_at DESC",
            "task (project_id, created_at DESC, id)",
        ),
    ],
)
def test_is_proposed_for_what_is_read(columns, where, index):
    assert index in indexes(where, columns=columns)


def test_wide_columns_are_not_included():
    assert not [index for index in indexes("project_id = 7", columns="id, body") if "body" in index]


JOIN = "SELECT t.* FROM task t JOIN project p ON p.id = t.project_id WHERE "


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        (JOIN + "p.owner_id = 3 AND t.status = 'done'", "task (project_id)"),
        (JOIN + "p.owner_id = 3 AND t.priority = 1", "task (project_id, priority)"),
        (JOIN + "p.owner_id = 3", "project (owner_id, id)"),
        (JOIN + "t.priority = 1 ORDER BY t.created_at LIMIT 9", "task (priority, created_at)"),
        (
            "SELECT p.id, (SELECT t.title FROM task t WHERE t.project_id = p.id"
            " ORDER BY t.created_at DESC LIMIT 1) FROM project p",
            "task (project_id, created_at)",
        ),
        (
            "SELECT id FROM project p WHERE EXISTS (SELECT 1 FROM task t WHERE t.project_id = p.id"
            " AND t.priority = 1)",
            "task (project_id, priority)",
        ),
        (
            "SELECT * FROM task WHERE project_id IN (SELECT id FROM project WHERE owner_id = 3)",
            "task (project_id)",
        ),
        ("DELETE FROM task WHERE project_id = 7 AND priority = 1", "task (project_id, priority)"),
        ("UPDATE task SET priority = 1 WHERE created_at < '2026-01-15'", "task (created_at)"),
    ],
)
def test_is_proposed_for_several_tables(sql, index):
    assert index in [told(each.definition) for each in pool(shop(), sql).candidates]


@pytest.mark.parametrize(
    ("there", "where", "index"),
    [
        (("project_id",), "project_id = 7", "task (project_id)"),
        (("project_id", "status"), "project_id = 7", "task (project_id)"),
        (
            ("project_id", "status"),
            "project_id = 7 AND status = 'done'",
            "task (project_id, status)",
        ),
    ],
)
def test_what_exists_is_not_proposed_again(there, where, index):
    assert index in indexes(where)
    assert index not in indexes(where, shop("postgresql", existing("task", *there)))


def test_an_index_with_another_condition_is_none_that_exists():
    there = existing("task", "project_id", condition='"is_active"')
    assert "task (project_id)" in indexes("project_id = 7", shop("postgresql", there))


def test_constants_that_vary_make_no_condition():
    samples = [f"SELECT * FROM task WHERE status = '{s}' AND due < now()" for s in ("pending", "x")]
    found = [told(each.definition) for each in pool(shop(), samples).candidates]
    assert "task (status, due)" in found
    assert not [index for index in found if "WHERE" in index]


def test_rare_values_of_several_queries_share_a_condition():
    queries = [
        "SELECT * FROM task WHERE status = 'pending' ORDER BY created_at LIMIT 5",
        "SELECT COUNT(*) FROM task WHERE status IN ('failed', 'pending')",
    ]
    by_index = {told(each.definition): each for each in pool(shop(), *queries).candidates}
    shared = by_index["task (status, created_at) WHERE status IN ('failed', 'pending')"]
    assert shared.digests == {"q0", "q1"}


def test_covering_columns_of_several_queries_are_merged():
    queries = [
        "SELECT SUM(priority), MAX(id) FROM task WHERE created_at > '2026-06-01'",
        "SELECT AVG(project_id), MAX(due) FROM task WHERE created_at < '2026-06-01'",
    ]
    by_index = {told(each.definition): each for each in pool(shop(), *queries).candidates}
    wide = by_index["task (created_at) INCLUDE (id, project_id, priority, due)"]
    assert wide.digests == {"q0", "q1"}


def test_a_column_that_several_queries_compare_comes_first():
    queries = [
        "SELECT * FROM task WHERE priority = 1 AND assigned_to_id = 3",
        "SELECT * FROM task WHERE priority = 2 AND due > '2026-11-01'",
        "SELECT * FROM task WHERE priority = 2 ORDER BY created_at LIMIT 5",
    ]
    by_index = {told(each.definition): each for each in pool(shop(), *queries).candidates}
    assert "task (priority, assigned_to_id)" in by_index
    assert "task (assigned_to_id, priority)" in by_index


def test_a_document_asked_for_keys_gets_the_operator_class_that_knows_them():
    queries = ["SELECT * FROM task WHERE data @> '{}'", "SELECT * FROM task WHERE data ? 'a'"]
    found = [told(each.definition) for each in pool(shop(), *queries).candidates]
    assert "task USING gin (data jsonb_ops)" in found
    assert "task USING gin (data jsonb_path_ops)" not in found


def test_branches_of_an_or_name_their_partners():
    sql = "SELECT * FROM task WHERE assigned_to_id = 3 OR parent_id = 4"
    by_index = {told(each.definition): each for each in pool(shop(), sql).candidates}
    partners = {told(other) for other in by_index["task (assigned_to_id)"].partners}
    assert len(partners) == 1
    assert partners.pop().startswith("task (parent_id)")


def test_a_small_table_gets_none_and_is_named():
    found = pool(shop(), "SELECT * FROM tag WHERE name = 'x'")
    assert not found.candidates
    assert found.notes == ("tag has 10 rows: reading all of it is cheap",)


def test_one_row_is_one_row():
    schema = shop()
    tables = {name: replace(table, rows=1.0) for name, table in schema.tables.items()}
    found = pool(replace(schema, tables=tables), "SELECT * FROM tag WHERE name = 'x'")
    assert found.notes == ("tag has 1 row: reading all of it is cheap",)


@pytest.mark.parametrize(
    ("schema", "part"),
    [
        (shop("postgresql", c_collation=True), "pattern_ops"),
        (shop("postgresql", extensions=frozenset()), "gin"),
        (shop("sqlite"), "pattern_ops"),
        (shop("sqlite"), "gin"),
        (shop("sqlite"), "brin"),
        (shop("sqlite"), "INCLUDE"),
    ],
)
def test_what_the_database_lacks_is_not_proposed(schema, part):
    wheres = ["title LIKE 'abc%'", "UPPER(title) LIKE '%ABC%'", "created_at > '2026-11-01'"]
    for where in wheres:
        for columns in ("*", "id, priority, status"):
            assert not [i for i in indexes(where, schema, columns) if part in i]


@pytest.mark.parametrize(
    ("columns", "where", "index"),
    [
        ("*", "project_id = 7 ORDER BY created_at DESC LIMIT 9", "task (project_id, created_at)"),
        (
            "*",
            "deleted_at IS NULL ORDER BY created_at LIMIT 9",
            "task (created_at) WHERE deleted_at IS NULL",
        ),
        ("*", "is_active = 0 AND project_id = 7", "task (project_id) WHERE is_active = 0"),
        (
            "*",
            "NOT (status = 'done') AND project_id = 7",
            "task (project_id) WHERE NOT (status = 'done')",
        ),
        ("*", "LOWER(email) = 'x'", "task ((LOWER(email)))"),
        ("id, priority, due", "project_id = 7", "task (project_id, id, priority, due)"),
    ],
)
def test_is_proposed_on_sqlite(columns, where, index):
    assert index in indexes(where, shop("sqlite"), columns)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_width_is_kept(width):
    where = "project_id = 7 AND priority = 1 AND parent_id = 3 ORDER BY created_at, due"
    found = pool(shop(), f"SELECT * FROM task WHERE {where}", max_width=width).candidates
    assert max(len(each.definition.keys) for each in found) == width


def test_reasons_say_why_this_order():
    sql = "SELECT * FROM task WHERE project_id = 7 AND priority = 1 ORDER BY created_at LIMIT 5"
    by_index = {told(each.definition): each for each in pool(shop(), sql).candidates}
    assert by_index["task (project_id, priority, created_at)"].why == (
        "project_id and priority are compared by equality, so they come first",
        "created_at last: it is the order of the rows",
    )


def test_the_pool_is_bounded_and_says_what_was_left_out():
    columns = [
        "project_id",
        "assigned_to_id",
        "parent_id",
        "priority",
        "status",
        "due",
        "created_at",
        "title",
    ]
    queries = [
        f"SELECT id FROM task WHERE {a} = '1' AND {b} = '2' AND {c} > '3' ORDER BY {d} LIMIT 5"
        for a in columns
        for b in columns
        for c in columns
        for d in columns
        if len({a, b, c, d}) == 4
    ][::12]
    found = pool(shop(), *queries)
    assert len(found.candidates) <= 10 * len(queries)
    assert found.left_out
    assert all(each.reason for each in found.left_out)
    # Each query still has one.
    served = set().union(*(each.digests for each in found.candidates))
    assert served == {f"q{number}" for number in range(len(queries))}


def test_nothing_is_proposed_for_nothing():
    schema = shop()
    assert candidates([], schema).candidates == ()
    read = read_statement("INSERT INTO task (id) VALUES (1)", schema)
    assert candidates([Weighted(read, 1.0, "w")], schema).candidates == ()
