"""EAD 2002 finding aids: described units, and what is not for the public.

Before anything sees the file, the reader

* cuts out every element with ``audience="internal"``, every ``revisiondesc``, and every
  ``processinfo`` that names the person in charge of the fonds;
* writes the attribute ``_unit`` on ``archdesc`` and on each component: ``eadid/@identifier`` (else
  the text of ``eadid``) for the first, ``@id`` for the others. A component without ``@id``, or with
  one already met in the file, gets the notice's identifier and the path of its positions
  (``FRFONDS-751132108-1756-c1-3-2``), and a note.

A record inside a described unit is handed out when the unit ends: its paths may look at the whole
unit, and at what precedes it in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from collex_graph.model import Note
from collex_graph.sources.xml import Unit, Withheld, XmlRecords, root_element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from collex_graph.model import RecordSource, SourceFile

_COMPONENTS = frozenset({"c"} | {f"c{number:02}" for number in range(1, 13)})
_PERSON_IN_CHARGE = re.compile(r"\bresponsables?(?:\(s\))?(?: \w+)? (?:du|des|de ce) fonds\b")
UNIT_ATTRIBUTE = "_unit"


class EadRecords(XmlRecords):
    """The records of one EAD file (a `RecordStream`)."""

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        namespace, _ = root_element(source_file.path)
        self._prefix = f"{namespace}}}" if namespace else ""
        self._component_names = frozenset(self._prefix + name for name in _COMPONENTS)
        self._notice: str | None = None
        self._in_eadid = False
        self._eadid_text: list[str] = []
        self._identifiers: set[str] = set()
        self._units_read = 0
        super().__init__(
            source_file,
            sources,
            withheld=Withheld(
                attribute="audience",
                value="internal",
                names=frozenset({self._prefix + "revisiondesc"}),
                judged=frozenset({self._prefix + "processinfo"}),
                words=_PERSON_IN_CHARGE,
            ),
        )

    @property
    def records_read(self) -> int:
        """Described units read so far: the notice itself and its components."""
        return self._units_read

    def _must_hold_all(self) -> bool:
        """Reading all of an element around a unit needs the whole file; inside a unit, the unit."""
        if self._reach.whole_file:
            return True
        outer = {self._prefix + name for name in ("ead", "archdesc", "dsc")} | self._component_names
        if any(name.removeprefix("{") in outer for name in self._reach.around):
            return True
        return any(
            ".." in source.reach.around
            and any(
                steps.steps[-1][1].removeprefix("{") in (*outer, "*") for steps in source.patterns
            )
            for source in self._sources
        )

    def _names_of_units(self) -> frozenset[str]:
        return self._component_names | {self._prefix + "archdesc"}

    def _watched_names(self) -> frozenset[str]:
        own = {self._prefix + name for name in ("eadid", "archdesc", "revisiondesc")}
        return self._component_names | own

    def _entered(self, name: str, attributes: dict[str, str], offset: int) -> None:
        if name in self._unit_names:
            if UNIT_ATTRIBUTE in attributes:
                self._refuse(f"the attribute {UNIT_ATTRIBUTE} is reserved")
            unit = self._unit = self._describe(name, attributes)
            if unit.identifier is not None:
                self._set_attribute(offset, UNIT_ATTRIBUTE, unit.identifier)
            self._units_read += 1
        elif name == self._prefix + "eadid" and self._notice is None:
            self._notice = " ".join(attributes.get("identifier", "").split()) or None
            if self._notice is None:
                self._in_eadid = True
                self._expat.CharacterDataHandler = self._eadid_text.append

    def _left(self, name: str) -> None:
        if self._unit is not None and len(self._stack) == self._unit.depth:
            self._unit = self._unit.parent
        elif self._in_eadid and name == self._prefix + "eadid":
            self._in_eadid = False
            self._notice = " ".join("".join(self._eadid_text).split()) or None
            self._eadid_text.clear()
            self._expat.CharacterDataHandler = None

    def _describe(self, name: str, attributes: dict[str, str]) -> Unit:
        above, depth = self._unit, len(self._stack)
        if name not in self._component_names:
            unit = Unit(self._notice, above, depth, "")
            if self._notice is None:
                unit.notes.append((Note("NoticeWithoutIdentifier", ""), "eadid/@identifier"))
            return unit
        path = "c1"
        if above is not None:
            above.children += 1
            path = f"{above.path}-{above.children}" if above.path else f"c{above.children}"
        identifier = " ".join(attributes.get("id", "").split())
        note = None
        if not identifier or identifier in self._identifiers:
            place = f"{self._notice}-{path}" if self._notice else path
            note = (
                Note("DuplicateUnitIdentifier", identifier, (("replacement", place),))
                if identifier
                else Note("UnitWithoutIdentifier", path, (("replacement", place),))
            )
            identifier = place
        self._identifiers.add(identifier)
        unit = Unit(identifier, above, depth, path)
        if note is not None:
            unit.notes.append((note, "@id"))
        return unit

    def _component_of(self, unit: Unit | None, content: Any) -> str | None:
        return unit.identifier if unit is not None else self._notice
