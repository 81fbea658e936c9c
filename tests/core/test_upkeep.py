from __future__ import annotations

import pytest

from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.limits import Limits, Priced
from queryscope.core.prices import Prices
from queryscope.core.schema import Column, ColumnStatistics, ExistingIndex, Schema, Table
from queryscope.core.upkeep import WriteLoad, entries, entry_bytes, entry_ms, log_bytes


def index(*names: str, **options: object) -> IndexDefinition:
    return IndexDefinition("task", tuple(map(IndexKey, names)), **options)


def column(name: str, width: int) -> Column:
    return Column(name, "text", statistics=ColumnStatistics(distinct=9, width=width))


def table(*existing: IndexDefinition) -> Table:
    columns = {name: column(name, width) for name, width in (("a", 8), ("b", 20), ("body", 500))}
    there = tuple(ExistingIndex(i.name, "task", i) for i in existing)
    return Table("task", columns, rows=1000.0, indexes=there)


def load(kind: str, *columns: str, calls: float = 10.0, rows: float = 1.0) -> WriteLoad:
    return WriteLoad("task", kind, frozenset(columns), calls, rows)


@pytest.mark.parametrize(
    ("written", "existing", "expected"),
    [
        (load("insert"), (), 1.0),
        (load("insert", rows=5), (), 5.0),
        (load("delete"), (), 0.0),
        # HOT as before: nothing of it is indexed.
        (load("update", "body"), (), 0.0),
        # It names what is set, and costs an entry in each of the others as well.
        (load("update", "a"), (), 1.0),
        (load("update", "a"), (index("b"),), 2.0),
        # Another one has ended HOT already: each update writes into all.
        (load("update", "b"), (index("b"),), 1.0),
        (WriteLoad("other", "insert", frozenset(), 1.0), (), 0.0),
    ],
)
def test_entries_of_one_run(written: WriteLoad, existing: tuple, expected: float) -> None:
    assert entries(index("a"), written, table(*existing), 1.0) == expected


def test_a_partial_index_has_entries_for_its_rows_only() -> None:
    assert entries(index("a"), load("insert"), table(), 0.01) == 0.01


def test_a_condition_that_is_set_moves_rows_in_and_out() -> None:
    partial = index("a", condition="\"b\" = 'x'")
    assert entries(partial, load("update", "b"), table(), 1.0) == 1.0


def test_wide_keys_and_documents_cost_more_and_ranges_next_to_nothing() -> None:
    trigrams = IndexDefinition("task", (IndexKey("body", opclass="gin_trgm_ops"),), method="gin")
    sizes = [
        entry_bytes(one, table())
        for one in (index("a", method="brin"), index("a"), index("a", "b"), trigrams)
    ]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 20 * sizes[1]
    times = [entry_ms(one, table()) for one in (index("a", method="brin"), index("a"), trigrams)]
    assert times == sorted(times)


def test_the_log_grows_with_each_index_that_is_there() -> None:
    loads = [load("insert"), load("update", "b")]
    bare = log_bytes(loads, {"task": table()})
    assert bare > 10 * 2 * 528
    assert log_bytes(loads, {"task": table(index("a"))}) > bare
    assert log_bytes([load("delete")], {"task": table(index("a"))}) < bare / 5


def test_a_price_is_what_the_writes_pay() -> None:
    schema = Schema("postgresql", {"task": table()})
    prices = Prices(schema, [load("insert", calls=1000)], whole_ms=100.0)
    whole = prices.price(index("a"), 4096, None)
    part = prices.price(index("a"), 4096, 10.0)
    assert whole.upkeep == pytest.approx(1000 * entry_ms(index("a"), table()) / 100)
    assert part.upkeep == pytest.approx(whole.upkeep / 100)
    assert prices.log_limit is not None
    assert 0 < whole.log_bytes < prices.log_limit
    assert Prices(schema, [], 100.0).log_limit is None
    assert prices.insert_bytes(index("a")) == 80


def test_storage_is_weighed_where_it_has_no_limit() -> None:
    small, large = Priced(index("a"), 1, upkeep=0.01), Priced(index("b"), 100, upkeep=0.01)
    free = Limits(size_bytes=1000, tables_bytes=100)
    assert free.rent(large) == free.rent(small) == 0.01
    weighed = Limits(tables_bytes=100)
    assert weighed.rent(large) == pytest.approx(0.09)
    assert weighed.rent(small) < 0.0101
    assert Limits(tables_bytes=100, least=0.5).rent(small) > 0.5
