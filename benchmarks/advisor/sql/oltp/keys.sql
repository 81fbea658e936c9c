-- What Django makes by itself: keys, an index for each foreign key, and for each unique text one
-- more for LIKE. Nobody thought about the queries yet, save for the messages of a ticket.
ALTER TABLE "accounts_user" ADD PRIMARY KEY ("id");
ALTER TABLE "accounts_user" ADD CONSTRAINT "accounts_user_username_key" UNIQUE ("username");
CREATE INDEX "accounts_user_username_6088629e_like" ON "accounts_user" ("username" varchar_pattern_ops);

ALTER TABLE "catalog_category" ADD PRIMARY KEY ("id");
ALTER TABLE "catalog_category" ADD CONSTRAINT "catalog_category_slug_key" UNIQUE ("slug");
CREATE INDEX "catalog_category_slug_7e1c1e72_like" ON "catalog_category" ("slug" varchar_pattern_ops);
CREATE INDEX "catalog_category_parent_id_f4e43ae5" ON "catalog_category" ("parent_id");

ALTER TABLE "catalog_tag" ADD PRIMARY KEY ("id");
ALTER TABLE "catalog_tag" ADD CONSTRAINT "catalog_tag_name_key" UNIQUE ("name");
CREATE INDEX "catalog_tag_name_3f1e9d1b_like" ON "catalog_tag" ("name" varchar_pattern_ops);

ALTER TABLE "catalog_product" ADD PRIMARY KEY ("id");
ALTER TABLE "catalog_product" ADD CONSTRAINT "catalog_product_slug_key" UNIQUE ("slug");
CREATE INDEX "catalog_product_slug_b49dbf85_like" ON "catalog_product" ("slug" varchar_pattern_ops);
CREATE INDEX "catalog_product_category_id_35bf920b" ON "catalog_product" ("category_id");

ALTER TABLE "catalog_product_tags" ADD PRIMARY KEY ("id");
ALTER TABLE "catalog_product_tags" ADD CONSTRAINT "catalog_product_tags_product_id_tag_id_8f0ae9a5_uniq" UNIQUE ("product_id", "tag_id");
CREATE INDEX "catalog_product_tags_product_id_cac5b4ba" ON "catalog_product_tags" ("product_id");
CREATE INDEX "catalog_product_tags_tag_id_dc44a0a1" ON "catalog_product_tags" ("tag_id");

ALTER TABLE "shop_order" ADD PRIMARY KEY ("id");
ALTER TABLE "shop_order" ADD CONSTRAINT "shop_order_number_key" UNIQUE ("number");
CREATE INDEX "shop_order_number_5b1d3e0c_like" ON "shop_order" ("number" varchar_pattern_ops);
CREATE INDEX "shop_order_user_id_00aba627" ON "shop_order" ("user_id");

ALTER TABLE "shop_orderline" ADD PRIMARY KEY ("id");
CREATE INDEX "shop_orderline_order_id_2d3c1b6f" ON "shop_orderline" ("order_id");
CREATE INDEX "shop_orderline_product_id_8b4f5c2e" ON "shop_orderline" ("product_id");

ALTER TABLE "shop_payment" ADD PRIMARY KEY ("id");
CREATE INDEX "shop_payment_order_id_40fd6d76" ON "shop_payment" ("order_id");

ALTER TABLE "shop_shipment" ADD PRIMARY KEY ("id");
CREATE INDEX "shop_shipment_order_id_1c9f8a3d" ON "shop_shipment" ("order_id");

ALTER TABLE "support_ticket" ADD PRIMARY KEY ("id");
CREATE INDEX "support_ticket_user_id_9c3ae0bd" ON "support_ticket" ("user_id");
CREATE INDEX "support_ticket_assignee_id_2b6b35ac" ON "support_ticket" ("assignee_id");

ALTER TABLE "support_message" ADD PRIMARY KEY ("id");
CREATE INDEX "support_message_ticket_id_b0c3ef5a" ON "support_message" ("ticket_id");
CREATE INDEX "support_message_author_id_77d6a9f1" ON "support_message" ("author_id");
CREATE INDEX "message_ticket_created_idx" ON "support_message" ("ticket_id", "created_at");

ALTER TABLE "jobs_job" ADD PRIMARY KEY ("id");

ALTER TABLE "audit_event" ADD PRIMARY KEY ("id");
CREATE INDEX "audit_event_actor_id_6f2c7d41" ON "audit_event" ("actor_id");

ALTER TABLE "catalog_category" ADD FOREIGN KEY ("parent_id") REFERENCES "catalog_category" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "catalog_product" ADD FOREIGN KEY ("category_id") REFERENCES "catalog_category" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "catalog_product_tags" ADD FOREIGN KEY ("product_id") REFERENCES "catalog_product" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "catalog_product_tags" ADD FOREIGN KEY ("tag_id") REFERENCES "catalog_tag" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "shop_order" ADD FOREIGN KEY ("user_id") REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "shop_orderline" ADD FOREIGN KEY ("order_id") REFERENCES "shop_order" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "shop_orderline" ADD FOREIGN KEY ("product_id") REFERENCES "catalog_product" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "shop_payment" ADD FOREIGN KEY ("order_id") REFERENCES "shop_order" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "shop_shipment" ADD FOREIGN KEY ("order_id") REFERENCES "shop_order" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "support_ticket" ADD FOREIGN KEY ("user_id") REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "support_ticket" ADD FOREIGN KEY ("assignee_id") REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "support_message" ADD FOREIGN KEY ("ticket_id") REFERENCES "support_ticket" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "support_message" ADD FOREIGN KEY ("author_id") REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "audit_event" ADD FOREIGN KEY ("actor_id") REFERENCES "accounts_user" ("id") DEFERRABLE INITIALLY DEFERRED;
