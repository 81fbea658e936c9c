"""One step of a plan in words: its title, as EXPLAIN has it, and what matters of the rest."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .. import units
from ..plan_texts import masked_expression
from ..plan_tips import figures
from ..plans import Buffers, PlanNode
from .layout import plural

NO_BREAK = "\u00a0"
_AGGREGATES = {"Hashed": "HashAggregate", "Sorted": "GroupAggregate", "Mixed": "MixedAggregate"}
#: What a scan reads where it is no table: fields of ``details``.
_SOURCES = ("CTE Name", "Function Name", "Table Function Name", "Tuplestore Name")
_SQLITE_ACCESS = frozenset({"SCAN", "SEARCH"})
#: The type of a masked value tells nothing.
_CAST = re.compile(
    r"\?::(?:timestamp with(?:out)? time zone|time with(?:out)? time zone|double precision"
    r'|character varying|bit varying|(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))*)'
    r"(?:\(\?(?:, ?\?)*\))?(?:\[\])*"
)


def title(node: PlanNode) -> str:
    """ "Index Scan using tasks_status_idx on tasks t"."""
    label = f"{node.subplan}: " if node.subplan and "Detail" not in node.details else ""
    if node.kind in _SQLITE_ACCESS:
        return _sqlite_title(node)
    if node.kind == "Bitmap Index Scan":
        return f"{label}{_kind(node)} on {node.index}"
    using = f" using {node.index}" if node.index else ""
    source = node.relation or next((node.details[s] for s in _SOURCES if s in node.details), None)
    what = [source, node.alias if node.alias != source else None]
    named = " ".join(name for name in what if name)
    detail = node.details.get("Detail")
    return (
        str(detail) if detail else f"{label}{_kind(node)}{using}{f' on {named}' if named else ''}"
    )


def _kind(node: PlanNode) -> str:
    kind, given = node.kind, node.details
    if kind == "Aggregate":
        kind = _AGGREGATES.get(given.get("Strategy", ""), kind)
    elif kind == "SetOp":
        hashed = "Hash" if given.get("Strategy") == "Hashed" else ""
        kind = f"{hashed}SetOp {given.get('Command', '')}".strip()
    elif kind == "ModifyTable":
        kind = given.get("Operation", kind)
    if node.join_type and node.join_type != "Inner":
        kind = f"{kind.removesuffix(' Join')} {node.join_type} Join"
    if given.get("Scan Direction") == "Backward":
        kind += " Backward"
    partial = given.get("Partial Mode")
    if partial and partial != "Simple":
        kind = f"{partial} {kind}"
    return f"Parallel {kind}" if given.get("Parallel Aware") else kind


def _sqlite_title(node: PlanNode) -> str:
    given = node.details
    names = [node.relation, node.alias if node.alias != node.relation else None]
    words = [node.kind, *(name for name in names if name)]
    if not node.relation and not node.alias:
        words.append(str(given.get("Rows", "")))
    how = [flag.lower() for flag in ("Automatic", "Partial", "Covering") if given.get(flag)]
    if node.index or how:
        words += ["using", *how, "index", *([node.index] if node.index else [])]
    elif given.get("Primary Key"):
        words.append("using the primary key")
    return " ".join(words)


def details(node: PlanNode, *, verbatim: bool = False) -> Iterator[str]:
    """Lines below the title: conditions, what it goes by, what it took. Values are masked unless
    ``verbatim``."""
    given = node.details
    shown: Callable[[str], str] = (lambda text: text) if verbatim else (lambda t: _plain(t, node))
    for name, text in node.conditions.items():
        yield f"{name}: {shown(text)}"
    for keys in (node.sort_key, given.get("Group Key"), given.get("Presorted Key")):
        if keys and not isinstance(keys, str):
            presorted = "presorted " if keys is given.get("Presorted Key") else ""
            yield f"{presorted}by {', '.join(map(shown, keys))}"
    if "Cache Key" in given:
        yield f"by {shown(given['Cache Key'])}"
    facts = [*_removed(node), *_space(given), *_work(node)]
    if facts:
        yield ", ".join(facts)


def _removed(node: PlanNode) -> Iterator[str]:
    if node.rows_removed:
        yield f"{rows(node.rows_removed)} rows removed"
    rechecked = node.details.get("Rows Removed by Index Recheck")
    if rechecked:
        yield f"{rows(rechecked * (node.loops or 1))} rows removed by recheck"


def _space(given: Mapping[str, Any]) -> Iterator[str]:
    if "Sort Method" in given:
        used = size(given.get("Sort Space Used", 0) * 1024)
        yield f"{given['Sort Method']}"
        yield f"{used} {'on disk' if given.get('Sort Space Type') == 'Disk' else 'of memory'}"
    if "Peak Memory Usage" in given:
        yield f"{size(given['Peak Memory Usage'] * 1024)} of memory"
    if given.get("Disk Usage"):
        yield f"{size(given['Disk Usage'] * 1024)} on disk"
    batches = given.get("Hash Batches") or given.get("HashAgg Batches") or 0
    if batches > 1:
        yield f"{batches:,} batches"
    if "Cache Misses" in given:
        yield f"{given.get('Cache Hits', 0):,} cache hits"
        yield f"{given['Cache Misses']:,} misses"
    if given.get("Heap Fetches"):
        yield plural(round(given["Heap Fetches"]), "heap fetch", "heap fetches")
    if given.get("Lossy Heap Blocks"):
        yield f"{given['Lossy Heap Blocks']:,} lossy blocks"
        yield f"{given.get('Exact Heap Blocks', 0):,} exact ones"


def _work(node: PlanNode) -> Iterator[str]:
    given, loops = node.details, node.loops
    if "Workers Planned" in given:
        yield f"{plural(given['Workers Planned'], 'worker')} planned"
    if "Workers Launched" in given:
        yield f"{given['Workers Launched']} launched"
    if given.get("Subplans Removed"):
        yield plural(given["Subplans Removed"], "partition") + " left out"
    if given.get("Disabled"):
        yield "disabled by a setting"
    if loops == 0:
        yield "never executed"
    elif loops and loops > 1:
        yield plural(round(loops), "loop")
    if node.self_buffers is not None:
        yield from memory(node.self_buffers)


def memory(buffers: Buffers) -> Iterator[str]:
    """ "63 MB read", "15 MB from cache"; nothing for what was not touched."""
    for blocks, what in (
        (buffers.shared_read + buffers.local_read, "read"),
        (buffers.shared_hit + buffers.local_hit, "from cache"),
        (buffers.temp_read, "read from temporary files"),
        (buffers.temp_written, "written to temporary files"),
    ):
        if blocks:
            yield f"{size(blocks * figures.BLOCK_BYTES)} {what}"


def size(size_bytes: float) -> str:
    """ "63 MB", which no line breaks."""
    return units.size(size_bytes).replace(" ", NO_BREAK)


def rows(count: float) -> str:
    """ "0.3", "9,840", "1.2M"."""
    for limit, unit in ((1e9, "G"), (1e6, "M")):
        if count >= limit:
            return f"{count / limit:,.1f}{unit}"
    return f"{count:.1f}" if count < 10 and count != int(count) else f"{count:,.0f}"


def _plain(text: str, node: PlanNode) -> str:
    """A condition without values, what goes without saying, and parentheses around all of it."""
    text = _CAST.sub("?", masked_expression(text))
    if node.alias:
        name = re.escape(node.alias)
        text = re.sub(rf'(?<![\w."$])(?:{name}|"{name}")\.', "", text)
    while _is_enclosed(text):
        text = text[1:-1]
    return text


def _is_enclosed(text: str) -> bool:
    if not (text.startswith("(") and text.endswith(")")):
        return False
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return position == len(text) - 1
    return False
