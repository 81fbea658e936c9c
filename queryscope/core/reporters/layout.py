"""Text in the columns of a terminal: what is wide, what must be shortened, where it breaks."""

from __future__ import annotations

import re
import unicodedata

WIDTH = 80
_DOTS = "..."
#: What moves the cursor or the text around it, and what shows nothing: joiners of letters stay.
_CONTROL = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """One line that any terminal shows as it is: no control characters, no lone surrogates."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8").replace("\t", "    ")
    return _CONTROL.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def width(text: str) -> int:
    """Columns the text takes: two for East Asian wide characters, none for combining marks."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in {"Cf", "Me", "Mn"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, room: int) -> str:
    """The text with its middle left out where it takes more than ``room`` columns."""
    if width(text) <= room:
        return text
    keep = max(0, room - len(_DOTS))
    tail = _fit(text[::-1], keep - keep // 2)[::-1]
    return _fit(text, keep - width(tail)) + _DOTS + tail


def cut(text: str, room: int) -> str:
    """The text with its end left out where it takes more than ``room`` columns."""
    return text if width(text) <= room else _fit(text, room - len(_DOTS)) + _DOTS


def _fit(text: str, room: int) -> str:
    taken = 0
    for index, character in enumerate(text):
        taken += _columns(character)
        if taken > room:
            return text[:index]
    return text


def wrap(text: str, indent: str = "", hanging: str | None = None) -> list[str]:
    """Lines of at most ``WIDTH`` columns, broken at spaces; later lines start with ``hanging``."""
    hanging = indent if hanging is None else hanging
    lines: list[str] = []
    line = ""
    for word in clean(text).split(" "):
        start = hanging if lines else indent
        word = shorten(word, WIDTH - len(hanging))
        if line and width(start) + width(line) + 1 + width(word) > WIDTH:
            lines.append(start + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, (hanging if lines else indent) + line] if line else lines


def plural(count: int, noun: str, many: str | None = None) -> str:
    """ "1 query", "2,001 queries"."""
    if count == 1:
        return f"1 {noun}"
    return f"{count:,} {many or (noun[:-1] + 'ies' if noun.endswith('y') else noun + 's')}"


def duration(milliseconds: float) -> str:
    """ "0.4 ms", "38 ms", "1.2 s"."""
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:,.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 9.95 else f"{milliseconds:.1f} ms"
