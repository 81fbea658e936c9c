"""Makes virtual environments, and finds the interpreters to make them with."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Environment:
    """A directory below ROOT, one of pyproject.toml's extras, and perhaps a Django release."""

    name: str
    extra: str
    django: str = "django"
    # Not sys.executable: that may lie in the very environment that is to be made anew.
    interpreter: str = getattr(sys, "_base_executable", sys.executable)

    @property
    def path(self) -> Path:
        return ROOT / self.name

    @property
    def python(self) -> str:
        return str(self.path / "bin" / "python")

    @property
    def _stamp(self) -> Path:
        return self.path / "installed"

    @property
    def _unfinished(self) -> Path:
        return ROOT / f"{self.name}.unfinished"

    def is_complete(self) -> bool:
        return (
            not self._unfinished.exists()
            and self._stamp.exists()
            and self._stamp.read_text() in (self._wanted(self.extra), self._wanted("dev"))
            and self._works()
        )

    def make(self) -> subprocess.CompletedProcess[str]:
        """Makes or updates it; to be called with a lock. An unfinished one is made anew."""
        if self._unfinished.exists() or (self.path.exists() and not self._works()):
            self._discard()
        self._unfinished.unlink(missing_ok=True)
        self._unfinished.touch()
        if not self.path.exists():
            done = _run([self.interpreter, "-m", "venv", str(self.path)])
            if done.returncode:
                return done
        requirements = ["-e", f".[{self.extra}]", self.django]
        done = _run([self.python, "-m", "pip", "install", "--quiet", *requirements])
        if done.returncode == 0:
            self._stamp.write_text(self._wanted(self.extra))
            self._unfinished.unlink()
        return done

    def _discard(self) -> None:
        if self.path.exists():
            # Renamed first: it may be another user's and then cannot be deleted.
            discarded = self.path.rename(f"{self.path}.discarded-{time.time_ns()}")
            shutil.rmtree(discarded, ignore_errors=True)

    def _works(self) -> bool:
        try:
            return _run([self.python, "-c", "import pip"]).returncode == 0
        except OSError:
            return False

    def _wanted(self, extra: str) -> str:
        project = sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
        return f"{extra} {self.django} {ROOT} {project}\n"


def find_interpreter(*versions: str) -> tuple[str, str] | None:
    """The first of `versions` that really runs, with its path: a pyenv shim may only exist."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    uv = Path.home() / ".local" / "share" / "uv" / "python"
    for version in versions:
        directories: list[str | Path] = [
            *os.get_exec_path(),
            *sorted(pyenv.glob(f"versions/{version}*/bin"), reverse=True),
            *sorted(uv.glob(f"cpython-{version}.*/bin"), reverse=True),
        ]
        for directory in directories:
            python = Path(directory) / f"python{version}"
            if python.exists() and _can_make_environments(str(python), version):
                return version, str(python)
    return None


def _can_make_environments(python: str, version: str) -> bool:
    code = "import ensurepip, sqlite3, sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        done = _run([python, "-c", code])
    except OSError:
        return False
    return done.returncode == 0 and done.stdout.strip() == version


@contextmanager
def locked(name: str) -> Iterator[None]:
    """One at a time in this checkout. The kernel frees the lock of a process that is killed, once
    the children that it leaves behind, which inherit the lock, have ended too.
    """
    # Opened for reading: the file may be that of another user.
    lock = os.open(ROOT / f".lock-{name}", os.O_RDONLY | os.O_CREAT, 0o644)
    os.set_inheritable(lock, True)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another make in this directory", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        close_fds=False,  # see locked
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
