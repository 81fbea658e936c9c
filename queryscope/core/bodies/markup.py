"""HTML and XML whose elements may stand in any order, each with what is in it."""

from __future__ import annotations

import hashlib
from html.parser import HTMLParser

_VOID = frozenset(
    "area base br col embed hr img input link meta param source track wbr".split()  # noqa: SIM905
)
_Attributes = list[tuple[str, str | None]]


def canonical(text: str) -> str | None:
    """One text for all orders of the elements; None where they cannot be told."""
    tree = _Tree()
    try:
        tree.feed(text)
        tree.close()
    except AssertionError:  # "<![" and what follows it, in some versions of Python
        return None
    return tree.digest()


class _Tree(HTMLParser):
    """Open elements, outermost first; a closed one is a digest among what its parent holds."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, str, list[str]]] = [("", "", [])]

    def digest(self) -> str:
        while len(self._open) > 1:
            self._close()
        return _digest(*self._open[0])

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        self._open.append((tag, repr(attrs), []))
        if tag in _VOID:
            self._close()

    def handle_startendtag(self, tag: str, attrs: _Attributes) -> None:
        self._open.append((tag, repr(attrs), []))
        self._close()

    def handle_endtag(self, tag: str) -> None:
        if any(tag == name for name, _, _ in self._open[1:]):
            while self._open[-1][0] != tag:
                self._close()
            self._close()

    def handle_data(self, data: str) -> None:
        self._hold(" ".join(data.split()))

    def handle_comment(self, data: str) -> None:
        self._hold(f"<!--{data}-->")

    def handle_decl(self, decl: str) -> None:
        self._hold(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self._hold(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self._hold(f"<![{data}]>")

    def _hold(self, text: str) -> None:
        if text:
            self._open[-1][2].append(text)

    def _close(self) -> None:
        element = self._open.pop()
        self._hold(_digest(*element))


def _digest(tag: str, attributes: str, held: list[str]) -> str:
    whole = repr((tag, attributes, sorted(held)))
    return hashlib.blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
