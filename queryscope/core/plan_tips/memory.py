"""How much work_mem a step would have needed."""

from __future__ import annotations

import math
import re

from .tip import Context

#: What a server gives where nobody set it otherwise, in kB.
_DEFAULT_KB = 4096
#: More than this for one step of one query is a server's whole memory with a few users.
MOST_KB = 1024 * 1024
_UNITS = {"kB": 1, "MB": 1024, "GB": 1024 * 1024, "B": 1 / 1024, "TB": 1024**3}
_SETTING = re.compile(r"\s*(\d+)\s*(B|kB|MB|GB|TB)?\s*")


def work_mem_kb(context: Context) -> float:
    """The setting that the plan was made under."""
    match = _SETTING.fullmatch(str(context.plan.settings.get("work_mem", "")))
    return int(match[1]) * _UNITS[match[2] or "kB"] if match else _DEFAULT_KB


def enough(context: Context, needed_kb: float) -> str:
    """``SET LOCAL work_mem = '64MB';`` for at least this much, and at least twice what it was; ""
    where that is more than a query should have."""
    wanted = max(needed_kb, 2 * work_mem_kb(context), 1024)
    megabytes = 2 ** math.ceil(math.log2(wanted / 1024))
    return "" if megabytes * 1024 > MOST_KB else f"SET LOCAL work_mem = '{megabytes}MB';"
