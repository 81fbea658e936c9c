"""The check that CI runs on this repository, on a copy that somebody makes worse."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
Manage = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.any_database


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(ROOT / "sample_project", folder / "sample_project")
    for name in ("manage.py", "queryscope-baseline.json"):
        shutil.copy(ROOT / name, folder)
    for arguments in (("migrate", "--verbosity=0"), ("seed",)):
        assert manage(folder, *arguments).returncode == 0
    return folder


def manage(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    own = {
        "DATABASE_URL": f"sqlite:///{folder / 'tracker.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": "sample_project.settings",
        "PYTHONPATH": os.pathsep.join((str(folder), str(ROOT))),
        # A file may be changed within a second, to the same size.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=folder,
        env=os.environ | own,
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture
def worse(copy: Path) -> Iterator[Callable[[str, str, str], None]]:
    """Change a file of the copy for one test."""
    texts: dict[Path, str] = {}

    def change(name: str, before: str, after: str) -> None:
        path = copy / "sample_project" / name
        texts[path] = path.read_text()
        assert before in texts[path]
        path.write_text(texts[path].replace(before, after))

    yield change
    for path, text in texts.items():
        path.write_text(text)


def test_it_passes_as_it_is(copy: Path) -> None:
    done = manage(copy, "queryscope", "check", "--strict")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing new." in done.stdout


@pytest.mark.any_environment
def test_new_n_plus_ones_fail_it(copy: Path, worse: Callable[[str, str, str], None]) -> None:
    worse(
        "examples/n_plus_one.py",
        'Profile.objects.select_related("user").order_by',
        "Profile.objects.order_by",
    )
    worse(
        "webhooks/serializers.py",
        "    class Meta:\n        model = Webhook\n        fields = [\n",
        '    avatar = serializers.CharField(source="user.profile.avatar_url")\n\n'
        '    class Meta:\n        model = Webhook\n        fields = [\n            "avatar",\n',
    )
    done = manage(copy, "queryscope", "check")
    assert done.returncode == 1
    assert "2 new findings." in done.stdout
    assert "Profile.user is loaded for each Profile row" in done.stdout
    assert "User.profile is loaded for each Webhook row" in done.stdout
