"""The pytest plugin: ``pytest --queryscope`` fails on new N+1s and tells which test showed them.

pytest loads it wherever queryscope is installed. Without its flag and its mark it does nothing:
neither Django nor anything else of queryscope is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

_MARK = (
    "queryscope(max_queries=None, allow=()): the most queries that the test's function may make, "
    "and the detectors whose findings it does not show; with --queryscope the test's own code "
    "counts as well"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("queryscope", "queries of a Django project (queryscope)")
    group.addoption(
        "--queryscope",
        action="store_true",
        help="record the queries of requests and of the application's code, fail on new findings",
    )
    group.addoption(
        "--queryscope-baseline",
        metavar="FILE",
        help="the file of known findings; default: the BASELINE setting, queryscope-baseline.json",
    )
    group.addoption(
        "--queryscope-update",
        action="store_true",
        help="accept what this run finds: write the baseline and pass",
    )
    group.addoption(
        "--queryscope-strict",
        action="store_true",
        help="fail as well when no query was recorded, and on known findings that were fixed and "
        "are still in the baseline",
    )
    group.addoption(
        "--queryscope-output",
        metavar="FILE",
        help="write the report there, as JSON unless --queryscope-format says otherwise",
    )
    group.addoption(
        "--queryscope-format",
        metavar="FORMAT",
        help="the report's format, instead of the summary where there is no --queryscope-output",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", _MARK)
    if config.getoption("queryscope"):
        from .testing.pytest_run import Run

        config.pluginmanager.register(Run(config), "queryscope-run")
        return
    given = [
        name
        for name in ("update", "strict", "output", "format", "baseline")
        if _is_on(config, name)
    ]
    if given:
        raise pytest.UsageError(f"--queryscope-{given[0]} does nothing without --queryscope")


def _is_on(config: pytest.Config, name: str) -> bool:
    return bool(config.getoption(f"queryscope_{name}"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    marked = [item for item in items if item.get_closest_marker("queryscope")]
    if marked:
        from .testing.pytest_marks import Marks

        config.pluginmanager.register(Marks(marked), "queryscope-marks")


@pytest.fixture
def queryscope() -> ModuleType:
    """``with queryscope.budget(queries=10):`` and ``with queryscope.assert_no_n_plus_one():``."""
    from . import testing

    return testing
