"""A shop as Django projects have it: 13 tables, 2.4 million rows, 39 reads and 6 writes an hour.

It is not the workload that the published figures are of (that one is not known here), but it is of
the same kind; the thresholds printed beside are those of the other.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import server

DATABASE = "oltp"
SQL = Path(__file__).parent / "sql" / "oltp"
#: Indexes of Django's that another one answers for as well.
REDUNDANT = ("catalog_product_tags_product_id_cac5b4ba", "support_message_ticket_id_b0c3ef5a")


@dataclass(frozen=True, slots=True)
class Template:
    """A statement with parameters, of which there are samples. ``trap`` says why no index pays."""

    name: str
    sql: str
    calls: float
    samples: tuple[tuple[Any, ...], ...]
    trap: str = ""

    @property
    def writes(self) -> bool:
        return not self.sql.startswith("SELECT")


def load(url: str | None = None, *, anew: bool = False) -> None:
    """Fills the database `oltp`, unless it is full: ten seconds to a minute."""
    with server.filling(DATABASE, url, anew=anew) as connection:
        if connection is None:
            return
        for part in ("schema", "data", "keys"):
            connection.execute((SQL / f"{part}.sql").read_bytes())
        connection.execute("VACUUM ANALYZE")
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.execute("CREATE EXTENSION IF NOT EXISTS hypopg")


def templates() -> list[Template]:
    """The statements of queries.sql."""
    columns = _columns()
    blocks = (SQL / "queries.sql").read_text().strip().split("\n\n")
    return [_template(block, columns) for block in blocks[1:]]


def workload() -> dict[str, Any]:
    """What `queryscope advise --from FILE` reads."""
    return {
        "queries": [
            {"name": each.name, "sql": each.sql, "calls": each.calls, "samples": each.samples}
            for each in templates()
        ]
    }


def indexes(name: str) -> list[str]:
    """The CREATE INDEX statements of a file beside the queries: "best_known"."""
    text = re.sub(r"^--.*$", "", (SQL / f"{name}.sql").read_text(), flags=re.MULTILINE)
    return [statement.strip() for statement in text.split(";") if statement.strip()]


def _template(block: str, columns: dict[str, str]) -> Template:
    comments, lines = [], block.splitlines()
    while lines[0].startswith("-- "):
        comments.append(lines.pop(0).removeprefix("-- "))
    name, calls, *rest = comments
    trap = next((line.removeprefix("trap: ") for line in rest if line.startswith("trap: ")), "")
    samples = tuple(tuple(json.loads(line)) for line in rest if line.startswith("["))
    sql = re.sub(r'"(\w+)"\.\*', lambda found: columns[found[1]], " ".join(lines))
    sql = re.sub(r"\s+", " ", sql)
    return Template(name, sql, float(calls.removeprefix("calls ")), samples, trap)


def _columns() -> dict[str, str]:
    """By table, all of them as Django lists them."""
    schema = (SQL / "schema.sql").read_text()
    found = {}
    for table, body in re.findall(r'CREATE TABLE "(\w+)" \((.*?)\n\);', schema, re.DOTALL):
        names = re.findall(r'^\s+"(\w+)"', body, re.MULTILINE)
        found[table] = ", ".join(f'"{table}"."{name}"' for name in names)
    return found
