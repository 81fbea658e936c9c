-- What the shop asks in an hour: 39 reads and 6 writes, as Django writes them.
--
-- The first line of each names it, then come its calls and the parameters of some of its runs, heavy
-- and light ones, as JSON. A "trap" is a query for which no index pays. "table".* stands for all
-- columns, which Django lists.

-- log in by address, whatever its case
-- calls 900
-- ["kenji.hansen17@example.org"]
-- ["IVAN.KAYA4711@example.org"]
-- ["marek.okafor59000@mail.test"]
-- ["nobody@example.com"]
SELECT "accounts_user".* FROM "accounts_user"
WHERE ("accounts_user"."is_active" AND UPPER("accounts_user"."email"::text) = UPPER(%s)) LIMIT 21

-- the session's user
-- calls 5000
-- [17]
-- [4711]
-- [59000]
SELECT "accounts_user".* FROM "accounts_user" WHERE "accounts_user"."id" = %s LIMIT 21

-- the admin searches users
-- calls 40
-- ["%okafor59%", "%okafor59%"]
-- ["%zoe.wong%", "%zoe.wong%"]
-- ["%4711@%", "%4711@%"]
-- ["%hansen%", "%hansen%"]
SELECT "accounts_user".* FROM "accounts_user"
WHERE (UPPER("accounts_user"."username"::text) LIKE UPPER(%s)
    OR UPPER("accounts_user"."email"::text) LIKE UPPER(%s))
ORDER BY "accounts_user"."id" DESC LIMIT 100

-- complete a user's name while it is typed
-- calls 250
-- ["marek.oka%"]
-- ["kenji.h%"]
-- ["zoe.wong59%"]
-- ["ivan.kaya471%"]
SELECT "accounts_user"."id", "accounts_user"."username" FROM "accounts_user"
WHERE UPPER("accounts_user"."username"::text) LIKE UPPER(%s) LIMIT 10

-- menu of categories
-- calls 2000
-- []
-- trap: 200 rows
SELECT "catalog_category".* FROM "catalog_category"
WHERE "catalog_category"."parent_id" IS NULL ORDER BY "catalog_category"."name" ASC

-- page of a category, newest first
-- calls 1500
-- [1, 24]
-- [2, 24]
-- [150, 24]
-- [192, 24]
SELECT "catalog_product".* FROM "catalog_product"
WHERE ("catalog_product"."category_id" = %s AND "catalog_product"."deleted_at" IS NULL
    AND "catalog_product"."is_active")
ORDER BY "catalog_product"."created_at" DESC LIMIT %s

-- how many pages a category has
-- calls 1500
-- [2]
-- [3]
-- [150]
-- [192]
SELECT COUNT(*) AS "__count" FROM "catalog_product"
WHERE ("catalog_product"."category_id" = %s AND "catalog_product"."deleted_at" IS NULL
    AND "catalog_product"."is_active")

-- page of a product
-- calls 3000
-- ["product-17"]
-- ["product-39999"]
-- ["product-0"]
SELECT "catalog_product".* FROM "catalog_product"
WHERE ("catalog_product"."deleted_at" IS NULL AND "catalog_product"."slug" = %s) LIMIT 21

-- search products
-- calls 100
-- ["%teal bamboo%"]
-- ["%kettle riga%"]
-- ["%marble lamp porto%"]
-- ["%basket%"]
SELECT "catalog_product".* FROM "catalog_product"
WHERE ("catalog_product"."deleted_at" IS NULL AND "catalog_product"."is_active"
    AND UPPER("catalog_product"."name"::text) LIKE UPPER(%s))
ORDER BY "catalog_product"."price" ASC LIMIT 24

-- products with these attributes
-- calls 200
-- ["{\"colour\": \"teal\", \"material\": \"bamboo\", \"size\": \"XL\"}"]
-- ["{\"colour\": \"red\", \"material\": \"oak\", \"size\": \"S\"}"]
-- ["{\"ean\": \"4006381005439\"}"]
SELECT "catalog_product".* FROM "catalog_product"
WHERE ("catalog_product"."deleted_at" IS NULL AND "catalog_product"."attributes" @> %s::jsonb)
ORDER BY "catalog_product"."price" ASC LIMIT 24

-- product by scanned code
-- calls 300
-- ["ean", "\"4006381005439\""]
-- ["ean", "\"4006381141414\""]
-- ["ean", "\"4006381279993\""]
SELECT "catalog_product".* FROM "catalog_product"
WHERE ("catalog_product"."attributes" -> %s) = %s::jsonb LIMIT 21

-- what has to be ordered anew
-- calls 60
-- [3]
-- [2]
-- [0]
SELECT "catalog_product".* FROM "catalog_product"
WHERE ("catalog_product"."deleted_at" IS NULL AND "catalog_product"."is_active"
    AND "catalog_product"."stock" <= %s)
ORDER BY "catalog_product"."stock" ASC LIMIT 50

-- products of a tag
-- calls 10
-- [7, 24]
-- [40, 24]
-- [57, 24]
SELECT "catalog_product".* FROM "catalog_product"
INNER JOIN "catalog_product_tags" ON ("catalog_product"."id" = "catalog_product_tags"."product_id")
WHERE ("catalog_product"."deleted_at" IS NULL AND "catalog_product_tags"."tag_id" = %s)
ORDER BY "catalog_product"."created_at" DESC LIMIT %s

-- tags of the products of a page
-- calls 1500
-- [17, 4711, 20202, 30303, 39999]
-- [1, 2, 3, 4, 5]
SELECT ("catalog_product_tags"."product_id") AS "_prefetch_related_val_product_id", "catalog_tag".*
FROM "catalog_tag"
INNER JOIN "catalog_product_tags" ON ("catalog_tag"."id" = "catalog_product_tags"."tag_id")
WHERE "catalog_product_tags"."product_id" IN (%s, %s, %s, %s, %s)

-- orders of a customer, page by page
-- calls 1200
-- [1, 10]
-- [2, 10]
-- [1500, 10]
-- [31000, 10]
SELECT "shop_order".* FROM "shop_order"
WHERE ("shop_order"."deleted_at" IS NULL AND "shop_order"."user_id" = %s)
ORDER BY "shop_order"."created_at" DESC LIMIT %s

-- list of orders in the admin
-- calls 200
-- [50, 0]
-- [50, 50]
-- [50, 400]
-- [50, 2000]
SELECT "shop_order".* FROM "shop_order" WHERE "shop_order"."deleted_at" IS NULL
ORDER BY "shop_order"."created_at" DESC LIMIT %s OFFSET %s

-- orders to review, oldest first
-- calls 800
-- ["pending_review", 20]
SELECT "shop_order".* FROM "shop_order"
WHERE ("shop_order"."deleted_at" IS NULL AND "shop_order"."status" = %s)
ORDER BY "shop_order"."created_at" ASC LIMIT %s

-- how many orders wait
-- calls 600
-- ["pending_review", "pending_payment"]
SELECT COUNT(*) AS "__count" FROM "shop_order"
WHERE ("shop_order"."deleted_at" IS NULL AND "shop_order"."status" IN (%s, %s))

-- suspicious orders of the week
-- calls 100
-- ["fraud_score", "2026-05-25T00:00:00+00:00"]
-- ["fraud_score", "2026-05-01T00:00:00+00:00"]
SELECT "shop_order".* FROM "shop_order"
WHERE ("shop_order"."metadata" ? %s AND "shop_order"."created_at" >= %s::timestamptz)
ORDER BY "shop_order"."created_at" DESC

-- who used a coupon
-- calls 150
-- ["coupon", "\"C604\""]
-- ["coupon", "\"C17\""]
-- ["coupon", "\"C899\""]
SELECT "shop_order"."id", "shop_order"."user_id", "shop_order"."created_at" FROM "shop_order"
WHERE ("shop_order"."metadata" -> %s) = %s::jsonb

-- turnover of a month, by day
-- calls 6
-- ["UTC", "2026-05-01T00:00:00+00:00", "2026-06-01T00:00:00+00:00", "cancelled"]
-- ["UTC", "2026-04-01T00:00:00+00:00", "2026-05-01T00:00:00+00:00", "cancelled"]
-- ["UTC", "2025-05-01T00:00:00+00:00", "2025-06-01T00:00:00+00:00", "cancelled"]
SELECT (DATE_TRUNC('day', "shop_order"."created_at" AT TIME ZONE %s))::date AS "day",
    SUM("shop_order"."total") AS "turnover", COUNT("shop_order"."id") AS "orders"
FROM "shop_order"
WHERE ("shop_order"."created_at" >= %s::timestamptz AND "shop_order"."created_at" < %s::timestamptz
    AND NOT ("shop_order"."status" = %s))
GROUP BY 1 ORDER BY 1 ASC

-- lines of an order with their products
-- calls 2500
-- [5]
-- [175001]
-- [349563]
SELECT "shop_orderline".*, "catalog_product".* FROM "shop_orderline"
INNER JOIN "catalog_product" ON ("shop_orderline"."product_id" = "catalog_product"."id")
WHERE "shop_orderline"."order_id" = %s

-- did the customer buy the product
-- calls 500
-- [16508, 31000]
-- [3, 1]
-- [363, 1500]
-- [39000, 2]
SELECT 1 AS "a" FROM "shop_orderline"
INNER JOIN "shop_order" ON ("shop_orderline"."order_id" = "shop_order"."id")
WHERE ("shop_orderline"."product_id" = %s AND "shop_order"."user_id" = %s) LIMIT 1

-- what sells in the last days
-- calls 4
-- ["2026-05-30T00:00:00+00:00"]
-- ["2026-05-25T00:00:00+00:00"]
SELECT "shop_orderline"."product_id", SUM("shop_orderline"."quantity") AS "sold"
FROM "shop_orderline"
INNER JOIN "shop_order" ON ("shop_orderline"."order_id" = "shop_order"."id")
WHERE "shop_order"."created_at" >= %s::timestamptz
GROUP BY "shop_orderline"."product_id" ORDER BY 2 DESC LIMIT 10

-- payment that a provider tells of
-- calls 900
-- ["stripe", "pi_8e08c54f25b8d3d247c477b8fa370020"]
-- ["paypal", "pi_bbb0a5a34e7d92044373c0db50214d67"]
-- ["stripe", "pi_26d74babc96b40c1ae973ba288e2fc58"]
-- ["stripe", "pi_unknown"]
SELECT "shop_payment".* FROM "shop_payment"
WHERE ("shop_payment"."provider" = %s AND "shop_payment"."reference" = %s) LIMIT 21

-- failed payments, latest first
-- calls 150
-- ["failed", "2026-05-31T00:00:00+00:00"]
-- ["failed", "2026-05-24T00:00:00+00:00"]
SELECT "shop_payment".* FROM "shop_payment"
WHERE ("shop_payment"."status" = %s AND "shop_payment"."created_at" >= %s::timestamptz)
ORDER BY "shop_payment"."created_at" DESC

-- last payment of each order of a page
-- calls 600
-- [5, 77, 4711, 200000, 249990]
-- [249986, 249987, 249988, 249989, 249990]
SELECT DISTINCT ON ("shop_payment"."order_id") "shop_payment".* FROM "shop_payment"
WHERE "shop_payment"."order_id" IN (%s, %s, %s, %s, %s)
ORDER BY "shop_payment"."order_id" ASC, "shop_payment"."created_at" DESC

-- parcel by its number, whatever its case
-- calls 300
-- ["tr24d8dcf9fca8dc"]
-- ["TRD28399479643E2"]
-- ["TrE24F425DA721E8"]
SELECT "shop_shipment".* FROM "shop_shipment"
WHERE UPPER("shop_shipment"."tracking_number"::text) = UPPER(%s) LIMIT 21

-- parcels that are late
-- calls 80
-- ["2026-05-20T00:00:00+00:00"]
-- ["2026-05-10T00:00:00+00:00"]
SELECT "shop_shipment".* FROM "shop_shipment"
WHERE ("shop_shipment"."delivered_at" IS NULL AND "shop_shipment"."shipped_at" < %s::timestamptz)
ORDER BY "shop_shipment"."shipped_at" DESC LIMIT 100

-- tickets on my desk
-- calls 300
-- [1, "open", "pending"]
-- [2, "open", "pending"]
-- [150, "open", "pending"]
SELECT "support_ticket".* FROM "support_ticket"
WHERE ("support_ticket"."assignee_id" = %s AND "support_ticket"."deleted_at" IS NULL
    AND "support_ticket"."status" IN (%s, %s))
ORDER BY "support_ticket"."priority" DESC, "support_ticket"."created_at" ASC

-- tickets that nobody has
-- calls 400
-- ["open", 25]
SELECT "support_ticket".* FROM "support_ticket"
WHERE ("support_ticket"."assignee_id" IS NULL AND "support_ticket"."deleted_at" IS NULL
    AND "support_ticket"."status" = %s)
ORDER BY "support_ticket"."created_at" ASC LIMIT %s

-- tickets of a customer, each with its last message
-- calls 200
-- [17]
-- [31000]
-- [59000]
SELECT "support_ticket".*, (SELECT U0."body" FROM "support_message" U0
    WHERE U0."ticket_id" = ("support_ticket"."id") ORDER BY U0."created_at" DESC LIMIT 1) AS "last"
FROM "support_ticket" WHERE "support_ticket"."user_id" = %s

-- the next job
-- calls 2500
-- ["default", "queued", "2026-05-31T23:00:00+00:00"]
-- ["emails", "queued", "2026-05-31T23:30:00+00:00"]
-- ["reports", "queued", "2026-05-25T00:00:00+00:00"]
SELECT "jobs_job".* FROM "jobs_job"
WHERE ("jobs_job"."queue" = %s AND "jobs_job"."status" = %s
    AND "jobs_job"."run_at" <= %s::timestamptz)
ORDER BY "jobs_job"."priority" DESC, "jobs_job"."run_at" ASC LIMIT 1 FOR UPDATE SKIP LOCKED

-- what happened to an object
-- calls 400
-- [4711, "order"]
-- [1, "product"]
-- [12345, "product"]
-- [79000, "ticket"]
SELECT "audit_event".* FROM "audit_event"
WHERE ("audit_event"."object_id" = %s AND "audit_event"."object_type" = %s)
ORDER BY "audit_event"."created_at" DESC LIMIT 50

-- events of an address
-- calls 1
-- ["{\"ip\": \"10.3.17.9\"}"]
-- trap: asked once an hour, of a table that gets 20,000 rows in it
SELECT "audit_event".* FROM "audit_event" WHERE "audit_event"."data" @> %s::jsonb

-- events of a day, by kind
-- calls 20
-- ["2026-05-30T00:00:00+00:00", "2026-05-31T00:00:00+00:00"]
-- ["2025-12-24T00:00:00+00:00", "2025-12-25T00:00:00+00:00"]
-- ["2026-05-24T00:00:00+00:00", "2026-05-25T00:00:00+00:00"]
SELECT "audit_event"."kind", COUNT("audit_event"."id") AS "number" FROM "audit_event"
WHERE ("audit_event"."created_at" >= %s::timestamptz
    AND "audit_event"."created_at" < %s::timestamptz)
GROUP BY "audit_event"."kind" ORDER BY 2 DESC

-- kinds of events, for a filter
-- calls 2
-- []
-- trap: reads the whole table
SELECT DISTINCT "audit_event"."kind" FROM "audit_event"

-- active users
-- calls 3
-- []
-- trap: nearly all of them are
SELECT COUNT(*) AS "__count" FROM "accounts_user" WHERE "accounts_user"."is_active"

-- turnover by currency
-- calls 1
-- []
-- trap: reads the whole table
SELECT "shop_order"."currency", COUNT(*) AS "orders", SUM("shop_order"."total") AS "turnover"
FROM "shop_order" GROUP BY "shop_order"."currency"

-- note an event
-- calls 20000
-- [17, "view", "order", 4711, "{\"ip\": \"10.1.2.3\", \"agent\": \"curl\"}", "2026-06-01T00:00:01+00:00"]
-- [null, "update", "product", 33333, "{\"ip\": \"10.9.8.7\", \"agent\": \"curl\"}", "2026-06-01T00:00:02+00:00"]
INSERT INTO "audit_event" ("actor_id", "kind", "object_type", "object_id", "data", "created_at")
VALUES (%s, %s, %s, %s, %s::jsonb, %s::timestamptz) RETURNING "audit_event"."id"

-- queue a job
-- calls 2500
-- ["default", "shop.tasks.charge", "queued", 0, 0, "{\"order\": 1}", "2026-06-01T00:00:01+00:00"]
-- ["emails", "shop.tasks.remind", "queued", 5, 0, "{\"order\": 2}", "2026-06-01T01:00:00+00:00"]
INSERT INTO "jobs_job" ("queue", "task", "status", "priority", "attempts", "arguments", "run_at")
VALUES (%s, %s, %s, %s, %s, %s::jsonb, %s::timestamptz) RETURNING "jobs_job"."id"

-- start a job
-- calls 2500
-- ["running", 119200]
-- ["running", 119500]
-- ["running", 119900]
UPDATE "jobs_job" SET "status" = %s, "attempts" = ("jobs_job"."attempts" + 1)
WHERE "jobs_job"."id" = %s

-- put a product into an order
-- calls 900
-- [349990, 17, 1, "9.90"]
-- [350000, 33333, 2, "12.00"]
INSERT INTO "shop_orderline" ("order_id", "product_id", "quantity", "unit_price")
VALUES (%s, %s, %s, %s) RETURNING "shop_orderline"."id"

-- an order is paid
-- calls 800
-- ["paid", "2026-06-01T00:00:05+00:00", 349000]
-- ["paid", "2026-06-01T00:00:06+00:00", 349900]
UPDATE "shop_order" SET "status" = %s, "updated_at" = %s::timestamptz
WHERE "shop_order"."id" = %s

-- throw old failures away
-- calls 2
-- ["failed", "2023-07-01T00:00:00+00:00"]
DELETE FROM "jobs_job"
WHERE ("jobs_job"."status" = %s AND "jobs_job"."finished_at" < %s::timestamptz)
