"""What an index is, apart from any database that has it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal

Method = Literal["btree", "gin", "gist", "brin", "hash"]
Nulls = Literal["", "FIRST", "LAST"]

#: Django's limit for the names of indexes, on every database.
MAX_NAME = 30


@dataclass(frozen=True, slots=True)
class IndexKey:
    """A column, or an expression in SQL (``UPPER("email"::text)``) over columns of the table.

    ``columns`` names what an expression reads; for a plain column it is empty. ``collation`` is
    one other than the column's, ``nulls`` an order other than the direction's.
    """

    name: str
    descending: bool = False
    opclass: str = ""
    expression: bool = False
    columns: tuple[str, ...] = ()
    collation: str = ""
    nulls: Nulls = ""

    @property
    def sql(self) -> str:
        """The key in CREATE INDEX."""
        text = f"({self.name})" if self.expression else quoted(self.name)
        collation = f" COLLATE {quoted(self.collation)}" if self.collation else ""
        opclass = f" {self.opclass}" if self.opclass else ""
        nulls = f" NULLS {self.nulls}" if self.nulls else ""
        return f"{text}{collation}{opclass}{' DESC' if self.descending else ''}{nulls}"


@dataclass(frozen=True, slots=True)
class IndexDefinition:
    """An index that is there or could be: equal when the database would see no difference.

    ``condition`` is the SQL of a partial index over bare columns (``"deleted_at" IS NULL``).
    """

    table: str
    keys: tuple[IndexKey, ...]
    include: tuple[str, ...] = ()
    condition: str = ""
    method: Method = "btree"
    unique: bool = False
    schema: str = ""

    @property
    def extensions(self) -> tuple[str, ...]:
        """Extensions of PostgreSQL that its operator classes come from."""
        return ("pg_trgm",) if any(key.opclass.endswith("_trgm_ops") for key in self.keys) else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns it reads, keys first, each once."""
        names = [name for key in self.keys for name in (key.columns or (key.name,))]
        return tuple(dict.fromkeys([*names, *self.include]))

    @property
    def plain(self) -> bool:
        """A B-tree over columns alone: no expression, no condition, no operator class."""
        return (
            self.method == "btree"
            and not self.condition
            and not any(k.expression or k.opclass or k.collation or k.nulls for k in self.keys)
        )

    @property
    def name(self) -> str:
        """A name of at most 30 characters that tells table and columns, the same every time."""
        table = _slug(self.table.rsplit("_", 1)[-1])
        # Django takes no name that begins with a digit.
        words = [table if table[:1].isalpha() else f"t{table}", *(_word(key) for key in self.keys)]
        full = "_".join(words)
        # Words leave things out, and apps have tables of one name: the hash tells them apart.
        mark = hashlib.sha256(repr(self).encode()).hexdigest()[:6]
        return f"{full[: MAX_NAME - 11].rstrip('_')}_{mark}_idx"

    def create_sql(self, name: str = "", *, concurrently: bool = False) -> str:
        """CREATE INDEX, without a semicolon. ``name`` defaults to :attr:`name`."""
        unique = "UNIQUE " if self.unique else ""
        how = "CONCURRENTLY " if concurrently else ""
        table = f"{quoted(self.schema)}." * bool(self.schema) + quoted(self.table)
        using = "" if self.method == "btree" else f" USING {self.method}"
        keys = ", ".join(key.sql for key in self.keys)
        include = f" INCLUDE ({', '.join(map(quoted, self.include))})" if self.include else ""
        where = f" WHERE {self.condition}" if self.condition else ""
        return (
            f"CREATE {unique}INDEX {how}{quoted(name or self.name)} ON {table}{using}"
            f" ({keys}){include}{where}"
        )

    def drop_sql(self, name: str = "", *, concurrently: bool = False) -> str:
        """DROP INDEX, without a semicolon."""
        schema = f"{quoted(self.schema)}." * bool(self.schema)
        how = "CONCURRENTLY " if concurrently else ""
        return f"DROP INDEX {how}{schema}{quoted(name or self.name)}"

    def starts(self, other: IndexDefinition) -> bool:
        """Whether whatever this index answers, the other does as well: it is a prefix of it."""
        return (
            (self.table, self.schema, self.method, self.condition)
            == (other.table, other.schema, other.method, other.condition)
            and self.method == "btree"
            and self.keys == other.keys[: len(self.keys)]
            and set(self.include) <= {*other.include, *other.columns}
        )


def quoted(name: str) -> str:
    """An identifier in SQL."""
    return '"' + name.replace('"', '""') + '"'


def _word(key: IndexKey) -> str:
    text = "_".join(key.columns) if key.expression else key.name
    return _slug(text.removesuffix("_id")) or "expr"


def _slug(text: str) -> str:
    return re.sub(r"[^0-9a-z]+", "_", text.lower()).strip("_")
