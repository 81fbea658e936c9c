"""Indexes that are no B-trees: trigrams, documents, arrays and text search (GIN), and BRIN."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .access import Access, Asked, pages
from .indexes import IndexDefinition, IndexKey
from .predicates import RANGES, Predicate, Term
from .schema import Schema

#: How closely the rows have to lie in a column's order for a BRIN index, and from how many pages.
_CORRELATED = 0.9
_BIG = 500
#: A trigram needs three characters.
_SHORTEST = 3
_KEY_OPERATORS = ("?", "?|", "?&")


@dataclass(frozen=True, slots=True)
class Other:
    """An index that is no B-tree, and the share of rows that a query reads by it."""

    definition: IndexDefinition
    share: float
    why: tuple[str, ...]


def others(access: Access, schema: Schema, key_tests: frozenset[str]) -> Iterator[Other]:
    """``key_tests`` are the document columns of the table that any query asks for their keys."""
    if schema.vendor != "postgresql":
        return
    yield from _trigrams(access, schema)
    for each in access.asked:
        yield from _document(each, access, key_tests)
    yield from _block_ranges(access)


def documents_tested_for_keys(accesses: Sequence[Access]) -> frozenset[str]:
    """Terms that are asked whether they have a key: jsonb_path_ops cannot tell."""
    return frozenset(
        each.term.sql
        for access in accesses
        for each in access.asked
        if each.predicate.operator in _KEY_OPERATORS
    )


# --- trigrams --------------------------------------------------------------------------------


def _trigrams(access: Access, schema: Schema) -> Iterator[Other]:
    if "pg_trgm" not in schema.extensions | schema.available:
        return
    for each in access.asked:
        if _has_trigram(each.predicate):
            yield _gin((each.term,), each.share, access, "gin_trgm_ops", _trigram_why((each.term,)))
    for branches in access.use.alternatives:
        flat = [predicate for branch in branches for predicate in branch]
        if len(flat) == len(branches) and all(map(_has_trigram, flat)):
            # One index with a key for each branch is read once.
            terms = tuple(dict.fromkeys(predicate.term for predicate in flat))
            yield _gin(terms, 0.01 * len(terms), access, "gin_trgm_ops", _trigram_why(terms))


def _has_trigram(predicate: Predicate) -> bool:
    if not predicate.term.immutable or predicate.operator not in ("like", "ilike"):
        return False
    text = predicate.values[0] if predicate.values else None
    if text is None:
        return True
    return max(map(len, text.replace("_", "%").split("%"))) >= _SHORTEST


def _trigram_why(terms: Sequence[Term]) -> tuple[str, ...]:
    names = " and ".join(term.sql for term in terms)
    verb = "are" if len(terms) > 1 else "is"
    return (f"{names} {verb} searched for a part of the text, which trigrams find",)


# --- documents -------------------------------------------------------------------------------


def _document(asked: Asked, access: Access, key_tests: frozenset[str]) -> Iterator[Other]:
    predicate = asked.predicate
    term, operator = predicate.term, predicate.operator
    if not term.immutable or predicate.join is not None:
        return
    type_ = term.type if term.expression else access.table.columns[term.sql].type
    if type_ == "jsonb" and operator in ("@>", *_KEY_OPERATORS):
        only_contained = term.sql not in key_tests
        opclass = "jsonb_path_ops" if only_contained else "jsonb_ops"
        why = f"{term.sql} is asked what it contains ({operator})"
        yield _gin((term,), asked.share, access, opclass, (why,))
    elif type_.endswith("]") and operator in ("@>", "<@", "&&"):
        why = f"{term.sql} is an array that is asked for its elements ({operator})"
        yield _gin((term,), asked.share, access, "", (why,))
    elif operator == "@@" and type_ == "tsvector":
        yield _gin((term,), asked.share, access, "", (f"{term.sql} is searched for words",))


def _gin(
    terms: Sequence[Term], share: float, access: Access, opclass: str, why: tuple[str, ...]
) -> Other:
    keys = tuple(
        IndexKey(term.sql, False, opclass, term.expression, term.columns if term.expression else ())
        for term in terms
    )
    table = access.table
    definition = IndexDefinition(table.name, keys, method="gin", schema=table.schema)
    return Other(definition, share, why)


# --- BRIN ------------------------------------------------------------------------------------


def _block_ranges(access: Access) -> Iterator[Other]:
    table = access.table
    if pages(table) < _BIG:
        return
    for each in access.asked:
        predicate = each.predicate
        if predicate.operator not in RANGES or predicate.term.expression:
            continue
        known = table.columns[predicate.term.sql].statistics
        if known is None or known.correlation is None or abs(known.correlation) < _CORRELATED:
            continue
        keys = (IndexKey(predicate.term.sql),)
        why = f"rows lie in the order of {predicate.term.sql}, so a bound on it names few pages"
        definition = IndexDefinition(table.name, keys, method="brin", schema=table.schema)
        yield Other(definition, min(1.0, each.share + 0.05), (why,))
