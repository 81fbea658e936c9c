-- What someone who knows the shop would add: the bar that advice is compared with.
CREATE INDEX ON "accounts_user" (UPPER("email"::text));
CREATE INDEX ON "accounts_user" USING gin (UPPER("username"::text) gin_trgm_ops, UPPER("email"::text) gin_trgm_ops);
CREATE INDEX ON "catalog_product" ("category_id", "created_at") WHERE "deleted_at" IS NULL AND "is_active";
CREATE INDEX ON "catalog_product" USING gin (UPPER("name"::text) gin_trgm_ops);
CREATE INDEX ON "catalog_product" USING gin ("attributes" jsonb_path_ops);
CREATE INDEX ON "catalog_product" (("attributes" -> 'ean'));
CREATE INDEX ON "catalog_product" ("stock") WHERE "deleted_at" IS NULL AND "is_active" AND "stock" <= 3;
CREATE INDEX ON "shop_order" ("created_at");
CREATE INDEX ON "shop_order" ("status", "created_at") WHERE "deleted_at" IS NULL AND "status" IN ('pending_review', 'pending_payment');
CREATE INDEX ON "shop_order" (("metadata" -> 'coupon'));
CREATE INDEX ON "shop_payment" ("reference");
CREATE INDEX ON "shop_payment" ("created_at") WHERE "status" = 'failed';
CREATE INDEX ON "shop_shipment" (UPPER("tracking_number"::text));
CREATE INDEX ON "shop_shipment" ("shipped_at") WHERE "delivered_at" IS NULL;
CREATE INDEX ON "support_ticket" ("assignee_id", "status") WHERE "deleted_at" IS NULL AND "status" IN ('open', 'pending');
CREATE INDEX ON "jobs_job" ("queue", "priority" DESC, "run_at") WHERE "status" = 'queued';
CREATE INDEX ON "audit_event" ("object_id", "object_type", "created_at");
CREATE INDEX ON "audit_event" USING brin ("created_at");
