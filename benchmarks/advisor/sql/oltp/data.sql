-- 2.4 million rows over the three years before 1 June 2026, the same every time.
SET max_parallel_workers_per_gather = 0;

-- One of the words; a number from 1 to n, small ones far more often; a moment of row i of n.
CREATE FUNCTION pg_temp.word(text[]) RETURNS text LANGUAGE sql VOLATILE
    AS 'SELECT $1[1 + floor(random() * cardinality($1))::int]';
CREATE FUNCTION pg_temp.popular(bigint) RETURNS bigint LANGUAGE sql VOLATILE
    AS 'SELECT 1 + floor(power(random(), 3) * $1)::bigint';
CREATE FUNCTION pg_temp.any_of(bigint) RETURNS bigint LANGUAGE sql VOLATILE
    AS 'SELECT 1 + floor(random() * $1)::bigint';
CREATE FUNCTION pg_temp.moment(bigint, bigint) RETURNS timestamptz LANGUAGE sql VOLATILE
    AS $$SELECT '2023-06-01 00:00Z'::timestamptz
        + (power($1::float8 / $2, 0.8) * 94694400 + random() * 60) * interval '1 second'$$;

SELECT setseed(0.1);
INSERT INTO "accounts_user" ("password", "last_login", "is_superuser", "username", "first_name",
    "last_name", "email", "is_staff", "is_active", "date_joined")
SELECT 'pbkdf2_sha256$1000000$' || md5(i::text) || '$' || md5((-i)::text), joined + interval '9 days',
    i <= 5, lower(first) || '.' || lower(last) || i, first, last,
    lower(first) || '.' || last || i || '@' || pg_temp.word('{example.com,Example.org,mail.test}'),
    i <= 200, r < 0.94, joined
FROM (
    SELECT i, random() AS r, pg_temp.moment(i, 60000) AS joined,
        pg_temp.word('{Ada,Amara,Bruno,Chen,Dalia,Elif,Farid,Freya,Hana,Hugo,Ines,Ivan,Jana,Kaja,Kenji,Lars,Leila,Marek,Maya,Mina,Nadia,Noor,Olga,Omar,Paula,Priya,Rafael,Samir,Sofia,Zoe}') AS first,
        pg_temp.word('{Abebe,Adams,Almeida,Andersen,Bauer,Castro,Costa,Demir,Duarte,Fischer,Garcia,Haddad,Hansen,Ibrahim,Ito,Kaya,Keller,Kim,Larsen,Lopez,Martin,Meyer,Novak,Okafor,Park,Patel,Rossi,Sato,Silva,Wong}') AS last
    FROM generate_series(1, 60000) i
) AS u;

INSERT INTO "catalog_category" ("parent_id", "name", "slug")
SELECT CASE WHEN i > 20 THEN 1 + i % 20 END, 'Category ' || i, 'category-' || i
FROM generate_series(1, 200) i;

INSERT INTO "catalog_tag" ("name", "featured")
SELECT 'tag-' || i, i % 12 = 0 FROM generate_series(1, 60) i;

SELECT setseed(0.2);
INSERT INTO "catalog_product" ("category_id", "name", "slug", "description", "price", "stock",
    "is_active", "attributes", "created_at", "updated_at", "deleted_at")
SELECT pg_temp.popular(200), name, 'product-' || i,
    repeat('Made of ' || material || ', in ' || colour || '. Ships within two days. ', 4 + i % 5),
    round((2 + 200 * power(random(), 3))::numeric, 2),
    CASE WHEN r < 0.01 THEN floor(random() * 4) ELSE 4 + floor(random() * 300) END,
    s < 0.9,
    jsonb_build_object('colour', colour, 'material', material,
        'size', pg_temp.word('{XS,S,M,L,XL}'), 'ean', lpad((4006381000000 + 7 * i)::text, 13, '0')),
    made, made + random() * interval '200 days',
    CASE WHEN t < 0.08 THEN made + interval '300 days' END
FROM (
    SELECT i, random() AS r, random() AS s, random() AS t, pg_temp.moment(i, 40000) AS made,
        colour, material, initcap(colour || ' ' || material) || ' '
        || pg_temp.word('{Lamp,Chair,Desk,Shelf,Vase,Mirror,Clock,Basket,Kettle,Blanket,Pillow,Rug,Tray,Bowl,Mug,Plate,Candle,Frame,Hook,Stool}')
        || ' ' || pg_temp.word('{Aalto,Bergen,Como,Delft,Elba,Faro,Gent,Hvar,Imola,Jena,Kiel,Lund,Malmo,Narvik,Oslo,Porto,Quimper,Riga,Split,Turku}') || ' ' || i AS name
    FROM (
        SELECT i, pg_temp.word('{red,green,blue,teal,black,white,grey,brown,pink,yellow,orange,violet}') AS colour,
            pg_temp.word('{oak,steel,linen,glass,wool,cotton,bamboo,marble,leather,cork}') AS material
        FROM generate_series(1, 40000) i
    ) AS words
) AS p;

SELECT setseed(0.3);
INSERT INTO "catalog_product_tags" ("product_id", "tag_id")
SELECT DISTINCT i % 40000 + 1, pg_temp.popular(60) FROM generate_series(1, 100000) i ORDER BY 1, 2;

SELECT setseed(0.4);
INSERT INTO "shop_order" ("user_id", "number", "status", "currency", "total", "metadata",
    "created_at", "updated_at", "deleted_at")
SELECT pg_temp.popular(60000), 'SO-' || to_char(made, 'YYYY') || '-' || lpad(i::text, 7, '0'),
    CASE
        WHEN i > 346000 AND r < 0.08 THEN 'pending_review'
        WHEN i > 346000 AND r < 0.25 THEN 'pending_payment'
        WHEN i > 340000 AND r < 0.7 THEN 'paid'
        WHEN i > 335000 AND r < 0.8 THEN 'shipped'
        WHEN r < 0.03 THEN 'cancelled'
        WHEN r < 0.045 THEN 'refunded'
        WHEN r < 0.05 THEN 'paid'
        ELSE 'delivered'
    END,
    CASE WHEN s < 0.8 THEN 'EUR' WHEN s < 0.95 THEN 'USD' ELSE 'GBP' END,
    round((5 + 400 * power(random(), 3))::numeric, 2),
    jsonb_build_object('channel', pg_temp.word('{web,web,app,pos}'),
        'utm', jsonb_build_object('source', pg_temp.word('{search,mail,partner,none}')))
    || CASE WHEN t < 0.002 THEN '{"fraud_score": 91}'::jsonb
        WHEN t < 0.05 THEN jsonb_build_object('coupon', 'C' || floor(random() * 900)::int)
        ELSE '{}' END,
    made, made + random() * interval '10 days',
    CASE WHEN u < 0.03 THEN made + interval '30 days' END
FROM (
    SELECT i, random() AS r, random() AS s, random() AS t, random() AS u,
        pg_temp.moment(i, 350000) AS made
    FROM generate_series(1, 350000) i
) AS o;

SELECT setseed(0.5);
INSERT INTO "shop_orderline" ("order_id", "product_id", "quantity", "unit_price")
SELECT 1 + (i * 7 / 16), pg_temp.popular(40000), 1 + floor(power(random(), 4) * 9)::int,
    round((2 + 200 * power(random(), 3))::numeric, 2)
FROM generate_series(1, 799999) i;

SELECT setseed(0.6);
INSERT INTO "shop_payment" ("order_id", "provider", "reference", "status", "amount", "created_at")
SELECT i, CASE WHEN r < 0.6 THEN 'stripe' WHEN r < 0.9 THEN 'paypal' ELSE 'invoice' END,
    'pi_' || md5('payment' || i), CASE
        WHEN s < 0.02 THEN 'failed' WHEN s < 0.035 THEN 'refunded'
        WHEN i > 249700 THEN 'pending' ELSE 'succeeded' END,
    round((5 + 400 * power(random(), 3))::numeric, 2), pg_temp.moment(i, 250000)
FROM (SELECT i, random() AS r, random() AS s FROM generate_series(1, 250000) i) AS p;

SELECT setseed(0.7);
INSERT INTO "shop_shipment" ("order_id", "carrier", "tracking_number", "shipped_at", "delivered_at")
SELECT 2 * i, pg_temp.word('{dhl,ups,dpd,post}'), 'Tr' || upper(substr(md5('parcel' || i), 1, 14)),
    CASE WHEN i <= 149800 THEN sent END,
    CASE WHEN r > 0.01 AND i < 148000 THEN sent + random() * interval '8 days' END
FROM (
    SELECT i, random() AS r, pg_temp.moment(i, 150000) AS sent FROM generate_series(1, 150000) i
) AS s;

SELECT setseed(0.8);
INSERT INTO "support_ticket" ("user_id", "assignee_id", "subject", "status", "priority",
    "created_at", "deleted_at")
SELECT pg_temp.any_of(60000), CASE WHEN r > 0.01 AND i < 79600 THEN pg_temp.popular(200) END,
    pg_temp.word('{Question,Problem,Complaint,Idea,Request,Trouble}') || ' about '
    || pg_temp.word('{delivery,refund,invoice,voucher,password,address,warranty,return,payment,colour,size,newsletter,parcel,account}')
    || ' of ' || pg_temp.word('{lamp,chair,desk,shelf,vase,mirror,clock,basket,kettle,blanket}')
    || ' ' || i,
    CASE WHEN i > 79000 AND s < 0.7 THEN 'open' WHEN s < 0.004 THEN 'open'
        WHEN s < 0.012 THEN 'pending' WHEN s < 0.1 THEN 'solved' ELSE 'closed' END,
    CASE WHEN t < 0.7 THEN 1 WHEN t < 0.95 THEN 2 ELSE 3 END,
    pg_temp.moment(i, 80000), CASE WHEN u < 0.05 THEN '2026-05-20 12:00Z'::timestamptz END
FROM (
    SELECT i, random() AS r, random() AS s, random() AS t, random() AS u
    FROM generate_series(1, 80000) i
) AS t;

SELECT setseed(0.9);
INSERT INTO "support_message" ("ticket_id", "author_id", "body", "created_at")
SELECT 1 + i / 2, pg_temp.any_of(60000),
    repeat('Thank you for your patience, we look into it. ', 1 + i % 7), pg_temp.moment(i, 160000)
FROM generate_series(1, 159999) i;

SELECT setseed(-0.1);
INSERT INTO "jobs_job" ("queue", "task", "status", "priority", "attempts", "arguments", "run_at",
    "finished_at")
SELECT CASE WHEN r < 0.7 THEN 'default' WHEN r < 0.95 THEN 'emails' ELSE 'reports' END,
    'shop.tasks.' || pg_temp.word('{send_receipt,sync_stock,charge,export,remind,clean}'), status,
    pg_temp.word('{0,0,0,5,9}')::smallint, CASE WHEN status = 'failed' THEN 5 ELSE 1 END,
    jsonb_build_object('order', pg_temp.any_of(350000), 'retry', r < 0.1),
    due, CASE WHEN status IN ('done', 'failed') THEN due + interval '20 seconds' END
FROM (
    SELECT random() AS r, pg_temp.moment(i, 120000) AS due,
        CASE WHEN i > 119100 THEN 'queued' WHEN i > 119070 THEN 'running'
            WHEN random() < 0.012 THEN 'failed' ELSE 'done' END AS status
    FROM generate_series(1, 120000) i
) AS j;

SELECT setseed(-0.2);
INSERT INTO "audit_event" ("actor_id", "kind", "object_type", "object_id", "data", "created_at")
SELECT CASE WHEN r < 0.8 THEN pg_temp.popular(60000) END,
    CASE WHEN s < 0.6 THEN 'view' WHEN s < 0.9 THEN 'update' WHEN s < 0.98 THEN 'create'
        WHEN s < 0.995 THEN 'delete' ELSE 'export' END,
    CASE WHEN t < 0.5 THEN 'order' WHEN t < 0.8 THEN 'product' ELSE 'ticket' END,
    CASE WHEN t < 0.5 THEN pg_temp.any_of(350000) WHEN t < 0.8 THEN pg_temp.popular(40000)
        ELSE pg_temp.any_of(80000) END,
    jsonb_build_object('ip', '10.' || i % 7 || '.' || i % 251 || '.' || i % 239,
        'agent', pg_temp.word('{Firefox,Chrome,Safari,curl}')),
    pg_temp.moment(i, 300000)
FROM (
    SELECT i, random() AS r, random() AS s, random() AS t FROM generate_series(1, 300000) i
) AS e;
