"""The code of a fix, as an ``async def`` function has to write it."""

from __future__ import annotations

import re
from dataclasses import replace

from .repairs import Fix

_CALL = re.compile(
    r"(\w+ = )?(.+?)\.(bulk_create|bulk_update|in_bulk|update|delete|add|remove)\((.*)"
)


def awaited(fix: Fix | None) -> Fix | None:
    """The same with the ORM's asynchronous methods; None where there is no plain way to say it."""
    if fix is None or "set(" in fix.code or "cursor." in fix.code:
        return None
    return replace(fix, code="\n".join(map(_line, fix.code.splitlines())))


def _line(line: str) -> str:
    if (call := _CALL.fullmatch(line)) is None:
        return line
    name, owner, method, rest = call.groups(default="")
    return f"{name}await {owner}.a{method}({rest}"
