"""Manifests of the French exchange standard for archives (SEDA 2.1, 2.2, 2.3).

A manifest describes archive units before they are deposited. It may name living persons, with
birth, nationality and address: who wrote, sent or signed a record, and whom to call in a service.
The reader cuts all of that out before anything sees it; what a body is called stays.

A record is known by the ``id`` of its element, or of the nearest one around it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from collex_graph.sources.gate import Gate, Withheld
from collex_graph.sources.xml import XmlRecords

if TYPE_CHECKING:
    from collex_graph.model import Record
    from collex_graph.sources.gate import Candidate, Place, Unit

_NAMESPACES: Final = tuple(
    f"fr:gouv:culture:archivesdefrance:seda:v{version}}}" for version in ("2.1", "2.2", "2.3")
)
_PERSONAL: Final = (
    # AgentAbstract, a person: everything but what a body has too
    *("FirstName", "BirthName", "FullName", "GivenName", "Gender", "BirthDate", "BirthPlace"),
    *("DeathDate", "DeathPlace", "Nationality", "Activity", "Position", "Role", "Mandate"),
    # signatures, and contacts of services
    *("SigningInformation", "Signature", "OrganizationDescriptiveMetadata", "Contact"),
)
_WITHHELD: Final = Withheld(
    names=frozenset(namespace + name for namespace in _NAMESPACES for name in _PERSONAL)
)


class ManifestRecords(XmlRecords):
    """The records of one manifest (a `RecordStream`)."""

    def _make_gate(self) -> Gate:
        return Gate(self._path, self._places, _WITHHELD)

    def _record(
        self, element: Any, candidate: Candidate, place: Place, unit: Unit | None
    ) -> Record | None:
        """Name the message by its identifier, which no other file has; it encloses the rest."""
        record = super()._record(element, candidate, place, unit)
        if record is not None:
            message = self._message(element)
            record.identified = element.getparent() is None and message is not None
            record.parent = message if element.getparent() is not None else None
        return record

    def _component_of(self, unit: Unit | None, content: Any) -> str | None:
        element = content
        while element.getparent() is not None:
            identifier = element.get("id")
            if identifier:
                return str(identifier)
            element = element.getparent()
        return self._message(content) or super()._component_of(unit, content)

    def _message(self, element: Any) -> str | None:
        found = element.getroottree().getroot().findtext("{*}MessageIdentifier")
        return " ".join(found.split()) or None if found else None
