-- equality and order
SELECT "shop_task"."id" AS "id", "shop_task"."title" AS "title" FROM "shop_task" WHERE
("shop_task"."project_id" = 7 AND "shop_task"."status" = 'done') ORDER BY
"shop_task"."created_at" DESC LIMIT 25
-- shop_task: project_id = 7; status = done; order created_at desc; limit 25 | created_at id project_id status title

-- page
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."deleted_at" IS NULL ORDER BY
"shop_task"."created_at" DESC, 1 ASC LIMIT 25 OFFSET 200
-- shop_task: deleted_at is null; order created_at desc, id; limit 25; offset 200 | created_at deleted_at id

-- flags
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."is_active" AND
"shop_task"."project_id" IS NOT NULL AND NOT ("shop_task"."status" = 'done'))
-- shop_task: is_active = true; project_id is not null; status <> done | id is_active project_id status

-- negated flag
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE NOT "shop_task"."is_active"
-- shop_task: is_active = false | id is_active

-- in
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."priority" >= 3 AND
"shop_task"."status" IN ('todo', 'review'))
-- shop_task: priority >= 3; status in todo, review | id priority status

-- range
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."created_at" BETWEEN
'2026-05-01 00:00:00+00:00'::timestamptz AND '2026-05-01 00:00:00+00:00'::timestamptz AND
"shop_task"."due" BETWEEN '2026-01-01'::date AND '2026-12-31'::date)
-- shop_task: created_at >= 2026-05-01 00:00:00+00:00; created_at <= 2026-05-01 00:00:00+00:00; due >= 2026-01-01; due <= 2026-12-31 | created_at due id

-- patterns
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."body"::text LIKE '%cd%' AND
"shop_task"."status"::text LIKE '%e' AND "shop_task"."title"::text LIKE 'ab%')
-- shop_task: body like %cd%; status like %e; title like ab% | body id status title

-- case
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE (UPPER("shop_task"."body"::text) LIKE
UPPER('%cd%') AND UPPER("shop_task"."status"::text) LIKE UPPER('e%') AND
UPPER("shop_task"."title"::text) = UPPER('Ab'))
-- shop_task: UPPER("body"::text) like %CD%; UPPER("status"::text) like E%; UPPER("title"::text) = AB | body id status title

-- regex
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."title"::text ~ '^a'
-- shop_task: title regex ^a | id title

-- join
SELECT "shop_task"."id" AS "id", "shop_project"."name" AS "project__name" FROM "shop_task" INNER
JOIN "shop_project" ON ("shop_task"."project_id" = "shop_project"."id") INNER JOIN "shop_user"
ON ("shop_project"."owner_id" = "shop_user"."id") WHERE ("shop_project"."deleted_at" IS NULL AND
"shop_user"."email" = 'a@b.c') ORDER BY 2 ASC, "shop_task"."created_at" ASC
-- shop_task: project_id = shop_project.id | created_at id project_id
-- shop_project: id = shop_task.project_id; owner_id = shop_user.id; deleted_at is null; order name … | deleted_at id name owner_id
-- shop_user: id = shop_project.owner_id; email = a@b.c | email id

-- select related
SELECT "shop_task"."id", "shop_task"."assigned_to_id", "shop_user"."id", "shop_user"."email"
FROM "shop_task" INNER JOIN "shop_user" ON ("shop_task"."assigned_to_id" = "shop_user"."id")
WHERE "shop_user"."email" = 'x' ORDER BY "shop_task"."id" DESC
-- shop_task: assigned_to_id = shop_user.id; order id desc | assigned_to_id id
-- shop_user: id = shop_task.assigned_to_id; email = x | email id

-- many to many
SELECT "shop_task"."id" AS "id" FROM "shop_task" INNER JOIN "shop_task_tags" ON
("shop_task"."id" = "shop_task_tags"."task_id") INNER JOIN "shop_tag" ON
("shop_task_tags"."tag_id" = "shop_tag"."id") WHERE "shop_tag"."name" = 'x'
-- shop_task: id = shop_task_tags.task_id | id
-- shop_task_tags: task_id = shop_task.id; tag_id = shop_tag.id | tag_id task_id
-- shop_tag: id = shop_task_tags.tag_id; name = x | id name

-- or
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."assigned_to_id" = 3 OR
"shop_task"."project_id" = 4)
-- shop_task: (assigned_to_id = 3 or project_id = 4) | assigned_to_id id project_id

-- or of one column
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."status" = 'a' OR
"shop_task"."status" = 'b')
-- shop_task: status in a, b | id status

-- or across tables
SELECT "shop_task"."id" AS "id" FROM "shop_task" INNER JOIN "shop_project" ON
("shop_task"."project_id" = "shop_project"."id") WHERE ("shop_task"."status" = 'a' OR
"shop_project"."status" = 'b')
-- shop_task: project_id = shop_project.id; more conditions | id project_id status
-- shop_project: id = shop_task.project_id; more conditions | id status

-- exists
SELECT "shop_project"."id" AS "id" FROM "shop_project" WHERE EXISTS(SELECT 1 AS "a" FROM
"shop_task" "U0" WHERE ("U0"."project_id" = ("shop_project"."id") AND "U0"."status" = 'done')
LIMIT 1)
-- shop_project: id = U0.project_id | id
-- U0: project_id = shop_project.id; status = done; limit 1 | project_id status

-- in subquery
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."project_id" IN (SELECT
"U0"."id" FROM "shop_project" "U0" WHERE "U0"."owner_id" = 3)
-- shop_task: project_id = … | id project_id
-- U0: owner_id = 3; id = shop_task.project_id | id owner_id

-- subquery
SELECT "shop_project"."id" AS "id", (SELECT "U0"."title" AS "title" FROM "shop_task" "U0" WHERE
"U0"."project_id" = ("shop_project"."id") ORDER BY "U0"."created_at" DESC LIMIT 1) AS "last"
FROM "shop_project"
-- shop_project: id = U0.project_id | id
-- U0: project_id = shop_project.id; order created_at desc; limit 1 | created_at project_id title

-- count
SELECT COUNT(*) AS "__count" FROM "shop_task" WHERE ("shop_task"."deleted_at" IS NULL AND
"shop_task"."status" = 'x')
-- shop_task: deleted_at is null; status = x; counts | deleted_at status

-- has results
SELECT 1 AS "a" FROM "shop_task" WHERE "shop_task"."project_id" = 3 LIMIT 1
-- shop_task: project_id = 3; limit 1 | project_id

-- count of distinct
SELECT COUNT(*) FROM (SELECT DISTINCT "shop_task"."priority" AS "priority" FROM "shop_task"
WHERE "shop_task"."status" = 'x') subquery
-- shop_task: status = x; distinct priority | priority status

-- min and max
SELECT MIN("shop_task"."created_at") AS "a", MAX("shop_task"."created_at") AS "b" FROM
"shop_task" WHERE "shop_task"."project_id" = 3
-- shop_task: project_id = 3; extreme created_at | created_at project_id

-- group
SELECT "shop_task"."status" AS "status", COUNT("shop_task"."id") AS "n" FROM "shop_task" WHERE
"shop_task"."project_id" = 3 GROUP BY 1 ORDER BY 2 DESC
-- shop_task: project_id = 3; group status | id project_id status

-- group by month
SELECT DATE_TRUNC('month', "shop_task"."created_at" AT TIME ZONE 'America/Chicago') AS "m",
COUNT("shop_task"."id") AS "n" FROM "shop_task" GROUP BY 1 ORDER BY 1 ASC
-- shop_task: group DATE_TRUNC('month', ("created_at" AT TIME ZONE 'America/Chicago')); order DATE_TRUNC('month', ("created_at" AT TIME ZONE 'America/Chicago')) | created_at id

-- distinct
SELECT DISTINCT "shop_task"."status" AS "status" FROM "shop_task"
-- shop_task: distinct status | status

-- window
SELECT "shop_task"."id" AS "id", ROW_NUMBER() OVER (PARTITION BY "shop_task"."project_id" ORDER
BY "shop_task"."created_at" DESC) AS "r" FROM "shop_task"
-- shop_task: window project_id, created_at desc | created_at id project_id

-- union
(SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."status" = 'a') UNION ALL
(SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."priority" = 3) ORDER BY 1
ASC
-- shop_task: status = a; order id | id status
-- shop_task: priority = 3; order id | id priority

-- f expression
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."due" <
("shop_task"."created_at" AT TIME ZONE 'America/Chicago')::date
-- shop_task: more conditions | created_at due id

-- json
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE (("shop_task"."data" #> '{a,b}') =
'3'::jsonb AND ("shop_task"."data" -> 'kind') = '"x"'::jsonb)
-- shop_task: ("data" #> '{a,b}') = 3; ("data" -> 'kind') = "x" | data id

-- json text
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE UPPER(("shop_task"."data" ->>
'kind')::text) LIKE UPPER('%abc%')
-- shop_task: UPPER(("data" ->> 'kind')::text) like %ABC% | data id

-- lower
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE LOWER("shop_task"."title") = 'x'
-- shop_task: LOWER("title") = x | id title

-- date
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."created_at" AT TIME ZONE
'America/Chicago')::date = '2026-05-01'::date
-- shop_task: ("created_at" AT TIME ZONE 'America/Chicago')::date = 2026-05-01 | created_at id

-- coalesce order
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."project_id" = 3 ORDER BY
"shop_task"."due" DESC NULLS LAST LIMIT 5
-- shop_task: project_id = 3; order due desc nulls last; limit 5 | due id project_id

-- contains
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."data" @> '{"a": 1}'::jsonb
-- shop_task: data @> {"a": 1} | data id

-- has key
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."data" ? 'a'
-- shop_task: data ? a | data id

-- has keys
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."data" ?| '{a,b}'
-- shop_task: data ?| {a,b} | data id

-- array
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."labels" @>
(ARRAY['x'])::varchar(20)[]
-- shop_task: labels @> None | id labels

-- overlap
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."labels" && (ARRAY['x',
'y'])::varchar(20)[]
-- shop_task: labels && None | id labels

-- search
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE to_tsvector('english'::regconfig,
COALESCE("shop_task"."title", '') || ' ' || COALESCE("shop_task"."body", '')) @@
(plainto_tsquery('english'::regconfig, 'word'))
-- shop_task: to_tsvector('english'::regconfig, ((COALESCE("title", '') || ' ') || COALESCE("body", ''))) @@ None | body id title

-- distinct on
SELECT DISTINCT ON ("shop_task"."project_id") "shop_task"."project_id" AS "project_id",
"shop_task"."id" AS "id" FROM "shop_task" ORDER BY 1 ASC, "shop_task"."created_at" DESC
-- shop_task: distinct project_id; order project_id, created_at desc | created_at id project_id

-- insert
INSERT INTO "shop_task" ("project_id", "title", "status", "priority", "is_active",
"assigned_to_id", "due", "created_at", "deleted_at", "data", "labels", "body") VALUES (1, 'x',
't', 1, true, NULL, NULL, '2026-05-01 00:00:00+00:00'::timestamptz, NULL, '{}'::jsonb,
'{}'::varchar(20)[], '') RETURNING "shop_task"."id"
-- insert shop_task 1 rows: assigned_to_id, body, created_at, data, deleted_at, due, is_active, labels, priority, project_id, status, title

-- bulk
INSERT INTO "shop_tag" ("name") SELECT * FROM UNNEST(('{a,b}')::varchar[]) RETURNING
"shop_tag"."id"
-- insert shop_tag 2 rows: name

-- update
UPDATE "shop_task" SET "status" = 'c', "priority" = ("shop_task"."priority" + 1) WHERE
"shop_task"."id" IN (SELECT "U0"."id" FROM "shop_task" "U0" INNER JOIN "shop_project" "U1" ON
("U0"."project_id" = "U1"."id") WHERE ("U1"."status" = 'b' AND "U0"."status" = 'a'))
-- update shop_task: priority, status
-- shop_task: id = … | *
-- U0: project_id = U1.id; status = a; id = shop_task.id | id project_id status
-- U1: id = U0.project_id; status = b | id status

-- delete
DELETE FROM "shop_task" WHERE "shop_task"."id" IN (SELECT "U0"."id" FROM "shop_task" "U0" INNER
JOIN "shop_task_tags" "U1" ON ("U0"."id" = "U1"."task_id") INNER JOIN "shop_tag" "U2" ON
("U1"."tag_id" = "U2"."id") WHERE ("U0"."status" = 'a' AND "U2"."name" = 'q'))
-- delete shop_task:
-- shop_task: id = … | *
-- U0: id = U1.task_id; status = a; id = shop_task.id | id status
-- U1: task_id = U0.id; tag_id = U2.id | tag_id task_id
-- U2: id = U1.tag_id; name = q | id name

-- not exists
SELECT "shop_project"."id" AS "id" FROM "shop_project" WHERE NOT (EXISTS(SELECT 1 AS "a" FROM
"shop_task" U1 WHERE (U1."status" = 'done' AND U1."project_id" = ("shop_project"."id")) LIMIT
1))
-- shop_project: id = U1.project_id | id
-- U1: status = done; project_id = shop_project.id; limit 1 | project_id status

-- having
SELECT "shop_project"."id" AS "id", COUNT("shop_task"."id") AS "n" FROM "shop_project" LEFT
OUTER JOIN "shop_task" ON ("shop_project"."id" = "shop_task"."project_id") GROUP BY 1 HAVING
COUNT("shop_task"."id") > 5
-- shop_project: id = shop_task.project_id; group id | id
-- shop_task: project_id = shop_project.id | id project_id

-- for update
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."status" = 'todo' ORDER BY
"shop_task"."priority" ASC LIMIT 1 FOR UPDATE SKIP LOCKED
-- shop_task: status = todo; order priority; limit 1 | id priority status

-- any
SELECT "shop_task"."id" FROM "shop_task" WHERE "shop_task"."id" = ANY('{1,2,3}'::bigint[]) AND
"shop_task"."status" <> ALL(ARRAY['a', 'b'])
-- shop_task: id in 1, 2, 3; status not in a, b | id status

-- rows
SELECT id FROM shop_task WHERE (priority, id) > (3, 17) ORDER BY priority, id LIMIT 10
-- shop_task: priority >= 3; order priority, id; limit 10 | id priority

-- common table expression
WITH late AS (SELECT id, project_id FROM shop_task WHERE due < '2026-05-01') SELECT p.name FROM
shop_project p JOIN late ON late.project_id = p.id WHERE late.id = 4
-- shop_task: due < 2026-05-01; project_id = p.id; id = 4 | due id project_id
-- p: id = shop_task.project_id | id name

-- derived table
SELECT s.status, s.n FROM (SELECT status, count(*) AS n FROM shop_task WHERE priority = 1 GROUP
BY status) s WHERE s.status = 'done' AND s.n > 3
-- shop_task: priority = 1; status = done; group status | priority status

-- lateral
SELECT p.id, l.title FROM shop_project p CROSS JOIN LATERAL (SELECT title FROM shop_task t WHERE
t.project_id = p.id ORDER BY t.created_at DESC LIMIT 3) l WHERE p.owner_id = 3
-- p: id = t.project_id; owner_id = 3 | id owner_id
-- t: project_id = p.id; order created_at desc; limit 3 | created_at project_id title

-- outer join with a filter
SELECT p.id, t.title FROM shop_project p LEFT JOIN shop_task t ON t.project_id = p.id AND
t.status = 'todo' AND p.status = 'active'
-- p: id = t.project_id | id status
-- t: project_id = p.id; status = todo | project_id status title

-- using
SELECT * FROM shop_task_tags a JOIN shop_task_tags b USING (tag_id) WHERE a.task_id = 5
-- a: tag_id = b.tag_id; task_id = 5 | *
-- b: tag_id = a.tag_id | *

-- shared by all branches
SELECT t.id FROM shop_task t, shop_project p WHERE (t.project_id = p.id AND t.status = 'a' AND
p.status = 'x') OR (t.project_id = p.id AND t.status = 'b' AND p.status = 'y' AND t.priority =
2)
-- t: project_id = p.id; (status = a or status = b and priority = 2) | id priority project_id status
-- p: id = t.project_id; status in x, y | id status

-- arithmetic
SELECT id FROM shop_task WHERE priority - 1 = 3 AND due >= DATE '2026-01-31' + INTERVAL '1'
MONTH AND due < DATE '2026-04-01' - INTERVAL '1 day' AND priority < 10 - 3
-- shop_task: ("priority" - 1) = 3; due >= 2026-02-28; due < 2026-03-31; priority < 7 | due id priority

-- two columns of a row
SELECT id FROM shop_task WHERE due < created_at AND project_id = 3
-- shop_task: project_id = 3; more conditions | created_at due id project_id

-- distinct from
SELECT id FROM shop_task WHERE status IS NOT DISTINCT FROM 'a' AND is_active IS TRUE AND
priority IS NOT NULL
-- shop_task: is_active = true; priority is not null; more conditions | id is_active priority status

-- unknown table
SELECT t.id FROM report_view v JOIN shop_task t ON t.id = v.task_id WHERE v.kind = 'x' AND
t.status = 'a'
-- t: id = …; status = a | id status
-- unknown: report_view

-- update from
UPDATE shop_task AS t SET (priority, status) = (1, 'x') FROM shop_project p WHERE p.id =
t.project_id AND p.status = 'archived'
-- update shop_task: priority, status
-- t: project_id = p.id | *
-- p: id = t.project_id; status = archived | id status

-- delete using
DELETE FROM shop_task_tags USING shop_tag WHERE shop_tag.id = shop_task_tags.tag_id AND
shop_tag.name = 'old' RETURNING shop_task_tags.id
-- delete shop_task_tags:
-- shop_task_tags: tag_id = shop_tag.id | *
-- shop_tag: id = shop_task_tags.tag_id; name = old | id name

-- upsert
INSERT INTO "shop_tag" ("id", "name") VALUES (1, 'a'), (2, 'b') ON CONFLICT("id") DO UPDATE SET
"name" = EXCLUDED."name"
-- insert shop_tag 2 rows: id, name

-- insert from a query
INSERT INTO shop_tag (name) SELECT DISTINCT status FROM shop_task WHERE priority = 3
-- insert shop_tag: name
-- shop_task: priority = 3; distinct status | priority status

-- write within a query
WITH gone AS (DELETE FROM shop_task WHERE deleted_at < '2020-01-01' RETURNING id) SELECT
count(*) FROM gone
-- delete shop_task:
-- shop_task: deleted_at < 2020-01-01 | *

-- strings
/* route='home' */ SELECT id FROM shop_task WHERE title = 'it''s' AND status = E'a\'b' AND body
= $$x$$ AND priority = -3
-- shop_task: title = it's; status = a'b; body = x; priority = -3 | body id priority status title

-- quoted schema and alias
SELECT T3."id" FROM "public"."shop_task" T3 WHERE T3."status" = 'a' FOR UPDATE OF T3
-- T3: status = a | id status

-- case sensitivity
SELECT Id FROM Shop_Task WHERE PRIORITY = 3
-- Shop_Task: priority = 3 | id priority

-- not in
SELECT id FROM shop_task WHERE NOT (status IN ('a', 'b')) AND title NOT LIKE 'x%' AND NOT
(priority BETWEEN 1 AND 2) AND NOT (is_active OR due IS NULL)
-- shop_task: status not in a, b; is_active = false; due is not null; more conditions | due id is_active priority status title

-- join of joins
SELECT a.id FROM shop_task a LEFT JOIN (shop_project b JOIN shop_user c ON b.owner_id = c.id) ON
a.project_id = b.id WHERE c.email = 'x'
-- a: project_id = b.id | id project_id
-- b: owner_id = c.id; id = a.project_id | id owner_id
-- c: id = b.owner_id; email = x | email id

-- scalar subquery compared
SELECT id FROM shop_task WHERE priority = (SELECT max(priority) FROM shop_task WHERE project_id
= 3) AND project_id = 3
-- shop_task: priority = None; project_id = 3 | id priority project_id
-- shop_task: project_id = 3; extreme priority | priority project_id

-- values
SELECT t.id FROM shop_task t JOIN (VALUES (1), (2)) v(x) ON v.x = t.project_id
-- t: project_id = … | id project_id

-- grouped order with limit
SELECT project_id, max(created_at) FROM shop_task WHERE status = 'a' GROUP BY project_id ORDER
BY project_id LIMIT 5
-- shop_task: status = a; group project_id; order project_id; limit 5 | created_at project_id status

-- current time
SELECT id FROM shop_task WHERE created_at <= now() AND created_at > STATEMENT_TIMESTAMP() -
interval '1 day' AND due = CURRENT_DATE
-- shop_task: created_at <= None; created_at > None; due = None | created_at due id

-- parameters
SELECT id FROM shop_task WHERE priority = $1 AND status = $2 ORDER BY id LIMIT $3
-- shop_task: priority = None; status = None; order id | id priority status

-- recursive
WITH RECURSIVE up AS (SELECT id, owner_id FROM shop_project WHERE id = 3 UNION ALL SELECT p.id,
p.owner_id FROM shop_project p JOIN up ON p.id = up.owner_id) SELECT * FROM up
-- shop_project: id = 3 | id owner_id
-- p: id = … | id owner_id

-- escaped pattern
SELECT "shop_task"."id" FROM "shop_task" WHERE "shop_task"."title"::text LIKE  E'50\\%%'
-- shop_task: title like 50\%% | id title
