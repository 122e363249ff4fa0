"""The markup of an XML file: its encoding, its entities, its namespaces.

Both parsers of `collex_graph.sources.xml` read what comes from here. Nothing is fetched, no entity
is expanded.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from collex_graph.errors import UnreadableSourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK_BYTES = 1 << 16
_DECLARED_ENCODING = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_INVALID_TOKEN: Final = expat.errors.codes[expat.errors.XML_ERROR_INVALID_TOKEN]
_PASSED_AS_THEY_ARE = {"utf-8", "ascii"}
_TRANSCODED = re.compile(r"iso8859-\d+|cp125\d|utf-16(-[lb]e)?|mac-roman|koi8-r")
# not those of `xml.sax.saxutils`, which imports half of the network library
_IN_TEXT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_ATTRIBUTE: Final = _IN_TEXT | str.maketrans({
    '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"
})  # fmt: skip
_XML: Final = "http://www.w3.org/XML/1998/namespace"


def escaped(text: str) -> str:
    """Write a text so that it is markup of itself.

    >>> escaped("Fonds A & B")
    'Fonds A &amp; B'
    """
    return text.translate(_IN_TEXT)


def quoted(text: str) -> str:
    """Write the value of an attribute.

    >>> quoted('dit "le jeune"')
    '"dit &quot;le jeune&quot;"'
    """
    return f'"{text.translate(_IN_ATTRIBUTE)}"'


def root_element(path: Path) -> tuple[str, str]:
    """Return the namespace and the local name of a file's root element.

    Raises:
        UnreadableSourceError: when the file does not begin as XML does.
    """
    found: list[str] = []

    def take_root(name: str, _: dict[str, str]) -> None:
        found.append(name)

    parser = expat_parser(path)
    parser.StartElementHandler = take_root
    for chunk in utf8_chunks(path):
        try:
            parse(parser, path, chunk)
        except UnreadableSourceError:
            if not found:
                raise
        if found:
            break
    else:
        parse(parser, path, b"", final=True)
    namespace, _, local = found[0].rpartition("}")
    return namespace, local


def expat_parser(path: Path) -> expat.XMLParserType:
    """Return a parser that tells namespaces, and refuses entities."""

    def refuse_entity(name: str, is_parameter: int, value: str | None, *rest: str | None) -> None:
        notation = rest[-1]
        if notation is None:
            raise UnreadableSourceError(
                path,
                f"the file declares the entity {name!r}; entities are refused, because they can "
                "read other files or grow without end: write their text in place",
                line=parser.CurrentLineNumber,
            )

    def refuse_skipped(name: str, is_parameter: int) -> None:
        if not is_parameter:
            raise UnreadableSourceError(
                path,
                f"the entity &{name}; is declared in a DTD, which is never loaded: write the "
                "character itself",
                line=parser.CurrentLineNumber,
            )

    parser = expat.ParserCreate("UTF-8", "}")
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.EntityDeclHandler = refuse_entity
    parser.SkippedEntityHandler = refuse_skipped
    return parser


def parse(parser: expat.XMLParserType, path: Path, data: bytes, *, final: bool = False) -> None:
    """Let a parser read on.

    Raises:
        UnreadableSourceError: for XML that is not well-formed.
    """
    try:
        parser.Parse(data, final)
    except expat.ExpatError as error:
        if error.code == _INVALID_TOKEN and not _is_utf8(data):
            raise UnreadableSourceError(
                path,
                "holds bytes that are no UTF-8: save it as UTF-8, or declare the encoding that it"
                ' has (for example encoding="windows-1252")',
                line=error.lineno,
            ) from error
        words = expat.ErrorString(error.code) or "unknown error"
        raise UnreadableSourceError(
            path, f"not well-formed XML ({words}, column {error.offset + 1})", line=error.lineno
        ) from error


def _is_utf8(chunk: bytes) -> bool:
    """Say whether bytes are UTF-8; a character may be cut at either end.

    >>> _is_utf8("é".encode()[1:] + b"t" + "é".encode()[:1]), _is_utf8("été".encode("cp1252"))
    (True, False)
    """
    begun = re.sub(rb"\A[\x80-\xbf]{1,3}", b"", chunk)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begun)
    except UnicodeDecodeError:
        return False
    return True


def utf8_chunks(path: Path) -> Iterator[bytes]:
    """Read a file as UTF-8, whatever its encoding.

    Both parsers then read the same characters: neither of them guesses.

    Raises:
        UnreadableSourceError: for an encoding that is not read, or bytes that it does not have.
    """
    try:
        with path.open("rb") as stream:
            first = stream.read(max(_CHUNK_BYTES, 512))
            encoding, mark = xml_encoding(path, first)
            if encoding in _PASSED_AS_THEY_ARE:
                yield first[mark:]
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
                return
            decoder = codecs.getincrementaldecoder(encoding)()
            lines, chunk = 1, first[mark:]
            while chunk:
                try:
                    text = decoder.decode(chunk)
                except UnicodeDecodeError as error:
                    raise UnreadableSourceError(
                        path, f"is not {encoding} as it says", line=lines
                    ) from error
                lines += text.count("\n")
                yield text.encode("utf-8", "surrogatepass")
                chunk = stream.read(_CHUNK_BYTES)
            if decoder.getstate()[0]:
                raise UnreadableSourceError(path, "ends in the middle of a character", line=lines)
    except OSError as error:
        raise UnreadableSourceError(path, f"cannot be read: {error.strerror}") from error


def xml_encoding(path: Path, first: bytes) -> tuple[str, int]:
    """Return a file's encoding and the length of its byte order mark.

    Args:
        path: for messages.
        first: its first bytes.

    Raises:
        UnreadableSourceError: for an encoding that is not read.
    """
    if first.startswith(codecs.BOM_UTF8):
        return "utf-8", len(codecs.BOM_UTF8)
    if first.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        raise UnreadableSourceError(path, "is UTF-32, which is not read: save it as UTF-8")
    for encoding, mark, start in (
        ("utf-16-le", codecs.BOM_UTF16_LE, b"<\0"),
        ("utf-16-be", codecs.BOM_UTF16_BE, b"\0<"),
    ):
        if first.startswith((mark, start)):
            return encoding, len(mark) if first.startswith(mark) else 0
    declared = _DECLARED_ENCODING.match(first.lstrip())
    if declared is None:
        return "utf-8", 0
    name = declared[1].decode("ascii")
    try:
        encoding = codecs.lookup(name).name
    except LookupError:
        encoding = ""
    if encoding in _PASSED_AS_THEY_ARE:
        return encoding, 0
    if not _TRANSCODED.fullmatch(encoding) or encoding.startswith("utf-16"):
        raise UnreadableSourceError(
            path, f"its declared encoding {name!r} is not read: save the file as UTF-8", line=1
        )
    return encoding, 0


# --- namespaces that are read as none -------------------------------------------------------------


def plain_chunks(path: Path, without: frozenset[str]) -> Iterator[bytes]:
    """Read a file as UTF-8 with the names of some namespaces written as names in none.

    A file whose beginning (64 KB) names none of them is passed as it is. Otherwise the markup is
    written anew, whatever prefixes it uses; lines stay where they are, comments go.

    Args:
        path: the file.
        without: the namespaces, of elements and of attributes.

    Raises:
        UnreadableSourceError: as `utf8_chunks`, and where the file is not well-formed.
    """
    first = next(iter(utf8_chunks(path)), b"")
    if not any(namespace.encode() in first for namespace in without):
        yield from utf8_chunks(path)
        return
    writer = _PlainWriter(path, without)
    for chunk in utf8_chunks(path):
        yield from writer.write(chunk)
    yield from writer.write(b"", final=True)


class _PlainWriter:
    def __init__(self, path: Path, without: frozenset[str]) -> None:
        self._path = path
        self._without = without
        self._out: list[str] = []
        self._line = 1
        self._parser = parser = expat_parser(path)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def write(self, chunk: bytes, *, final: bool = False) -> Iterator[bytes]:
        """Return what a chunk becomes; what comes before a break in it is returned first."""
        broken: UnreadableSourceError | None = None
        try:
            parse(self._parser, self._path, chunk, final=final)
        except UnreadableSourceError as error:
            broken = error
        written = "".join(self._out).encode("utf-8", "surrogatepass")
        self._out.clear()
        yield written
        if broken is not None:
            raise broken

    def _put(self, text: str) -> None:
        behind = self._parser.CurrentLineNumber - self._line
        if behind > 0:
            self._out.append(f"<!--{chr(10) * behind}-->")
            self._line += behind
        self._out.append(text)
        self._line += text.count("\n")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        plain, declared = self._name(name, "n")
        written = [f"<{plain}", declared]
        for number, (key, value) in enumerate(attributes.items()):
            plain, declared = self._name(key, f"a{number}")
            if plain != key and plain in attributes:
                continue  # the attribute is there without namespace too
            written.append(f"{declared} {plain}={quoted(value)}")
        self._put("".join(written) + ">")

    def _end(self, name: str) -> None:
        self._put(f"</{self._name(name, 'n')[0]}>")

    def _text(self, text: str) -> None:
        self._put(escaped(text))

    def _name(self, name: str, prefix: str) -> tuple[str, str]:
        """Return a name as it is written, and the declaration that it needs."""
        namespace, _, local = name.rpartition("}")
        if not namespace or namespace in self._without:
            return local, ""
        if namespace == _XML:
            return f"xml:{local}", ""
        return f"{prefix}:{local}", f" xmlns:{prefix}={quoted(namespace)}"
