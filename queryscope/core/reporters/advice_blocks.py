"""One advised index: the queries it serves, why it is as it is, its price, what to paste."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from ..advice import AdvisedIndex, Served
from ..indexes import IndexDefinition
from ..statements import pieces
from ..units import size
from .advised import DjangoIndex, Surroundings, ddl, described, extensions, saved_ms
from .layout import WIDTH, clean, duration, plural, shorten, width, wrap
from .listings import paste_lines, sql_lines

#: Between the columns of a table.
GAP = "  "
_INDENT = "   "
_CODE = _INDENT + "    "
_BAR = _INDENT + "    | "
_CLAUSES = frozenset({"ON", "INCLUDE", "WHERE"})
_MAX_SERVED = 8
_MAX_SQL = 3


def block(
    index: AdvisedIndex, number: int, around: Surroundings, *, verbose: bool
) -> Iterator[str]:
    yield from _title(index, number)
    yield from _served(index.served, costed=around.costed, verbose=verbose)
    if index.why:
        yield ""
        yield f"{_INDENT}Why:"
        for reason in index.why:
            yield from wrap(f"- {reason.rstrip('.')}", _INDENT + "  ", _INDENT + "    ")
    yield from _price(index)
    yield from _code(index.definition, around)


def _title(index: AdvisedIndex, number: int) -> Iterator[str]:
    left = clean(f"{number}. {described(index.definition, short=True)} ")
    saves = saved_ms(index)
    figures = [f"saves {duration(saves)}"] if saves else []
    figures += [size(index.size_bytes)] if index.size_bytes else []
    right = f" {', '.join(figures)}" if figures else ""
    room = WIDTH - width(left) - len(right)
    yield from [left + "-" * room + right] if room > 1 else wrap(left + right.strip(), "", _INDENT)
    if index.definition.condition:
        yield from wrap(f"only rows where {_unquoted(index.definition.condition)}", _INDENT)


def _unquoted(sql: str) -> str:
    return sql.replace('"', "")


def _served(served: Sequence[Served], *, costed: bool, verbose: bool) -> Iterator[str]:
    if not served:
        return
    shown = served if verbose or len(served) <= _MAX_SERVED + 1 else served[:_MAX_SERVED]
    timed = any(query.duration_ms_before is not None for query in shown)
    costed = costed and any(query.cost_before is not None for query in shown)
    headers = ["Calls", *["Cost", "after"] * costed, *["ms", "after"] * timed]
    rows = [_figures(query, costed=costed, timed=timed) for query in shown]
    room = WIDTH - len(_INDENT) - len(headers) * len(GAP)
    room -= sum(max(map(len, column)) for column in zip(headers, *rows, strict=True))
    names = [shorten(_named(query), room) for query in shown]
    yield ""
    yield from (_INDENT + line for line in table([*headers, "Query"], rows, names))
    if len(shown) < len(served):
        yield f"{_INDENT}and {plural(len(served) - len(shown), 'more query')} (-v 2 names them)"
    for query in shown if verbose else shown[:_MAX_SQL]:
        yield ""
        yield f"{_INDENT}  {shorten(_named(query), WIDTH - len(_INDENT) - 2)}"
        yield from (_BAR + line for line in sql_lines(query.fingerprint, WIDTH - len(_BAR)))


def _figures(query: Served, *, costed: bool, timed: bool) -> list[str]:
    figures = [figure(query.calls)]
    figures += [figure(query.cost_before), figure(query.cost_after)] * costed
    figures += [_ms(query.duration_ms_before), _ms(query.duration_ms_after)] * timed
    return figures


def _named(query: Served) -> str:
    more = f" and {len(query.endpoints) - 1} more" if len(query.endpoints) > 1 else ""
    name = query.name or (f"{query.endpoints[0]}{more}" if query.endpoints else "")
    return clean(f"{query.digest}  {name}".rstrip())


def _price(index: AdvisedIndex) -> Iterator[str]:
    parts = []
    if index.write_bytes:
        parts.append(f"each INSERT writes {plural(index.write_bytes, 'byte')} more")
    if index.build_ms is not None:
        parts.append(f"making it took {duration(index.build_ms)}")
    if parts:
        yield ""
        yield from wrap(f"Price: {', '.join(parts)}.", _INDENT)


def _code(definition: IndexDefinition, around: Surroundings) -> Iterator[str]:
    django = around.code.get(definition, DjangoIndex())
    if django.code:
        yield ""
        for need in django.needs:
            yield from wrap(f"First: {need}", _INDENT)
        yield from wrap(f"In the indexes of {django.model}'s Meta:", _INDENT)
        yield ""
        lines = [*django.imports, ""] if django.imports else []
        lines += paste_lines(f"{django.code},", WIDTH - len(_CODE))
        yield from ((_CODE + line).rstrip() for line in lines)
    yield ""
    because = f" ({django.reason})" if django.reason else ""
    yield from wrap(f"{'Or in' if django.code else 'In'} SQL{because}, and to undo it:", _INDENT)
    yield ""
    for statement in (*extensions(definition), *ddl(definition, around)):
        yield from (_CODE + line for line in broken(statement, WIDTH - len(_CODE)))


def broken(statement: str, room: int) -> Iterator[str]:
    """A statement that can be pasted: where it is too long it breaks at its clauses, then at
    spaces, never inside a literal or a name."""
    lines: list[str] = [""]
    for word in _words(clean(f"{statement};")):
        full = width(lines[-1]) + 1 + width(word) > room
        clause = word in _CLAUSES and width(statement) >= room
        if lines[-1] and (full or clause):
            lines.append(f"    {word}")
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip() if len(lines) == 1 else f"{lines[-1]} {word}"
    yield from lines


def _words(statement: str) -> Iterator[str]:
    word = ""
    for kind, text in pieces(statement):
        if kind == "space":
            yield word
            word = ""
        else:
            word += text
    yield word


def table(headers: list[str], rows: list[list[str]], last: list[str]) -> Iterator[str]:
    """Figures to the right, the text that takes the room that is left at the end."""
    text = tabulate(
        [headers, *([*row, name] for row, name in zip(rows, last, strict=True))],
        tablefmt="plain",
        disable_numparse=True,
        colalign=(*["right"] * (len(headers) - 1), "left"),
    )
    head, *body = text.splitlines()
    columns = [max(map(len, column)) for column in zip(headers[:-1], *rows, strict=True)]
    yield head
    yield GAP.join("-" * wide for wide in [*columns, max(map(width, [*last, headers[-1]]))])
    yield from body


def figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def _ms(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 0.1:
        return f"{value:.2f}" if value >= 0.005 or not value else "<0.01"
    return f"{value:,.1f}"
