"""Arguments put into a call and taken out of it, in the way that the call is laid out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence

import libcst as cst

_SPACE = cst.SimpleWhitespace(" ")
_NOTHING = cst.SimpleWhitespace("")


def same(one: str, other: str) -> bool:
    """Whether two expressions say the same, however they are written."""
    return dumped(one) == dumped(other)


def dumped(code: str) -> str:
    return ast.dump(ast.parse(f"({code})", mode="eval"))


def code_of(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def text_of(arg: cst.Arg) -> str | None:
    """The lookup that an argument names: a string, or the first one of a Prefetch."""
    value: cst.BaseExpression | None = arg.value
    if isinstance(value, cst.Call) and called(value).endswith("Prefetch"):
        named = (a.value for a in value.args if a.keyword and a.keyword.value == "lookup")
        value = next(named, value.args[0].value if value.args else None)
    if isinstance(value, cst.SimpleString):
        text = value.evaluated_value
        return text if isinstance(text, str) else None
    return None


def called(call: cst.Call) -> str:
    """The last name of what is called."""
    function = call.func
    if isinstance(function, cst.Attribute):
        return function.attr.value
    return function.value if isinstance(function, cst.Name) else ""


def added(call: cst.Call, extra: Iterable[cst.Arg]) -> cst.Call:
    """The call with more arguments at its end."""
    for arg in extra:
        call = _with_one(call, arg.with_changes(comma=cst.MaybeSentinel.DEFAULT))
    return call


def _with_one(call: cst.Call, arg: cst.Arg) -> cst.Call:
    if not call.args:
        return call.with_changes(args=[arg])
    *before, last = call.args
    own_line = call.whitespace_before_args
    spread = isinstance(own_line, cst.ParenthesizedWhitespace) and (
        not before or _breaks(before[-1].comma)
    )
    between = _plain(own_line) if spread else _SPACE
    if isinstance(last.comma, cst.Comma):
        end = last.comma.whitespace_after
        last = last.with_changes(
            comma=last.comma.with_changes(whitespace_after=_then(end, between))
        )
        arg = arg.with_changes(comma=cst.Comma(whitespace_after=_plain(end)))
    else:
        end = last.whitespace_after_arg
        last = last.with_changes(
            comma=cst.Comma(whitespace_after=_then(end, between)), whitespace_after_arg=_NOTHING
        )
        arg = arg.with_changes(whitespace_after_arg=_plain(end))
    return call.with_changes(args=[*before, last, arg])


def without(call: cst.Call, unwanted: Callable[[cst.Arg], bool]) -> cst.Call:
    """The call without some of its arguments."""
    kept = [arg for arg in call.args if not unwanted(arg)]
    if kept and kept[-1] is not call.args[-1]:
        kept[-1] = _closing(kept[-1], call.args[-1])
    if not kept:
        return call.with_changes(args=[], whitespace_before_args=_NOTHING)
    return call.with_changes(args=kept)


def _closing(arg: cst.Arg, last: cst.Arg) -> cst.Arg:
    """An argument as the last one, with the whitespace that the last one has behind it."""
    remark = arg.comma.whitespace_after if isinstance(arg.comma, cst.Comma) else _NOTHING
    if not isinstance(last.comma, cst.Comma):
        end = _then(remark, last.whitespace_after_arg)
        return arg.with_changes(comma=cst.MaybeSentinel.DEFAULT, whitespace_after_arg=end)
    end = _then(remark, _plain(last.comma.whitespace_after))
    return arg.with_changes(comma=last.comma.with_changes(whitespace_after=end))


def replaced(call: cst.Call, values: Sequence[cst.BaseExpression]) -> cst.Call:
    """The call with other positional arguments: those that are there keep their place."""
    wanted = [dumped(code_of(value)) for value in values]
    call = without(call, lambda arg: dumped(code_of(arg.value)) not in wanted)
    there = {dumped(code_of(arg.value)) for arg in call.args}
    missing = (v for v, text in zip(values, wanted, strict=True) if text not in there)
    return added(call, (cst.Arg(value) for value in missing))


def _breaks(comma: object) -> bool:
    return isinstance(comma, cst.Comma) and isinstance(
        comma.whitespace_after, cst.ParenthesizedWhitespace
    )


def _plain(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    """The same whitespace without a comment in it."""
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    return space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])


def _then(
    remark: cst.BaseParenthesizableWhitespace, after: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """The whitespace ``after``, with the comment that ``remark`` holds."""
    if not isinstance(remark, cst.ParenthesizedWhitespace):
        return after
    if not isinstance(after, cst.ParenthesizedWhitespace):
        return after if remark.first_line.comment is None else remark
    return after.with_changes(first_line=remark.first_line, empty_lines=remark.empty_lines)
