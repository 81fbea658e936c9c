"""Counts the queries of one recording: the hot path.

A query that was seen before costs a walk to two known depths of the stack and a few dictionary
hits; everything that needs thought happens on the first sight of a group.
"""

from __future__ import annotations

import sys
import threading
from types import FrameType
from typing import Any

from . import querysets
from .building import Building
from .core.fingerprint import Statement
from .groups import Group, first_sight
from .keys import relation_by_key
from .marks import repetition_mark, statement_text
from .origins import Origins
from .pages import Pages
from .roles import AGGREGATE, ITERATE
from .samples import TYPICAL
from .sources import Evaluation, SourceNode
from .stack import Sight, chain, signature, walk
from .watching import Watch
from .writes import Writing

#: Groups in one recording; queries beyond them are counted, not described.
MAX_GROUPS = 2_000
#: Queries kept in the order they ran.
MAX_TIMELINE = 100
#: Distinct statements with parameters remembered in one group.
MAX_DISTINCT = 256
#: Statements whose text is remembered in this process.
MAX_STATEMENTS = 4_096
#: Longer texts are read anew each time rather than kept.
_LONGEST_REMEMBERED = 10_000
#: Sights of a group whose whole call chain is compared to tell a loop.
_CHAINS = 16
#: Distinct statements after which a loop has shown what it is.
_ENOUGH = 32
#: Ways to reach one statement that are tried before the stack is walked.
_MOST_SIGHTS = 8
#: Frames between a method that ``add`` calls and the caller of the hook: itself, add, the hook.
_HOOK = 3

_statements: dict[str, Statement] = {}
_shared: dict[tuple[str, bool], Statement] = {}


class Ledger:
    """Groups, sources and totals of one recording; ``lock`` guards them all."""

    def __init__(self, started_ns: int) -> None:
        self._started = started_ns
        # Re-entrant: a finaliser of the application may query while the collector runs in here.
        self.lock = threading.RLock()
        self.closed = False
        self.truncated = 0
        self._truncated_ns = 0
        self.groups: dict[Any, Group] = {}
        self.sights: dict[Statement, list[Sight]] = {}
        self.nodes: list[SourceNode] = []
        #: Group index, start since the recording began and length, in nanoseconds.
        self.timeline: list[tuple[int, int, int]] = []
        self._origins = Origins(self.nodes)
        self._pages = Pages()
        self._writes = 0
        #: Notes where querysets are built, in a watched recording.
        self.building: Building | None = None

    def close(self, watch: Watch | None = None) -> None:
        """Count nothing more and let go of every object of the application."""
        with self.lock:
            self.closed = True
            self._origins.close(watch)
            self._pages.forget()
            for group in self.groups.values():
                group.turn_to(None)
                group.instance = None
            for known in self.sights.values():
                for sight in known:
                    sight.anchor = None

    @property
    def queries(self) -> int:
        """Queries so far, those beyond the limit of groups included."""
        return self.truncated + sum(group.count for group in list(self.groups.values()))

    @property
    def database_ns(self) -> int:
        """Their time in the database."""
        return self._truncated_ns + sum(g.duration_ns for g in list(self.groups.values()))

    @property
    def quiet(self) -> bool:
        """Whether every query ran once and none was caused by a row: there is nothing to find."""
        with self.lock:
            return self.queries == len(self.groups) == len(self.sights) and not any(
                group.tallies for group in self.groups.values()
            )

    @property
    def slowest_ns(self) -> int:
        """The longest query of those that are described."""
        return max((group.slowest_ns for group in list(self.groups.values())), default=0)

    @property
    def most_rows(self) -> int:
        """The most rows that one evaluation brought; known once the recording is closed."""
        return max((node.rows for node in list(self.nodes)), default=0)

    def shape(self) -> int:
        """Equal for recordings of the same queries from the same places, as often by magnitude.

        What there is to find in one is what there is to find in the other.
        """
        with self.lock:
            marks = [m for g in self.groups.values() if not g.tallies for m in g.repeats]
            parts = tuple((key, group.magnitude()) for key, group in self.groups.items())
            rows = tuple(node.rows.bit_length() for node in self.nodes)
            return hash((parts, rows, len(marks) - len(set(marks))))

    def add(
        self,
        sql: str,
        params: Any,
        many: bool,
        connection: Any,
        start: int,
        elapsed: int,
        failed: bool,
    ) -> None:
        """Count one query that just ran. Only ``hook`` calls this: frames are counted from it."""
        if type(sql) is not str:
            sql = statement_text(sql, connection)
        statement = _statements.get(sql) or _new_statement(sql)
        if statement.kind == "transaction":
            return
        with self.lock:
            if self.closed:
                return
            sight = holder = None
            # One statement comes from few places: try those before walking the stack.
            for known in self.sights.get(statement, ()):
                holder = known.match(_HOOK)
                if holder is not None and known.group.alias == connection.alias:
                    sight = known
                    break
            else:
                sight = self._walk(statement, connection)
                if sight is None:
                    self._truncate(elapsed)
                    return
                if sight.holder_depth >= 0:
                    holder = sys._getframe(_HOOK - 1 + sight.holder_depth)
            group = sight.group
            group.count += 1
            group.duration_ns += elapsed
            if elapsed > group.slowest_ns:
                group.slowest_ns = elapsed
                if not (failed or many):
                    group.samples.note_slowest(sql, params, elapsed)
            if failed:
                group.failures += 1
            if len(self.timeline) < MAX_TIMELINE:
                self.timeline.append((group.index, start - self._started, elapsed))
            if statement.writes:
                self._writes += 1
            if group.count == 1:
                self._meet(group, sight)
            if holder is not None and sight.holder_depth >= 0 and not failed:
                self._note_rows(group, sight, holder)
            if len(group.repeats) < _ENOUGH or not (group.looped or group.tallies):
                typical = self._note_repetition(group, sql, params, many)
                if typical and not failed:
                    group.samples.note_typical(sql, params, elapsed)

    def _truncate(self, elapsed: int) -> None:
        self.truncated += 1
        self._truncated_ns += elapsed

    def _meet(self, group: Group, sight: Sight) -> None:
        """Learn on the first sight of a group what its counters will only count."""
        steps = chain(sys._getframe(_HOOK))
        group.chains[signature(steps)] = None
        if sight.holder_depth < 0:
            first_sight(group, steps, None, None, self._pages)
            return
        held = sys._getframe(_HOOK + sight.holder_depth).f_locals["self"]
        queryset = held.queryset if sight.role == ITERATE else held
        depth = sight.prefetch_depth
        prefetch = sys._getframe(_HOOK + depth) if depth >= 0 else None
        first_sight(group, steps, queryset, prefetch, self._pages)
        if group.cache_name is not None:
            self._origins.lazy_groups.append(group)

    def _walk(self, statement: Statement, connection: Any) -> Sight | None:
        """Walk the stack to the query's group, a new one if need be; None at the limit."""
        sight = walk(sys._getframe(_HOOK))
        key = statement, connection.alias, sight.site
        group = self.groups.get(key)
        if group is None:
            if len(self.groups) >= MAX_GROUPS:
                return None
            group = self.groups[key] = Group(len(self.groups), statement, connection, sight)
        sight.group = group
        known = self.sights.setdefault(statement, [])
        if len(known) >= _MOST_SIGHTS:
            known.pop()
        known.insert(0, sight)
        return sight

    def _note_repetition(self, group: Group, sql: str, params: Any, many: bool) -> bool:
        """Tell loops and repeated values; true where other values than before are typical ones."""
        mark = None if many else repetition_mark(sql, params, self._writes)
        if group.writing is not None:
            if group.count <= _CHAINS and not many:
                self._note_write(group, group.writing, sql, params)
        elif group.count == 1:
            group.chains = dict.fromkeys(group.chains, mark)
        # Rows of a list that cause a query are counted by it: no need to look for the loop.
        elif group.count <= _CHAINS and not (group.varied or (group.tallies and group.several)):
            group.note_turn(signature(chain(sys._getframe(_HOOK))), mark)
        if mark is None:
            return False
        repeats = group.repeats
        if mark in repeats:
            repeats[mark] += 1
            return False
        if len(repeats) < MAX_DISTINCT:
            repeats[mark] = 1
        return len(repeats) in TYPICAL

    def _note_write(self, group: Group, writing: Writing, sql: str, params: Any) -> None:
        writing.compare(sql, params)
        if group.count == 1 or not writing.undecided:
            return  # Its first sight is noted.
        written = writing.note(chain(sys._getframe(_HOOK + 1)))
        group.looped = writing.turns > 1
        if written is not None and writing.source is None and group.statement.kind != "insert":
            evaluation = self._origins.loaded(written)
            writing.source = evaluation.source if evaluation is not None else None

    def _note_rows(self, group: Group, sight: Sight, holder: FrameType) -> None:
        if group.model is None:
            return  # Its first sight failed, which was logged.
        held = holder.f_locals["self"]
        queryset = held.queryset if sight.role == ITERATE else held
        # The lists of a prefetch are its rows' keys: nobody asks whether they are the same.
        if group.statement.batched and group.count < _CHAINS and sight.prefetch_depth < 0:
            group.lists.add(querysets.listed_values(queryset))
        parent: Evaluation | None
        if sight.prefetch_depth >= 0:
            prefetch = sys._getframe(_HOOK + sight.prefetch_depth)
            instances = prefetch.f_locals["instances"]
            parent = self._origins.find(instances[0])
            if group.operation == "prefetch_object" and len(instances) == 1:
                self._blame(group, parent)
        elif group.keyed:
            parent = self._cause_by_key(group, queryset)
        else:
            if sight.generic_depth >= 0:
                generic = sys._getframe(_HOOK + sight.generic_depth)
                instance = generic.f_locals.get("instance")
            else:
                instance = queryset._hints.get("instance")
            parent = None
            if instance is not None:
                parent = self._origins.rows.get(id(instance)) or self._origins.find(instance)
                self._blame(group, parent)
                if group.instance is not instance:
                    group.several = group.instance is not None
                    group.instance = instance
        if group.leaf or sight.role == AGGREGATE:
            return
        streamed = sight.role == ITERATE
        above = parent.source if parent else None
        source = group.source_below(above, self.nodes, streamed=streamed)
        evaluation = Evaluation(source, parent)
        if streamed:
            self._origins.stream(held, evaluation)
        else:
            self._origins.hold(queryset, evaluation)
        if self.building is not None:
            self.building.note(group.index, queryset, group.place)

    def _blame(self, group: Group, evaluation: Evaluation | None) -> None:
        """Count one query that a row of ``evaluation`` caused, or a stranger."""
        if evaluation is None:
            group.strangers += 1
            return
        if evaluation is not group.evaluation:
            group.turn_to(evaluation)
        group.running += 1

    def _cause_by_key(self, group: Group, queryset: Any) -> Evaluation | None:
        found = relation_by_key(queryset)
        evaluation = self._origins.find_key(found[1], found[2]) if found else None
        self._blame(group, evaluation)
        return evaluation


def _new_statement(sql: str) -> Statement:
    if len(_statements) >= MAX_STATEMENTS:
        _statements.clear()
    if len(_shared) >= MAX_STATEMENTS:
        _shared.clear()
    made = Statement.of(sql)
    # Statements that differ in literals only share one object, which groups compare by identity.
    shared = _shared.setdefault((made.fingerprint, made.batched), made)
    if len(sql) <= _LONGEST_REMEMBERED:
        _statements[sql] = shared
    return shared
