"""300 distinct queries of the shop: how long their advice takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

from .server import Connection

QUERIES = 300
#: Columns by which a page may ask, of the larger tables.
_COLUMNS = """
    SELECT c.relname, a.attname, (s.histogram_bounds::text::text[])[40]
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_stats s ON s.tablename = c.relname AND s.attname = a.attname
    WHERE c.relkind = 'r' AND s.schemaname = 'public' AND c.reltuples > 10000
      AND s.histogram_bounds IS NOT NULL AND a.atttypid <> 'jsonb'::regtype
    ORDER BY c.relname, a.attnum
"""
_SHAPES = (
    'SELECT * FROM "{table}" WHERE "{one}" = \'{value}\' ORDER BY "{other}" LIMIT 20',
    'SELECT * FROM "{table}" WHERE "{other}" >= \'{second}\' AND "{one}" = \'{value}\'',
    'SELECT COUNT(*) FROM "{table}" WHERE "{one}" = \'{value}\' AND "{other}" = \'{second}\'',
    'SELECT "{one}", COUNT(*) FROM "{table}" WHERE "{other}" = \'{second}\' GROUP BY "{one}"',
    'SELECT * FROM "{table}" WHERE "{one}" > \'{value}\' ORDER BY "{one}", "{other}" LIMIT 50',
)


def workload(connection: Connection) -> dict[str, Any]:
    """For `queryscope advise --from FILE`: pairs of columns in five shapes."""
    found = [sql for _, sql in zip(range(QUERIES), _queries(connection), strict=False)]
    return {"queries": [{"sql": sql, "calls": 1 + at % 7} for at, sql in enumerate(found)]}


def _queries(connection: Connection) -> Iterator[str]:
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, value in connection.execute(_COLUMNS).fetchall():
        tables.setdefault(table, []).append((column, value.replace("'", "''")))
    pairs = [
        (table, one, other)
        for table, columns in tables.items()
        for one, other in combinations(columns, 2)
    ]
    for shape in _SHAPES:
        for table, (one, value), (other, second) in pairs:
            yield shape.format(table=table, one=one, value=value, other=other, second=second)
