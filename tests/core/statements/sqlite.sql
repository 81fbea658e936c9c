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
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."is_active" = 1 AND
"shop_task"."project_id" IS NOT NULL AND NOT ("shop_task"."status" = 'done'))
-- shop_task: is_active = 1; project_id is not null; status <> done | id is_active project_id status

-- negated flag
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."is_active" = 0
-- shop_task: is_active = 0 | id is_active

-- in
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."priority" >= 3 AND
"shop_task"."status" IN ('todo', 'review'))
-- shop_task: priority >= 3; status in todo, review | id priority status

-- range
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."created_at" BETWEEN
'2026-05-01 00:00:00' AND '2026-05-01 00:00:00' AND "shop_task"."due" BETWEEN '2026-01-01' AND
'2026-12-31')
-- shop_task: created_at >= 2026-05-01 00:00:00; created_at <= 2026-05-01 00:00:00; due >= 2026-01-01; due <= 2026-12-31 | created_at due id

-- patterns
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."body" LIKE '%cd%' ESCAPE
'\' AND "shop_task"."status" LIKE '%e' ESCAPE '\' AND "shop_task"."title" LIKE 'ab%' ESCAPE '\')
-- shop_task: body like %cd%; status like %e; title like ab% | body id status title

-- case
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ("shop_task"."body" LIKE '%cd%' ESCAPE
'\' AND "shop_task"."status" LIKE 'e%' ESCAPE '\' AND "shop_task"."title" LIKE 'Ab' ESCAPE '\')
-- shop_task: body like %cd%; status like e%; title like Ab | body id status title

-- regex
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."title" REGEXP '^a'
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
SELECT django_datetime_trunc('month', "shop_task"."created_at", 'America/Chicago', 'UTC') AS
"m", COUNT("shop_task"."id") AS "n" FROM "shop_task" GROUP BY 1 ORDER BY 1 ASC
-- shop_task: group DJANGO_DATETIME_TRUNC('month', "shop_task"."created_at", 'America/Chicago', 'UTC'); order DJANGO_DATETIME_TRUNC('month', "shop_task"."created_at", 'America/Chicago', 'UTC') | created_at id

-- distinct
SELECT DISTINCT "shop_task"."status" AS "status" FROM "shop_task"
-- shop_task: distinct status | status

-- window
SELECT "shop_task"."id" AS "id", ROW_NUMBER() OVER (PARTITION BY "shop_task"."project_id" ORDER
BY "shop_task"."created_at" DESC) AS "r" FROM "shop_task"
-- shop_task: window project_id, created_at desc | created_at id project_id

-- union
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."status" = 'a' UNION ALL
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."priority" = 3 ORDER BY 1 ASC
-- shop_task: status = a; order id | id status
-- shop_task: priority = 3; order id | id priority

-- f expression
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."due" <
(django_datetime_cast_date("shop_task"."created_at", 'America/Chicago', 'UTC'))
-- shop_task: more conditions | created_at due id

-- json
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE ((CASE WHEN JSON_TYPE("shop_task"."data",
'$."a"."b"') IN ('null','false','true') THEN JSON_TYPE("shop_task"."data", '$."a"."b"') ELSE
JSON_EXTRACT("shop_task"."data", '$."a"."b"') END) = JSON_EXTRACT('3', '$') AND (CASE WHEN
JSON_TYPE("shop_task"."data", '$."kind"') IN ('null','false','true') THEN
JSON_TYPE("shop_task"."data", '$."kind"') ELSE JSON_EXTRACT("shop_task"."data", '$."kind"') END)
= JSON_EXTRACT('"x"', '$'))
-- shop_task: CASE WHEN JSON_TYPE("shop_task"."data", '$."a"."b"') IN ('null', 'false', 'true') THEN JSON_TYPE("shop_task"."data", '$."a"."b"') ELSE JSON_EXTRACT("shop_task"."data", '$.a.b') END (not immutable) = None; CASE WHEN JSON_TYPE("shop_task"."data", '$."kind"') IN ('null', 'false', 'true') THEN JSON_TYPE("shop_task"."data", '$."kind"') ELSE JSON_EXTRACT("shop_task"."data", '$.kind') END (not immutable) = None | data id

-- json text
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE (CASE WHEN JSON_TYPE("shop_task"."data",
'$."kind"') IN ('null','false','true') THEN JSON_TYPE("shop_task"."data", '$."kind"') ELSE
JSON_EXTRACT("shop_task"."data", '$."kind"') END) LIKE '%abc%' ESCAPE '\'
-- shop_task: CASE WHEN JSON_TYPE("shop_task"."data", '$."kind"') IN ('null', 'false', 'true') THEN JSON_TYPE("shop_task"."data", '$."kind"') ELSE JSON_EXTRACT("shop_task"."data", '$.kind') END (not immutable) like %abc% | data id

-- lower
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE LOWER("shop_task"."title") = 'x'
-- shop_task: LOWER("title") = x | id title

-- date
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE
django_datetime_cast_date("shop_task"."created_at", 'America/Chicago', 'UTC') = '2026-05-01'
-- shop_task: DJANGO_DATETIME_CAST_DATE("shop_task"."created_at", 'America/Chicago', 'UTC') (not immutable) = 2026-05-01 | created_at id

-- coalesce order
SELECT "shop_task"."id" AS "id" FROM "shop_task" WHERE "shop_task"."project_id" = 3 ORDER BY
"shop_task"."due" DESC NULLS LAST LIMIT 5
-- shop_task: project_id = 3; order due desc; limit 5 | due id project_id

-- bulk
INSERT INTO "shop_tag" ("name") VALUES ('a'), ('b') RETURNING "shop_tag"."id"
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
