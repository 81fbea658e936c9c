"""The sample project as a command line finds it: with and without a DATABASE_URL."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sample_project.postgres import for_checkout

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.any_database


def manage(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "DJANGO_SETTINGS_MODULE", "QUERYSCOPE_POSTGRES_HOME")
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=kept | variables,
        capture_output=True,
        text=True,
    )


def test_migrations_match_the_models() -> None:
    done = manage("makemigrations", "--check", "--dry-run", DATABASE_URL="sqlite:///:memory:")
    assert done.stdout == "No changes detected\n"


def test_migrations_apply(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/db.sqlite3"
    assert manage("migrate", "--verbosity=0", DATABASE_URL=url).stderr == ""
    assert manage("migrate", "--check", DATABASE_URL=url).returncode == 0


def test_system_checks_pass() -> None:
    done = manage("check", "--fail-level=WARNING", DATABASE_URL="sqlite:///:memory:")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.any_environment
def test_without_a_database_url_it_is_the_embedded_server(base: Path) -> None:
    code = "from django.db import connection; print(connection.settings_dict['HOST'])"
    done = manage("shell", "-c", code, QUERYSCOPE_POSTGRES_HOME=str(base.parent))
    assert done.stdout.splitlines()[-1] == str(for_checkout().directory)
    assert for_checkout().is_ready()


@pytest.mark.any_environment
@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("DATABASE_URL", "oracle://db/name", "DATABASE_URL: unknown scheme 'oracle'"),
        ("QUERYSCOPE_POSTGRES_HOME", "/dev/null", "error: cannot use /dev/null/queryscope-"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(variable: str, value: str, message: str) -> None:
    done = manage("migrate", **{variable: value})
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
