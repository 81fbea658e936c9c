"""One SELECT's tables while it is being read, and whose a column is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from .constants import bare
from .predicates import Alternatives, Order, Predicate, TableUse, Term
from .schema import Schema, Table
from .terms import NotRendered, render


@dataclass(eq=False, slots=True)
class Use:
    """A table's occurrence, filled as its SELECT is read."""

    position: int
    table: Table
    alias: str
    predicates: list[Predicate] = field(default_factory=list)
    alternatives: list[Alternatives] = field(default_factory=list)
    order: tuple[Order, ...] = ()
    order_complete: bool = False
    limit: int | None = None
    offset: int = 0
    grouping: tuple[Term, ...] = ()
    distinct: tuple[Term, ...] = ()
    windows: list[tuple[Order, ...]] = field(default_factory=list)
    extremes: tuple[Term, ...] = ()
    counts: bool = False
    columns: set[str] = field(default_factory=set)
    projected: set[str] = field(default_factory=set)
    whole_row: bool = False
    residual: bool = False

    def frozen(self) -> TableUse:
        columns = set(self.table.columns) if self.whole_row else self.columns
        return TableUse(
            table=self.table.name,
            schema=self.table.schema,
            alias=self.alias,
            predicates=tuple(dict.fromkeys(self.predicates)),
            alternatives=tuple(dict.fromkeys(self.alternatives)),
            order=self.order,
            order_complete=self.order_complete,
            limit=self.limit,
            offset=self.offset,
            grouping=self.grouping,
            distinct=self.distinct,
            windows=tuple(dict.fromkeys(self.windows)),
            extremes=self.extremes,
            counts=self.counts,
            columns=frozenset(columns),
            projected=frozenset(columns if self.whole_row else self.projected),
            whole_row=self.whole_row,
            residual=self.residual,
        )


@dataclass(eq=False, slots=True)
class Derived:
    """A subquery, CTE or view in FROM: what its columns are, where they are columns of a table.

    ``filters_pass`` tells that a condition on a column may be tested within it.
    """

    columns: dict[str, tuple[Use, str]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    stars: list[Source] = field(default_factory=list)
    filters_pass: bool = True
    grouped: frozenset[str] = frozenset()

    def column(self, name: str) -> tuple[Use, str] | None:
        if not self.filters_pass and name not in self.grouped:
            return None
        found = self.columns.get(name)
        if found is None:
            for star in self.stars:
                found = column_of(star, name)
                if found:
                    break
        return found


Source = Use | Derived | None
_TEXTS = ("text", "varchar", "character varying")
_DEFAULT_SCHEMAS = ("public", "main")
#: Their value is not one row's.
_NO_TERM = (exp.AggFunc, exp.Window, exp.Query)


def column_of(source: Source, name: str) -> tuple[Use, str] | None:
    """The table column that a source's column is."""
    if isinstance(source, Derived):
        return source.column(name)
    if source is not None:
        exact = _column_name(source.table, name)
        return None if exact is None else (source, exact)
    return None


def _column_name(table: Table, name: str) -> str | None:
    if name in table.columns:
        return name
    # Unquoted names are folded by PostgreSQL; SQLite never looks at the case.
    lowered = name.lower()
    return next((each for each in table.columns if each.lower() == lowered), None)


@dataclass(eq=False, slots=True)
class Scope:
    """What a name means inside one SELECT; ``parent`` is the SELECT around it."""

    schema: Schema
    uses: list[Use]
    unknown: list[str]
    parent: Scope | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    ctes: dict[str, Source] = field(default_factory=dict)

    def child(self) -> Scope:
        return Scope(self.schema, self.uses, self.unknown, self)

    def cte(self, name: str) -> tuple[bool, Source]:
        """Whether a CTE has that name, and what it is."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.ctes:
                return True, scope.ctes[name]
            scope = scope.parent
        return False, None

    def add_table(self, node: exp.Table, alias: str) -> None:
        """A source by its name: a CTE, a table, or something unknown."""
        name = node.name
        schema = node.db
        if not schema:
            is_cte, source = self.cte(name)
            if is_cte:
                self.sources[alias] = source
                return
        table = self.schema_table(name, schema)
        if table is None:
            self.unknown.append(f"{schema}.{name}" if schema else name)
            self.sources[alias] = None
            return
        use = Use(len(self.uses), table, alias)
        self.uses.append(use)
        self.sources[alias] = use

    def schema_table(self, name: str, schema: str) -> Table | None:
        """A table by its name in SQL; ``schema`` "" where the search path decides."""
        if schema in _DEFAULT_SCHEMAS and f"{schema}.{name}" not in self.schema.tables:
            schema = ""
        return _table(self.schema.tables, name, schema)

    def resolve(self, column: exp.Column) -> tuple[Use, str] | None:
        """Whose column it is; None where that is no table's that is known."""
        scope: Scope | None = self
        while scope is not None:
            if column.table:
                if column.table in scope.sources:
                    return column_of(scope.sources[column.table], column.name)
            else:
                for source in scope.sources.values():
                    found = column_of(source, column.name)
                    if found:
                        return found
            scope = scope.parent
        return None

    def columns(self, node: exp.Expr) -> Iterator[exp.Column]:
        """Columns that an expression reads itself, not by a subquery in it."""
        for each in walk(node):
            if isinstance(each, exp.Column) and not isinstance(each.this, exp.Star):
                yield each

    def owners(self, node: exp.Expr) -> set[Use | None]:
        """The uses whose columns are in it; None stands for what is not known."""
        found = (self.resolve(column) for column in self.columns(node))
        return {None if each is None else each[0] for each in found}

    def term(self, node: exp.Expr) -> tuple[Use, Term] | None:
        """An operand over one table's columns; None where it is over none or several."""
        node = bare(node)
        column = self._relabelled(node)
        if column is not None:
            found = self.resolve(column)
            return None if found is None else (found[0], Term(found[1], (found[1],)))
        owners = self.owners(node)
        if len(owners) != 1 or any(isinstance(each, _NO_TERM) for each in walk(node)):
            return None
        (use,) = owners
        if use is None:
            return None
        return use, self._expression(node, use)

    def _relabelled(self, node: exp.Expr) -> exp.Column | None:
        """A column, also where it is only called text: ``"title"::text`` of a varchar is no other
        value, and an index on the column answers for it."""
        if isinstance(node, exp.Column):
            return node
        inner = bare(node.this) if isinstance(node, exp.Cast) else None
        if not isinstance(inner, exp.Column) or not node.args["to"].is_type("text", "varchar"):
            return None
        found = self.resolve(inner)
        type_ = found[0].table.columns[found[1]].type if found else ""
        return inner if type_.startswith(_TEXTS) else None

    def _expression(self, node: exp.Expr, use: Use) -> Term:
        names: dict[str, None] = {}

        def named(column: exp.Column) -> tuple[str, str]:
            found = self.resolve(column)
            if found is None:
                raise NotRendered
            names[found[1]] = None
            return found[1], use.table.columns[found[1]].type

        try:
            rendered = render(node, named)
        except NotRendered:
            for column in self.columns(node):
                named(column)
            sql = node.sql("sqlite" if self.schema.vendor == "sqlite" else "postgres")
            return Term(sql, tuple(names), expression=True, immutable=False)
        return Term(rendered.sql, tuple(names), expression=True, type=rendered.type)


def walk(node: exp.Expr) -> Iterator[exp.Expr]:
    """Every part of an expression in reading order, but nothing of the queries nested in it."""
    stack = [node]
    while stack:
        each = stack.pop()
        yield each
        if isinstance(each, exp.Query) and each is not node:
            continue
        stack.extend(reversed(list(each.iter_expressions())))


def nested_queries(node: exp.Expr) -> Iterator[exp.Query]:
    """The outermost queries within an expression."""
    stack: list[exp.Expr] = [node]
    while stack:
        each = stack.pop()
        if isinstance(each, exp.Query):
            yield each
            continue
        stack.extend(reversed(list(each.iter_expressions())))


def has_query(node: exp.Expr) -> bool:
    return next(nested_queries(node), None) is not None


def _table(tables: Mapping[str, Table], name: str, schema: str) -> Table | None:
    for key in (f"{schema}.{name}" if schema else name, name, name.lower()):
        table = tables.get(key)
        if table is not None and schema in ("", table.schema):
            return table
    return _by_folded_name(tables.values(), name.lower(), schema)


def _by_folded_name(tables: Iterable[Table], name: str, schema: str) -> Table | None:
    for table in tables:
        if table.name.lower() == name and schema in ("", table.schema):
            return table
    return None
