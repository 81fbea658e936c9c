"""A progress bar with the time left, on a terminal only."""

import time
from collections.abc import Iterator
from typing import TextIO

WIDTH = 30
EVERY = 1_000


class Progress:
    """Counts rows towards `total` and draws on `stream` when a person is watching it."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self._stream = stream
        self._total = max(total, 1)
        self._visible = stream.isatty()
        self._started = time.monotonic()
        self._done = 0

    def watch(self, rows: Iterator[tuple], expected: int, label: str) -> Iterator[tuple]:
        """Passes `rows` on; afterwards `expected` of the total are done, however many came."""
        before = self._done
        for count, row in enumerate(rows):
            if count % EVERY == 0:
                self._done = before + min(count, expected)
                self.draw(label)
            yield row
        self._done = before + expected

    def draw(self, label: str) -> None:
        if not self._visible:
            return
        share = min(self._done / self._total, 1)
        elapsed = time.monotonic() - self._started
        left = f"{elapsed / share - elapsed:4.0f} s left" if share > 0.01 else " " * 11
        bar = ("#" * round(share * WIDTH)).ljust(WIDTH)
        self._stream.write(f"\r[{bar}] {share:4.0%} {left}  {label:<24.24}")
        self._stream.flush()

    def clear(self) -> None:
        if self._visible:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
