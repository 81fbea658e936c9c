"""The tables that the plans were made on: rows in patterns, so that they are the same each time."""

from __future__ import annotations

_ROWS = 200_000
POSTGRESQL_TABLES = (
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA public",
    'CREATE TABLE project (id int PRIMARY KEY, name varchar(80) COLLATE "C", owner_id int)',
    """CREATE TABLE task (
        id serial PRIMARY KEY, project_id int NOT NULL REFERENCES project,
        status varchar(20) NOT NULL, priority int NOT NULL, title varchar(200) NOT NULL,
        body text NOT NULL, email varchar(100) NOT NULL, created_at timestamptz NOT NULL,
        deleted_at timestamptz, is_urgent bool NOT NULL, assigned_to_id int NOT NULL,
        created_by_id int NOT NULL, amount int NOT NULL, meta jsonb NOT NULL)""",
    "INSERT INTO project SELECT i, 'Project ' || i, i % 40 FROM generate_series(1, 500) i",
    f"""INSERT INTO task (project_id, status, priority, title, body, email, created_at,
            deleted_at, is_urgent, assigned_to_id, created_by_id, amount, meta)
        SELECT 1 + (i * 7919) % 500,
            CASE WHEN i % 200 = 0 THEN 'failed' WHEN i % 5 = 0 THEN 'open' ELSE 'done' END,
            (i * 31) % 10, 'Task ' || md5(i::text), repeat(md5((i * 3)::text), 8),
            'User' || i || '@example.com',
            timestamptz '2024-01-01 00:00+00' + (i * 37 % {_ROWS}) * interval '2 minutes',
            CASE WHEN i % 10 = 3 THEN now() END, i % 250 = 1, (i * 13) % 997, (i * 17) % 991,
            i % 1000, jsonb_build_object('source', 's' || i % 300, 'n', i)
        FROM generate_series(1, {_ROWS}) i""",
    "CREATE INDEX task_project_idx ON task (project_id)",
    "CREATE TABLE comment (id serial PRIMARY KEY, author_name text NOT NULL, task_id int)",
    """INSERT INTO comment (author_name, task_id)
        SELECT 'a' || i % 15000, i FROM generate_series(1, 30000) i""",
    "CREATE TABLE author (id serial PRIMARY KEY, name text NOT NULL, country text)",
    """INSERT INTO author (name, country) SELECT 'a' || i, 'c' || i % 3
        FROM generate_series(1, 300) i""",
    "CREATE TABLE setting (id serial PRIMARY KEY, key text, value text)",
    "INSERT INTO setting (key, value) SELECT 'k' || i, 'v' FROM generate_series(1, 20) i",
    "CREATE TABLE address (id serial PRIMARY KEY, city text, zip text)",
    """INSERT INTO address (city, zip) SELECT 'city ' || i % 100, 'zip ' || i % 100
        FROM generate_series(1, 100000) i""",
    # What the session changed is counted after a second: too late, for tables just analysed.
    "SELECT pg_sleep(2)",
    "VACUUM ANALYZE",
)
SQLITE_TABLES = (
    "CREATE TABLE task (id integer PRIMARY KEY, project_id integer NOT NULL, status varchar(20) "
    "NOT NULL, title varchar(200) NOT NULL, created_at datetime NOT NULL, a integer, b integer)",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120000) "
    "INSERT INTO task SELECT i, i % 500, CASE WHEN i % 200 = 0 THEN 'failed' ELSE 'done' END, "
    "'Task ' || i, datetime('2024-01-01', i || ' minutes'), i % 991, i % 997 FROM n",
    "CREATE TABLE setting (id integer PRIMARY KEY, key varchar(20))",
    "INSERT INTO setting VALUES (1, 'a'), (2, 'b')",
    "ANALYZE",
)
