"""What the tests use of the system's packages, installed by apt-get on Debian where root may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

INSTALL_SECONDS = 600


class Missing(Exception):
    """Says in one line why something is not here."""


def refuse(packages: Sequence[str]) -> None:
    """Raises Missing where they cannot be installed."""
    if not shutil.which("apt-get"):
        raise Missing(f"{packages[-1]} is not installed, and there is no apt-get to do it")
    if os.geteuid() != 0:
        raise Missing(f"{packages[-1]} is not installed, and only root can do it")


def install(packages: Sequence[str]) -> None:
    """Raises Missing."""
    refuse(packages)
    _apt_get("update")
    _apt_get("install", "--yes", "--no-install-recommends", *packages)


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
