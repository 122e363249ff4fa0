"""EAD 2002 finding aids: described units, and what is not for the public.

Before anything sees the file, the reader

* cuts out every element with ``audience="internal"``, every ``revisiondesc``, and every
  ``processinfo`` that names the person in charge of the fonds;
  of an internal status it hears only whether the notice « est en modification », which goes to the
  curator's report and to nothing that is published;
* writes the attribute ``_unit`` on ``archdesc`` and on each component: ``eadid/@identifier`` (else
  the text of ``eadid``) for the first, ``@id`` for the others. A component without ``@id``, or with
  one already met in the file, gets the notice's identifier and the path of its positions
  (``FRFONDS-751132108-1756-c1-3-2``), and a note;
* writes on each component, where a rule looks at one of them, ``_rank``, its place among the
  components of the unit around it, from 1, and ``_previous``, the ``_unit`` of the one before it,
  if any: what precedes a record in the file may have been released;
* puts a space where a line break (``lb``) stands, which separates words and has no text.

A record inside a described unit is handed out when the unit ends: its paths may look at the whole
unit, and at what precedes it in the file.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from collex_graph.model import Note
from collex_graph.sources.gate import Gate, Places, Unit, Withheld, expat_name, without_namespace
from collex_graph.sources.markup import root_element
from collex_graph.sources.xml import XmlRecords

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from collex_graph.model import RecordSource, SourceFile

UNIT_ATTRIBUTE = "_unit"
RANK_ATTRIBUTE = "_rank"
PREVIOUS_ATTRIBUTE = "_previous"
ROOTS = frozenset({"ead", "archdesc", "c", "c01"})
"""Root elements of an EAD file: a finding aid, or a part that a catalogue exports alone."""

COMPONENTS = frozenset({"c"} | {f"c{number:02}" for number in range(1, 13)})
"""Elements that are a part of a finding aid."""
_IN_PROGRESS = re.compile("statutdelanotice(?:est)?enmodification")
_PERSON_IN_CHARGE = re.compile("responsables?[a-z]{0,20}?d(?:u|es|ece)fonds")


class _EadGate(Gate):
    """Names the described units as they begin.

    Args:
        path: the file.
        places: which elements are records.
        prefix: what stands before local names in expat's: empty, or the namespace and ``}``.
    """

    def __init__(self, path: Path, places: Places, prefix: str) -> None:
        self.notice: str | None = None
        self.units_read = 0
        self._components = frozenset(prefix + name for name in COMPONENTS)
        self._eadid = f"{prefix}eadid"
        self._line_break = f"{prefix}lb"
        self._eadid_text: list[str] | None = None
        self._identifiers: set[str] = set()
        seen = {attribute for sight in places.sights for _, attribute in sight.attributes}
        self._tells_order = not seen.isdisjoint({RANK_ATTRIBUTE, PREVIOUS_ATTRIBUTE, "*"})
        super().__init__(
            path,
            places,
            Withheld(
                attribute="audience",
                value="internal",
                names=frozenset({f"{prefix}revisiondesc"}),
                judged=frozenset({f"{prefix}processinfo"}),
                words=_PERSON_IN_CHARGE,
                told=_IN_PROGRESS,
            ),
            places.unit_names | {self._eadid, self._line_break},
        )

    def entered(self, name: str, attributes: dict[str, str], offset: int) -> None:
        """Name a unit, or the notice."""
        if name in self._components or name in self._places.unit_names:
            for reserved in (UNIT_ATTRIBUTE, RANK_ATTRIBUTE, PREVIOUS_ATTRIBUTE):
                if reserved in attributes:
                    self.refuse(f"the attribute {reserved} is reserved")
            above = self.unit
            self.unit = self._describe(name, attributes)
            written: dict[str, str] = {}
            if self.unit.identifier is not None:
                written[UNIT_ATTRIBUTE] = self.unit.identifier
            if above is not None and name in self._components:
                if self._tells_order:
                    written[RANK_ATTRIBUTE] = str(above.children)
                    if above.last_child is not None:
                        written[PREVIOUS_ATTRIBUTE] = above.last_child
                above.last_child = self.unit.identifier
            self.set_attributes(offset, written)
            self.units_read += 1
        elif name == self._line_break:
            self.insert(offset, b" ")
        elif name == self._eadid and self.notice is None:
            self.notice = " ".join(attributes.get("identifier", "").split()) or None
            if self.notice is None:
                self._eadid_text = []
                self.read_text_into(self._eadid_text)

    def told(self) -> None:
        """The source's internal status says that the notice is being changed."""
        if self.unit is not None:
            self.unit.notes.append((Note("NoticeInProgress", ""), None))

    def left(self, name: str) -> None:
        """Go back to the unit around."""
        if self.unit is not None and len(self.stack) == self.unit.depth:
            self.unit = self.unit.parent
        elif name == self._eadid and self._eadid_text is not None:
            self.notice = " ".join("".join(self._eadid_text).split()) or None
            self._eadid_text = None
            self.read_text_into(None)

    def _describe(self, name: str, attributes: dict[str, str]) -> Unit:
        above, depth = self.unit, len(self.stack)
        if name not in self._components:
            unit = Unit(self.notice, above, depth, "")
            if self.notice is None:
                unit.notes.append((Note("NoticeWithoutIdentifier", ""), "eadid/@identifier"))
            else:
                self._identifiers.add(self.notice)
            return unit
        path = "c1"
        if above is not None:
            above.children += 1
            path = f"{above.path}-{above.children}" if above.path else f"c{above.children}"
        identifier = " ".join(attributes.get("id", "").split())
        note = None
        if not identifier or identifier in self._identifiers:
            place = f"{self.notice}-{path}" if self.notice else path
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


class EadRecords(XmlRecords):
    """The records of one EAD file (a `RecordStream`)."""

    _gate: _EadGate
    _identifiers_are_global = False

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        namespace, _ = root_element(source_file.path)
        named = namespace and namespace not in without_namespace(sources)
        self._prefix = f"{namespace}}}" if named else ""
        super().__init__(source_file, sources)

    @property
    def records_read(self) -> int:
        """Described units read so far: the notice itself and its components."""
        return self._gate.units_read

    def _must_hold_all(self) -> bool:
        """Reading all of an element around a unit needs the whole file; inside a unit, the unit."""
        if self._reach.whole_file:
            return True
        outer = {self._prefix + name for name in {"ead", "archdesc", "dsc", *COMPONENTS}}
        if any(expat_name(name) in outer for name in self._reach.around):
            return True
        return any(
            ".." in source.reach.around
            and any(expat_name(p.steps[-1][1]) in (*outer, "*") for p in source.patterns)
            for source in self._sources
        )

    def _names_of_units(self) -> frozenset[str]:
        return frozenset(self._prefix + name for name in {"archdesc", *COMPONENTS})

    def _make_gate(self) -> _EadGate:
        return _EadGate(self._path, self._places, self._prefix)

    def _component_of(self, unit: Unit | None, content: Any) -> str | None:
        return unit.identifier if unit is not None else self._gate.notice
