"""The methods of a fix without what nothing would read."""

from __future__ import annotations

from collections.abc import Collection

import libcst as cst

from .arguments import called, code_of, without
from .chains import calls_of
from .results import Uncertain


def pruned(methods: str, unread: Collection[str]) -> str:
    """The methods without the annotations and ``to_attr`` of these names.

    Raises Uncertain where one of them cannot be taken out.
    """
    if not unread:
        return methods
    found: set[str] = set()
    kept = []
    for call in calls_of(methods):
        mine = {name for arg in call.args if (name := _gives(call, arg)) in unread}
        left = without(call, lambda arg, call=call: _gives(call, arg) in unread)  # type: ignore[misc]
        found |= mine
        if left.args or not mine:
            kept.append(left)
    if missing := sorted(set(unread) - found):
        raise Uncertain(f"{missing[0]} cannot be left out")
    return "".join(_alone(call) for call in kept)


def _gives(call: cst.Call, arg: cst.Arg) -> str:
    """The attribute that an argument puts on the rows; "" for one that they have."""
    if called(call) == "annotate" and arg.keyword is not None:
        return arg.keyword.value
    if isinstance(arg.value, cst.Call) and called(arg.value) == "Prefetch":
        for inner in arg.value.args:
            if (
                inner.keyword is not None
                and inner.keyword.value == "to_attr"
                and isinstance(inner.value, cst.SimpleString)
            ):
                return str(inner.value.evaluated_value)
    return ""


def _alone(call: cst.Call) -> str:
    """A call of a chain without what is before it."""
    assert isinstance(call.func, cst.Attribute)
    start = call.func.with_changes(value=cst.Name("_"))
    return code_of(call.with_changes(func=start))[1:]
