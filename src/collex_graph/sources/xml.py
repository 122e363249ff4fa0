"""XML files: two parsers in a row, so that the tree holds only what was let through.

The gate (`collex_graph.sources.gate`, expat) reads the bytes and hands on what may be read, cut at
the ends of records; lxml builds the tree of that, for XPath. Three things follow:

* what is withheld never exists in the tree, in memory or in an error message;
* a record sees the elements before its own end and none after it, wherever the file is cut in
  chunks, because lxml has not read further (in EAD: before the end of its described unit);
* line numbers are those of the file.

A finished record is released where no rule looks at it any more, so that memory does not grow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Record
from collex_graph.sources.gate import Gate, Places, lxml_name, union

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from collex_graph.model import RecordSource, SourceFile
    from collex_graph.sources.gate import Candidate, Place, Unit


class XmlRecords:
    """The records of one XML file (a `RecordStream`).

    Args:
        source_file: the file.
        sources: what is asked of it.
    """

    _identifiers_are_global = True
    """Whether an identifier of a unit means one thing in all the files of the source."""

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        self._path = source_file.path
        self._sources = sources
        self._reach = union(source.reach for source in sources)
        self._hold_all = self._must_hold_all()
        self._places = Places(
            sources, _compile_test, self._names_of_units(), hold_all=self._hold_all
        )
        self._gate = self._make_gate()
        self._numbered = [source.numbered for source in sources]
        self._held: list[Record] = []
        self._read = 0

    @property
    def columns(self) -> Mapping[str, int]:
        """Empty: XML has paths, not columns."""
        return {}

    @property
    def records_read(self) -> int:
        """Records read so far."""
        return self._read

    @property
    def left_out(self) -> Mapping[str, int]:
        """Elements and attributes that no path looks at → how often they were met so far."""
        return self._gate.unlooked.named()

    # --- what a format adds ---------------------------------------------------------------------

    def _must_hold_all(self) -> bool:
        """Say whether no record can be handed out before the end of the file."""
        return self._reach.whole_file or bool(self._reach.around)

    def _names_of_units(self) -> frozenset[str]:
        """Names of the elements at whose end the records inside them are handed out."""
        return frozenset()

    def _make_gate(self) -> Gate:
        return Gate(self._path, self._places)

    def _component_of(self, unit: Unit | None, content: Any) -> str | None:
        """The identifier that names a record."""
        return f"{etree.QName(content).localname}-{self._read}"

    # --- iteration ------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Record]:
        """Read the file.

        Raises:
            UnreadableSourceError: for XML that is not well-formed, or beyond a limit.
        """
        tree = etree.XMLPullParser(
            events=("end",),
            tag=None if self._places.any_name else [lxml_name(n) for n in self._places.names],
            load_dtd=False,
            no_network=True,
            resolve_entities=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        for piece, ends in self._gate.pieces():
            if piece:
                self._feed(tree, piece, ends)
            if ends:
                element = yield from self._hand_out(tree, ends)
                if ends[-1].prune:
                    self._release(element)
        yield from self._held

    def _feed(self, tree: Any, data: bytes, ends: list[Candidate]) -> None:
        """Let the tree grow; what expat accepts and libxml2 does not is refused here.

        lxml reports some mistakes (an unknown entity in an attribute) in its log alone, and would
        begin a new document with the next bytes.
        """
        try:
            tree.feed(data)
        except etree.XMLSyntaxError as error:
            raise self._unreadable(error.msg, ends) from error
        logged = tree.feed_error_log.last_error
        if logged is not None and logged.level != etree.ErrorLevels.WARNING:
            raise self._unreadable(logged.message, ends)

    def _unreadable(self, problem: str | None, ends: list[Candidate]) -> UnreadableSourceError:
        line = ends[-1].line if ends and ends[-1].place is not None else None
        return UnreadableSourceError(self._path, f"not readable as XML: {problem}", line=line)

    def _hand_out(self, tree: Any, ends: list[Candidate]) -> Generator[Record, None, Any]:
        """Hand out the records that may be mapped now; return the last element that ended."""
        elements = [element for _, element in tree.read_events()]
        if self._places.any_name:
            del elements[: -len(ends)]  # lxml tells of every element, the gate of records alone
        if len(elements) != len(ends) or elements[-1].tag != lxml_name(ends[-1].name):
            raise self._unreadable("ambiguous structure", ends)
        for element, candidate in zip(elements, ends, strict=True):
            place, unit = candidate.place, candidate.unit
            if place is None:
                continue
            record = self._record(element, candidate, place, unit)
            if self._hold_all:
                self._held += [record] if record is not None else []
            elif unit is None:
                if record is not None:
                    yield record
            elif place.is_unit:
                yield from unit.held
                unit.held.clear()
                if record is not None:
                    yield record
            elif record is not None:
                unit.held.append(record)
        return elements[-1]

    def _record(
        self, element: Any, candidate: Candidate, place: Place, unit: Unit | None
    ) -> Record | None:
        """Make a record of a candidate that passes the test of a source."""
        counters, given = self._gate.counters, candidate.numbers
        numbers: list[tuple[int, int]] = []
        for index, test in place.matches:
            if test is not None and not test(element):
                continue
            number = 0
            if given is not None and index in given:
                number = given[index]
            elif self._numbered[index]:
                number = counters[index] = counters.get(index, 0) + 1
            numbers.append((index, number))
        if not numbers:
            return None
        self._read += 1
        record = Record(element, tuple(numbers), line=candidate.line)
        record.component = self._component_of(unit, element)
        if unit is not None:
            record.identified = self._identifiers_are_global and unit.identifier is not None
            if unit.parent is not None:
                record.parent = unit.parent.identifier
            if unit.notes:
                record.notes = tuple(unit.notes)
                unit.notes.clear()
        return record

    def _release(self, element: Any) -> None:
        """Free a finished record, and its finished neighbours before it.

        lxml allows a parser's user to remove what stands before the current element, not the
        element itself, so a released element goes when the next one ends.
        """
        if not self._reach.shells.isdisjoint((element.tag, "*")):
            del element[:]
            element.text = None
            return
        element.clear(keep_tail=True)
        parent, before = element.getparent(), element.getprevious()
        while before is not None and before.tag == element.tag and not len(before):
            if before.attrib:
                break
            parent.remove(before)
            before = element.getprevious()


def _compile_test(test: str, source: RecordSource) -> etree.XPath:
    return etree.XPath(f"boolean({test})", namespaces=dict(source.namespaces) or None)
