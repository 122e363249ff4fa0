"""The stored queries: ``queries/**/*.rq``, with their titles, their parameters and their markers.

`queries/README.md` documents the format. A parameter enters a query as an RDF term, type-checked
and written by `terms.write_term`, at a marker; never as text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

import pyoxigraph as ox
import yaml

from collex_graph.errors import QueryError, QuerySyntaxError, ResourceFileError
from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.resources import resource_dir
from collex_graph.sparql.lexer import Kind, decode_escapes, line_and_column, read_tokens
from collex_graph.sparql.policy import QueryForm, check_query
from collex_graph.sparql.terms import Term, is_named, write_term

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ParameterType = Literal["iri", "concept", "string", "integer", "date", "boolean", "term"]
Value = Term | str | int
Difficulty = Literal["easy", "join", "hard"]
Audience = Literal["researcher", "curator", "cartographer", "reuser"]
Programme = Literal["numerisation", "cartographie", "archives", "acquisition", "transversal"]

_HEADER = "#+"
_MARKER = "#@"
_MARKERS = re.compile(r"#@\s*(VALUES)\s+\?(\w+)|#@\s*(LIMIT|OFFSET)\s+\??(\w+)", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_CONCEPT = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
# an IRI without the setting base_iri: the first segment keeps it apart from any scheme
_RELATIVE = re.compile(r"(?:id|vocabulary|graph)(?:/[A-Za-z0-9_~%-][A-Za-z0-9._~%:+-]*)+")
_TEXT_KEYS = ("title", "description", "meaning", "expected")
_KEYS = frozenset({*_TEXT_KEYS, "audience", "difficulty", "programmes", "parameters"})
_PARAMETER_KEYS = frozenset(
    {
        "type", "label", "default", "example", "optional", "multiple", "minimum", "maximum",
        "scheme",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Parameter:
    """One parameter of a stored query.

    Attributes:
        name: of the variable that it binds, or of the number that it is.
        type: ``iri``; ``concept`` (the IRI of one of ``scheme``); ``string``; ``integer``; ``date``
            (YYYY-MM-DD); ``boolean``; ``term`` (any IRI or literal: what a parameter is whose
            header does not say).
        label: language → its name for people.
        default: its value when none is given.
        example: a value to show and to test with.
        optional: without a value its marker disappears, and the query is not constrained by it.
        multiple: it may have several values.
        minimum: of an integer.
        maximum: of an integer.
        scheme: the concept scheme of a ``concept``, by its short name.
    """

    name: str
    type: ParameterType = "term"
    label: Mapping[str, str] = field(default_factory=dict)
    default: str | int | None = None
    example: str | int | None = None
    optional: bool = False
    multiple: bool = False
    minimum: int | None = None
    maximum: int | None = None
    scheme: str | None = None

    def term(self, value: Value) -> Term:
        """Return a value as the term it stands for.

        Raises:
            QuerySyntaxError: when it is not of the parameter's type.

        >>> Parameter("year", "integer").term("1850").value
        '1850'
        """
        match self.type, value:
            case (("iri" | "concept" | "term"), ox.NamedNode()):
                return value
            case (("iri" | "concept"), str()) if is_named(value):
                return ox.NamedNode(value)
            case "string", str():
                return ox.Literal(value)
            case (("string" | "term"), ox.Literal()):
                return value
            case "integer", (int() | str() | ox.Literal()):
                number = self.number(value)
                return ox.Literal(str(number), datatype=ox.NamedNode(expand("xsd:integer")))
            case "date", (str() | ox.Literal()):
                day = self._day(value)
                return ox.Literal(day, datatype=ox.NamedNode(expand("xsd:date")))
            case "boolean", (bool() | str() | ox.Literal()):
                said = str(getattr(value, "value", value)).strip().lower()
                if said in ("true", "false"):
                    return ox.Literal(said, datatype=ox.NamedNode(expand("xsd:boolean")))
        raise self.error_for(value)

    def written(self, value: Value) -> str:
        """Return a value as a query writes it.

        A concept may be given by its last part (``histoire``), one of our nodes without the base
        (``id/library/751132108``): the query then resolves it against ``base_iri``.

        Raises:
            QuerySyntaxError: when it is not of the parameter's type.

        >>> Parameter("d", "concept", scheme="discipline").written("histoire")
        '<vocabulary/discipline/histoire>'
        """
        if isinstance(value, str):
            if self.type == "concept" and self.scheme and _CONCEPT.fullmatch(value):
                return f"<vocabulary/{self.scheme}/{value}>"
            if self.type in ("iri", "concept") and _RELATIVE.fullmatch(value):
                return f"<{value}>"
        return write_term(self.term(value))

    def _day(self, value: str | ox.Literal) -> str:
        text = (value.value if isinstance(value, ox.Literal) else value).strip()
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise self.error_for(value) from None

    def number(self, value: Value) -> int:
        """Return a value as a whole number within the parameter's bounds.

        Raises:
            QuerySyntaxError: when it is not one.
        """
        text = value.value if isinstance(value, ox.Literal) else value
        if isinstance(text, str) and _INTEGER.fullmatch(text.strip()):
            text = int(text)
        if not isinstance(text, int) or isinstance(text, bool):
            raise self.error_for(value)
        too_small = self.minimum is not None and text < self.minimum
        if too_small or (self.maximum is not None and text > self.maximum):
            low = "-∞" if self.minimum is None else self.minimum
            high = "∞" if self.maximum is None else self.maximum
            raise QuerySyntaxError(
                f"Le paramètre {self.name} doit être entre {low} et {high}, pas {text}.\n"
                f"The parameter {self.name} must be between {low} and {high}, not {text}."
            )
        return text

    def error_for(self, value: object) -> QuerySyntaxError:
        """Make the error for a value that is not of the parameter's type."""
        shown = repr(getattr(value, "value", value))[:80]
        return QuerySyntaxError(
            f"Le paramètre {self.name} est de type {self.type}, ce que {shown} n’est pas.\n"
            f"The parameter {self.name} is of type {self.type}, which {shown} is not."
        )


@dataclass(frozen=True)
class _Marker:
    """A place for a parameter: a line ``#@ VALUES ?p``, ``#@ LIMIT n`` or ``#@ OFFSET n``."""

    keyword: str
    parameter: str


@dataclass(frozen=True)
class StoredQuery:
    """One query of the catalogue.

    Attributes:
        name: its path in ``queries`` without extension, such as ``pages/home-counts``.
        path: its file.
        form: which of the four forms it has.
        title: language → title.
        description: language → what it answers; of an example, the question in plain words.
        meaning: language → what the answer means, and what it does not say.
        expected: language → what one gets.
        audience: who asks it.
        difficulty: what it takes to write it; None where the header does not say.
        programmes: short names of the programmes that it serves.
        parameters: name → parameter, declared ones first.
        source: the query as it is written, without its header.
    """

    name: str
    path: Path
    form: QueryForm
    title: Mapping[str, str]
    description: Mapping[str, str]
    meaning: Mapping[str, str]
    expected: Mapping[str, str]
    audience: tuple[Audience, ...]
    difficulty: Difficulty | None
    programmes: tuple[Programme, ...]
    parameters: Mapping[str, Parameter]
    source: str
    _parts: tuple[str | _Marker, ...]

    def text(self, **values: Value | Iterable[Value] | None) -> str:
        """Return the query with its prefixes and with values at its markers.

        Args:
            values: by parameter: a term, a text or number of the parameter's type, or several of
                them where it is ``multiple``. None is no value; an empty sequence matches nothing.

        Raises:
            QuerySyntaxError: for a value that is missing, of another type, one too many, or of a
                parameter the query does not have.
        """
        unknown = sorted(set(values) - set(self.parameters))
        if unknown:
            known = ", ".join(self.parameters) or "-"
            raise QuerySyntaxError(
                f"La requête {self.name} n’a pas de paramètre {unknown[0]!r} ; elle a : {known}.\n"
                f"The query {self.name} has no parameter {unknown[0]!r}; it has: {known}."
            )
        given = {name: self._given(name, values.get(name)) for name in self.parameters}
        return "".join(
            part if isinstance(part, str) else self._write(part, given) for part in self._parts
        )

    def _given(self, name: str, value: Any) -> list[Value] | None:
        parameter = self.parameters[name]
        if value is None:
            value = parameter.default
        if value is None:
            if parameter.optional:
                return None
            raise QuerySyntaxError(
                f"Il manque le paramètre {name} de la requête {self.name}.\n"
                f"The parameter {name} of the query {self.name} is missing."
            )
        is_one = isinstance(value, str) or not isinstance(value, Iterable)
        several: list[Value] = [value] if is_one else list(value)
        if len(several) != 1 and not parameter.multiple:
            raise QuerySyntaxError(
                f"Le paramètre {name} prend une valeur, pas {len(several)}.\n"
                f"The parameter {name} takes one value, not {len(several)}."
            )
        return several

    def _write(self, marker: _Marker, given: Mapping[str, Sequence[Value] | None]) -> str:
        if marker.keyword != "VALUES" and marker.parameter.isdecimal():
            return f"{marker.keyword} {marker.parameter}"
        parameter = self.parameters[marker.parameter]
        values = given[marker.parameter]
        if values is None:
            return ""
        if marker.keyword != "VALUES":
            number = parameter.number(values[0])
            if number < 0:
                raise parameter.error_for(number)
            return f"{marker.keyword} {number}"
        rows = " ".join(f"({parameter.written(value)})" for value in values)
        return f"VALUES (?{marker.parameter}) {{ {rows} }}"


def stored_query(name: str) -> StoredQuery:
    """Return a query of the catalogue.

    Args:
        name: such as ``pages/home-counts``.

    Raises:
        ResourceFileError: when there is none of this name, or it cannot be used.
    """
    path = resource_dir("queries") / f"{name}.rq"
    if name not in query_names():
        raise ResourceFileError(path, "there is no such stored query")
    return _read(name)


@cache
def query_names() -> tuple[str, ...]:
    """Return the names of all stored queries, sorted."""
    folder = resource_dir("queries")
    files = folder.glob("**/*.rq")
    return tuple(sorted(file.relative_to(folder).with_suffix("").as_posix() for file in files))


@cache
def _read(name: str) -> StoredQuery:
    path = resource_dir("queries") / f"{name}.rq"
    return read_query(name, path, path.read_text(encoding="utf-8"))


# --- reading a file ------------------------------------------------------------------------------


def read_query(name: str, path: Path, content: str) -> StoredQuery:
    """Read the content of a ``.rq`` file.

    Raises:
        ResourceFileError: with the line, for a header, marker, prefix or query that is wrong.
    """
    lines = content.splitlines(keepends=True)
    header_length = next(
        (number for number, line in enumerate(lines) if not line.startswith(_HEADER)), len(lines)
    )
    header = _read_header(path, lines[:header_length])
    source = "".join(lines[header_length:])
    reader = _BodyReader(path, source, header_length)
    declared = _read_parameters(path, header.get("parameters") or {})
    parameters = dict(declared)
    for marker in reader.markers:
        if marker.keyword == "VALUES":
            parameters.setdefault(marker.parameter, Parameter(marker.parameter, multiple=True))
        elif not marker.parameter.isdecimal() and (
            marker.parameter not in declared or declared[marker.parameter].type != "integer"
        ):
            raise ResourceFileError(
                path,
                f"{marker.keyword} needs a number or a parameter of type integer; "
                f"declare {marker.parameter!r} in the header",
            )
    used = {marker.parameter for marker in reader.markers}
    idle = sorted(set(declared) - used)
    if idle:
        raise ResourceFileError(path, f"the parameter {idle[0]!r} has no marker")
    return StoredQuery(
        name=name,
        path=path,
        form=reader.form,
        title=_texts(path, header, "title"),
        description=_texts(path, header, "description"),
        meaning=_texts(path, header, "meaning"),
        expected=_texts(path, header, "expected"),
        audience=_words(path, header, "audience", Audience),
        difficulty=next(iter(_words(path, header, "difficulty", Difficulty)), None),
        programmes=_words(path, header, "programmes", Programme),
        parameters=parameters,
        source=source,
        _parts=reader.parts,
    )


def _loaded(text: str) -> Any:
    try:
        # libyaml's is some times as fast, where PyYAML was built with it
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError:
        # the lines and words of PyYAML's own are better
        return yaml.safe_load(text)


def _read_header(path: Path, lines: Sequence[str]) -> dict[str, Any]:
    text = "".join(line[len(_HEADER) :].removeprefix(" ") for line in lines)
    try:
        header = _loaded(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        line = mark.line + 1 if mark is not None else None
        raise ResourceFileError(path, f"the header is not YAML: {problem}", line=line) from error
    if not isinstance(header, dict) or set(header) - _KEYS:
        raise ResourceFileError(path, f"a header has {', '.join(sorted(_KEYS))} and no other keys")
    return header


def _texts(path: Path, header: Mapping[str, Any], key: str) -> Mapping[str, str]:
    texts = header.get(key) or {}
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ResourceFileError(path, f"{key} must give a text by language (fr, en)")
    return {language: text.strip() for language, text in texts.items()}


def _words(path: Path, header: Mapping[str, Any], key: str, allowed: Any) -> tuple[Any, ...]:
    given = header.get(key, [])
    words = [given] if isinstance(given, str) else given
    if not isinstance(words, list) or set(map(str, words)) - set(get_args(allowed)):
        raise ResourceFileError(path, f"{key} takes: {', '.join(get_args(allowed))}")
    return tuple(words)


def _read_parameters(path: Path, declared: Mapping[str, Any]) -> dict[str, Parameter]:
    parameters = {}
    if not isinstance(declared, dict):
        raise ResourceFileError(path, "parameters must give the properties of each by its name")
    for name, given in declared.items():
        properties = {} if given is None else given
        if isinstance(properties, dict):  # YAML reads an unquoted day as a date
            properties = {
                key: value.isoformat() if isinstance(value, date) else value
                for key, value in properties.items()
            }
        if not isinstance(properties, dict) or set(properties) - _PARAMETER_KEYS:
            known = ", ".join(sorted(_PARAMETER_KEYS))
            raise ResourceFileError(path, f"the parameter {name!r} may have: {known}")
        if properties.get("type", "term") not in get_args(ParameterType):
            known = ", ".join(get_args(ParameterType))
            raise ResourceFileError(path, f"the type of the parameter {name!r} is one of: {known}")
        parameter = Parameter(str(name), **properties)
        for key in ("default", "example"):
            value = getattr(parameter, key)
            if value is not None:
                try:
                    parameter.written(value)
                except QuerySyntaxError as error:
                    problem = f"{key} of {name!r}: {str(error).splitlines()[-1]}"
                    raise ResourceFileError(path, problem) from error
        parameters[str(name)] = parameter
    return parameters


class _BodyReader:
    """Splits the text of a query at its markers, and finds its form and its prefixes."""

    def __init__(self, path: Path, source: str, lines_before: int) -> None:
        self._path = path
        self._lines_before = lines_before
        try:
            decoded = decode_escapes(source)
            self._split(decoded.text)
            checked = check_query(
                self._prologue + source,
                text_bytes=1 << 20,
                nesting=100,
                services=frozenset({expand("collex:search")}),
            )
        except QueryError as error:
            problem = str(error).splitlines()[-1]
            raise ResourceFileError(path, problem) from error
        self.form = checked.form

    def _split(self, text: str) -> None:
        self._text = text
        self.markers: list[_Marker] = []
        parts: list[str | _Marker] = []
        used: dict[str, int] = {}
        own: set[str] = set()
        done = 0
        previous = ""
        for token in read_tokens(self._text):
            if token.kind is Kind.NAME:
                prefix = token.text.partition(":")[0]
                if previous.lower() == "prefix":
                    own.add(prefix)
                used.setdefault(prefix, token.start)
            elif token.kind is Kind.COMMENT and token.text.startswith(_MARKER):
                marker = self._read_marker(token.text, token.start)
                self.markers.append(marker)
                parts += [self._text[done : token.start], marker]
                done = token.start + len(token.text)
            previous = token.text
        parts.append(self._text[done:])
        self._prologue = self._write_prologue(used, own)
        self.parts = (self._prologue, *parts)

    def _read_marker(self, text: str, start: int) -> _Marker:
        before = self._text[self._text.rfind("\n", 0, start) + 1 : start]
        found = _MARKERS.fullmatch(text.rstrip())
        if found is None or before.strip():
            raise self._error(
                "a marker is a line of its own: #@ VALUES ?name, #@ LIMIT name, #@ OFFSET name",
                start,
            )
        return _Marker(found[1] or found[3], found[2] or found[4])

    def _write_prologue(self, used: Mapping[str, int], own: set[str]) -> str:
        known = prefixes()
        for prefix, start in used.items():
            if prefix not in known and prefix not in own:
                raise self._error(f"prefix {prefix!r} is not in ontology/prefixes.ttl", start)
        return "".join(
            f"PREFIX {prefix}: <{namespace}>\n"
            for prefix, namespace in known.items()
            if prefix in used and prefix not in own
        )

    def _error(self, problem: str, offset: int) -> ResourceFileError:
        line = line_and_column(self._text, offset)[0] + self._lines_before
        return ResourceFileError(self._path, problem, line=line)
