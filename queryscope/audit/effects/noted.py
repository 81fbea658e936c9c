"""The effects of one request, and of several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ...core.reporters.layout import plural

#: Different things of one kind that are named; a crawler may reach hundreds of hosts.
_MOST = 10


@dataclass(frozen=True, slots=True)
class Effect:
    """``kind`` is what was reached ("mail", "cache default"), ``what`` a few words on it.

    ``counted`` is a noun: then it matters how often, and ``what`` follows on the number.
    """

    kind: str
    what: str = ""
    counted: str = ""

    def told(self, count: int) -> str:
        """ "mail: 2 messages not sent", "socket: api.example.com:443"."""
        number = plural(count, self.counted) if self.counted else ""
        return f"{self.kind}: {' '.join(filter(None, (number, self.what)))}"


class Effects:
    """What was noted so far, until it is closed. Safe to use from several threads.

    ``names`` are the names that IP addresses were found under.
    """

    __slots__ = ("_noted", "_open", "names")

    def __init__(self, noted: Iterable[Effect] = ()) -> None:
        self._noted = list(noted)
        self._open = True
        self.names: dict[str, str] = {}

    def note(self, effect: Effect, count: int = 1) -> None:
        """Add what happened ``count`` times; nothing once closed: a thread may live on."""
        if self._open:
            self._noted.extend([effect] * count)

    def close(self) -> None:
        self._open = False

    @property
    def counts(self) -> Counter[Effect]:
        return Counter(list(self._noted))

    @property
    def told(self) -> tuple[str, ...]:
        """One line for each, in the order of the alphabet."""
        lines: dict[str, list[str]] = {}
        for effect, count in self.counts.items():
            lines.setdefault(effect.kind, []).append(effect.told(count))
        found: list[str] = []
        for kind in sorted(lines):
            found.extend(sorted(lines[kind])[:_MOST])
            if len(lines[kind]) > _MOST:
                found.append(f"{kind}: and {len(lines[kind]) - _MOST} more")
        return tuple(found)


def united(several: Iterable[Effects]) -> Effects:
    """What requests of one endpoint did, each effect as often as the one that did it most."""
    most: Counter[Effect] = Counter()
    for effects in several:
        most |= effects.counts
    return Effects(most.elements())
