"""What a snapshot says of itself: VoID, DCAT and PROV, as quads for the store and for the file.

Everything that differs from one run to the next (times, versions, digests) stands in
``graph/description`` and ``graph/provenance`` alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import Literal, NamedNode, Quad

from collex_graph.rdf.namespaces import compact, expand, term

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from collex_graph.model import Position, SourceFile
    from collex_graph.rdf.iris import Iris

NAME = {"fr": "collex-graph : graphe des collections de recherche françaises",
        "en": "collex-graph: graph of French research collections"}  # fmt: skip
INDEPENDENCE = {
    "fr": "Réutilisation indépendante de données ouvertes de la BnF et du CCFr, de l'Abes, de "
    "Persée et d'autres ; ce n'est le site officiel d'aucune institution.",
    "en": "An independent reuse of open data of BnF and CCFr, Abes, Persée and others; not the "
    "official site of any institution.",
}


def source_file_iri(file: SourceFile, iris: Iris) -> str:
    """Return ``id/source-file/{dataset}/{first 12 of sha256}``."""
    return iris.entity("source-file", file.dataset, file.sha256[:12])


def describe_source_file(file: SourceFile, iris: Iris) -> Iterator[Quad]:
    """Say which file this is, for ``graph/provenance``."""
    graph = NamedNode(iris.graph("provenance"))
    node = NamedNode(source_file_iri(file, iris))
    yield Quad(node, term("rdf:type"), term("prov:Entity"), graph)
    yield Quad(node, term("rdfs:label"), Literal(file.name), graph)
    yield Quad(node, term("dcterms:title"), Literal(file.name), graph)
    yield Quad(node, term("collex:sha256"), Literal(file.sha256), graph)
    yield Quad(node, term("dcat:byteSize"), _integer(file.size_bytes), graph)
    yield Quad(node, term("dcat:mediaType"), Literal(file.media_type), graph)
    dataset = NamedNode(iris.entity("dataset", file.dataset))
    yield Quad(node, term("dcterms:isPartOf"), dataset, graph)


def describe_graph(graph: str, file: SourceFile, iris: Iris) -> Quad:
    """Say which file a named graph was read from, for ``graph/provenance``."""
    return Quad(
        NamedNode(graph),
        term("prov:wasDerivedFrom"),
        NamedNode(source_file_iri(file, iris)),
        NamedNode(iris.graph("provenance")),
    )


def describe_origin(
    subject: str, file: SourceFile, position: Position, iris: Iris
) -> Iterator[Quad]:
    """Say where in which file a subject was read (a fragment as in RFC 7111 or a component)."""
    fragment = position.fragment()
    origin = source_file_iri(file, iris) + (f"#{fragment}" if fragment else "")
    yield Quad(
        NamedNode(subject),
        term("prov:wasDerivedFrom"),
        NamedNode(origin),
        NamedNode(iris.graph("provenance")),
    )


def describe_snapshot(
    *,
    iris: Iris,
    created: datetime,
    as_of: str,
    version: str,
    counts: Mapping[str, int],
    classes: Iterable[Mapping[str, str]],
    properties: Iterable[Mapping[str, str]],
    schemes: Iterable[Mapping[str, str]],
    datasets: Mapping[str, Mapping[str, int]],
    graph: str,
) -> Iterator[Quad]:
    """Describe the published data set: counts, partitions, sources, endpoint, dump.

    Args:
        iris: mints the IRIs.
        created: when it was published (UTC).
        as_of: the day for which it says which labels hold, as xsd:date.
        version: version of the software.
        counts: what it holds, by name; ``triples`` and ``quads`` are required.
        classes: rows ``class``, ``count``.
        properties: rows ``property``, ``count``.
        schemes: rows ``scheme``, ``count``: how many statements have a concept of it as object.
        datasets: short name of each source dataset → what was read of it (``records``, ``files``).
        graph: IRI of ``graph/description``.
    """
    into = NamedNode(graph)
    dataset = NamedNode(iris.entity("dataset", "collex-graph"))
    now = Literal(created.strftime("%Y-%m-%dT%H:%M:%SZ"), datatype=term("xsd:dateTime"))

    def say(subject: NamedNode, predicate: str, value: NamedNode | Literal) -> Quad:
        return Quad(subject, term(predicate), value, into)

    for kind in ("collex:Dataset", "dcat:Dataset", "void:Dataset", "prov:Entity"):
        yield say(dataset, "rdf:type", term(kind))
    for language, name in NAME.items():
        yield say(dataset, "rdfs:label", Literal(name, language=language))
        yield say(dataset, "dcterms:title", Literal(name, language=language))
    for language, words in INDEPENDENCE.items():
        yield say(dataset, "dcterms:rights", Literal(words, language=language))
    yield say(dataset, "dcterms:issued", now)
    yield say(dataset, "prov:generatedAtTime", now)
    yield say(dataset, "dcterms:valid", Literal(as_of, datatype=term("xsd:date")))
    yield say(dataset, "dcat:version", Literal(created.strftime("%Y-%m-%dT%H%M%SZ")))
    yield say(dataset, "void:triples", _integer(counts["triples"]))
    yield say(dataset, "void:uriSpace", Literal(iris.base))
    yield say(dataset, "void:sparqlEndpoint", NamedNode(f"{iris.base}sparql"))
    dump = NamedNode(f"{iris.base}dataset/dataset.nq.gz")
    yield say(dataset, "void:dataDump", dump)
    distribution = NamedNode(iris.entity("dataset", "collex-graph", "dump"))
    yield say(dataset, "dcat:distribution", distribution)
    yield say(distribution, "rdf:type", term("dcat:Distribution"))
    yield say(distribution, "rdfs:label", Literal("dataset.nq.gz"))
    yield say(distribution, "dcat:downloadURL", dump)
    yield say(distribution, "dcat:mediaType", Literal("application/n-quads"))
    yield say(distribution, "dcat:compressFormat", Literal("application/gzip"))
    software = NamedNode(iris.entity("software", f"collex-graph-{version}"))
    yield say(dataset, "prov:wasAttributedTo", software)
    yield say(software, "rdf:type", term("prov:SoftwareAgent"))
    yield say(software, "rdfs:label", Literal(f"collex-graph {version}"))

    for kind, rows, link, key, entities in (
        ("class", classes, "void:classPartition", "void:class", "void:entities"),
        ("property", properties, "void:propertyPartition", "void:property", "void:triples"),
        ("scheme", schemes, "void:subset", "dcterms:references", "void:triples"),
    ):
        for row in rows:
            # two vocabularies may have a term of the same name, so the prefix is part of it
            local = (compact(row[kind]) or row[kind]).replace(":", "-", 1)
            part = NamedNode(iris.entity("dataset", "collex-graph", kind, local))
            yield say(dataset, link, part)
            yield say(part, key, NamedNode(row[kind]))
            yield say(part, entities, _integer(int(row["count"])))
    for name, read in datasets.items():
        source = NamedNode(iris.entity("dataset", name))
        yield say(dataset, "prov:wasDerivedFrom", source)
        yield say(source, "collex:recordsRead", _integer(read["records"]))
        yield say(source, "collex:filesRead", _integer(read["files"]))


def _integer(value: int) -> Literal:
    return Literal(str(value), datatype=NamedNode(expand("xsd:integer")))
