"""What an XML file holds and no path looks at, counted while the gate reads.

An element is looked at where a path goes through it or reads it, by its name and that of its
parent; inside one whose text is read, every element is. An element that no path looks at is counted
once, with all that is in it, unless a path looks at something in there: it is then only on the way.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from collex_graph.model import Sight


class Known:
    """An element that is looked at, by its name.

    Attributes:
        name: as expat gives it.
        is_whole: all that is in it is read.
        covers: says whether all of some attributes are looked at.
        inside: name of a child → what it is, filled as they come; None for one not looked at.
        unread: attributes that are not looked at → how often they were met.
    """

    __slots__ = ("_attributes", "covers", "inside", "is_whole", "name", "unread")

    def __init__(self, name: str, *, is_whole: bool, attributes: frozenset[str] | None) -> None:
        self.name = name
        self.is_whole = is_whole
        self._attributes = attributes or frozenset()
        self.covers: Callable[[Iterable[str]], bool] = (
            (lambda _: True) if attributes is None else attributes.issuperset
        )
        self.inside: dict[str, Known | None] = {}
        self.unread: dict[str, int] = {}

    def count(self, attributes: Iterable[str]) -> None:
        """Count the attributes that are not looked at; not all are covered."""
        looked_at, unread = self._attributes, self.unread
        for attribute in attributes:
            if attribute not in looked_at:
                unread[attribute] = unread.get(attribute, 0) + 1


class Unread:
    """An open element that is not looked at.

    Attributes:
        key: names of its parent and of itself.
        around: the element around it.
        counts: what was met in it.
        is_way: something in it is looked at.
        inside: as for `Known`, the same for all.
    """

    __slots__ = ("around", "counts", "inside", "is_way", "key")

    def __init__(
        self, key: tuple[str, str], around: Known | Unread, inside: dict[str, Known | None]
    ) -> None:
        self.key = key
        self.around = around
        self.counts: Counter[tuple[str, str]] = Counter()
        self.is_way = False
        self.inside = inside


class Unlooked:
    """The open elements of a file, and the counts.

    Args:
        sights: what the paths of each source look at, names as lxml writes them.

    Attributes:
        open: the open elements, the document first.
    """

    def __init__(self, sights: Iterable[Sight]) -> None:
        self._elements: set[tuple[str, str]] = set()
        self._whole: set[tuple[str, str]] = set()
        self._attributes: dict[str, set[str]] = {}
        for sight in sights:
            self._elements |= {_as_in_expat(pair) for pair in sight.elements}
            self._whole |= {_as_in_expat(pair) for pair in sight.whole}
            for element, attribute in map(_as_in_expat, sight.attributes):
                self._attributes.setdefault(element, set()).add(attribute)
        self._known: dict[tuple[str, bool], Known] = {}
        self._inside_unread: dict[str, Known | None] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.open: list[Known | Unread] = [Known("/", is_whole=False, attributes=None)]

    def named(self) -> Mapping[str, int]:
        """Return the counts under ``parent/element`` and ``element/@attribute``, local names."""
        found: Counter[str] = Counter()
        counts = self._counts.copy()
        for known in self._known.values():
            for attribute, count in known.unread.items():
                counts[known.name, f"@{attribute}"] += count
        for (parent, name), count in counts.items():
            shown = f"@{_local(name[1:])}" if name.startswith("@") else _local(name)
            found[shown if parent == "/" else f"{_local(parent)}/{shown}"] += count
        return found

    def enter(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins that is not known to be looked at in one that is."""
        around = self.open[-1]
        if name not in around.inside:
            around.inside[name] = self._find(around, name)
        known = around.inside[name]
        if known is None:
            parent = around.name if isinstance(around, Known) else around.key[1]
            unread = Unread((parent, name), around, self._inside_unread)
            for attribute in attributes:
                unread.counts[name, f"@{attribute}"] += 1
            self.open.append(unread)
            return
        while isinstance(around, Unread) and not around.is_way:
            around.is_way = True
            around = around.around
        self.open.append(known)
        if not known.covers(attributes):
            known.count(attributes)

    def leave(self, element: Unread) -> None:
        """An element ends that is not looked at."""
        around = element.around
        counts = self._counts if isinstance(around, Known) else around.counts
        if element.is_way:
            counts.update(element.counts)
        else:
            counts[element.key] += 1

    def _find(self, around: Known | Unread, name: str) -> Known | None:
        if isinstance(around, Known) and around.is_whole:
            return self._make(name, is_whole=True)
        parents = ("*", around.name) if isinstance(around, Known) else ("*",)
        pairs = {(parent, named) for parent in parents for named in (name, "*")}
        is_whole = not pairs.isdisjoint(self._whole)
        if not is_whole and pairs.isdisjoint(self._elements):
            return None
        return self._make(name, is_whole=is_whole)

    def _make(self, name: str, *, is_whole: bool) -> Known:
        key = (name, is_whole)
        if key not in self._known:
            found = self._attributes.get(name, set()) | self._attributes.get("*", set())
            self._known[key] = Known(
                name, is_whole=is_whole, attributes=None if "*" in found else frozenset(found)
            )
        return self._known[key]


def _as_in_expat(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[0].removeprefix("{"), pair[1].removeprefix("{")


def _local(name: str) -> str:
    return name.rpartition("}")[2]
