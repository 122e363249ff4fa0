"""XML formats whose records carry an identifier of their own, inside one element.

A bibliographic record (UNIMARC, Dublin Core in OAI-PMH…), a thesis (TEF in METS) or an authority
record (EAC-CPF) is one element, and what a mapping reads inside it (fields, people, subjects)
belongs to it. The reader gives all of that the identifier of the record, so that a problem is told
of it and it is set aside whole.

A record inside such an element is handed out when the element ends: its paths may look at the whole
of it, whatever their order.

What TEF holds of a person besides name and role (birth, nationality, address, student numbers), and
who wrote and revised an EAC-CPF record (``agent``, ``eventDescription``), is cut out before
anything sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from collex_graph.model import Note
from collex_graph.sources.gate import Gate, Unit, Withheld
from collex_graph.sources.xml import XmlRecords

if TYPE_CHECKING:
    from pathlib import Path

    from collex_graph.sources.gate import Places


@dataclass(frozen=True)
class UnitKind:
    """Which element is a record, and what names it.

    Attributes:
        element: the element, as expat names it (``namespace}local``).
        identifier: the element inside it whose text is its identifier; the first that has one.
        attribute: an attribute that the identifier's element must have…
        value: …with this value.
    """

    element: str
    identifier: str
    attribute: str = ""
    value: str = ""


ROOTS: Final = frozenset({
    "record", "collection", "OAI-PMH", "results", "searchRetrieveResponse", "mets", "eac-cpf",
    "eac",
})  # fmt: skip
"""Local names of the root elements of such files: UNIMARC, answers of OAI-PMH (« results » is
Gallica's OAIRecord) and of SRU, TEF, EAC-CPF."""

_OAI: Final = "http://www.openarchives.org/OAI/2.0/}"
_DC: Final = "http://purl.org/dc/elements/1.1/}"
_SRU: Final = "http://www.loc.gov/zing/srw/}"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance}"

KINDS: Final = (
    # UNIMARC as Sudoc serves it: ISO 2709 field 001 (ISO 25577, without its namespace)
    UnitKind("record", "controlfield", "tag", "001"),
    # an OAI-PMH record, in its namespace and without one (Gallica's OAIRecord)
    UnitKind("record", "identifier"),
    UnitKind(f"{_OAI}record", f"{_OAI}identifier"),
    UnitKind(f"{_SRU}record", f"{_DC}identifier"),
    # TEF: the national number of a thesis
    UnitKind("http://www.loc.gov/METS/}mets", f"{_DC}identifier", f"{_XSI}type", "tef:NNT"),
    # EAC-CPF of 2010 and 2.0, read without their namespaces: one authority record, and its number
    UnitKind("eac-cpf", "recordId"),
    UnitKind("eac", "recordId"),
)
_TEF: Final = "http://www.abes.fr/abes/documents/tef}"
_SUJETS: Final = "http://www.theses.fr/namespace/sujets}"
# What TEF holds of a doctoral student besides the name, who wrote and revised an EAC-CPF record and
# in what words: no rule sees it.
_PERSONAL: Final = Withheld(
    attribute="autoriteSource",
    values=frozenset({"code_ine", "matricule_adum"}),
    names=frozenset({
        "agent", "eventDescription",
        f"{_TEF}dateNaissance", f"{_TEF}nationalite",
        *(
            f"{_SUJETS}{name}Doctorant"
            for name in (
                "adresse", "codePostal", "villeAdresse", "paysAdresse", "telephone", "mail",
                "email", "courriel",
            )
        ),
    }),
)  # fmt: skip


class _UnitGate(Gate):
    """Gives each record the identifier that it holds."""

    def __init__(self, path: Path, places: Places) -> None:
        self.units_read = 0
        self._stem = path.stem
        self._text: list[str] | None = None
        super().__init__(
            path,
            places,
            _PERSONAL,
            special=frozenset(kind.element for kind in KINDS)
            | frozenset(kind.identifier for kind in KINDS),
        )

    def entered(self, name: str, attributes: dict[str, str], offset: int) -> None:
        """A record begins, or what may be its identifier."""
        if name in self._places.unit_names:
            self.units_read += 1
            self.unit = Unit(None, self.unit, len(self.stack), "")
        elif self.unit is not None and self.unit.identifier is None and self._text is None:
            kinds = (kind for kind in KINDS if kind.identifier == name)
            around = self.stack[self.unit.depth - 1]
            if any(
                kind.element == around
                and (not kind.attribute or attributes.get(kind.attribute) == kind.value)
                for kind in kinds
            ):
                self._text = []
                self.read_text_into(self._text)

    def left(self, name: str) -> None:
        """Name the record, or go back to what is around it."""
        unit = self.unit
        if unit is None:
            return
        if len(self.stack) == unit.depth:
            if unit.identifier is None:
                place = f"{self._stem}-{self.units_read}"
                unit.identifier = place
                unit.notes.append((Note("RecordWithoutIdentifier", place), None))
            self.unit = unit.parent
        elif self._text is not None:
            unit.identifier = " ".join("".join(self._text).split()) or None
            self._text = None
            self.read_text_into(None)


class UnitRecords(XmlRecords):
    """The records of one such file (a `RecordStream`)."""

    _gate: _UnitGate

    @property
    def records_read(self) -> int:
        """Records read so far, whatever a mapping reads inside them."""
        return self._gate.units_read

    def _must_hold_all(self) -> bool:
        """A record is whole when it is handed out; only what is around it would need the file."""
        return self._reach.whole_file

    def _names_of_units(self) -> frozenset[str]:
        return frozenset(kind.element for kind in KINDS)

    def _make_gate(self) -> _UnitGate:
        return _UnitGate(self._path, self._places)

    def _component_of(self, unit: Unit | None, content: Any) -> str | None:
        return unit.identifier if unit is not None else super()._component_of(unit, content)
