"""What a case is: a statement whose plan shows one tip."""

from __future__ import annotations

from dataclasses import dataclass

#: Added to the name of a case for the plan after its hint was followed.
AFTER = "-after"
MEMORY = "SET LOCAL work_mem = '4MB'"
ONE = (MEMORY, "SET LOCAL max_parallel_workers_per_gather = 0", "SET LOCAL jit = off")
BITMAP = (*ONE, "SET LOCAL enable_seqscan = off", "SET LOCAL enable_indexscan = off")


@dataclass(frozen=True, slots=True)
class Case:
    """``tip`` is what the plan shows, "" where it must show nothing. ``sql_after`` is the
    statement as the hint has it rewritten."""

    name: str
    tip: str
    sql: str
    sql_after: str = ""
    settings: tuple[str, ...] = ONE
    before: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()
    table: str = "task"
    tables: tuple[str, ...] = ()
    run: bool = True
    #: The last of so many runs is kept: the first one reads the catalogue.
    runs: int = 2
