"""JSON types back into the dataclasses they were written from, by their annotations."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")

#: What can be multiplied and added up, and still be a float: no count or duration comes near.
_MOST = 1e150
#: Levels of what is not described by an annotation.
_DEEPEST = 10
_LONGEST_SHOWN = 40
_WORDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


class Unfit(ValueError):
    """The data is not what the annotations say; the text says where ("findings[3].count: ...")."""

    def __init__(self, why: str, *path: str | int) -> None:
        super().__init__(why)
        self.why = why
        self.path = path

    def below(self, name: str | int) -> Unfit:
        """The same fault, as seen from one level further up."""
        return Unfit(self.why, name, *self.path)

    def __str__(self) -> str:
        parts = (f"[{p}]" if isinstance(p, int) else f".{_cut(p)}" for p in self.path)
        where = "".join(parts).removeprefix(".")
        return f"{where}: {self.why}" if where else self.why


def decode(kind: type[T], data: Any, *, lenient: bool = False) -> T:
    """An instance of a dataclass, tuple, dict or plain type.

    Every field has its key and every key its field; with ``lenient`` a key that lacks leaves its
    field's default, and one that is not known is passed over. Raises Unfit where the data does not
    fit.
    """
    return cast(T, _decode(kind, data, lenient))


def _decode(kind: Any, data: Any, lenient: bool) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if kind is Any:
        return _free(data)
    if origin in (Union, UnionType):
        if data is None and NoneType in arguments:
            return None
        [only] = [argument for argument in arguments if argument is not NoneType]
        return _decode(only, data, lenient)
    if origin is Literal:
        if data not in arguments:
            raise Unfit(f"{_shown(data)} is none of {', '.join(map(str, arguments))}")
        return data
    if origin is tuple:
        items = enumerate(_fitting(list, "a list", data))
        return tuple(_at(index, arguments[0], item, lenient) for index, item in items)
    if origin in (dict, Mapping):
        return _mapping(arguments, data, lenient)
    if dataclasses.is_dataclass(kind):
        return _instance(cast(type, kind), data, lenient)
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _named(kind, data, lenient)
    return _plain(kind, data)


def _at(name: str | int, kind: Any, data: Any, lenient: bool) -> Any:
    try:
        return _decode(kind, data, lenient)
    except Unfit as error:
        raise error.below(name) from None


def _mapping(arguments: tuple[Any, ...], data: Any, lenient: bool) -> dict[Any, Any]:
    found = {}
    for key, item in _fitting(dict, "an object", data).items():
        try:
            name = arguments[0](key)
        except ValueError:
            raise Unfit(f"the key {_shown(key)} is not {_WORDS[arguments[0]]}") from None
        found[name] = _at(key, arguments[1], item, lenient)
    return found


def _instance(kind: type, data: Any, lenient: bool) -> Any:
    hints, needed = _fields(kind)
    given = _fitting(dict, "an object", data)
    missing = (needed if lenient else hints.keys()) - given.keys()
    if missing:
        raise Unfit(f"without {', '.join(sorted(missing))}")
    unknown = given.keys() - hints.keys()
    if unknown and not lenient:
        raise Unfit(f"with {', '.join(sorted(unknown))}, which nobody knows")
    return kind(**{n: _at(n, hints[n], given[n], lenient) for n in hints if n in given})


def _named(kind: type, data: Any, lenient: bool) -> Any:
    hints, _ = _fields(kind)
    items = _fitting(list, "a list", data)
    if len(items) != len(hints):
        raise Unfit(f"{len(items)} values in place of {', '.join(hints)}")
    found = [_at(name, hints[name], item, lenient) for name, item in zip(hints, items, strict=True)]
    return kind(*found)


def _plain(kind: Any, data: Any) -> Any:
    # 1 is how some programs write 1.0, and True is an instance of int.
    fits = isinstance(data, (int, float) if kind is float else kind)
    if not fits or isinstance(data, bool) is not (kind is bool):
        raise Unfit(f"{_shown(data)} is not {_WORDS[kind]}")
    if isinstance(data, (int, float)) and not abs(data) < _MOST:  # not a number is not less
        raise Unfit("a number that is out of bounds")
    return float(data) if kind is float else data


def _free(data: Any, depth: int = 0) -> Any:
    """Anything that JSON can carry, to a depth at which it can be written again."""
    if depth > _DEEPEST:
        raise Unfit("nested too deeply")
    if isinstance(data, list):
        return [_free(item, depth + 1) for item in data]
    if isinstance(data, dict):
        return {key: _free(item, depth + 1) for key, item in data.items()}
    return None if data is None else _plain(type(data), data)


def _fitting(kind: type[T], name: str, data: Any) -> T:
    # A tuple is what as_dict() has where JSON has a list.
    if isinstance(data, kind) or (kind is list and isinstance(data, tuple)):
        return cast(T, data)
    raise Unfit(f"{_shown(data)} is not {name}")


def _shown(data: Any) -> str:
    if isinstance(data, (dict, list)):
        return "an object" if isinstance(data, dict) else "a list"
    return _cut(repr(data))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


@lru_cache
def _fields(kind: type) -> tuple[dict[str, Any], frozenset[str]]:
    """Annotations by name, and the names of those that have no default."""
    if not dataclasses.is_dataclass(kind):
        return get_type_hints(kind), frozenset()
    needed = frozenset(
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return get_type_hints(kind), needed
