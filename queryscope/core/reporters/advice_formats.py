"""The formats of index advice: a table for people, JSON for programs, SQL for a database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Protocol

from ..advice import Advice
from ..units import size
from .advice import render as render_table
from .advised import Surroundings, ddl, described, extensions, saved_ms
from .layout import clean, duration, plural

VERSION = 1


class AdviceReporter(Protocol):
    """``verbose`` adds the details that a person asks for."""

    def __call__(self, advice: Advice, around: Surroundings, *, verbose: bool = False) -> str: ...


def render_json(advice: Advice, around: Surroundings, *, verbose: bool = False) -> str:
    """``Advice.as_dict()``, and for each index its line in Django."""
    data = advice.as_dict()
    for index, made in zip(advice.indexes, data["indexes"], strict=True):
        code = around.code.get(index.definition)
        made["django"] = asdict(code) if code else None
    head = {
        "version": VERSION,
        "tool": around.tool,
        "database": {"alias": around.alias, "vendor": around.vendor},
        "migrations": around.written,
    }
    text = json.dumps({**head, **data}, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def render_sql(advice: Advice, around: Surroundings, *, verbose: bool = False) -> str:
    """A script: each index with what it is for, and how it is undone as a comment."""
    return "\n".join(_script(advice, around)) + "\n"


def _script(advice: Advice, around: Surroundings) -> Iterator[str]:
    yield f"-- {around.tool}: {plural(len(advice.indexes), 'index', 'indexes')} advised"
    for index in advice.indexes:
        create, drop = ddl(index.definition, around)
        saved = saved_ms(index)
        parts = [described(index.definition), f"serves {plural(len(index.served), 'query')}"]
        parts += [f"saves {duration(saved)}"] if saved else []
        parts += [size(index.size_bytes)] if index.size_bytes else []
        yield ""
        yield clean(f"-- {', '.join(parts)}")
        yield from (f"{statement};" for statement in extensions(index.definition))
        yield clean(f"{create};")
        yield clean(f"-- to undo it: {drop};")
    for unneeded in advice.droppable:
        yield ""
        yield clean(f"-- {unneeded.name} ({unneeded.kind}): {unneeded.reason}")
        yield from (clean(f"-- {caveat}") for caveat in unneeded.caveats)
        # Dropping is for a person to decide.
        yield clean(f"-- {unneeded.drop.rstrip(';')};")


ADVICE_REPORTERS: Mapping[str, AdviceReporter] = {
    "table": render_table,
    "json": render_json,
    "sql": render_sql,
}
