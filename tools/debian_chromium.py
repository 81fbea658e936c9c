"""The browser in which the debug toolbar's panel is tested: Debian's chromium and its driver."""

from __future__ import annotations

import shutil

import debian_packages
from debian_packages import Missing

# The font is for whoever looks at screenshots.
PACKAGES = ("fonts-dejavu-core", "chromium-driver", "chromium")
PROGRAMS = ("chromium", "chromedriver")


def find() -> None:
    """Raises Missing."""
    for program in PROGRAMS:
        if not shutil.which(program):
            raise Missing(f"{program} is not installed")


def install() -> None:
    """By apt-get, as root. Raises Missing."""
    debian_packages.install(PACKAGES)
