-- queryscope 0.1.0: 3 indexes advised

-- projects_task (project_id, status), serves 2 queries, saves 55.7 s, 3.1 MB
CREATE INDEX CONCURRENTLY "task_project_status_8b95fb_idx" ON "projects_task" ("project_id", "status");
-- to undo it: DROP INDEX CONCURRENTLY "task_project_status_8b95fb_idx";

-- webhooks_webhookdelivery (webhook_id, created_at DESC) WHERE status = 'failed' AND deleted_at IS NULL, serves 1 query, saves 179 ms, 96 kB
CREATE INDEX CONCURRENTLY "webhookdelivery_web_68703c_idx" ON "webhooks_webhookdelivery" ("webhook_id", "created_at" DESC) WHERE "status" = 'failed' AND "deleted_at" IS NULL;
-- to undo it: DROP INDEX CONCURRENTLY "webhookdelivery_web_68703c_idx";

-- projects_task GIN (UPPER(title::text) gin_trgm_ops), serves 0 queries, 11 MB
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX CONCURRENTLY "task_title_9c99f5_idx" ON "projects_task" USING gin ((UPPER("title"::text)) gin_trgm_ops);
-- to undo it: DROP INDEX CONCURRENTLY "task_title_9c99f5_idx";

-- projects_task_project_id_1 (redundant): projects_task (project_id, status) answers whatever it does
-- DROP INDEX CONCURRENTLY "projects_task_project_id_1";

-- projects_task_slug_like (unused): (slug) has not been scanned in 3 hours
-- Scans have been counted for less than 7 days.
-- DROP INDEX CONCURRENTLY "projects_task_slug_like";
