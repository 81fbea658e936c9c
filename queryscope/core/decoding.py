"""JSON types back into the dataclasses they were written from, by their annotations."""

from __future__ import annotations

import dataclasses
from functools import lru_cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], data: Any) -> T:
    """An instance of a dataclass, tuple, dict or plain type.

    Raises TypeError, KeyError, AttributeError or ValueError where the data does not fit.
    """
    return cast(T, _decode(kind, data))


def _decode(kind: Any, data: Any) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if data is None and NoneType in arguments:
            return None
        [only] = [argument for argument in arguments if argument is not NoneType]
        return _decode(only, data)
    if origin is tuple:
        return tuple(_decode(arguments[0], item) for item in data)
    if origin is dict:
        return {arguments[0](key): _decode(arguments[1], item) for key, item in data.items()}
    if dataclasses.is_dataclass(kind):
        hints = _hints(cast(type, kind))
        if missing := hints.keys() - data.keys():
            raise KeyError(f"{kind} without {', '.join(sorted(missing))}")
        return kind(**{name: _decode(hints[name], item) for name, item in data.items()})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, tuple):
        return kind(*data)
    return data


@lru_cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
