"""Conditions of WHERE and ON, taken apart at AND, OR and NOT: what restricts which table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from .comparisons import Found, predicates
from .constants import bare
from .predicates import Alternatives, Predicate
from .scopes import Scope, Use, has_query


def add_conditions(node: exp.Expr, scope: Scope, only: frozenset[Use] | None = None) -> None:
    """Hand each condition to the use it restricts. ``only`` are those that it may restrict: the
    ON of an outer join does not filter the side that it preserves."""
    for conjunct in conjuncts(node):
        found = predicates(conjunct, scope)
        for use, predicate in found:
            if only is None or use in only or predicate.join is not None:
                use.predicates.append(predicate)
        if found or _add_alternatives(conjunct, scope, only):
            continue
        for owner in scope.owners(conjunct):
            if owner is not None and (only is None or owner in only):
                owner.residual = True


def conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """What is tied by AND, with NOT moved inwards where that splits it."""
    node = bare(node)
    if isinstance(node, exp.And):
        yield from conjuncts(node.this)
        yield from conjuncts(node.expression)
    elif isinstance(node, exp.Not) and isinstance(bare(node.this), exp.Or):
        inner = bare(node.this)
        yield from conjuncts(exp.Not(this=inner.this))
        yield from conjuncts(exp.Not(this=inner.expression))
    elif isinstance(node, exp.Not) and isinstance(bare(node.this), exp.Not):
        yield from conjuncts(bare(node.this).this)
    else:
        yield node


def _add_alternatives(node: exp.Expr, scope: Scope, only: frozenset[Use] | None) -> bool:
    """An OR: what all branches ask goes to the conditions, the rest to each table's alternatives,
    if every branch restricts it."""
    branches = [list(_branch(each, scope)) for each in _disjuncts(node)]
    if len(branches) < 2 or has_query(node):
        return False
    shared = [each for each in branches[0] if all(each in branch for branch in branches[1:])]
    for use, predicate in shared:
        use.predicates.append(predicate)
    rest = [[each for each in branch if each not in shared] for branch in branches]
    owners = {use for branch in rest for use, _ in branch}
    whole = bool(owners)
    for owner in sorted(owners, key=lambda use: use.position):
        if only is not None and owner not in only:
            continue
        own = tuple(tuple(p for use, p in branch if use is owner) for branch in rest)
        if all(own):
            _add_alternative(owner, own)
        else:
            owner.residual = True
            whole = False
    return whole or bool(shared)


def _disjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    node = bare(node)
    if isinstance(node, exp.Or):
        yield from _disjuncts(node.this)
        yield from _disjuncts(node.expression)
    else:
        yield node


def _branch(node: exp.Expr, scope: Scope) -> Iterable[Found]:
    for conjunct in conjuncts(node):
        yield from predicates(conjunct, scope)


def _add_alternative(use: Use, branches: Alternatives) -> None:
    """Equalities of one column are IN; anything else stays an OR."""
    flat = [branch[0] for branch in branches if len(branch) == 1]
    terms = {predicate.term for predicate in flat}
    simple = all(p.operator in ("=", "in") and p.join is None for p in flat)
    if len(flat) == len(branches) and len(terms) == 1 and simple:
        values = tuple(dict.fromkeys(value for p in flat for value in p.values))
        use.predicates.append(Predicate(flat[0].term, "in", values))
    else:
        use.alternatives.append(branches)
