from __future__ import annotations

import django
import pytest
from django.conf import settings


def pytest_report_header(config: pytest.Config) -> str:
    return f"django: {django.__version__} on {settings.VENDOR}"


@pytest.fixture
def library(db: None) -> None:
    """The rows of the test app, in the default database."""
    from tests.testapp.library import build

    build()
