"""A chain of calls on a manager, and what a fix makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import libcst as cst

from .arguments import added, called, code_of, dumped, replaced, text_of, without
from .results import Uncertain

#: Methods of Django's QuerySet that return one with the same rows or fewer.
QUERYSETS = frozenset(
    {"all", "filter", "exclude", "complex_filter", "order_by", "reverse", "distinct", "using"}
    | {"annotate", "alias", "extra", "select_related", "prefetch_related", "only", "defer"}
    | {"select_for_update", "fetch_mode", "get_queryset"}
)
#: Its methods that evaluate, or give other rows than objects.
ENDS = frozenset(
    {"get", "first", "last", "latest", "earliest", "count", "exists", "contains", "aggregate"}
    | {"in_bulk", "iterator", "values", "values_list", "dates", "datetimes", "explain"}
    | {"update", "delete", "create", "get_or_create", "update_or_create"}
    | {"union", "intersection", "difference"}
    | {"aget", "afirst", "alast", "alatest", "aearliest", "acount", "aexists", "acontains"}
    | {"aaggregate", "ain_bulk", "aiterator", "aupdate", "adelete", "acreate"}
)
_MERGED = frozenset({"select_related", "prefetch_related"})
_DEFERRALS = frozenset({"only", "defer"})


@dataclass(frozen=True, slots=True)
class Change:
    """What a queryset needs: ``calls`` to append, a ``deferral`` in the place of the one it has,
    lookups that it ``drops``, with what is ``kept`` of them.
    """

    calls: tuple[cst.Call, ...] = ()
    deferral: cst.Call | None = None
    drops: frozenset[str] = frozenset()
    kept: tuple[str, ...] = ()

    @property
    def fetches(self) -> bool:
        return any(called(call) == "prefetch_related" for call in self.calls)


def calls_of(methods: str) -> tuple[cst.Call, ...]:
    """``.select_related("a").annotate(...)`` as calls, the first one first."""
    found: list[cst.Call] = []
    node: cst.BaseExpression = cst.parse_expression(f"_{methods}")
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        found.insert(0, node)
        node = node.func.value
    return tuple(found)


def calls_in(node: cst.CSTNode) -> int:
    """How many calls a chain ends with."""
    count = 0
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        node, count = node.func.value, count + 1
    return count


def length(names: Sequence[str], followed: bool, is_queryset: Callable[[str], bool | None]) -> int:
    """How many of a chain's calls come before what a fix appends.

    ``names`` are what it calls, ``followed`` tells that a slice comes after them; ``is_queryset``
    tells of a method that is not Django's whether querysets have it too (True), whether it returns
    one (False), or that nothing is known (None). Raises Uncertain.
    """
    for index, name in enumerate(names):
        if name in ENDS:
            return index
        if name in QUERYSETS:
            continue
        known = is_queryset(name)
        if known:
            return index
        after = names[index + 1 :]
        if known is None and not followed and not (after and after[0] in QUERYSETS | ENDS):
            raise Uncertain(f"what {name}() returns is not known")
    return len(names)


def changed(node: cst.BaseExpression, depth: int, change: Change) -> cst.BaseExpression:
    """A chain of ``depth`` calls with the change in it. Raises Uncertain."""
    base, calls = _apart(node, depth)
    calls = _without(calls, change)
    calls = _deferred(calls, change.deferral)
    for call in change.calls:
        calls = _with(calls, call)
    manager = not isinstance(base, cst.Call)
    if manager and len(calls) > 1 and _is_all(calls[0]) and called(calls[1]) in QUERYSETS:
        calls = calls[1:]
    if manager and not calls:
        calls = list(calls_of(".all()"))
    return _together(base, calls, node)


def _apart(node: cst.BaseExpression, depth: int) -> tuple[cst.BaseExpression, list[cst.Call]]:
    calls: list[cst.Call] = []
    for _ in range(depth):
        assert isinstance(node, cst.Call)
        assert isinstance(node.func, cst.Attribute)
        calls.insert(0, node)
        node = node.func.value
    return node, calls


def _together(
    base: cst.BaseExpression, calls: Iterable[cst.Call], before: cst.BaseExpression
) -> cst.BaseExpression:
    """The chain again, within the parentheses that it had ``before``, one call a line if it was."""
    calls = list(calls)
    dots = [c.func.dot for c in calls if isinstance(c.func, cst.Attribute)]
    line = next((_plain_dot(dot) for dot in reversed(dots) if _breaks(dot)), None)
    if base is before:
        base = base.with_changes(lpar=[], rpar=[])
    node = base
    for call in calls:
        function = call.func
        assert isinstance(function, cst.Attribute)
        new = isinstance(function.value, cst.Name) and function.value.value == "_"
        dot = line if new and line is not None else function.dot
        function = function.with_changes(value=node, dot=dot)
        node = call.with_changes(func=function, lpar=[], rpar=[])
    return node.with_changes(lpar=before.lpar, rpar=before.rpar)


def _breaks(dot: cst.Dot) -> bool:
    return isinstance(dot.whitespace_before, cst.ParenthesizedWhitespace)


def _plain_dot(dot: cst.Dot) -> cst.Dot:
    space = dot.whitespace_before
    if isinstance(space, cst.ParenthesizedWhitespace):
        space = space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
    return cst.Dot(whitespace_before=space)


def _is_all(call: cst.Call) -> bool:
    return called(call) == "all" and not call.args and code_of(call).endswith(".all()")


def _with(calls: list[cst.Call], new: cst.Call) -> list[cst.Call]:
    name = called(new)
    there = [i for i, call in enumerate(calls) if called(call) == name]
    if name == "annotate":
        rest = _unnamed(calls, new)
        return [*calls, rest] if rest is not None else calls
    if name == "defer" and any(called(call) == "only" for call in calls):
        raise Uncertain("it has an only() already")
    if not there or _clears(calls[there[-1]]) or name not in _MERGED | _DEFERRALS:
        return [*calls, new]
    at = there[-1]
    if not calls[at].args:
        raise Uncertain(f"its {name}() joins all there is")
    merged = _merged(calls[at], new)
    return [*calls[:at], merged, *calls[at + 1 :]]


def _unnamed(calls: list[cst.Call], new: cst.Call) -> cst.Call | None:
    """The annotations that are not there yet."""
    there = {
        arg.keyword.value: arg.value
        for call in calls
        if called(call) in ("annotate", "alias")
        for arg in call.args
        if arg.keyword is not None
    }
    kept = []
    for arg in new.args:
        known = there.get(arg.keyword.value) if arg.keyword is not None else None
        if known is None:
            kept.append(arg)
        elif dumped(code_of(known)) != dumped(code_of(arg.value)):
            raise Uncertain(f"it has another {arg.keyword.value if arg.keyword else ''} already")
    if not kept:
        return None
    return added(new.with_changes(args=[]), kept)


def _clears(call: cst.Call) -> bool:
    return [code_of(arg.value) for arg in call.args] == ["None"]


def _merged(call: cst.Call, new: cst.Call) -> cst.Call:
    """One call for both: what is there keeps its place, but for what a longer lookup implies."""
    there = {dumped(code_of(arg.value)) for arg in call.args if not arg.star}
    plain = {text_of(arg) for arg in call.args if _is_text(arg)}
    extra = []
    for arg in new.args:
        lookup = text_of(arg)
        if dumped(code_of(arg.value)) in there:
            continue
        if _is_text(arg) and any(str(known).startswith(f"{lookup}__") for known in plain):
            continue
        extra.append(arg)
    for arg in list(extra):
        for short in [a for a in call.args if _is_text(a) and _implied(a, arg)]:
            # In its place, so that the order stays.
            longer = short.with_changes(value=arg.value)
            call = call.with_changes(args=[longer if a is short else a for a in call.args])
            extra = [a for a in extra if a is not arg]
            break
    implied = [arg for arg in call.args if any(_implied(arg, other) for other in call.args)]
    call = without(call, lambda arg: _is_text(arg) and any(arg is each for each in implied))
    return added(call, extra)


def _is_text(arg: cst.Arg) -> bool:
    return isinstance(arg.value, cst.SimpleString)


def _implied(short: cst.Arg, longer: cst.Arg) -> bool:
    one, other = text_of(short), text_of(longer)
    if not (_is_text(short) and _is_text(longer)) or one is None or other is None:
        return False
    return other.startswith(f"{one}__")


def _deferred(calls: list[cst.Call], deferral: cst.Call | None) -> list[cst.Call]:
    if deferral is None:
        return calls
    there = [i for i, call in enumerate(calls) if called(call) in _DEFERRALS]
    if not there:
        raise Uncertain("its only() or defer() is not in this expression")
    at, name = there[-1], called(deferral)
    kept = [c for i, c in enumerate(calls) if i not in there or i == at]
    at = kept.index(calls[at])
    if name == "all":
        return kept[:at] + kept[at + 1 :]
    if called(kept[at]) != name:
        raise Uncertain("its only() and defer() stand side by side")
    if any(arg.star for arg in kept[at].args):
        raise Uncertain(f"its {name}() is given what other code lists")
    kept[at] = replaced(kept[at], [arg.value for arg in deferral.args])
    return kept


def _without(calls: list[cst.Call], change: Change) -> list[cst.Call]:
    """The calls without the lookups to drop, but for the beginnings that are read."""
    found: set[str] = set()
    result = []
    for call in calls:
        if called(call) not in _MERGED:
            result.append(call)
            continue
        mine = {lookup for arg in call.args if (lookup := text_of(arg)) in change.drops}
        found |= {lookup for lookup in mine if lookup is not None}
        left = _shortened(call, change) if mine else call
        if left.args or not mine:
            result.append(left)
    if missing := sorted(change.drops - found):
        raise Uncertain(f'"{missing[0]}" is not loaded in this expression')
    return result


def _shortened(call: cst.Call, change: Change) -> cst.Call:
    there = {text_of(arg) for arg in call.args}
    args: list[cst.Arg] = []
    for arg in call.args:
        lookup = text_of(arg)
        if lookup in change.drops and _is_text(arg) and lookup is not None:
            begins = [k for k in change.kept if lookup.startswith(f"{k}__") and k not in there]
            if begins:
                quote = code_of(arg.value)[-1]
                value = cst.SimpleString(f"{quote}{max(begins, key=len)}{quote}")
                arg = arg.with_changes(value=value)
                there.add(max(begins, key=len))
        args.append(arg)
    return without(call.with_changes(args=args), lambda arg: text_of(arg) in change.drops)
