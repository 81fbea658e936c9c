from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sample_project.postgres import Server
from sample_project.postgres.directories import base_directory


@pytest.fixture
def base(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty directory for embedded servers, which are destroyed with it."""
    # Not tmp_path: its parents are private, and root's server runs as another user.
    parent = Path(tempfile.mkdtemp(prefix="qs-", dir="/var/tmp"))
    parent.chmod(0o711)
    monkeypatch.setenv("QUERYSCOPE_POSTGRES_HOME", str(parent))
    yield base_directory()
    for home in base_directory().iterdir():
        if (home / "server").exists():
            Server(home).destroy()
    shutil.rmtree(parent)
