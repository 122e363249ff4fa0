"""RDF files: RDF/XML, Turtle, N3, N-Triples, N-Quads and JSON-LD, whatever their names say.

The format is found by the first bytes. The statements of one file are held in memory while its
records are handed out, up to `MAX_STATEMENTS`; a record is a node, with what it says and
what names it.

What is dangerous is refused before anything is parsed, what is broken keeps what came before:

* RDF/XML passes through expat first. A DTD may declare internal entities (Persée's dumps abbreviate
  datatypes as ``&xsd;date``), few and short, which are expanded here; an external one, a parameter
  entity, an expansion that grows and elements nested more than `MAX_DEPTH` deep are refused. No
  address is ever opened, those of JSON-LD contexts included.
* A file that breaks off is mapped up to there, then the error says line and column.
* IRIs and dates are taken as they stand: one that is wrong is the business of the rule that meets
  it, and costs neither the record nor the file.
"""

from __future__ import annotations

import codecs
import io
import os
import re
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any, Final, NoReturn, Self, cast
from xml.parsers import expat

from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, Triple, parse

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import Note, Record
from collex_graph.rdf.graph import RELATIVE_BASE, Graph, Node, Term, Value, is_named
from collex_graph.rdf.namespaces import expand, prefixes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.model import RecordSource, SourceFile

MAX_STATEMENTS: Final = 1_500_000
"""Statements of one file; as many of IdRef's take about 350 MB of memory."""

MAX_DEPTH: Final = 200
MAX_ENTITIES: Final = 100
MAX_ENTITY_CHARACTERS: Final = 2000
_CHUNK_BYTES: Final = 1 << 16
_STRETCH_BYTES: Final = 1 << 14
_HEAD_BYTES: Final = 4096
_SMALL_BYTES: Final = 4 << 20
"""A file below this size is read at once; one above, piece by piece."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
_DECLARED: Final = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_START_WITHOUT_DTD: Final = re.compile(
    rb"(?:<\?xml version=[\"']1\.0[\"'](?: encoding=[\"'][Uu][Tt][Ff]-8[\"'])?\s*\?>)?+"
    rb"(?:\s++|<!--(?:[^-]|-(?!-))*+-->)*+(?=<[A-Za-z_:\x80-\xff])"
)
"""The start of an XML file up to its root element, where that is what every parser reads alike."""
_NAMES: Final = re.compile(rb"<(?P<root>[^\s<>/]++)[^<]*+(?:<![^<]*+)*+<(?P<child>[^\s<>/]++)")
"""The names of a root element and of the first one inside, in all but the oddest of files."""
_IRI_FIRST: Final = re.compile(r"<[^\s<>\"]*>")
_HTML: Final = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_QUADS: Final = re.compile(
    r"(?:<[^<>\s]*>|_:\S+)\s+<[^<>\s]*>\s+"
    r"(?:<[^<>\s]*>|_:\S+|\"(?:[^\"\\]|\\.)*\"(?:@[\w-]+|\^\^<[^<>\s]*>)?)\s*"
    r"(?P<graph><[^<>\s]*>|_:\S+)?\s*\.\s*(?:#.*)?$"
)
_JSON_BRACKETS: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{}\]]')
_COMMENTS: Final = re.compile(r"(?:\s+|#[^\n]*(?:\n|\Z))*")
DOCUMENT_BASE: Final = RELATIVE_BASE + "-"
"""What stands for the IRI of a file that states none, and what an empty IRI becomes."""

_TYPE = expand("rdf:type")
_FORMULA: Final = "{…}"
"""Name under which the statements of N3's formulas are counted."""
_STRING = expand("xsd:string")
_LANGUAGE_TEXT = expand("rdf:langString")


_Choice = tuple[int, "Callable[[Node], bool] | None"]
"""Index of a source, and what must hold of a node for it."""


class RdfRecords:
    """The records of one RDF file (a `RecordStream`).

    Args:
        source_file: the file.
        sources: what to read in it.
    """

    def __init__(self, source_file: SourceFile, sources: Sequence[RecordSource]) -> None:
        self._path = source_file.path
        self._sources = sources
        self.columns: Mapping[str, int] = {}
        self.records_read = 0
        self.left_out: Mapping[str, int] = {}
        self._text = _Bytes(self._path)
        self._format = _format_of(self._path, self._text.head)

    def __iter__(self) -> Iterator[Record]:
        """Read the file, then hand out its records, then say where it broke, if it did."""
        cut, problem = self._cut()
        looks = _looks_of(self._sources)
        graph, broken = self._graph(cut, looks, looks.classes)
        broken = problem or broken
        if broken is not None and looks.classes is not None:
            # what is unfinished can be told only when all that was begun is there
            graph, _ = self._graph(cut.anew(), looks, None)
        yield from self._records(graph, looks, set() if broken is None else _unfinished(graph))
        if broken is not None:
            raise broken

    def statements(self) -> Iterator[Triple]:
        """Read the file as it is: every statement, whichever graph it stands in.

        Raises:
            UnreadableSourceError: where it breaks off, when what came before has been handed out.
        """
        cut, problem = self._cut()
        try:
            with cut:
                for quad in self._quads(cut):
                    if self._format != RdfFormat.N3 or quad.graph_name.__class__ is not BlankNode:
                        yield quad.triple
        except SyntaxError as error:
            raise self._broken(error, error.lineno or self._line_of(cut)) from error
        if problem is not None:
            raise problem

    def _cut(self) -> tuple[_Cut, UnreadableSourceError | None]:
        """Return what may be read of the file, and why that is not all of it."""
        end, problem = self._text.size, None
        if self._format == RdfFormat.RDF_XML:
            if self._text.whole is not None and _is_beyond_doubt(self._text.whole):
                return _Cut(self._text, b"", 0, end), None
            gate = _XmlGate(self._path)
            end, problem = gate.pass_through(self._text)
            return _Cut(self._text, gate.prolog, gate.root_at, end), problem
        if self._format == RdfFormat.JSON_LD:
            self._refuse_depth()
        return _Cut(self._text, b"", 0, end), problem

    def _refuse_depth(self) -> None:
        """Refuse JSON that is nested without end: the parser would take hours over it."""
        with self._text.open() as stream:
            whole = stream.read()
        depth = 0
        for found in _JSON_BRACKETS.finditer(whole):
            depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(found[0], 0)
            if depth > MAX_DEPTH:
                raise UnreadableSourceError(
                    self._path,
                    f"refused: values nested more than {MAX_DEPTH} levels deep",
                    line=whole.count(b"\n", 0, found.start()) + 1,
                )

    def _graph(
        self, text: _Cut, looks: _Looks, classes: frozenset[str] | None
    ) -> tuple[Graph, UnreadableSourceError | None]:
        graph, left_out = Graph(), dict[str, list[int]]()
        other_classes = set[str]()
        add, keep_all = graph.add, looks.keep_all
        is_n3 = self._format == RdfFormat.N3
        passes_over = not (keep_all or is_n3)
        try:
            with text:
                for quad in self._quads(text):
                    name = quad.predicate.value
                    if passes_over:
                        # what becomes of most statements of a large file
                        if name in left_out:
                            left_out[name][0] += 1
                            continue
                        if name == _TYPE and quad.object.value in other_classes:
                            continue
                    if is_n3 and quad.graph_name.__class__ is BlankNode:
                        # inside a formula of N3 ({…}): what is said there is not stated
                        left_out.setdefault(_FORMULA, [0])[0] += 1
                        continue
                    if not looks[name]:
                        left_out.setdefault(name, [0])[0] += 1
                        if not keep_all:
                            continue
                    value = quad.object
                    if (
                        name == _TYPE
                        and classes is not None
                        and (kind := value.value) not in classes
                        and not kind.startswith(RELATIVE_BASE)  # which is remarked upon
                    ):
                        other_classes.add(kind)
                        continue
                    if graph.statements == MAX_STATEMENTS:
                        raise UnreadableSourceError(
                            self._path,
                            f"more than {MAX_STATEMENTS:,} statements in one file: split it by "
                            "entity, the statements of one file are held in memory",
                        )
                    subject = quad.subject
                    add(
                        subject.value if subject.__class__ is NamedNode else f"_:{subject.value}",
                        name,
                        value.value if value.__class__ is NamedNode else _term(value),
                    )
        except SyntaxError as error:
            line = error.lineno or self._line_of(text)
            return graph, self._broken(error, line)
        finally:
            self.left_out = {looks.prefixed(iri): count for iri, (count,) in left_out.items()}
        return graph, None

    def _quads(self, text: _Cut) -> Any:
        whole = text.whole()
        source = cast("IO[bytes]", text) if whole is None else whole
        return parse(source, format=self._format, base_iri=DOCUMENT_BASE, lenient=True)

    def _line_of(self, text: _Cut) -> int:
        """Find the line of an error that the parser does not place: the last one it asked for."""
        with text.by_line() as lines, suppress(SyntaxError):
            for _ in self._quads(lines):
                pass
        return lines.line

    def _broken(self, error: SyntaxError, line: int) -> UnreadableSourceError:
        """Return what is wrong in words, without the parser's own mention of the place."""
        said = re.sub(r"^Parser error at .*?: ", "", str(error.msg))
        if "LoadDocumentCallback" in said:
            said = "a JSON-LD context given by its address is not fetched: write it in the file"
        where = f", column {error.offset}" if error.lineno and error.offset else ""
        problem = f"{self._format.name} breaks off{where}: {said}"
        return UnreadableSourceError(self._path, problem, line=line)

    # --- records ---------------------------------------------------------------------------------

    def _records(self, graph: Graph, looks: _Looks, unfinished: set[str]) -> Iterator[Record]:
        of_any, of_class = looks.of_any, looks.of_class
        classes: dict[str, list[str]] = {}
        for name, kind in graph.typed():
            if kind in of_class:
                classes.setdefault(name, []).append(kind)
        numbers = [0] * len(self._sources)
        blank = 0
        for name in tuple(graph.subjects() if of_any else classes):
            node = Node(graph, name)
            choices = [] if name.startswith("_:") else of_any
            for kind in classes.get(name, ()):
                choices = choices + of_class[kind]
            chosen = {index for index, holds in choices if holds is None or holds(node)}
            if not chosen or name in unfinished:
                continue
            for index in chosen:
                numbers[index] += 1
            component = name
            if name.startswith("_:"):
                blank += 1
                component = f"blank-{blank}"
            self.records_read += 1
            yield Record(
                content=node,
                sources=tuple((index, numbers[index]) for index in sorted(chosen)),
                component=component,
                notes=_remarks(node),
            )


def _unfinished(graph: Graph) -> set[str]:
    """Return the nodes whose end may be missing where a file breaks off.

    The one that the last statement is about and the last one with an IRI that was begun; what they
    name (a document its author, whose documents are counted) and what names them (a person the
    event inside).
    """
    begun = next((name for name in reversed(tuple(graph.subjects())) if is_named(name)), graph.last)
    found = {graph.last, begun}
    for node in (graph.last, begun):
        for values in graph.about(node).values():
            found.update(value for value in values if isinstance(value, str))
        for subjects in graph.naming(node).values():
            found.update(subjects)
    return found


class _Looks(dict[str, bool]):
    """Predicate → whether a rule looks at it.

    Attributes:
        keep_all: some rule asks who names a node, whatever they say.
        classes: the only classes that matter; None where a rule reads which ones a node has. Most
            nodes of a large file are of no class that is mapped.
        of_any: what may choose a node of any class.
        of_class: class → what may choose a node of it.
    """

    def __init__(self, sources: Sequence[RecordSource]) -> None:
        looks = {look for source in sources for node in source.selection for look in node.looks}
        super().__init__(dict.fromkeys(looks, True))
        wanted = {node.wanted for source in sources for node in source.selection}
        all_matter = _TYPE in looks or None in wanted
        self.classes = None if all_matter else frozenset(kind for kind in wanted if kind)
        self[_TYPE] = True
        self._spaces = tuple(look[:-1] for look in looks if look.endswith("*") and look != "^*")
        self.keep_all = "^*" in looks
        if self.keep_all or _TYPE.startswith(self._spaces):
            self.classes = None
        self.of_any: list[_Choice] = []
        self.of_class: dict[str, list[_Choice]] = {}
        names = dict(prefixes())
        for index, source in enumerate(sources):
            names |= source.namespaces
            for choice in source.selection:
                if choice.wanted is None:
                    self.of_any.append((index, choice.holds))
                else:
                    self.of_class.setdefault(choice.wanted, []).append((index, choice.holds))
        self._names = names
        self._prefixed: dict[str, str] = {}

    def __missing__(self, predicate: str) -> bool:
        self[predicate] = predicate.startswith(self._spaces)
        return self[predicate]

    def prefixed(self, iri: str) -> str:
        """Return an IRI as a prefixed name, where there is a prefix."""
        found = self._prefixed.get(iri)
        if found is None:
            fitting = [(ns, prefix) for prefix, ns in self._names.items() if iri.startswith(ns)]
            namespace, prefix = max(fitting, key=lambda pair: len(pair[0]), default=("", ""))
            found = f"{prefix}:{iri[len(namespace) :]}" if prefix else iri
            if len(self._prefixed) < _KEPT_NAMES:
                self._prefixed[iri] = found
        return found


_KEPT_NAMES: Final = 1024
_LOOKS: Final[dict[tuple[int, ...], tuple[Sequence[RecordSource], _Looks]]] = {}
"""Identities of sources → themselves, and what they look at: the same for file after file."""


def _looks_of(sources: Sequence[RecordSource]) -> _Looks:
    key = tuple(map(id, sources))
    if key not in _LOOKS:
        if len(_LOOKS) > 100:
            _LOOKS.clear()
        _LOOKS[key] = (tuple(sources), _Looks(sources))
    return _LOOKS[key][1]


def _remarks(node: Node) -> tuple[tuple[Note, str | None], ...]:
    """Say which of a node's IRIs are relative, or empty: the file does not say relative to what."""
    written = [
        value
        for values in node.graph.about(node.name).values()
        for value in values
        if isinstance(value, str) and value.startswith(RELATIVE_BASE)
    ]
    if node.name.startswith(RELATIVE_BASE):
        written.append(node.name)
    return tuple((note, None) for note in map(remark_on, written) if note is not None)


def remark_on(iri: str) -> Note | None:
    """Say that an IRI is relative, or empty; None for any other."""
    if iri == DOCUMENT_BASE:
        return Note("EmptyIri", "")
    if iri.startswith(RELATIVE_BASE):
        return Note("RelativeIri", iri.removeprefix(RELATIVE_BASE))
    return None


def _term(term: NamedNode | BlankNode | Literal) -> Term:
    """Return a term of the parser as one of a graph."""
    if isinstance(term, NamedNode):
        return term.value
    if isinstance(term, Literal):
        language = term.language
        if language:
            return Value(term.value, language.strip().lower())
        datatype = term.datatype.value
        return Value(term.value, "", "" if datatype in (_STRING, _LANGUAGE_TEXT) else datatype)
    return f"_:{term.value}"


# --- which format --------------------------------------------------------------------------------


def _format_of(path: Path, head: str) -> RdfFormat:
    """Tell the format by the first characters.

    Raises:
        UnreadableSourceError: for what is no RDF.
    """
    before = _COMMENTS.match(head)
    start = head[before.end() :] if before else head
    if not start:
        raise UnreadableSourceError(path, "the file is empty")
    if "\0" in head:
        raise UnreadableSourceError(path, "this is not text, so it is no RDF")
    if _HTML.match(start):
        raise UnreadableSourceError(path, "this is a page (HTML), not RDF: fetch the data again")
    if start.startswith("<") and not _IRI_FIRST.match(start):
        return RdfFormat.RDF_XML
    if start[0] == "{" or re.match(r"\[\s*(?:\{|\])", start):
        return RdfFormat.JSON_LD
    quad = _QUADS.match(start.split("\n", 1)[0].rstrip())
    if quad:
        return RdfFormat.N_QUADS
    return RdfFormat.N3


class _Bytes:
    """The bytes of a file as UTF-8, without a byte order mark, read again as often as needed.

    Attributes:
        head: the first characters.
        size: length in bytes.
        whole: all of them, where the file is small; None for a large one.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open("rb", buffering=0) as stream:
                self.size = os.fstat(stream.fileno()).st_size
                is_small = self.size < _SMALL_BYTES
                first = stream.readall() if is_small else stream.read(_HEAD_BYTES)
                encoding, self._skip = _encoding_of(first)
                if encoding not in ("utf-8", "utf8", "us-ascii", "ascii"):
                    first = self._recoded(first + stream.readall(), encoding)
                    is_small, self._skip = True, 0
        except OSError as error:
            raise UnreadableSourceError(path, f"cannot be read: {error.strerror}") from error
        first = first[self._skip :]
        self.whole: bytes | None = first if is_small else None
        self.size = len(first) if is_small else self.size - self._skip
        self.head = first[:_HEAD_BYTES].decode("utf-8", "replace")

    def _recoded(self, whole: bytes, encoding: str) -> bytes:
        try:
            text = whole.decode(encoding)
        except LookupError:
            raise UnreadableSourceError(
                self._path, f"the encoding {encoding!r} is not known: save the file as UTF-8"
            ) from None
        except UnicodeDecodeError as error:
            line = whole.count(b"\n", 0, error.start) + 1
            raise UnreadableSourceError(
                self._path, f"the file says {encoding}, which its bytes are not", line=line
            ) from None
        return re.sub(r"^<\?xml.*?\?>", "", text.lstrip("\ufeff"), count=1).encode()

    def open(self, offset: int = 0) -> io.BufferedIOBase:
        """Return a stream from an offset."""
        if self.whole is not None:
            stream: io.BufferedIOBase = io.BytesIO(self.whole)
            stream.seek(offset)
        else:
            stream = self._path.open("rb")
            stream.seek(self._skip + offset)
        return stream


def _encoding_of(first: bytes) -> tuple[str, int]:
    """Return the encoding that the first bytes say, and how many of them are a mark of it."""
    for mark, name in _MARKS:
        if first.startswith(mark):
            return name, len(mark)
    declared = _DECLARED.match(first)
    return ("utf-8" if declared is None else declared[1].decode().lower()), 0


class _Cut:
    """What a parser gets: a beginning of ours, then the file from one offset to another.

    Attributes:
        line: the line that was handed out last, when it goes line by line.
    """

    def __init__(
        self, text: _Bytes, before: bytes, start: int, end: int, *, lines: bool = False
    ) -> None:
        self._made_of = (text, before, start, end)
        self._lines = lines
        self._before = before
        self._left = max(0, end - start)
        self._stream: io.BufferedIOBase | None = None
        self.line = 0
        if lines:
            with text.open() as stream:
                self.line = stream.read(start).count(b"\n")

    def whole(self) -> bytes | None:
        """Return all of it at once, where the file is small."""
        text, before, start, end = self._made_of
        if self._lines or text.whole is None:
            return None
        return before + text.whole[start:end]

    def anew(self) -> _Cut:
        """Return the same from its beginning."""
        return _Cut(*self._made_of)

    def by_line(self) -> _Cut:
        """Return the same from its beginning, handed out line by line."""
        return _Cut(*self._made_of, lines=True)

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes, ``b""`` at the end."""
        if self._before:
            before, self._before = self._before, b""
            return before
        if self._stream is None:
            text, _, start, _ = self._made_of
            self._stream = text.open(start)
        wanted = self._left if size < 0 else min(size, self._left)
        found = self._stream.readline(wanted) if self._lines else self._stream.read(wanted)
        self._left -= len(found)
        self.line += bool(found)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()


# --- what stands before RDF/XML ------------------------------------------------------------------


class _XmlGate:
    """Reads an XML file with expat: refuses bombs, finds the root element and the place of a break.

    Attributes:
        prolog: the DTD that the parser behind gets: our own, with the entities expanded.
        root_at: offset of the root element.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.prolog = b""
        self.root_at = 0
        self._has_root = False
        self._entities: dict[str, str] = {}

    def pass_through(self, text: _Bytes) -> tuple[int, UnreadableSourceError | None]:
        """Read the whole file.

        Returns:
            Up to where it is well-formed, and what is wrong there.

        Raises:
            UnreadableSourceError: for what is refused.
        """
        self._parser = parser = expat.ParserCreate()
        parser.ordered_attributes = True
        parser.StartElementHandler = self._first
        parser.EntityDeclHandler = self._declared
        parser.ExternalEntityRefHandler = self._external
        parser.SkippedEntityHandler = self._skipped
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        try:
            return self._read(parser, text)
        finally:
            # what it calls is ours: both would wait for a collection of cycles
            del self._parser

    def _read(
        self, parser: expat.XMLParserType, text: _Bytes
    ) -> tuple[int, UnreadableSourceError | None]:
        try:
            if text.whole is not None:
                parser.Parse(text.whole, True)
            else:
                with text.open() as stream:
                    while chunk := stream.read(_CHUNK_BYTES):
                        parser.Parse(chunk, False)
                parser.Parse(b"", True)
        except expat.ExpatError as error:
            said = expat.ErrorString(error.code)
            if error.code == expat.errors.codes.get(_AMPLIFIED):
                self._refuse("its entities expand without measure")
            if not self._has_root:
                raise UnreadableSourceError(
                    self._path, f"this is no RDF/XML: {said}", line=error.lineno
                ) from None
            problem = UnreadableSourceError(
                self._path,
                f"RDF/XML breaks off, column {error.offset + 1}: {said}",
                line=error.lineno,
            )
            return max(parser.ErrorByteIndex, self.root_at), problem
        return text.size, None

    def _refuse(self, problem: str) -> NoReturn:
        raise UnreadableSourceError(
            self._path, f"refused: {problem}", line=self._parser.CurrentLineNumber
        )

    def _first(self, name: str, _: object) -> None:
        self.root_at = self._parser.CurrentByteIndex
        if self._entities:
            written = "".join(
                f'<!ENTITY {entity} "{self._expanded(entity, ())}">' for entity in self._entities
            )
            self.prolog = f"<!DOCTYPE {name} [{written}]>".encode()
        # closures, because they are called for every element of a file
        depth = 1

        def entered(_name: str, _attributes: object) -> None:
            nonlocal depth
            depth += 1
            if depth > MAX_DEPTH:
                self._refuse(f"elements nested more than {MAX_DEPTH} levels deep")

        def left(_name: str) -> None:
            nonlocal depth
            depth -= 1

        self._has_root = True
        self._parser.StartElementHandler = entered
        self._parser.EndElementHandler = left

    def _declared(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        _base: object,
        _system: object,
        _public: object,
        _notation: object,
    ) -> None:
        if is_parameter:
            self._refuse(f"the parameter entity %{name}; (only plain entities are read)")
        if value is None:
            return  # an external one: refused where it is used, never fetched
        if len(self._entities) >= MAX_ENTITIES or len(value) > MAX_ENTITY_CHARACTERS:
            self._refuse(
                f"more than {MAX_ENTITIES} entities, or one longer than {MAX_ENTITY_CHARACTERS} "
                "characters"
            )
        self._entities.setdefault(name, value)

    def _expanded(self, name: str, around: tuple[str, ...]) -> str:
        """Return an entity's text, those inside it expanded, as a DTD may hold it."""
        if name in around:
            self._refuse(f"the entity &{name}; holds itself")
        if len(around) > 3:
            self._refuse(f"the entity &{name}; stands in others, more than three deep")

        def inner(found: re.Match[str]) -> str:
            if found[1] in self._entities:
                return self._expanded(found[1], (*around, name))
            return found[0]

        text = re.sub(r"&([^#;&\s]+);", inner, self._entities[name])
        if len(text) > MAX_ENTITY_CHARACTERS:
            self._refuse(f"the entity &{name}; expands to more than {MAX_ENTITY_CHARACTERS} "
                         "characters")  # fmt: skip
        return text if around else text.replace('"', "&quot;").replace("%", "&#37;")

    def _external(self, context: str, _base: object, system: str | None, _public: object) -> int:
        self._refuse(
            f"the entity {context!r} stands for another file ({system}), which is never opened"
        )

    def _skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self._refuse(f"the entity &{name}; is not declared in the file")


def _is_beyond_doubt(whole: bytes) -> bool:
    """Say whether an XML file needs no gate, found out without a call of ours for each element.

    Nothing but its declaration and comments stands before its root element, so that it has no DTD
    and no entity; each of its stretches has fewer tags than it takes to open and close as many
    elements as are allowed, and is well-formed.
    """
    start = _START_WITHOUT_DTD.match(whole)
    if start is None:
        return False
    try:
        for stretch in _stretches(whole, start.end()):
            if stretch.count(b"<") >= 2 * MAX_DEPTH:
                return False
            expat.ParserCreate().Parse(stretch, True)
    except expat.ExpatError:
        return False
    return True


def _stretches(whole: bytes, root_at: int) -> Iterator[bytes]:
    """Cut a large file into stretches that end with the end tag of an element inside the root.

    Each stands between tags of the root's name. Where all of them are well-formed, so is the file,
    whose elements are nested no deeper: a tag behind a stretch closes the one before it only where
    all that was begun in the stretch is ended in it, and nothing else.
    """
    at, before = 0, b""
    names = _NAMES.match(whole, root_at) if len(whole) > _STRETCH_BYTES else None
    while names is not None and len(whole) - at > _STRETCH_BYTES:
        mark = b"</%b>" % names["child"]
        to = whole.rfind(mark, at, at + _STRETCH_BYTES) + len(mark)
        if to < len(mark):
            break
        yield b"%b%b</%b>" % (before, whole[at:to], names["root"])
        at, before = to, b"<%b>" % names["root"]
    yield before + whole[at:]


_AMPLIFIED: Final = "limit on input amplification factor (from DTD and entities) breached"
