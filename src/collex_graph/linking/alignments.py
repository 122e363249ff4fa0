"""Alignments as data: SSSOM tables in, SSSOM tables and N-Quads out.

An alignment says that a node of ours is a thing of an authority file. The tables are those of the
Simple Standard for Sharing Ontological Mappings (https://mapping-commons.github.io/sssom/spec/):
tab-separated, with metadata in comment lines above the header. One column is an extension,
``mapping_status``: ``proposed``, ``accepted`` or ``rejected``. Only a person sets the last two.
"""

from __future__ import annotations

import csv
import hashlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, TextIO

import yaml
from pyoxigraph import Literal

from collex_graph.errors import ResourceFileError
from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.iris import Iris, is_absolute_iri
from collex_graph.rdf.literals import check_literal
from collex_graph.rdf.namespaces import compact, expand, prefixes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

COLUMNS: Final = (
    "subject_id", "subject_label", "predicate_id", "object_id", "object_label",
    "mapping_justification", "confidence", "mapping_date", "reviewer_id", "mapping_status",
    "comment",
)  # fmt: skip
_REQUIRED: Final = ("subject_id", "predicate_id", "object_id", "mapping_justification")
STATUSES: Final = ("proposed", "accepted", "rejected")
_IDENTICAL: Final = frozenset(map(expand, ("skos:exactMatch", "owl:sameAs")))
_PREDICATES: Final = _IDENTICAL | frozenset(
    map(expand, ("skos:closeMatch", "skos:broadMatch", "skos:narrowMatch", "skos:relatedMatch"))
)
_ORCID: Final = "https://orcid.org/"


@dataclass(frozen=True, order=True)
class Alignment:
    """One row of an SSSOM table.

    Attributes:
        subject: IRI of a node of ours.
        predicate: IRI, such as that of ``skos:exactMatch``.
        target: IRI of the thing in the authority file, in canonical form.
        justification: IRI of the method (``semapv:…``).
        status: one of `STATUSES`.
        subject_label: label of the subject.
        target_label: label of the target.
        confidence: between 0 and 1, as a canonical xsd:decimal; empty if not stated.
        date: day of the decision (xsd:date); empty if not stated.
        reviewer: ORCID IRI of who decided; empty if not stated.
        comment: why, in words.
        file: name of the table; empty for one that is in none.
        line: of the row in it.
    """

    subject: str
    predicate: str
    target: str
    justification: str
    status: str = "proposed"
    subject_label: str = ""
    target_label: str = ""
    confidence: str = ""
    date: str = ""
    reviewer: str = ""
    comment: str = ""
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def makes_one_node(self) -> bool:
        """Whether the authority's IRI becomes the node: accepted, and stated to be the same."""
        return self.status == "accepted" and self.predicate in _IDENTICAL

    def iri(self, iris: Iris) -> str:
        """Return ``id/mapping/{hash of subject, predicate, object}``."""
        said = "\n".join((self.subject, self.predicate, self.target)).encode()
        return iris.entity("mapping", hashlib.blake2b(said, digest_size=8).hexdigest())


def read_alignments(path: Path, base_iri: str) -> list[Alignment]:
    """Read an SSSOM table.

    Args:
        path: a ``.sssom.tsv`` file, UTF-8.
        base_iri: what the prefix ``base`` stands for.

    Raises:
        ResourceFileError: with the line and what to do, for a table that cannot be used as it is: a
            decision that is half read would make a graph that nobody decided.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return _read_table(path, stream, base_iri)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ResourceFileError(path, f"cannot be read: {error}") from error


def _read_table(path: Path, stream: TextIO, base_iri: str) -> list[Alignment]:
    metadata: list[str] = []
    rows: list[str] = []
    for text in stream:
        (metadata if text.startswith("#") and not rows else rows).append(text)
    curies = {**prefixes(), **_curie_map(path, metadata), "base": base_iri}
    table = csv.DictReader(rows, delimiter="\t", strict=True)
    missing = [name for name in _REQUIRED if name not in (table.fieldnames or ())]
    if missing:
        raise ResourceFileError(
            path, f"has no column {', '.join(missing)}; an SSSOM table needs it",
            line=len(metadata) + 1,
        )  # fmt: skip
    found: list[Alignment] = []
    accepted: dict[str, int] = {}
    for row in table:
        line = len(metadata) + table.line_num
        try:
            read = _alignment(row, curies, base_iri)
            alignment = replace(read, file=path.name, line=line)
        except ValueError as error:
            raise ResourceFileError(path, str(error), line=line) from error
        if alignment.makes_one_node:
            first = accepted.setdefault(alignment.subject, line)
            if first != line:
                raise ResourceFileError(
                    path, f"{row['subject_id']} is accepted as the same as two things, here and in "
                    f"line {first}: keep one", line=line,
                )  # fmt: skip
        found.append(alignment)
    return found


def _curie_map(path: Path, metadata: list[str]) -> Mapping[str, str]:
    text = "".join(re.sub(r"^# ?", "", line) for line in metadata)
    try:
        said = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        raise ResourceFileError(path, "its metadata (the lines with #) is not YAML") from error
    curies = said.get("curie_map", {}) if isinstance(said, dict) else {}
    return {str(name): str(iri) for name, iri in curies.items()}


def _alignment(row: Mapping[str, str | None], curies: Mapping[str, str], base: str) -> Alignment:
    """Read one row.

    Raises:
        ValueError: saying what is wrong with it.
    """

    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    def iri(name: str) -> str:
        text = cell(name)
        prefix, colon, local = text.partition(":")
        full = curies[prefix] + local if colon and prefix in curies else text
        if "://" not in full or not is_absolute_iri(full):
            raise ValueError(f"{name}: {text!r} is no IRI; declare its prefix in curie_map")
        return full

    predicate = iri("predicate_id")
    if predicate not in _PREDICATES:
        known = ", ".join(sorted(compact(p) or p for p in _PREDICATES))
        raise ValueError(f"predicate_id: {cell('predicate_id')!r} is not one of {known}")
    status = cell("mapping_status") or "proposed"
    if status not in STATUSES:
        raise ValueError(f"mapping_status: {status!r} is not one of {', '.join(STATUSES)}")
    subject = iri("subject_id")
    if not subject.startswith(f"{base}id/"):
        raise ValueError(f"subject_id: {subject} is no node of ours ({base}id/…)")
    for name, datatype in (("confidence", "xsd:decimal"), ("mapping_date", "xsd:date")):
        reason = check_literal(cell(name), expand(datatype)) if cell(name) else None
        if reason is not None:
            raise ValueError(f"{name}: {cell(name)!r} is no {datatype} ({reason})")
    reviewer = cell("reviewer_id").replace("orcid:", _ORCID)
    if reviewer and not isinstance(identifiers.read_orcid(reviewer), Identified):
        raise ValueError(f"reviewer_id: {reviewer!r} is no ORCID; leave out names of people")
    return Alignment(
        subject=subject,
        predicate=predicate,
        target=_canonical(iri("object_id")),
        status=status,
        justification=iri("mapping_justification"),
        subject_label=cell("subject_label"),
        target_label=cell("object_label"),
        confidence=cell("confidence"),
        date=cell("mapping_date"),
        reviewer=reviewer,
        comment=cell("comment"),
    )


def _canonical(iri: str) -> str:
    """Return the canonical form of an authority's IRI.

    Raises:
        ValueError: for one whose check character is wrong, with the correction.
    """
    for host, read in (
        ("idref.fr", identifiers.read_idref),
        ("sudoc.fr", identifiers.read_sudoc),
        ("persee.fr", identifiers.read_persee),
    ):
        if host in iri:
            found = read(iri)
            if isinstance(found, Identified) and found.iri is not None:
                return found.iri
            correction = "" if isinstance(found, Identified) else found.correction
            hint = f"; {correction} would hold" if correction else ""
            raise ValueError(f"object_id: {iri} is no identifier of {host}{hint}")
    if "bnf.fr" in iri:
        found = identifiers.read_bnf(iri, person=iri.endswith("#foaf:Person"))
        if isinstance(found, Identified) and found.iri is not None:
            return found.iri
        raise ValueError(f"object_id: {iri} is no identifier of data.bnf.fr")
    return iri


def write_alignments(alignments: Iterable[Alignment], stream: TextIO, base_iri: str) -> None:
    """Write an SSSOM table, which can be read again after a person has judged it."""
    curies = {"base": base_iri} | {name: prefixes()[name] for name in ("skos", "owl", "semapv")}
    stream.write("# mapping_set_id: " + base_iri + "dataset/proposals.sssom.tsv\n")
    stream.write("# license: https://www.etalab.gouv.fr/licence-ouverte-open-licence\n")
    stream.write("# curie_map:\n")
    for name, iri in curies.items():
        stream.write(f"#   {name}: {iri}\n")
    stream.write("# extension_definitions:\n#   - slot_name: mapping_status\n")
    table = csv.writer(stream, delimiter="\t", lineterminator="\n")
    table.writerow(COLUMNS)

    def curie(iri: str) -> str:
        for name, start in curies.items():
            if iri.startswith(start):
                return f"{name}:{iri[len(start) :]}"
        return iri

    for one in alignments:
        table.writerow(
            (
                curie(one.subject), one.subject_label, curie(one.predicate), one.target,
                one.target_label, curie(one.justification), one.confidence, one.date, one.reviewer,
                one.status, one.comment,
            )
        )  # fmt: skip


def alignment_lines(alignments: Iterable[Alignment], iris: Iris) -> Iterator[str]:
    """Yield alignments as N-Quads lines, in ``graph/mapping/accepted`` or ``…/proposed``.

    An accepted one is also stated as such (``subject skos:exactMatch target``).
    """
    for one in alignments:
        node = one.iri(iris)
        graph = iris.graph("mapping", "accepted" if one.status == "accepted" else "proposed")
        if one.status == "accepted":
            yield f"<{one.subject}> <{one.predicate}> <{one.target}> <{graph}> .\n"
        label = f"{one.subject_label or one.subject} → {one.target_label or one.target}"
        said = [
            ("rdf:type", f"<{expand('sssom:Mapping')}>"),
            ("rdf:type", f"<{expand('collex:Mapping')}>"),
            ("rdfs:label", _text(label, "fr")),
            ("owl:annotatedSource", f"<{one.subject}>"),
            ("owl:annotatedProperty", f"<{one.predicate}>"),
            ("owl:annotatedTarget", f"<{one.target}>"),
            ("sssom:mapping_justification", f"<{one.justification}>"),
            ("collex:mappingStatus", _text(one.status)),
        ]
        if one.subject_label:
            said.append(("sssom:subject_label", _text(one.subject_label)))
        if one.target_label:
            said.append(("sssom:object_label", _text(one.target_label)))
        if one.confidence:
            said.append(("sssom:confidence", f'"{one.confidence}"^^<{expand("xsd:decimal")}>'))
        if one.date:
            said.append(("sssom:mapping_date", f'"{one.date}"^^<{expand("xsd:date")}>'))
        if one.reviewer:
            said.append(("sssom:reviewer_id", f"<{one.reviewer}>"))
        if one.comment:
            said.append(("rdfs:comment", _text(one.comment, "fr")))
        for predicate, term in said:
            yield f"<{node}> <{expand(predicate)}> {term} <{graph}> .\n"


def _text(text: str, language: str | None = None) -> str:
    return str(Literal(text, language=language))
