"""Whether PostgreSQL says that a statement does nothing but read.

Asked are the statement, the definitions of the views it uses and its plan, which shows what is left
of functions in SQL, of column notation (``row.function``) and of policies. A function that is
declared stable and is not is stopped by the read-only transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..core.fingerprint import masked
from ..core.plans import Plan
from ..core.safety import called

#: Volatile because they answer anew each time, not because they do anything.
_HARMLESS = [
    *("random", "random_normal", "clock_timestamp", "timeofday", "gen_random_uuid"),
    *("uuidv4", "uuidv7", "currval", "lastval"),
    *("pg_relation_size", "pg_table_size", "pg_indexes_size", "pg_total_relation_size"),
]
_REFUSED_STEPS = {
    "ModifyTable": "it writes",
    "LockRows": "it locks rows (FOR UPDATE or FOR SHARE)",
    "Foreign Scan": "it reads a foreign table: another server would run a part of it",
}
_NAME = re.compile(r'"((?:[^"]|"")+)"|([A-Za-z_\x80-\U0010ffff][\w$\x80-\U0010ffff]*)')

_DEFINITIONS = """
WITH RECURSIVE used(oid) AS (
    SELECT oid FROM pg_catalog.pg_class
    WHERE relname = ANY(%(names)s::text[]) AND relkind IN ('v', 'r', 'p', 'f')
    UNION
    SELECT d.refobjid
    FROM used
    JOIN pg_catalog.pg_rewrite r ON r.ev_class = used.oid
    JOIN pg_catalog.pg_depend d
      ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
     AND d.refclassid = 'pg_catalog.pg_class'::regclass
)
SELECT pg_catalog.pg_get_viewdef(c.oid)
FROM used JOIN pg_catalog.pg_class c USING (oid) WHERE c.relkind = 'v'
UNION ALL
SELECT pg_catalog.pg_get_expr(p.polqual, p.polrelid)
FROM used JOIN pg_catalog.pg_policy p ON p.polrelid = used.oid WHERE p.polqual IS NOT NULL
"""

_VOLATILE = """
SELECT p.proname || '()'
FROM pg_catalog.pg_proc p
WHERE p.proname = ANY(%(called)s::text[]) AND p.provolatile = 'v'
  AND NOT (p.proname = ANY(%(harmless)s::text[])
           AND p.pronamespace = 'pg_catalog'::regnamespace)
UNION ALL
SELECT p.proname || '()'
FROM pg_catalog.pg_proc p
JOIN pg_catalog.pg_aggregate a ON a.aggfnoid = p.oid
JOIN pg_catalog.pg_proc f ON f.oid IN (
    a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn,
    a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn)
WHERE p.proname = ANY(%(called)s::text[]) AND f.provolatile = 'v'
UNION ALL
SELECT 'the operator ' || o.oprname
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_proc f ON f.oid = o.oprcode
WHERE f.provolatile = 'v' AND position(o.oprname::text IN %(text)s) > 0
UNION ALL
SELECT 'the cast to ' || format_type(c.casttarget, NULL)
FROM pg_catalog.pg_cast c JOIN pg_catalog.pg_proc f ON f.oid = c.castfunc
WHERE f.provolatile = 'v'
  AND (c.castcontext = 'i' OR position(lower(format_type(c.casttarget, NULL)) IN %(text)s) > 0)
LIMIT 1
"""


def refusal_of(cursor: Any, statement: str, plan: Plan) -> str | None:
    """Why the statement must not run; None when all that it calls only reads."""
    for node in plan.root.walk():
        if node.kind in _REFUSED_STEPS:
            return _REFUSED_STEPS[node.kind]
    cursor.execute(_DEFINITIONS, {"names": sorted(_names(statement))})
    definitions = [text for (text,) in cursor.fetchall() if text]
    # Each is read by itself: a quote in the name of a table must not hide what comes after it.
    texts = [masked(text) for text in (statement, *definitions, *_shown(plan))]
    asked = {
        "called": sorted(set().union(*map(called, texts))),
        "harmless": _HARMLESS,
        "text": "\n".join(texts).lower(),
    }
    cursor.execute(_VOLATILE, asked)
    found = cursor.fetchone()
    return f"it calls {found[0]}, which is volatile and may change something" if found else None


def _shown(plan: Plan) -> Iterator[str]:
    """Every text of the plan that may hold an expression."""
    for node in plan.root.walk():
        yield from node.conditions.values()
        yield from node.sort_key
        for value in node.details.values():
            yield from _strings(value)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _strings(item)


def _names(statement: str) -> set[str]:
    """Every identifier of the statement, keywords included."""
    found = _NAME.findall(masked(statement))
    return {quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in found}
