"""The search against every set there is, on small worlds whose costs are known."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryscope.core.costs import Configuration, Costs, Probe, weighted
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.selection import (
    LEAST_GAIN,
    Limits,
    Priced,
    Selection,
    alone,
    reason_alone,
    shortlist,
)


def index(name: str, table: str = "task") -> IndexDefinition:
    return IndexDefinition(table, (IndexKey(name),))


class World:
    """Costs by statement and index; a plan takes the best index that is there."""

    def __init__(self, costs: dict[str, dict[IndexDefinition, float]], calls: float = 1.0) -> None:
        self.costs = costs
        self.asked: list[tuple[str, Configuration]] = []
        everything = frozenset(i for known in costs.values() for i in known)
        probes = [Probe(text, text, calls, 100.0, 0.0) for text in costs]
        relevant = dict.fromkeys(costs, everything)
        self.table = Costs(self.estimate, weighted(probes), relevant)

    def estimate(self, text: str, there: Configuration) -> tuple[float, Configuration]:
        self.asked.append((text, there))
        known = {i: cost for i, cost in self.costs[text].items() if i in there and cost < 100}
        if not known:
            return 100.0, frozenset()
        best = min(known, key=lambda i: (known[i], i.name))
        return known[best], frozenset({best})


A, B, C = index("a"), index("b"), index("c")


def chosen(world: World, priced: list[Priced], limits: Limits = Limits()) -> set[str]:  # noqa: B008
    return {i.keys[0].name for i in Selection(world.table, priced, limits).best()}


def test_one_index_that_serves_two_queries_beats_two() -> None:
    world = World({"p": {A: 9, C: 10}, "q": {B: 9, C: 10}})
    priced = [Priced(A, 10, 0.02), Priced(B, 10, 0.02), Priced(C, 12, 0.02)]
    assert chosen(world, priced) == {"c"}


def test_what_its_upkeep_costs_more_than_it_saves_is_left() -> None:
    world = World({"p": {A: 90.0}, "q": {}})
    assert chosen(world, [Priced(A, 10, upkeep=0.06)]) == set()
    assert reason_alone(world.table, Priced(A, 10, upkeep=0.06)) == (
        "takes away 5.00% of the cost, and its upkeep adds 6.00%"
    )


def test_the_budget_is_kept_and_used() -> None:
    world = World({"p": {A: 1.0}, "q": {B: 20.0}, "r": {C: 20.0}})
    priced = [Priced(A, 100), Priced(B, 50), Priced(C, 50)]
    assert chosen(world, priced, Limits(size_bytes=100)) == {"b", "c"}
    assert chosen(world, priced, Limits(size_bytes=99)) in ({"b"}, {"c"})
    assert chosen(world, priced, Limits(indexes=1)) == {"a"}
    assert chosen(world, priced, Limits(size_bytes=0)) == set()


def test_what_the_log_may_grow_by_is_kept() -> None:
    world = World({"p": {A: 1.0}, "q": {B: 1.0}})
    priced = [Priced(A, 1, log_bytes=60), Priced(B, 1, log_bytes=50)]
    assert len(chosen(world, priced, Limits(log_bytes=100))) == 1


def test_an_index_that_another_makes_idle_is_dropped() -> None:
    # The narrow one gains most for its bytes and is taken first.
    world = World({"p": {A: 10.0, B: 9.0}, "q": {B: 5.0}})
    assert chosen(world, [Priced(A, 1), Priced(B, 30)]) == {"b"}


def test_a_search_that_is_stopped_returns_the_best_of_what_it_knows() -> None:
    world = World({"p": {A: 1.0, B: 50.0}, "q": {C: 1.0}})
    priced = [Priced(A, 1), Priced(B, 1), Priced(C, 1)]
    assert Selection(world.table, priced, Limits(), stop=lambda: True).best() == {A, C}


def test_what_is_known_is_not_asked_again() -> None:
    world = World({"p": {A: 1.0, B: 50.0}})
    [probe] = world.table.probes
    both = frozenset({A, B})
    assert world.table.cost(probe, both) == 1.0
    # The plan that took A with B there takes A without it.
    assert world.table.cost(probe, frozenset({A})) == 1.0
    assert len(world.asked) == 1
    assert world.table.cost(probe, frozenset({B})) == 50.0
    assert world.table.used(probe, both) == {A}


def test_the_shortlist_has_the_best_and_the_best_for_its_bytes() -> None:
    many = [index(f"x{number}") for number in range(30)]
    world = World({"p": {one: 10.0 + number for number, one in enumerate(many)}})
    kept = shortlist(world.table, [Priced(one, 1000 - n * 30) for n, one in enumerate(many)])
    assert many[0] in kept
    assert many[-1] in kept
    assert many[15] not in kept


costs = st.floats(min_value=1.0, max_value=100.0)
NAMES = "abcdef"


@st.composite
def worlds(draw: st.DrawFn) -> tuple[World, list[Priced]]:
    known = {
        f"q{number}": {
            index(name): draw(costs) for name in draw(st.sets(st.sampled_from(NAMES), max_size=4))
        }
        for number in range(draw(st.integers(1, 5)))
    }
    priced = [
        Priced(index(name), draw(st.integers(1, 50)), draw(st.floats(0, 0.05))) for name in NAMES
    ]
    return World(known), priced


@given(worlds())
@settings(max_examples=150, deadline=None)
def test_without_a_budget_no_set_is_better(drawn: tuple[World, list[Priced]]) -> None:
    world, priced = drawn
    search = Selection(world.table, priced, Limits())
    best = search.best()
    for count in range(len(priced) + 1):
        for some in combinations(priced, count):
            other = frozenset(one.definition for one in some)
            # Each index may be left out for gaining less than it has to.
            slack = LEAST_GAIN * len(priced)
            assert search.objective(best) <= search.objective(other) + slack + 0.02


@given(worlds(), st.integers(1, 120))
@settings(max_examples=150, deadline=None)
def test_with_a_budget_it_fits_and_nothing_that_fits_can_be_added(
    drawn: tuple[World, list[Priced]], budget: int
) -> None:
    world, priced = drawn
    search = Selection(world.table, priced, Limits(size_bytes=budget))
    best = search.best()
    sizes = {one.definition: one.size_bytes for one in priced}
    assert sum(sizes[i] for i in best) <= budget
    for one in priced:
        more = best | {one.definition}
        if search.fits(more) and one.definition not in best:
            assert search.objective(more) >= search.objective(best) - 2 * LEAST_GAIN
    for i in best:
        assert search.loss(i, best) >= LEAST_GAIN


def test_alone_is_the_share_that_one_takes_away() -> None:
    world = World({"p": {A: 50.0}, "q": {}})
    assert alone(world.table, Priced(A, 1)) == 0.25


def test_two_that_only_help_together_are_found() -> None:
    def estimate(text: str, there: Configuration) -> tuple[float, Configuration]:
        both = frozenset({A, B})
        return (10.0, both) if both <= there else (100.0, frozenset())

    costs = Costs(estimate, weighted([Probe("p", "p", 1.0, 100.0, 0.0)]), {"p": frozenset({A, B})})
    assert Selection(costs, [Priced(A, 1), Priced(B, 1)], Limits()).best() == {A, B}


@pytest.mark.parametrize(("budget", "expected"), [(None, set()), (100, {A})])
def test_without_a_budget_storage_has_to_pay(
    budget: int | None, expected: set[IndexDefinition]
) -> None:
    # It takes away 2 %, which is too little for as much storage as the tables take.
    world = World({"p": {A: 98.0}})
    limits = Limits(size_bytes=budget, tables_bytes=100)
    assert Selection(world.table, [Priced(A, 100)], limits).best() == expected


def test_one_index_that_does_what_two_do_is_thought_of() -> None:
    narrow = replace(index("a"), include=("x",))
    other = replace(index("a"), include=("y",))
    union = replace(index("a"), include=("x", "y"))
    built: list[IndexDefinition] = []

    def estimate(text: str, there: Configuration) -> tuple[float, Configuration]:
        able = {"p": (narrow, union), "q": (other, union)}[text]
        used = next((one for one in able if one in there), None)
        return (10.0, frozenset({used})) if used else (100.0, frozenset())

    def build(wanted: IndexDefinition) -> Priced:
        built.append(wanted)
        return Priced(wanted, 70)

    parts = frozenset({narrow, other})
    probes = weighted([Probe("p", "p", 1.0, 100.0, 0.0), Probe("q", "q", 1.0, 100.0, 0.0)])
    costs = Costs(estimate, probes, {"p": parts, "q": parts})
    priced = [Priced(narrow, 50), Priced(other, 50)]
    # Only one of the two fits; both together are in the union.
    found = Selection(costs, priced, Limits(size_bytes=70), build=build).best()
    assert [set(one.include) for one in built] == [{"x", "y"}]
    assert found == {built[0]}


def test_few_sets_are_asked_for() -> None:
    names = [f"i{number}" for number in range(60)]
    world = World(
        {
            f"q{q}": {index(n): 5.0 + 7 * ((q * 13 + at * 29) % 13) for at, n in enumerate(names)}
            for q in range(10)
        }
    )
    search = Selection(world.table, [Priced(index(n), 10) for n in names], Limits(size_bytes=40))
    alone_asked = len(world.asked)
    found = search.best()
    assert len(found) <= 4
    # Trying each candidate beside each chosen one would ask 2,400 times.
    assert len(world.asked) - alone_asked < 1_000
