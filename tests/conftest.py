from __future__ import annotations

import gc
from collections.abc import Iterator

import django
import pytest
from django.conf import settings

from queryscope import recording
from tests.debian import debian_postgresql  # noqa: F401


def pytest_report_header(config: pytest.Config) -> str:
    return f"django: {django.__version__} on {settings.VENDOR}"


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_fault_of_queryscope() -> Iterator[None]:
    """It logs its own faults and goes on, so that a test would pass in spite of one."""
    faults = recording._reported  # a test that makes a fault puts another set in its place
    faults.clear()
    yield
    assert faults == set()


@pytest.fixture
def library(db: None) -> None:
    """The rows of the test app, in the default database."""
    from tests.testapp.library import build

    build()
