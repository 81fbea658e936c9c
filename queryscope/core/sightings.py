"""What was seen of the code around a query: lines, calls on managers, writes, reads of rows."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Location:
    """A line of source code: ``line`` counts from 1, ``code`` is its text without indentation."""

    file: str
    line: int
    function: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class TemplateLine:
    """A line of a template; ``line`` counts from 1."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Reading:
    """How code reads a related manager, as in ``book.reviews.filter(text="x").first()``.

    ``owner`` is what stands before the manager ("book") and ``code`` the whole text, each empty
    where it is not known: without ``code`` nothing is known of how it narrows. ``narrowing`` are
    the calls that do ('.filter(text="x")'), ``limit`` a slice, ``ending`` what is asked in the end
    ("", "count", "first", "[0]", ...) and ``columns`` the arguments of ``values()`` and
    ``values_list()``. ``conditions`` is the narrowing as a condition on the owner's rows
    ('Q(reviews__text="x")'), empty where none says the same. Names of the function ``scope`` that
    are bound on line ``since`` are used; "" when only the module's are. ``rows``, ``count`` and
    ``exists`` are names for what a fix loads, free on the owner's class; ``manages`` tells that the
    manager leaves out rows that a join would count.
    """

    code: str = ""
    owner: str = ""
    narrowing: str = ""
    limit: str = ""
    ending: str = ""
    columns: tuple[str, ...] = ()
    flat: bool = False
    conditions: str = ""
    scope: str = ""
    since: int = 0
    rows: str = ""
    count: str = ""
    exists: str = ""
    manages: bool = False

    @property
    def narrows(self) -> bool:
        """Whether it asks for some of the related rows, or in another order."""
        return bool(self.narrowing or self.limit)


@dataclass(frozen=True, slots=True)
class Write:
    """A call of the application that writes, as its first sights showed it.

    ``turns`` is how often one instruction made it within one request, counted to a few; ``loop``
    is the line of that loop where reading the functions tells it, ``via`` whose loop it is: ""
    for the application's, "formset" and "list serializer" for those of libraries. ``model`` is the
    model whose rows are written (a relation's through model, for a many-to-many manager), ``keys``
    are the lookups that choose a row, by ``unique`` columns or not, and ``fields`` those it sets:
    of a ``save()`` without ``update_fields`` those that the function was seen to assign.
    ``varies`` tells that their values differ from turn to turn. ``owner``, ``accessor`` and
    ``columns`` (owner's, target's) are those of a related manager; ``one_owner`` tells that all
    turns wrote through the same object. ``skipped`` is what a bulk form would leave out
    ("Task.save()", "post_save receivers"), ``stamped`` the ``auto_now`` fields, ``inherits``
    tells that a row lies in several tables, ``using`` is the alias where it is not the default.
    ``source`` is the index of the rows in ``Trace.sources`` that were written. ``obstacle`` is why
    they cannot all be written at once by pasting code, empty where nothing shows it.
    """

    model: str = ""
    manager: str = "objects"
    turns: int = 0
    via: str = ""
    loop: Location | None = None
    keys: tuple[str, ...] = ()
    unique: bool = False
    fields: tuple[str, ...] = ()
    varies: bool = False
    owner: str = ""
    accessor: str = ""
    columns: tuple[str, ...] = ()
    one_owner: bool = False
    skipped: tuple[str, ...] = ()
    stamped: tuple[str, ...] = ()
    inherits: bool = False
    using: str = ""
    source: int | None = None
    obstacle: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What was read of a source's rows, all of them, while an audit or a test watched.

    ``rows`` is the number of rows of which the application read something, ``touched`` are the
    names of relations that it read. ``unread`` maps the columns that were loaded and never read to
    the bytes they held, ``size`` is the bytes of all columns. The rest is what the code says where
    the queryset is built, when that is the project's own (``ours``): the ``lookups`` it loads
    eagerly, those of Prefetch objects among them (``prefetches``), and the attributes that are
    ``mentioned`` in the class or function around it, which another request may well read.
    ``branches`` are the attributes named in any file and template that reads the rows.
    """

    rows: int
    touched: tuple[str, ...] = ()
    unread: dict[str, int] = field(default_factory=dict)
    size: int = 0
    ours: bool = False
    lookups: tuple[str, ...] = ()
    prefetches: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
