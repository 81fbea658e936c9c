"""What PostgreSQL 14 to 18 is asked for its catalogues; readable by every user."""

# A column that a version lacks is read from the row as JSON, where it is NULL.
# Counters that were never reset go back further than the oldest thing they remember.
SERVER = """
SELECT current_setting('server_version_num')::int,
       (SELECT array_agg(extname::text) FROM pg_extension),
       (SELECT coalesce(array_agg(name::text), '{}') FROM pg_available_extensions
         WHERE installed_version IS NULL),
       CASE coalesce(to_jsonb(d)->>'datlocprovider', 'c')
            WHEN 'b' THEN true WHEN 'c' THEN d.datcollate IN ('C', 'POSIX') ELSE false END,
       pg_is_in_recovery(),
       (SELECT count(*)::int FROM pg_stat_replication),
       extract(epoch FROM now() - coalesce(
         (SELECT stats_reset FROM pg_stat_database WHERE datid = d.oid),
         (SELECT min(least(last_analyze, last_autoanalyze, last_vacuum, last_autovacuum))
            FROM pg_stat_all_tables)))::float8 / 86400
  FROM pg_database d WHERE datname = current_database()
"""

# The planner scales the rows that it counted last to the pages that there are now.
# Columns: oid, name, schema, spelled, partitioned, rows, size, readable, visible, modified, dead,
# days since ANALYZE, and a guess at the rows of 64 bytes that fit.
TABLES = """
WITH listed AS (
    SELECT c.oid, c.relname, n.nspname, c.relkind, pg_table_is_visible(c.oid) AS visible
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p')
       AND (n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_t'
         OR n.oid = pg_my_temp_schema() AND %(names)s::text[] IS NOT NULL)
       AND CASE WHEN %(names)s::text[] IS NULL
                THEN pg_table_is_visible(c.oid) AND NOT c.relispartition
                ELSE pg_table_is_visible(c.oid) AND c.relname = ANY (%(names)s::text[])
                  OR n.nspname || '.' || c.relname = ANY (%(names)s::text[]) END
), leaves AS (
    SELECT oid AS root, oid AS leaf FROM listed WHERE relkind = 'r'
    UNION ALL
    SELECT l.oid, t.relid FROM listed l, pg_partition_tree(l.oid) t
     WHERE l.relkind = 'p' AND t.isleaf
), measured AS (
    SELECT l.root, c.relpages, c.relallvisible, c.reltuples::float8 AS tuples,
           coalesce(pg_relation_size(c.oid), 0) AS size,
           s.n_live_tup, s.n_mod_since_analyze AS modified, s.n_dead_tup AS dead,
           greatest(s.last_analyze, s.last_autoanalyze) AS last_analyze
      FROM leaves l JOIN pg_class c ON c.oid = l.leaf
      LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
), figures AS (
    SELECT root,
           sum(CASE WHEN relpages > 0 AND tuples >= 0
                    THEN tuples / relpages * size / current_setting('block_size')::int
                    WHEN n_live_tup > 0 THEN n_live_tup
                    WHEN size = 0 THEN 0 END) AS rows,
           bool_or(NOT (relpages > 0 AND tuples >= 0 OR n_live_tup > 0 OR size = 0)) AS uncounted,
           sum(size)::bigint AS size,
           sum(relallvisible)::float8 / nullif(sum(relpages), 0) AS visible,
           sum(modified)::bigint AS modified, sum(dead)::bigint AS dead,
           min(last_analyze) AS last_analyze
      FROM measured GROUP BY root
)
SELECT l.oid::bigint, l.relname::text, CASE WHEN l.visible THEN '' ELSE l.nspname END::text,
       l.oid::regclass::text, l.relkind = 'p',
       CASE WHEN NOT coalesce(f.uncounted, false) THEN coalesce(f.rows, 0) END::float8,
       coalesce(f.size, 0)::bigint,
       has_table_privilege(l.oid, 'SELECT'),
       least(f.visible, 1)::float8, f.modified, f.dead,
       extract(epoch FROM now() - coalesce(p.last_analyze, p.last_autoanalyze, f.last_analyze)
         )::float8 / 86400,
       coalesce(f.rows, 0)::float8 + coalesce(f.size, 0) / 64.0::float8
  FROM listed l
  LEFT JOIN figures f ON f.root = l.oid
  LEFT JOIN pg_stat_all_tables p ON p.relid = l.oid AND l.relkind = 'p'
 ORDER BY l.relname, l.nspname
"""

COLUMNS = """
SELECT a.attrelid::bigint, a.attname::text, format_type(a.atttypid, a.atttypmod),
       NOT a.attnotnull, coalesce(o.collname, '')::text,
       s.n_distinct::float8, s.null_frac::float8, s.avg_width,
       s.most_common_vals::text::text[], s.most_common_freqs::float8[],
       s.histogram_bounds::text::text[], s.correlation::float8
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_collation o ON o.oid = a.attcollation AND a.attcollation <> t.typcollation
  LEFT JOIN pg_stats s ON s.schemaname = n.nspname AND s.tablename = c.relname
                      AND s.attname = a.attname AND s.inherited = (c.relkind = 'p')
 WHERE a.attrelid = ANY (%(oids)s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum
"""

# indkey, indclass, indcollation and indoption count from 0, pg_get_indexdef's columns from 1.
# A unique index without a constraint may still be what a foreign key points at.
INDEXES = """
SELECT i.indrelid::bigint, c.relname::text, m.amname::text, i.indisunique,
       i.indisvalid AND i.indisready,
       CASE WHEN i.indisreplident THEN 'replica identity'
            WHEN i.indisclustered THEN 'clustering'
            WHEN EXISTS (SELECT FROM pg_constraint f
                          WHERE f.conindid = i.indexrelid AND f.contype = 'f')
            THEN 'foreign keys' ELSE '' END,
       k.contype::text, size.bytes::bigint, size.scans::bigint,
       pg_get_expr(i.indpred, i.indrelid, true), pg_get_indexdef(i.indexrelid),
       (SELECT json_agg(json_build_object(
                 'column', a.attname,
                 'expression', CASE WHEN a.attname IS NULL
                                    THEN pg_get_indexdef(i.indexrelid, n, true) END,
                 'option', i.indoption[n - 1], 'opclass', o.opcname,
                 'collation', l.collname, 'included', n > i.indnkeyatts) ORDER BY n)::text
          FROM generate_series(1, i.indnatts) n
          LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[n - 1]
                                  AND a.attnum <> 0
          LEFT JOIN pg_opclass o ON o.oid = i.indclass[n - 1] AND n <= i.indnkeyatts
                                AND NOT o.opcdefault
          LEFT JOIN pg_collation l ON l.oid = i.indcollation[n - 1] AND n <= i.indnkeyatts
                                  AND l.oid <> coalesce(
                                      a.attcollation, 'pg_catalog."default"'::regcollation))
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_am m ON m.oid = c.relam
  LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
                           AND k.conrelid = i.indrelid
 CROSS JOIN LATERAL (
       SELECT coalesce(sum(pg_relation_size(leaf)), 0) AS bytes, sum(s.idx_scan) AS scans
         FROM (SELECT i.indexrelid AS leaf WHERE c.relkind = 'i'
               UNION ALL
               SELECT p.relid FROM pg_partition_tree(i.indexrelid) p
                WHERE c.relkind = 'I' AND p.isleaf) leaves
         LEFT JOIN pg_stat_all_indexes s ON s.indexrelid = leaf) size
 WHERE i.indrelid = ANY (%(oids)s::oid[])
 ORDER BY i.indrelid, c.relname
"""

FOREIGN_KEYS = """
SELECT k.conrelid::bigint,
       (SELECT array_agg(a.attname::text ORDER BY n)
          FROM unnest(k.conkey) WITH ORDINALITY u(number, n)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number),
       CASE WHEN pg_table_is_visible(t.oid) THEN t.relname ELSE s.nspname || '.' || t.relname END
         ::text,
       (SELECT array_agg(a.attname::text ORDER BY n)
          FROM unnest(k.confkey) WITH ORDINALITY u(number, n)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number)
  FROM pg_constraint k
  JOIN pg_class t ON t.oid = k.confrelid
  JOIN pg_namespace s ON s.oid = t.relnamespace
 WHERE k.contype = 'f' AND k.conrelid = ANY (%(oids)s::oid[])
 ORDER BY k.conrelid, k.conname
"""
