"""A sort, hash or grouping that did not fit into work_mem and went through temporary files.

    Task.objects.order_by("title")                   Sort Method: external merge  Disk: 25,072 kB

Why it hurts: what is written to disk and read again takes several times as long as in memory, and
competes with everybody else for the disk.

Instead of:
    list(Task.objects.order_by("title"))             every column of every row through the sort
use:
    Task.objects.order_by("title").only("title")     narrower rows
    SET LOCAL work_mem = '64MB';                     memory for this transaction
    an index in that order, where only the first rows are wanted

Silent: below 1 MB of temporary files, which stay in the cache of the operating system, and
without ANALYZE: whether it fits shows only in a run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..plans import PlanNode
from ..units import size
from .figures import BLOCK_BYTES, counted, number
from .memory import enough
from .tip import Context, Tip

NAME = "disk-sort"

_LEAST_KB = 1024
#: What a row takes in memory beside what is on disk: its header, its padding, and its place in a
#: list that grows by doubling.
_ROW_BYTES = 100
_SLACK = 1.25
#: A group takes its place in a hash table too.
_IN_MEMORY = 3


def tips(context: Context) -> Iterable[Tip]:
    """Speak of each step that wrote temporary files of its own."""
    for position, node in enumerate(context.nodes):
        if not context.was_run(position):
            continue
        for spilled_kb, needed_kb, message in (_sorted(node), _hashed(node), _grouped(node)):
            if spilled_kb >= _LEAST_KB:
                hint = _hint(context, node, needed_kb)
                yield Tip(NAME, position, message, hint, node.self_ms)
                break


#: Disk used in kB, memory needed in kB, what to say.
_Spill = tuple[float, float, str]


def _sorted(node: PlanNode) -> _Spill:
    """A sort of the node itself, or of the parallel worker that wrote most."""
    parts = [node.details, *_parts(node.details.get("Workers"))]
    spills = [
        number(part.get("Sort Space Used"))
        for part in parts
        if part.get("Sort Space Type") == "Disk"
    ]
    for groups in ("Full-sort Groups", "Pre-sorted Groups"):
        for part in _parts([node.details.get(groups)]):
            for disk in _parts([part.get("Sort Space Disk")]):
                spills.append(number(disk.get("Peak Sort Space Used")))
    used = max(spills, default=0.0)
    rows = number(node.rows)
    # The largest share of the rows that one process had, told by what it wrote.
    most = rows * used / (sum(spills) or 1.0)
    message = f"sorts {counted(rows, 'row')} on disk, {size(sum(spills) * 1024)} of temporary files"
    return used, used * _SLACK + most * _ROW_BYTES / 1024, message


def _hashed(node: PlanNode) -> _Spill:
    batches = number(node.details.get("Hash Batches"))
    written = _temp_kb(node)
    peak = number(node.details.get("Peak Memory Usage"))
    message = (
        f"hashes {counted(number(node.rows), 'row')} in {batches:,.0f} batches through disk, "
        f"{size(written * 1024)} of temporary files"
    )
    return (written if batches > 1 else 0.0), peak * batches, message


def _grouped(node: PlanNode) -> _Spill:
    parts = (node.details, *_parts(node.details.get("Workers")))
    disk = max((number(part.get("Disk Usage")) for part in parts), default=0.0)
    peak = max((number(part.get("Peak Memory Usage")) for part in parts), default=0.0)
    spilled = disk if node.kind == "Aggregate" else 0.0
    rows = counted(number(node.rows), "group")
    message = f"makes {rows} through disk, {size(disk * 1024)} of temporary files"
    return spilled, peak + disk * _IN_MEMORY, message


def _temp_kb(node: PlanNode) -> float:
    buffers = node.self_buffers
    return buffers.temp_written * BLOCK_BYTES / 1024 if buffers is not None else 0.0


def _parts(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []


def _hint(context: Context, node: PlanNode, needed_kb: float) -> str:
    narrower = (
        "Let fewer rows or narrower ones reach it: filter first, and name the columns (only())"
    )
    setting = enough(context, needed_kb)
    if not setting:
        return f"{narrower}; more memory than a query should have would be needed."
    wide = (
        f" Its rows are {node.width} bytes wide: name the columns, only()." if _wide(node) else ""
    )
    return f"Give it memory, first in its transaction.atomic(): {setting}{wide}"


def _wide(node: PlanNode) -> bool:
    # A key and a few columns take some 100 bytes.
    return number(node.width) >= 400
