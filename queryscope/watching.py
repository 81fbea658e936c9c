"""Notes which attributes of loaded rows are read, while an audit or a test watches.

Python tells nobody that an attribute is read, so ``Model.__getattribute__`` is replaced for as long
as somebody watches and put back afterwards. A server that handles visitors never does this. Reads
are noted in every thread, for a read that is missed would make a finding that is false.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import weakref
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import django
from django.db.models import Model

from .core.sightings import Usage
from .roles import is_application
from .spelled import attributes_in, attributes_of_template

#: Objects whose reads are noted at most; beyond, nothing is known of any.
MOST_OBJECTS = 20_000

#: Whose code reads: ours, the ORM's on its own behalf, Python's own, or the application's.
_OURS, _ORM, _CACHE, _APPLICATION = range(4)
_DJANGO = os.path.join(os.path.dirname(django.__file__), "")
_FOLDERS = {
    os.path.join(os.path.dirname(os.path.realpath(__file__)), ""): _OURS,
    os.path.join(os.path.dirname(__file__), ""): _OURS,
    os.path.join(_DJANGO, "db", ""): _ORM,
    os.path.join(_DJANGO, "contrib", "contenttypes", ""): _ORM,
    # A cached_property looks into the object's dictionary for its own name only.
    os.path.join(_DJANGO, "utils", "functional.py"): _CACHE,
    os.path.join(os.path.dirname(os.__file__), "functools.py"): _CACHE,
}
_readers: dict[str, int] = {}

#: Functions that walk along a relation because it is prefetched, not because anybody wants it.
_PREFETCHING = frozenset({"prefetch_related_objects", "get_prefetcher", "prefetch_one_level"})
#: Functions of forms that take an object as a whole, and may save it as a whole later.
_FORMS = frozenset({"model_to_dict", "construct_instance"})
#: What pickling and copying ask for.
_COPYING = frozenset(
    {"__reduce__", "__reduce_ex__", "__getstate__", "__getnewargs_ex__", "__deepcopy__"}
)
#: Where an object keeps what is loaded: to look there may be to look at any of it.
_STORES = frozenset({"__dict__", "_state", "_prefetched_objects_cache"})


class _Seen:
    """What was read of one object, which is kept alive so that its identity stays its own."""

    __slots__ = ("instance", "names", "used", "whole")

    def __init__(self, instance: Model) -> None:
        self.instance = instance
        self.names: set[str] = set()
        self.used = False
        self.whole = False


class Watch:
    """The reads of one recording. ``complete`` is false once some could not be noted."""

    def __init__(self) -> None:
        self.complete = True
        self._seen: dict[int, _Seen] = {}
        #: What reads rows: files, and templates by their text.
        self._files: set[str] = set()
        self._templates: set[str] = set()
        self._rows: dict[int, list[weakref.ref[Model]]] = {}

    def note(self, instance: Model, name: str, reader: FrameType) -> None:
        """Note that the code of a frame reads an attribute."""
        seen = self._seen.get(id(instance))
        if seen is not None and (seen.whole or (seen.used and name in seen.names)):
            return
        special = name in _COPYING or name in _STORES
        if not special and (name == "_meta" or name.startswith("__")):
            return
        by = _reader(reader)
        if by == _OURS or (special and not _is_everything(name, by, reader)):
            return
        function = reader.f_code.co_qualname.partition(".")[0]
        if by == _ORM and function in _PREFETCHING:
            return
        if seen is None:
            if len(self._seen) >= MOST_OBJECTS:
                self.complete = False
                return
            seen = self._seen.setdefault(id(instance), _Seen(instance))
        seen.whole = special or (function in _FORMS and by == _APPLICATION)
        seen.names.add(name)
        seen.used = seen.used or by == _APPLICATION
        if by == _APPLICATION:
            self._note_reader(reader)

    def _note_reader(self, reader: FrameType) -> None:
        if reader.f_code.co_qualname == "Variable._resolve_lookup":
            rendering = getattr(reader.f_locals["context"], "render_context", None)
            source = getattr(getattr(rendering, "template", None), "source", None)
            if source is not None:
                self._templates.add(str(source))
        else:
            self._files.add(reader.f_code.co_filename)

    def _branches(self) -> frozenset[str]:
        """Attributes that the readers name, in a branch that no request took as well."""
        files = (attributes_in(file) for file in self._files if is_application(file))
        templates = (attributes_of_template(source) for source in self._templates)
        return frozenset().union(*files, *templates)

    def usage(self, index: int, rows: list[Any], relations: Collection[str]) -> Usage | None:
        """What was read of the rows of the source ``index``, and of these relations of theirs.

        None where that cannot be known.
        """
        if not self.complete or any(not _is_watchable(kind) for kind in set(map(type, rows))):
            return None
        self._rows[index] = [weakref.ref(row) for row in rows]
        seen = [found for row in rows if (found := self._seen.get(id(row))) is not None]
        names = set().union(*(found.names for found in seen))
        whole = any(found.whole for found in seen) or _keeps_values(type(rows[0]))
        held = _bytes_held(rows)
        return Usage(
            rows=sum(1 for found in seen if found.used),
            touched=tuple(sorted(r for r in relations if whole or r in names)),
            unread={} if whole else {n: size for n, size in held.items() if n not in names},
            size=sum(held.values()),
            branches=tuple(sorted(self._branches().intersection(relations))),
        )

    def clear(self) -> None:
        """Let go of every object."""
        self._seen.clear()

    def outliving(self) -> frozenset[int]:
        """Sources with rows that are still alive: something kept them, to be read another time."""
        rows = list(self._rows.items())
        return frozenset(i for i, kept in rows if any(ref() is not None for ref in kept))


_watches: tuple[Watch, ...] = ()
_lock = threading.Lock()


def _getattribute(self: Model, name: str) -> Any:
    for watch in _watches:
        try:
            watch.note(self, name, sys._getframe(1))
        except Exception:  # the application must not notice
            watch.complete = False
    return super(Model, self).__getattribute__(name)


@contextmanager
def watch_reads() -> Iterator[Watch]:
    """Note the reads of all model instances, in all threads, inside the block.

    Blocks may overlap; the last one to end puts ``Model`` back as it was. Where something else has
    replaced ``Model.__getattribute__`` the watch is not ``complete``.
    """
    watch = Watch()
    _begin(watch)
    try:
        yield watch
    finally:
        _end(watch)


def _begin(watch: Watch) -> None:
    global _watches
    with _lock:
        known = Model.__dict__.get("__getattribute__")
        if known is None:
            Model.__getattribute__ = _getattribute  # type: ignore[method-assign, assignment]
        elif known is not _getattribute:
            watch.complete = False
        _watches = (*_watches, watch)


def _end(watch: Watch) -> None:
    global _watches
    with _lock:
        _watches = tuple(other for other in _watches if other is not watch)
        known = Model.__dict__.get("__getattribute__")
        if known is not _getattribute:
            watch.complete = False
        elif not _watches:
            del Model.__getattribute__


def _reader(frame: FrameType) -> int:
    file = frame.f_code.co_filename
    found = _readers.get(file)
    if found is None:
        found = next((who for path, who in _FOLDERS.items() if file.startswith(path)), _APPLICATION)
        _readers[file] = found
    return found


def _is_everything(name: str, by: int, reader: FrameType) -> bool:
    """Whether a look at where an object keeps its values may be a read of each of them."""
    if name in _COPYING or by == _APPLICATION:
        return True
    # A field's get_cached_value(), which the ORM uses itself, says nothing of who asked.
    asks = reader.f_code.co_qualname == "FieldCacheMixin.get_cached_value"
    return asks and reader.f_back is not None and _reader(reader.f_back) == _APPLICATION


def _is_watchable(model: type[Model]) -> bool:
    """Whether every read passes ``Model``: a class may look into its objects by itself."""
    return model.__getattribute__ is Model.__getattribute__


def _keeps_values(model: type[Model]) -> bool:
    """Whether a class takes the loaded values for itself, as Django's documentation shows."""
    return getattr(model.from_db, "__func__", None) is not Model.from_db.__func__  # type: ignore[attr-defined]


def _bytes_held(rows: list[Any]) -> dict[str, int]:
    """Column -> bytes of the values that all rows hold; keys are left out."""
    held: dict[str, int] = {}
    names = [
        field.attname
        for field in rows[0]._meta.concrete_fields
        if not field.primary_key and field.remote_field is None
    ]
    for row in rows:
        values = object.__getattribute__(row, "__dict__")
        for name in names:
            if name in values:
                held[name] = held.get(name, 0) + _size(values[name])
    return held


def _size(value: Any) -> int:
    """Bytes of a value as a database sends it, roughly: eight for what is neither text nor data."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, (bytes, bytearray)):
        return len(value)
    if isinstance(value, memoryview):
        return value.nbytes
    if isinstance(value, (dict, list)):
        return len(json.dumps(value, default=str))
    return 0 if value is None else 8
