"""A server with the extensions that the embedded one has not: HypoPG, pg_trgm, pg_stat_statements.

It takes the PostgreSQL that the system's packages installed (Debian 12: postgresql-15 and
postgresql-15-hypopg), in a directory of its own and with no port, so that it meets no other.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environments import ROOT

sys.path.append(str(ROOT))

from sample_project import postgres

PACKAGES = ("postgresql-15", "postgresql-15-hypopg")
EXTENSIONS = ("hypopg", "pg_trgm", "pg_stat_statements")
PROGRAMS = Path("/usr/lib/postgresql")
SHARED = Path("/usr/share/postgresql")
INSTALL_SECONDS = 600
# What keeps the packages from making, and starting, a server that nobody asked for.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/queryscope.conf")


class Missing(Exception):
    """Says in one line why there is no such server here."""


@contextmanager
def running() -> Iterator[str]:
    """The URL of a new, empty server, deleted at the end. Raises Missing."""
    installed = postgres.Installed(find(), preload="pg_stat_statements")
    try:
        server = postgres.temporary(installed)
    except postgres.ServerError as error:
        raise Missing(str(error)) from None
    try:
        try:
            server.start()
        except postgres.ServerError as error:
            raise Missing(str(error)) from None
        yield server.url
    finally:
        server.destroy()


def find() -> Path:
    """Where the newest one's programs are. Raises Missing."""
    versions = [path.name for path in SHARED.glob("*") if path.name.isdigit()]
    for version in sorted(versions, key=int, reverse=True):
        controls = (SHARED / version / "extension" / f"{name}.control" for name in EXTENSIONS)
        programs = PROGRAMS / version / "bin"
        if (programs / "postgres").exists() and all(control.exists() for control in controls):
            return programs
    raise Missing(f"{PACKAGES[-1]} is not installed")


def install() -> None:
    """By apt-get, as root. Raises Missing."""
    if not shutil.which("apt-get"):
        raise Missing(f"{PACKAGES[-1]} is not installed, and there is no apt-get to do it")
    if os.geteuid() != 0:
        raise Missing(f"{PACKAGES[-1]} is not installed, and only root can do it")
    NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        _apt_get("update")
        _apt_get("install", "--yes", "--no-install-recommends", *PACKAGES)
    finally:
        NO_CLUSTER.unlink()


def _apt_get(*arguments: str) -> None:
    try:
        done = subprocess.run(
            ["apt-get", "--quiet", *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise Missing(f"apt-get {arguments[0]} did not end in {INSTALL_SECONDS} s") from None
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("E:")]
        reason = (errors or lines or [f"status {done.returncode}"])[-1]
        raise Missing(f"apt-get {arguments[0]}: {reason.removeprefix('E:').strip()}")
