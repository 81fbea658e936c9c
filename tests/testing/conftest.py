from __future__ import annotations

from pathlib import Path

import pytest

from tests.testing.plugin_project import SERVICES, TESTS, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """One service with an N+1, one test that shows it."""
    return Project(tmp_path, {"shop/services.py": SERVICES, "tests/test_services.py": TESTS})
