"""Which indexes could answer a workload's statements. Pure: what-if decides which of them pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from .access import Access, Weighted, accesses, scan_cost, table_key
from .advice import RejectedIndex
from .alternatives import for_alternatives
from .documents import documents_tested_for_keys
from .drafts import Circumstances, Draft, drafts, reads_one_row, spelled_conditions
from .indexes import IndexDefinition
from .merging import merged
from .partial import united
from .schema import Schema, Table

__all__ = ["Candidate", "Pool", "Weighted", "candidates"]

#: A table that is read for less, in page reads, needs no index: two random reads cost half of it.
_CHEAP = 16.0
#: Candidates for one query on one table, and for all queries on it.
_PER_QUERY = 40
_PER_TABLE = 60
_PER_QUERY_OF_TABLE = 10
_MOST_OF_TABLE = 400
#: An index that saves less of its query is none.
_LEAST_SAVED = 0.02
#: Bytes of an index for which no shorter one is tried: nobody misses them.
_NOTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """``digests`` are the queries it may serve, ``why`` says in a sentence each why these columns
    in this order, ``potential`` is the weight it could save at best: only good for comparing.
    ``partners`` are indexes for the other branches of an OR, without which it answers nothing."""

    definition: IndexDefinition
    digests: frozenset[str]
    why: tuple[str, ...] = ()
    potential: float = 0.0
    partners: frozenset[IndexDefinition] = frozenset()


@dataclass(frozen=True, slots=True)
class Pool:
    """Candidates, best potential first, and those that were not worth a what-if, with reasons.

    ``notes`` name tables that are too small for any.
    """

    candidates: tuple[Candidate, ...] = ()
    left_out: tuple[RejectedIndex, ...] = field(default=())
    notes: tuple[str, ...] = ()


def candidates(statements: Sequence[Weighted], schema: Schema, *, max_width: int = 4) -> Pool:
    """Indexes of at most ``max_width`` keys that could serve the statements."""
    tables = {f"{table.schema}.{table.name}": table for table in schema.tables.values()}
    found: list[Candidate] = []
    left_out: list[RejectedIndex] = []
    notes: list[str] = []
    for key, of_table in _by_table(accesses(statements, tables)).items():
        table = tables[key]
        if scan_cost(table) < _CHEAP:
            rows = "1 row" if round(table.rows) == 1 else f"{table.rows:,.0f} rows"
            notes.append(f"{table.name} has {rows}: reading all of it is cheap")
            continue
        chosen, rest = _of_table(of_table, table, schema, max_width)
        found += chosen
        left_out += rest
    found.sort(key=lambda each: -each.potential)
    return Pool(tuple(found), tuple(left_out), tuple(notes))


def _by_table(found: Iterable[Access]) -> dict[str, list[Access]]:
    tables: defaultdict[str, list[Access]] = defaultdict(list)
    for access in found:
        tables[table_key(access.use)].append(access)
    return tables


def _of_table(
    of_table: Sequence[Access], table: Table, schema: Schema, max_width: int
) -> tuple[list[Candidate], list[RejectedIndex]]:
    several = [access for access in of_table if not reads_one_row(access)]
    around = Circumstances(
        schema,
        _popularity(several),
        united(several),
        documents_tested_for_keys(several),
        max_width,
    )
    kept: list[Draft] = []
    for access in several:
        kept += _best(drafts(access, around), access.weight)
        kept += for_alternatives(access, around)
    kept += list(merged(kept, table))
    kept = [draft for draft in kept if not _exists(draft.definition, table)]
    chosen, rest = _bounded(kept)
    chosen = _with_all_served(chosen, several, around)
    reason = "others of the same table could save more"
    return chosen, [RejectedIndex(index, reason) for index in rest]


def _with_all_served(
    chosen: Iterable[Candidate], of_table: Iterable[Access], around: Circumstances
) -> list[Candidate]:
    """A partial index may answer any query that implies its condition, whatever its keys."""
    by_condition: defaultdict[str, set[str]] = defaultdict(set)
    for access in of_table:
        for sql in spelled_conditions(access, around):
            by_condition[sql].add(access.digest)
    return [
        replace(each, digests=each.digests | by_condition.get(each.definition.condition, set()))
        for each in chosen
    ]


def _popularity(of_table: Iterable[Access]) -> dict[str, float]:
    """How much of the workload compares a term by equality."""
    found: defaultdict[str, float] = defaultdict(float)
    for access in of_table:
        for term in {each.term.sql for each in access.asked if each.predicate.is_equality}:
            found[term] += access.weight
    return found


def _best(found: Iterable[Draft], weight: float) -> list[Draft]:
    """The most promising of one access: what saves most, the smaller of those that save alike."""
    once: dict[IndexDefinition, Draft] = {}
    for draft in found:
        known = once.get(draft.definition)
        if known is None or draft.gain > known.gain:
            once[draft.definition] = draft
    worth = [draft for draft in once.values() if draft.gain > weight * _LEAST_SAVED]
    worth = _without_stumps(worth)
    worth.sort(key=lambda draft: (-round(draft.gain / (weight or 1.0), 2), draft.size))
    # Where there is room for little, the narrow ones are what fits.
    narrow = [draft for draft in worth[_PER_QUERY:] if _is_narrow(draft.definition)]
    return worth[:_PER_QUERY] + narrow


def _is_narrow(index: IndexDefinition) -> bool:
    return index.plain and len(index.keys) == 1 and not index.include


def _without_stumps(found: Sequence[Draft]) -> list[Draft]:
    """Without those whose longer version saves as much and is hardly larger."""
    longer: dict[IndexDefinition, Draft] = {}
    for draft in sorted(found, key=lambda each: -each.gain):
        for width in range(1, len(draft.definition.keys)):
            stump = replace(draft.definition, keys=draft.definition.keys[:width])
            longer.setdefault(stump, draft)
    return [
        draft
        for draft in found
        if draft.definition not in longer
        or longer[draft.definition].gain < draft.gain
        or longer[draft.definition].size > _NOTHING
    ]


def _exists(index: IndexDefinition, table: Table) -> bool:
    """Whether an index is there that answers all that this one would."""
    for other in table.indexes:
        there = other.definition
        if there is None or not other.valid:
            continue
        if index.starts(_forwards(there)) or index == replace(there, unique=False):
            return True
    return False


def _forwards(index: IndexDefinition) -> IndexDefinition:
    """An index whose first sort key descends is read backwards like any other."""
    if index.method != "btree" or not index.keys[0].descending:
        return index
    keys = tuple(replace(key, descending=not key.descending) for key in index.keys)
    return replace(index, keys=keys)


def _bounded(kept: Sequence[Draft]) -> tuple[list[Candidate], list[IndexDefinition]]:
    """Every query's best first, then every query's second best, and so on."""
    by_query: defaultdict[str, list[Draft]] = defaultdict(list)
    by_index: defaultdict[IndexDefinition, list[Draft]] = defaultdict(list)
    for draft in kept:
        by_query[draft.digest].append(draft)
        by_index[draft.definition].append(draft)
    most = min(max(_PER_TABLE, _PER_QUERY_OF_TABLE * len(by_query)), _MOST_OF_TABLE)
    ranked = list(dict.fromkeys(_rounds(by_query)))
    return [_candidate(by_index[index]) for index in ranked[:most]], ranked[most:]


def _rounds(by_query: Mapping[str, list[Draft]]) -> Iterator[IndexDefinition]:
    longest = max(map(len, by_query.values()), default=0)
    heavy = sorted(by_query.values(), key=lambda own: -max(draft.gain for draft in own))
    for place in range(longest):
        for own in heavy:
            if place < len(own):
                yield own[place].definition


def _candidate(of_index: Sequence[Draft]) -> Candidate:
    gains: dict[str, Draft] = {}
    for draft in of_index:
        known = gains.get(draft.digest)
        if known is None or draft.gain > known.gain:
            gains[draft.digest] = draft
    best = max(gains.values(), key=lambda draft: draft.gain)
    return Candidate(
        best.definition,
        frozenset(gains),
        best.why(),
        sum(draft.gain for draft in gains.values()),
        _missing_partners(of_index),
    )


def _missing_partners(of_index: Sequence[Draft]) -> frozenset[IndexDefinition]:
    """None where some query is served without."""
    if not all(draft.partners for draft in of_index):
        return frozenset()
    return frozenset[IndexDefinition]().union(*(draft.partners for draft in of_index))
