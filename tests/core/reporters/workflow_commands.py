"""What GitHub's runner makes of a line of a step's output: its rules, which are documented nowhere.

A line is a command when it begins with "::" after spaces, or has "##[" anywhere, and names one that
the runner knows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    message: str


def parse(line: str) -> Command | None:
    line = line.lstrip()
    if line.startswith("::"):
        head, found, message = line[2:].partition("::")
        if found:
            name, _, given = head.partition(" ")
            pairs = (pair.split("=", 1) for pair in given.strip().split(",") if pair)
            properties = {key: _unescaped(value, True) for key, value in pairs}
            return Command(name, properties, _unescaped(message, False))
    old = re.search(r"##\[(\S*)[^\]]*\](.*)", line)
    return Command(old[1], {}, old[2]) if old else None


def _unescaped(text: str, of_property: bool) -> str:
    text = text.replace("%0D", "\r").replace("%0A", "\n")
    if of_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%25", "%")


def commands(text: str) -> list[Command]:
    # The runner's streams end a line at any of these.
    return [found for line in re.split(r"\r\n|\r|\n", text) if (found := parse(line))]
