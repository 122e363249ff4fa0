"""One node per real thing: which IRIs name the same, and the IRI that stands for them.

A source's mapping says what it knows of a thing under the IRI that its record gives. Three kinds of
statements then make one node of several IRIs, in this order:

1. what an authority file says of its own entities: ``dcterms:isReplacedBy`` (merged records),
   ``owl:sameAs``, ``skos:exactMatch`` in the graphs ``graph/authority/…``;
2. alignments that a person has accepted;
3. an identifier of a registry that two things of one kind share: ISSN, ISBN, DOI, PPN, ARK, NNT,
   UAI, RCR; for institutions also the authorities that they say they match.

The node is the authority's IRI: IdRef, else data.bnf.fr, else Persée, else Sudoc, else ours;
libraries and establishments keep ours (the model, section 1). Two records that one authority keeps
apart are never joined, and a person is never joined with a body: such a claim is a `Contradiction`.

The statements that matter are few, and the mapping engine sets them apart
(`collex_graph.rdf.identity`); all others are only rewritten (`Identities.rewrite`), each in its
source's own graph.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple
from zlib import crc32

from collex_graph.rdf.identity import (
    AUTHORITIES,
    CLASS_PREDICATE,
    IDENTIFIERS,
    LABEL_PREDICATES,
)
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_REPLACED: Final = expand("dcterms:isReplacedBy")
_EXACT_MATCH: Final = expand("skos:exactMatch")
_SAME_AS: Final = expand("owl:sameAs")
_ALT_LABEL: Final = expand("skos:altLabel")
_IDENTIFIER_OF: Final = {
    expand(name): "bibo:issn" if name == "bibo:eissn" else name for name in IDENTIFIERS
}
"""Predicate → identifier: an ISSN is one whichever edition it is said of."""

_KINDS: Final[dict[str, str]] = {
    expand(name): kind
    for kind, names in {
        "person": ("foaf:Person", "rico:Person"),
        "family": ("rico:Family",),
        "body": ("rico:CorporateBody", "foaf:Organization", "org:Organization"),
        "library": ("collex:Library",),
        "establishment": ("collex:Establishment",),
        "heading": ("skos:Concept", "rico:Place"),
        "serial": ("bibo:Journal", "bibo:Periodical", "bibo:Series", "bibo:Collection"),
        "issue": ("bibo:Issue",),
        "part": ("bibo:Article", "bibo:Chapter"),
        "monograph": ("bibo:Book", "bibo:Thesis", "bibo:EditedBook", "bibo:Proceedings"),
    }.items()
    for name in names
}
"""What a class says that excludes the other kinds; other classes say nothing of it. The heading of
a place is a concept in one file and a place in another."""
_COMPATIBLE: Final = frozenset({("body", "library"), ("body", "establishment")})
"""Kinds of which one includes the other."""
_FOR_SERIALS_AND_BOOKS: Final = ("bibo:issn", "bibo:isbn")
"""Identifiers that parts repeat: only things known to be of one kind are joined by them."""

_LINE: Final = re.compile(
    rb"<([^>]*)> <([^>]*)> "
    rb'(?:<([^>]*)>|("(?:[^"\\]|\\.)*"(?:@[A-Za-z0-9-]+|\^\^<[^>]*>)?)) '
    rb"<([^>]*)> \."
)
_LEXICAL: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"(?:@([A-Za-z0-9-]+))?')


class Contradiction(NamedTuple):
    """A claim that two IRIs name one thing, and why it was not followed.

    Attributes:
        rule: name of the reading rule that says it in words.
        value: the identifier, or the second IRI.
        first: IRI of one thing.
        second: IRI of the other.
        graph: named graph of the claim.
    """

    rule: str
    value: str
    first: str
    second: str
    graph: str


_Statement = tuple[str, str, str, str, str]
"""Subject, predicate, value, language, graph."""


def _read(lines: bytes) -> Iterator[_Statement]:
    # the same object for the same graph, predicate and language
    texts: dict[bytes, str] = {b"": ""}
    last, subject = b"", ""
    for found in _LINE.finditer(lines):
        first, predicate, iri, literal, graph = found.groups(b"")
        if first != last:
            last, subject = first, first.decode()
        for part in (predicate, graph):
            if part not in texts:
                texts[part] = part.decode()
        language = b""
        value = iri
        if literal:
            lexical = _LEXICAL.match(literal)
            assert lexical is not None  # the line pattern holds it
            value, language = lexical[1], lexical[2] or b""
            if language not in texts:
                texts[language] = language.decode()
        yield subject, texts[predicate], value.decode(), texts[language], texts[graph]


@dataclass
class Identities:
    """What is one thing.

    Attributes:
        canonical: IRI → the IRI that stands for it, for those that differ.
        shown_labels: node that has several labels → predicate and language (`_label_key`) → the one
            that is shown, as its graph and its text (as N-Quads have it), with a space between; the
            others become alternative ones.
        contradictions: claims that were not followed, in a stable order.
        aligned: the IRIs that a person decided are something else's.
        met: those of them that the lines rewritten so far speak of; whoever rewrites empties it.
        starts: how the IRIs begin that are looked for in lines; see `look_for`.
    """

    canonical: dict[str, str] = field(default_factory=dict)
    shown_labels: dict[str, dict[str, str]] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)
    aligned: frozenset[str] = frozenset()
    met: set[str] = field(default_factory=set)
    starts: frozenset[str] = frozenset()
    _affected: re.Pattern[bytes] | None = None
    _marked: dict[int, list[str]] | None = None

    def node(self, iri: str) -> str:
        """Return the IRI that stands for an IRI."""
        return self.canonical.get(iri, iri)

    def look_for(self, starts: frozenset[str]) -> bool:
        """Look in lines for IRIs that begin like some others too, if need be.

        Args:
            starts: how the IRIs began that an earlier linking looked for.

        Returns:
            Whether that one looked for all IRIs that are of importance here.
        """
        here = _starts_of((*self.canonical, *self.shown_labels, *self.aligned))
        known = tuple(starts)
        covered = all(start.startswith(known) for start in here)
        self.starts = starts if covered else here | starts
        self._affected = None
        return covered

    def rewrite(self, lines: bytes) -> bytes:
        """Return N-Quads in which every IRI is that of its node.

        A statement that a node is the same as itself keeps the other name as its object; a label
        that another graph gives better becomes ``skos:altLabel``.

        Args:
            lines: whole lines, each ending with a line feed.
        """
        parts: list[bytes] = []
        done = 0
        for start, end, line in self.changes(lines):
            parts += lines[done:start], line
            done = end
        if not parts:
            return lines
        parts.append(lines[done:])
        return b"".join(parts)

    def changes(
        self, lines: bytes, marks: set[int] | None = None
    ) -> Iterator[tuple[int, int, bytes]]:
        """Yield the lines that `rewrite` changes: from, to, and what stands there instead.

        Args:
            lines: whole lines, each ending with a line feed.
            marks: receives those of the IRIs that were looked at; see `said_of`.
        """
        if self._affected is None:
            starts = self.starts or _starts_of((*self.canonical, *self.shown_labels))
            if not starts:
                return
            self._affected = _pattern_of(starts)
        if marks is not None:
            marks.update(map(crc32, set(self._affected.findall(lines))))
        canonical, labels = self.canonical, self.shown_labels
        done = 0
        for hit in self._affected.finditer(lines):
            if hit.start() < done:
                continue
            iri = hit[1].decode()
            if iri not in canonical and (
                iri not in labels or not lines.startswith(_SAYS_LABEL, hit.end())
            ):
                continue
            start = lines.rfind(b"\n", done, hit.start()) + 1 or done
            done = lines.find(b"\n", hit.end())
            done = len(lines) if done < 0 else done
            line = lines[start:done]
            rewritten = self._rewrite_line(line)
            if rewritten != line:
                yield start, done, rewritten

    def said_of(self, marks: Iterable[int]) -> str:
        """Return a digest of all that is of importance for lines in which some IRIs stand.

        Args:
            marks: CRC-32 of their IRIs. Two IRIs may share one, which does no harm: the digest then
                depends on more than it need.
        """
        if self._marked is None:
            self._marked = {}
            for iri in {*self.canonical, *self.shown_labels, *self.aligned}:
                self._marked.setdefault(crc32(iri.encode()), []).append(iri)
        found = sorted(
            iri for mark in self._marked.keys() & set(marks) for iri in self._marked[mark]
        )
        said = [
            (iri, self.node(iri), self.shown_labels.get(self.node(iri)), iri in self.aligned)
            for iri in found
        ]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def _rewrite_line(self, line: bytes) -> bytes:
        found = _LINE.fullmatch(line)
        if found is None:
            return line
        subject, predicate, graph = (found[n].decode() for n in (1, 2, 5))
        if predicate in _ABOUT_NAMES:
            return line
        # of a merged record the old name is what these are about
        node = subject if predicate in _OF_THE_RECORD else self.node(subject)
        if subject in self.aligned:
            self.met.add(subject)
        term = found[4]
        if found[3] is not None:
            value = found[3].decode()
            if value in self.aligned:
                self.met.add(value)
            target = self.node(value)
            if predicate in (_SAME_AS, _EXACT_MATCH):
                # the name that another authority gives stays a name
                target = subject if value == node else value
            term = f"<{target}>".encode()
        elif predicate in LABEL_PREDICATES and node in self.shown_labels:
            lexical = _LEXICAL.match(term)
            text, language = (
                ("", "") if lexical is None else (lexical[1].decode(), (lexical[2] or b"").decode())
            )
            label = f"{graph} {text}"
            if self.shown_labels[node].get(_label_key(predicate, language), label) != label:
                predicate = _ALT_LABEL
        return b"<%s> <%s> %s <%s> ." % (node.encode(), predicate.encode(), term, graph.encode())


_SAYS_LABEL: Final = tuple(f" <{iri}> ".encode() for iri in sorted(LABEL_PREDICATES))
_OF_THE_RECORD: Final = frozenset({_REPLACED, expand("owl:deprecated")})
_ABOUT_NAMES: Final = frozenset(map(expand, ("owl:annotatedSource", "owl:annotatedTarget")))
"""Predicates of what is said of a name, and not of the thing."""


def _label_key(predicate: str, language: str) -> str:
    """Return what two labels must share to stand for each other; French is what has no tag."""
    return f"{predicate} {language or 'fr'}"


def _starts_of(iris: Iterable[str]) -> frozenset[str]:
    """Return how some IRIs begin, a few path segments of each."""
    begin = re.compile(r".*?//[^/]*(?:/[a-z-]+){0,3}/?|[^:]*:", re.DOTALL)
    return frozenset(found[0] for iri in iris if (found := begin.match(iri)) is not None)


def _pattern_of(starts: Iterable[str]) -> re.Pattern[bytes]:
    """Return what finds IRIs that begin so."""
    shortest: list[str] = []
    for start in sorted(starts):
        if not shortest or not start.startswith(shortest[-1]):
            shortest.append(start)
    return re.compile(b"<((?:" + b"|".join(re.escape(s.encode()) for s in shortest) + b")[^>]*)>")


def find_identities(
    parts: Iterable[bytes], *, base_iri: str, accepted: Iterable[tuple[str, str]] = ()
) -> Identities:
    """Decide which IRIs name one thing.

    Args:
        parts: N-Quads lines of the source files, in a fixed order: classes, labels, identifiers,
            statements of sameness; others are passed over.
        base_iri: start of our own IRIs.
        accepted: alignments that a person accepted, as (our IRI, authority's IRI).

    Returns:
        The identities, the same whatever the order of lines inside a part.
    """
    resolver = _Resolver(base_iri)
    for part in parts:
        for statement in _read(part):
            resolver.hear(statement)
    return resolver.resolve(sorted(accepted))


class _Several:
    """Key → what was said of it: one entry as it stands, several as a dict; most have one."""

    def __init__(self) -> None:
        self._one: dict[str, tuple[str, str]] = {}
        self.several: dict[str, dict[str, str]] = {}

    def add(self, key: str, entry: str, graph: str) -> None:
        """Add an entry, with the least of the graphs that say it."""
        known = self._one.setdefault(key, (entry, graph))
        if known[0] != entry:
            entries = self.several.setdefault(key, {known[0]: known[1]})
            entries[entry] = min(graph, entries.get(entry, graph))
        elif graph < known[1]:
            self._one[key] = (entry, graph)
            if key in self.several:
                self.several[key][entry] = graph

    def get(self, key: str) -> Iterable[str]:
        """Return the entries of a key."""
        if key in self.several:
            return self.several[key]
        known = self._one.get(key)
        return () if known is None else known[:1]

    def items(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield each key with its entries and their graphs."""
        for key, (entry, graph) in self._one.items():
            yield key, self.several.get(key) or {entry: graph}


class _Resolver:
    """A union-find over IRIs that never joins what an authority keeps apart."""

    def __init__(self, base_iri: str) -> None:
        self._ours = f"{base_iri}id/"
        self._institutions = tuple(f"{base_iri}id/{kind}/" for kind in ("library", "establishment"))
        self._authority_graphs = f"{base_iri}graph/authority/"
        self._claims = _Several()
        self._labelled: defaultdict[str, _Several] = defaultdict(_Several)
        self._matched = _Several()
        self._identified = {name: _Several() for name in _IDENTIFIER_OF.values()}
        self._replaced: dict[str, dict[str, str]] = {}
        self._same: dict[tuple[str, str], str] = {}
        self._kinds: dict[str, set[str]] = {}
        self._parent: dict[str, str] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._contradictions: dict[Contradiction, None] = {}

    # --- hearing ---------------------------------------------------------------------------------

    def hear(self, statement: _Statement) -> None:
        subject, predicate, value, language, graph = statement
        if predicate in LABEL_PREDICATES:
            self._labelled[_label_key(predicate, language)].add(subject, f"{graph} {value}", graph)
        elif predicate == CLASS_PREDICATE:
            kind = _KINDS.get(value)
            if kind is not None:
                self._claims.add(subject, kind, graph)
        elif predicate == _REPLACED:
            if graph.startswith(self._authority_graphs):
                self._replaced.setdefault(subject, {}).setdefault(value, graph)
        elif predicate in (_SAME_AS, _EXACT_MATCH):
            if subject.startswith(self._institutions):
                self._matched.add(value, subject, graph)
            elif graph.startswith(self._authority_graphs) and self._is_known(value):
                known = self._same.setdefault((subject, value), graph)
                self._same[subject, value] = min(known, graph)
        elif predicate in _IDENTIFIER_OF:
            self._identified[_IDENTIFIER_OF[predicate]].add(value, subject, graph)

    def _is_known(self, iri: str) -> bool:
        """Say whether an IRI may be a node here: one of an authority of ours, or our own."""
        return iri.startswith((self._ours, *(start for _, start in AUTHORITIES)))

    # --- deciding --------------------------------------------------------------------------------

    def resolve(self, accepted: Iterable[tuple[str, str]]) -> Identities:
        for old, targets in sorted(self._replaced.items()):
            self._replace(old, targets)
        for ours, authority in accepted:
            self._join(ours, authority, "", authority)
        ranked = sorted(self._same.items(), key=lambda item: (self._rank(item[0][0]), item[0]))
        for (one, other), graph in ranked:
            self._join(one, other, graph, other)
        for name, values in self._identified.items():
            for value, subjects in sorted(values.several.items()):
                self._join_all(subjects, value, alike=name in _FOR_SERIALS_AND_BOOKS)
        self._join_institutions()
        return self._result()

    def _join_all(self, subjects: Mapping[str, str], value: str, *, alike: bool = False) -> None:
        """Join the things of one kind that share an identifier.

        Args:
            subjects: thing → the graph that gives it the identifier.
            value: the identifier.
            alike: only those that are known to be of the same kind.
        """
        ranked = sorted(subjects, key=lambda iri: (self._rank(iri), iri))
        for place, iri in enumerate(ranked[1:], start=1):
            # with the first one that it may be joined with; a difference of kinds is none to report
            fits = [
                other
                for other in ranked[:place]
                if not self._differ(iri, other)
                and (not alike or self._kinds_of(iri) & self._kinds_of(other))
            ]
            if fits:
                self._join(fits[0], iri, subjects[iri], value)

    def _join_institutions(self) -> None:
        """Join institutions that match the same thing under two of its names."""
        by_node: dict[str, dict[str, str]] = {}
        for value, subjects in self._matched.items():
            by_node.setdefault(self._root(value), {}).update(subjects)
        for node, subjects in sorted(by_node.items()):
            self._join_all(subjects, node)

    def _replace(self, old: str, targets: Mapping[str, str]) -> None:
        """Follow a merged record to the one that replaces it.

        It is no other record of its authority. One that was split is followed nowhere: which half
        is meant is not known.
        """
        if len(targets) > 1:
            first, second, *_ = sorted(targets)
            self._say("IdentifierOfTwoRecords", old, first, second, min(targets.values()))
            return
        ((new, graph),) = targets.items()
        if self._root(old) == self._root(new):
            if old != new:
                self._say("ReplacedInCircle", new, old, new, graph)
            return
        if self._differ(old, new):
            self._say("SamenessOfTwoKinds", new, old, new, graph)
            return
        mine, theirs = self._root(old), self._root(new)
        self._kinds[theirs] = self._kinds_of(mine) | self._kinds_of(theirs)
        self._parent[mine] = theirs

    def _join(self, one: str, other: str, graph: str, value: str) -> None:
        first, second = self._root(one), self._root(other)
        if first == second:
            return
        if self._differ(first, second):
            self._say("SamenessOfTwoKinds", value, one, other, graph)
            return
        mine, theirs = self._names_of(first), self._names_of(second)
        for family, name in sorted(theirs.items()):
            if mine.get(family, name) != name:
                self._say("IdentifierOfTwoRecords", value, mine[family], name, graph)
                return
        best, rest = sorted((first, second), key=lambda iri: (self._rank(iri), iri))
        self._kinds[best] = self._kinds_of(first) | self._kinds_of(second)
        self._names[best] = {**theirs, **mine}
        self._parent[rest] = best

    def _say(self, rule: str, value: str, first: str, second: str, graph: str) -> None:
        first, second = sorted((first, second))
        self._contradictions[Contradiction(rule, value, first, second, graph)] = None

    def _root(self, iri: str) -> str:
        while (above := self._parent.get(iri)) is not None:
            further = self._parent.get(above)
            if further is not None:
                self._parent[iri] = further
            iri = above
        return iri

    def _names_of(self, root: str) -> dict[str, str]:
        """Return authority → the record that a node is there; no node is two."""
        if root not in self._names:
            family = self._family(root)
            self._names[root] = {} if family is None else {family: root.partition("#")[0]}
        return self._names[root]

    def _family(self, iri: str) -> str | None:
        for name, start in AUTHORITIES:
            if iri.startswith(start):
                return name
        if iri.startswith(self._institutions):
            # a UAI or an RCR names one institution; other local names may be joined with it
            local = iri.rpartition("/")[2]
            return None if re.match(r"[a-z]+-", local) else iri[: iri.rindex("/")]
        return None

    def _rank(self, iri: str) -> int:
        """Return how much an IRI is preferred as the node; 0 is best."""
        if iri.startswith(self._institutions):
            return 0 if self._family(iri) else 1
        for place, (_, start) in enumerate(AUTHORITIES, start=2):
            if iri.startswith(start):
                return place
        return 9

    def _differ(self, one: str, other: str) -> bool:
        """Say whether two things are of kinds that exclude each other."""
        return any(
            mine != theirs and not {(mine, theirs), (theirs, mine)} & _COMPATIBLE
            for mine in self._kinds_of(one)
            for theirs in self._kinds_of(other)
        )

    def _kinds_of(self, iri: str) -> set[str]:
        root = self._root(iri)
        kinds = self._kinds.get(root) or set(self._claims.get(root))
        kinds |= set(self._claims.get(iri))
        for start in self._institutions:
            if root.startswith(start) or iri.startswith(start):
                kinds.add(start.rstrip("/").rpartition("/")[2])
        return kinds

    # --- result ----------------------------------------------------------------------------------

    def _result(self) -> Identities:
        canonical = {iri: self._root(iri) for iri in sorted(self._parent)}
        names = {*canonical, *canonical.values()}
        shown_labels: dict[str, dict[str, str]] = {}
        for key, labelled in sorted(self._labelled.items()):
            by_node: dict[str, set[str]] = {}
            for iri in {*names, *labelled.several}:
                by_node.setdefault(self._root(iri), set()).update(labelled.get(iri))
            for node, labels in sorted(by_node.items()):
                if len(labels) > 1:
                    best = min(
                        labels, key=lambda label: (self._graph_rank(label.partition(" ")[0]), label)
                    )
                    shown_labels.setdefault(node, {})[key] = best
        return Identities(canonical, shown_labels, sorted(self._contradictions))

    def _graph_rank(self, graph: str) -> tuple[int, int]:
        """Authorities label best, in their order; then the catalogues, then the lists."""
        for place, (name, _) in enumerate(AUTHORITIES):
            if graph.startswith(f"{self._authority_graphs}{name}"):
                return 0, place
        for place, (name, _) in enumerate(reversed(AUTHORITIES)):
            if f"/graph/source/{name}/" in graph:
                return 1, place
        return 2, 0
