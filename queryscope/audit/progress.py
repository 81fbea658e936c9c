"""A progress bar with the time left, for a terminal; silent everywhere else."""

from __future__ import annotations

import shutil
import time
from typing import TextIO

from ..core.reporters.layout import clean

_BAR = 20


class Progress:
    """One line on ``stream`` that is rewritten: bar, count, time left, what is being done."""

    def __init__(self, stream: TextIO, total: int = 0) -> None:
        self.total = total
        self.done = 0
        self._stream = stream
        self._shown = bool(getattr(stream, "isatty", lambda: False)())
        self._started = time.monotonic()

    def start(self, total: int) -> None:
        self.total, self.done, self._started = total, 0, time.monotonic()

    def note(self, doing: str) -> None:
        """Show what is being done now."""
        if self._shown:
            width = max(20, shutil.get_terminal_size().columns - 1)
            self._stream.write("\r" + self._line(clean(doing))[:width].ljust(width))
            self._stream.flush()

    def step(self) -> None:
        """One more is done."""
        self.done += 1

    def clear(self) -> None:
        """Leave the line empty, so that what follows starts on a clean one."""
        if self._shown:
            width = max(20, shutil.get_terminal_size().columns - 1)
            self._stream.write("\r" + " " * width + "\r")
            self._stream.flush()

    def _line(self, doing: str) -> str:
        if not self.total:
            return doing
        filled = _BAR * self.done // self.total
        bar = "#" * filled + "-" * (_BAR - filled)
        return f"[{bar}] {self.done}/{self.total} {self._left()} {doing}"

    def _left(self) -> str:
        if not self.done:
            return "--:--"
        elapsed = time.monotonic() - self._started
        seconds = round(elapsed / self.done * (self.total - self.done))
        return f"{seconds // 60:02d}:{seconds % 60:02d} left"
