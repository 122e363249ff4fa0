"""How long the project's own rules take on a large graph, and whether what was planted is found.

    python tests/benchmarks/bench_rules.py [--records 25000] [--peer-records 400] [--rules N]

Makes notices of fonds with their access points, authorities, libraries and places, always the same
ones; one record in fifty has a defect, and one subject is that of a quarter of all records.
Authorities are nodes of ours, since no identifier is made up: the rules on check characters look at
each and compute nothing. Checks the graph in place, in memory and on disk (in a process of its own,
which tells its memory), and compares the results with the defects, as sets; ends with 1 where they
differ. pySHACL, as it is shipped, has a graph of the size it can bear, in the same run, and ours
the same graph. ``--rules`` lists the slowest queries.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyshacl
import rdflib
from bench_validation import peak_mb
from pyoxigraph import RdfFormat, Store

from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.validation.compiler import ALL_NODES
from collex_graph.validation.data_graph import DataGraph
from collex_graph.validation.engine import Engine
from collex_graph.validation.shapes import shapes
from collex_graph.validation.terms import rdflib_graph
from collex_graph.validation.validator import validate_store

BASE = "https://w3id.org/collex-graph/"
HEAD = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes().items())
HEAD += f"@base <{BASE}> .\n"
WORDS = (
    "archives", "fonds", "manuscrits", "correspondance", "photographies", "cartes", "thèses",
    "revues", "herbier", "estampes", "géologie", "égyptologie", "mission", "relevés", "cours",
)  # fmt: skip
LIBRARIES = 200

# What a defect changes in a record: (words taken out, words put in, the rules that it breaks).
# Each rule is (node, rule); `unit`, `notice`, `point`, `label` are nodes of the record.
DEFECTS = (
    ("rico:identifier 'F{i}' ;", "", [("unit", "DescribedUnit-identifier")]),
    ("rico:hasOrHadHolder <id/library/{library}> ;", "", [("unit", "DescribedUnit-holder")]),
    ("collex:endYear {end} ;", "collex:endYear 1200 ;", [("unit", "DescribedUnit-years")]),
    ("collex:startYear {start} ;", "collex:startYear 'vers 1300' ;",
     [("unit", "Dataset-integer"), ("unit", "DescribedUnit-years")]),
    ("rico:title '{title}'@fr ;", "rico:title '{title}'@fr , 'Autre titre'@fr ;",
     [("unit", "DescribedUnit-one-title")]),
    ("rico:history '{history}'@fr ;", "rico:history 'Responsable du fonds : N. N.'@fr ;",
     [("unit", "DescribedUnit-staff-text")]),
    ("rico:history '{history}'@fr ;", "rico:history 'Écrire à fonds@bibliotheque.example'@fr ;",
     [("unit", "Value-text-mail")]),
    ("rico:history '{history}'@fr ;", "rico:history '{history}' ;",
     [("unit", "Value-text-language")]),
    ("rico:history '{history}'@fr ;", "rico:history ' '@fr ;", [("unit", "Value-text-not-blank")]),
    ("dcterms:language lexvo:fra ;", "", [("unit", "DescribedUnit-language")]),
    ("rico:conditionsOfAccess 'Sur rendez-vous'@fr ;", "", [("unit", "LabelledUnit-access")]),
    ("a collex:DescribedUnit , collex:Fonds ;", "a collex:Fonds ;",
     [("unit", "Dataset-unit-class"), ("notice", "Notice-primary-topic-unit"),
      ("label", "Labelling-concerns-unit")]),
    ("foaf:primaryTopic <id/fonds/F{i}> ;",
     "foaf:primaryTopic <id/fonds/F{i}> , <id/fonds/F{other}> ;",
     [("notice", "Notice-primary-topic")]),
    ("'2024-03-21'^^xsd:date ;", "'2023-03-21'^^xsd:date ;", [("notice", "Notice-dates")]),
    ("collex:element 'subject' ;", "collex:element 'sujet' ;",
     [("point", "AccessPoint-element"), ("subject", "ReferredNode-one-kind")]),
    ("collex:pointOf <id/fonds/F{i}> ; # first", "", [("point", "AccessPoint-unit")]),
    ("collex:refersTo <{agent}> ;", "collex:refersTo <https://www.idref.fr/{i}> ;",
     [("agent-point", "Value-idref-iri")]),
    ("label-status/labelled>", "label-status/archived>", [("label", "Labelling-status")]),
    ("collex:campaign <id/campaign/2023> ;", "", [("label", "Labelling-campaign")]),
    ("rdfs:seeAlso <https://ccfr.bnf.fr/{i}> ;", "rdfs:seeAlso <mailto:x{i}@x.example> ;",
     [("unit", "Dataset-mailto")]),
)  # fmt: skip

RECORD = """
<id/fonds/F{i}> a collex:DescribedUnit , collex:Fonds ; a rico:RecordSet ;
  rdfs:label '{title}'@fr ; rico:title '{title}'@fr ;
  rico:identifier 'F{i}' ;
  collex:hasCurrentLabel <vocabulary/label/collex> ; collex:countsAsLabelled true ;
  rico:hasOrHadHolder <id/library/{library}> ;
  rico:date '{start}-{end}' ; collex:startYear {start} ; collex:endYear {end} ;
  dcterms:language lexvo:fra ;
  collex:documentType <vocabulary/document-type/archives> ;
  rico:recordResourceExtent '{i} cartons'@fr ;
  rico:conditionsOfAccess 'Sur rendez-vous'@fr ;
  rico:history '{history}'@fr ; rico:scopeAndContent '{scope}'@fr ; dcterms:abstract '{scope}'@fr ;
  rdfs:seeAlso <https://ccfr.bnf.fr/{i}> ;
  collex:discipline <vocabulary/discipline/histoire> ;
  rico:hasOrHadSubject <{subject}> ; collex:linkedAgent <{agent}> .
<id/notice/F{i}> a collex:Notice , dcterms:BibliographicResource ;
  rdfs:label 'Notice F{i}'@fr ; dcterms:title '{title}'@fr ; dcterms:identifier 'F{i}' ;
  foaf:primaryTopic <id/fonds/F{i}> ;
  dcterms:isPartOf <id/dataset/bench> ; dcterms:issued '2024-03-19'^^xsd:date ;
  dcterms:modified '2024-03-21'^^xsd:date ;
  dcterms:bibliographicCitation '{title}, F{i}'@fr .
<id/labelling/F{i}> a collex:Labelling ; rdfs:label '{title}, label'@fr ;
  collex:concerns <id/fonds/F{i}> ; collex:awardedLabel <vocabulary/label/collex> ;
  collex:status <vocabulary/label-status/labelled> ; prov:used <id/notice/F{i}> ;
  collex:campaign <id/campaign/2023> ;
  collex:underCharter <id/charter/engagement-2> ;
  collex:validFrom '2023-01-01'^^xsd:date ; collex:validUntil '2097-12-31'^^xsd:date .
<id/notice/F{i}/point/1> a collex:AccessPoint ; rdfs:label '{subject_label}'@fr ;
  collex:element 'subject' ;
  collex:pointOf <id/fonds/F{i}> ; # first
  collex:wording '{subject_label}'@fr ; collex:heading 'Sujets'@fr ;
  collex:refersTo <{subject}> ;
  collex:position 1 ; dcterms:isPartOf <id/notice/F{i}> .
<id/notice/F{i}/point/2> a collex:AccessPoint ; rdfs:label '{agent_label}'@fr ;
  collex:element 'persname' ; collex:pointOf <id/fonds/F{i}> ;
  collex:wording '{agent_label}'@fr ; collex:heading 'Personnes'@fr ;
  collex:refersTo <{agent}> ;
  collex:position 2 ; dcterms:isPartOf <id/notice/F{i}> .
"""


def around(count: int) -> str:
    """Return the authorities, libraries and places that so many records share, in Turtle."""
    lines = [
        f"<id/concept/{n}> a skos:Concept ;"
        f" skos:prefLabel 'sujet {n}'@fr ; rdfs:label 'sujet {n}'@fr ."
        for n in range(count // 8 + 2)
    ]
    lines += [
        f"<id/agent/{n}> a rico:Person ; rdfs:label 'personne {n}'@fr ;"
        f" skos:exactMatch <https://authority.example/{n}> ."
        for n in range(count // 2 + 1)
    ]
    lines += [
        f"<id/library/{n:09d}> a collex:Library , rico:CorporateBody ;"
        f" rdfs:label 'Bibliothèque {n}'@fr ; collex:rcr '{n:09d}' ; org:unitOf <id/u/{n}> ;"
        f" collex:hasPlace <id/place/{n}> ."
        f"<id/place/{n}> a rico:Place ; rdfs:label 'lieu {n}'@fr ; collex:inseeCode '{n:05d}' ;"
        f" wgs84:lat {40 + n % 10}.5 ; wgs84:long 2.5 ;"
        f" collex:positionPrecision <vocabulary/position-precision/exact> ;"
        f" collex:inDepartement <vocabulary/departement/{n % 10}> ."
        for n in range(LIBRARIES)
    ]
    lines += [
        f"<vocabulary/departement/{n}> rdfs:label 'département {n}'@fr ; wgs84:lat {40 + n}.6 ;"
        " wgs84:long 2.6 ; collex:positionPrecision <vocabulary/position-precision/departement> ."
        for n in range(10)
    ]
    return HEAD + "\n".join(lines)


def records(count: int) -> tuple[str, set[tuple[str, str]]]:
    """Return records in Turtle, and the (focus node, rule) of every planted defect."""
    rnd = random.Random(3)
    texts = [HEAD]
    planted: set[tuple[str, str]] = set()
    for i in range(count):
        # one subject for each eight records, and one that a quarter of all have: a rule that
        # compares the entries of a subject two by two would never end
        subject = 0 if i % 4 == 0 else 1 + i // 8
        agent = rnd.randrange(count // 2 + 1)
        start = rnd.randrange(1400, 1900)
        known = {
            "i": i,
            "other": (i + 1) % count,
            "title": f"Fonds {rnd.choice(WORDS)} {i}",
            "library": f"{rnd.randrange(LIBRARIES):09d}",
            "start": start,
            "end": start + rnd.randrange(100),
            "history": " ".join(rnd.choices(WORDS, k=40)),
            "scope": " ".join(rnd.choices(WORDS, k=60)),
            "subject": f"{BASE}id/concept/{subject}",
            "subject_label": f"sujet {subject}",
            "agent": f"{BASE}id/agent/{agent}",
            "agent_label": f"personne {agent}",
        }
        text = RECORD
        if i % 50 == 7:
            old, new, broken = DEFECTS[(i // 50) % len(DEFECTS)]
            if old not in text:
                raise ValueError(f"{old!r} is in no record")
            text = text.replace(old, new)
            nodes = {
                "unit": f"{BASE}id/fonds/F{i}",
                "notice": f"{BASE}id/notice/F{i}",
                "label": f"{BASE}id/labelling/F{i}",
                "point": f"{BASE}id/notice/F{i}/point/1",
                "agent-point": f"{BASE}id/notice/F{i}/point/2",
                "subject": known["subject"],
            }
            planted |= {(nodes[node], expand(f"collex-sh:{rule}")) for node, rule in broken}
        texts.append(text.format(**known))
    return "".join(texts), planted


def load(store: Store, count: int) -> Store:
    """Put so many records into a store; return it."""
    for turtle in (around(count), records(count)[0]):
        store.bulk_load(turtle.encode(), RdfFormat.TURTLE)
    store.optimize()
    return store


def measure(where: str, store: Store, count: int) -> float:
    """Check a store of so many records; print what it took and found; return CPU seconds.

    Raises:
        SystemExit: what was found is not what was planted.
    """
    shapes()
    start = time.process_time()
    results = validate_store(store)
    seconds = time.process_time() - start
    memory = peak_mb()
    found = {(str(result.focus_node), result.rule) for result in results}
    planted = records(count)[1]
    verdict = "found = planted" if found == planted else "FOUND IS NOT PLANTED"
    print(
        f"{where}: {len(store):,} triples, {len(results):,} results, {verdict};"
        f" {seconds:.1f} s CPU; peak of the process {memory} MB",
        flush=True,
    )
    for focus, rule in sorted(found ^ planted)[:10]:
        print("   ", "missing" if (focus, rule) in planted else "extra", rule, focus)
    if found != planted:
        sys.exit(1)
    return seconds


def list_slowest(store: Store, count: int) -> None:
    """Print the queries that take longest."""
    if not count:
        return
    own = shapes()
    data = DataGraph(store)
    taken: list[tuple[float, str]] = []
    for part in Engine(own.graph, own.reference, data).parts:
        for check in part.checks:
            start = time.process_time()
            rows = sum(1 for _ in data.rows(check.text(ALL_NODES)))
            seconds = time.process_time() - start
            taken.append((seconds, f"{check.shape} {'+'.join(check.components)}: {rows} rows"))
    print(f"    all queries {sum(seconds for seconds, _ in taken):.1f} s")
    for seconds, name in sorted(taken, reverse=True)[:count]:
        print(f"    {seconds:6.2f} s  {name}")


def measure_peer(count: int) -> None:
    """Check fewer records with pySHACL and with ours; print both and the ratio."""
    store = load(Store(), count)
    planted = records(count)[1]
    ours = measure("in memory", store, count)
    graph = rdflib_graph(store)
    shapes_graph = rdflib_graph(shapes().graph.triples())
    start = time.process_time()
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes_graph)
    seconds = time.process_time() - start
    names = (rdflib.SH.focusNode, rdflib.SH.sourceShape)
    found = {
        tuple(str(report.value(one, name)) for name in names)
        for one in report.subjects(rdflib.RDF.type, rdflib.SH.ValidationResult)
    }
    verdict = "found = planted" if found == planted else "found is not planted"
    print(f"pySHACL: {len(graph):,} triples, {verdict}; {seconds:.1f} s CPU,", end=" ")
    print(f"{seconds / ours:.0f} times ours")


def main() -> None:
    """Run everything and print it."""
    options = argparse.ArgumentParser()
    options.add_argument("--records", type=int, default=25_000)
    options.add_argument("--peer-records", type=int, default=400)
    options.add_argument("--rules", type=int, default=0, metavar="N")
    options.add_argument("--check", type=Path, help="only check a store that is there")
    given = options.parse_args()
    if given.check:
        store = Store.read_only(str(given.check))
        measure("on disk", store, given.records)
        list_slowest(store, given.rules)
        return
    measure_peer(given.peer_records)
    store = load(Store(), given.records)
    measure("in memory", store, given.records)
    list_slowest(store, given.rules)
    del store
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/store"
        load(Store(path), given.records)
        again = [sys.executable, __file__, "--check", path, "--records", str(given.records)]
        subprocess.run([*again, "--rules", str(given.rules)], check=True)


if __name__ == "__main__":
    main()
