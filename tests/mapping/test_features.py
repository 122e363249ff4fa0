"""One folder per mapping feature: a small input and what the mapping must make of it.

A folder ``<source>/<NN_feature>`` holds:

* ``input.xml`` or ``input.csv``; or a folder ``input`` where names of files say something;
* ``expected.ttl``: its first line says what the feature is. For every subject and predicate that
  occur in it, the objects must be exactly those (so a statement too many is a failure too);
  prefixes are those of ``ontology/prefixes.ttl`` and relative IRIs start with the base IRI;
* ``exact.nq`` in its place where the whole output is compared, graphs included;
* ``absent.txt``: one ``subject predicate`` per line (``*`` for any) of which there must be
  no statement;
* ``problems.txt``: one ``Rule | value`` per line, all the problems there must be. No file, none.
  (Small tables leave out columns: that they do is compared only where the file speaks of it.)
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest
from pyoxigraph import BlankNode, RdfFormat, parse

from collex_graph.pipeline import map_source
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
HERE = Path(__file__).parent
# where the graphs of a source are, if not in graph/source/{source}/
GRAPHS = {
    "idref": ["graph/authority/idref/"],
    "databnf": ["graph/authority/bnf/"],
    "persee": ["graph/source/persee/", "graph/authority/persee/"],
}
ABSENT_COLUMN = ("MissingColumn |", "ColumnNotInSheet |")
FEATURES = sorted(path.parent for path in HERE.glob("*/*/input*"))


def _name(feature):
    return f"{feature.parent.name}/{feature.name}"


def _prefixes():
    return (resource_dir("ontology") / "prefixes.ttl").read_text(encoding="utf-8")


def _map(feature, folder):
    (source,) = feature.glob("input*")
    spool = folder / "mapped.nq"
    mapped = map_source(feature.parent.name, source, base_iri=BASE, spool=spool)
    return set(parse(spool.read_bytes(), format=RdfFormat.N_QUADS)), mapped


@pytest.fixture(scope="module")
def mapped_features(tmp_path_factory):
    """Feature → its quads and what the mapping reports."""
    return {feature: _map(feature, tmp_path_factory.mktemp("mapped")) for feature in FEATURES}


def _expected(feature):
    text = f"@base <{BASE}> .\n{_prefixes()}\n" + (feature / "expected.ttl").read_text("utf-8")
    return list(parse(text, format=RdfFormat.TURTLE))


def _objects(quads):
    found = defaultdict(set)
    for quad in quads:
        found[quad.subject.value, quad.predicate.value].add(str(quad.object))
    return found


def _resolve(name):
    if name.startswith("<"):
        return BASE + name[1:-1] if ":" not in name else name[1:-1]
    (quad,) = parse(f"{_prefixes()} <urn:s> {name} <urn:o> .", format=RdfFormat.TURTLE)
    return quad.predicate.value


def _lines(path):
    if not path.exists():
        return []
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("feature", FEATURES, ids=_name)
def test_the_mapping_says_exactly_what_the_feature_expects(feature, mapped_features):
    quads, _ = mapped_features[feature]
    if (feature / "exact.nq").exists():
        exact = (feature / "exact.nq").read_text(encoding="utf-8")
        wanted = set(parse(exact, format=RdfFormat.N_QUADS))
        assert sorted(map(str, quads)) == sorted(map(str, wanted))
        return
    wanted, said = _objects(_expected(feature)), _objects(quads)
    assert {pair: sorted(said[pair]) for pair in wanted} == {
        pair: sorted(objects) for pair, objects in wanted.items()
    }


@pytest.mark.parametrize("feature", FEATURES, ids=_name)
def test_the_mapping_does_not_say_what_the_feature_excludes(feature, mapped_features):
    quads, _ = mapped_features[feature]
    for line in _lines(feature / "absent.txt"):
        subject, predicate = line.split()
        about, said = (name == "*" or _resolve(name) for name in (subject, predicate))
        assert not [
            quad
            for quad in quads
            if said in (True, quad.predicate.value) and about in (True, quad.subject.value)
        ], line


@pytest.mark.parametrize("feature", FEATURES, ids=_name)
def test_the_mapping_reports_exactly_the_problems_of_the_feature(feature, mapped_features):
    wanted = sorted(_lines(feature / "problems.txt"))
    notes = [problem.note for problem in mapped_features[feature][1].problems]
    found = sorted(f"{note.rule} | {note.value}".strip() for note in notes)
    if not any(line.startswith(ABSENT_COLUMN) for line in wanted):
        found = [line for line in found if not line.startswith(ABSENT_COLUMN)]
    assert found == wanted


@pytest.mark.parametrize("feature", FEATURES, ids=_name)
def test_every_feature_says_what_it_is_about(feature):
    texts = [path for path in (feature / "expected.ttl", feature / "exact.nq") if path.exists()]
    assert len(texts) == 1, "expected.ttl or exact.nq, not both"
    assert texts[0].read_text(encoding="utf-8").startswith("# ")


@pytest.mark.parametrize("feature", FEATURES, ids=_name)
def test_all_quads_of_a_file_stand_in_one_graph_and_none_is_blank(feature, mapped_features):
    quads, _ = mapped_features[feature]
    graphs = {quad.graph_name.value for quad in quads}
    starts = GRAPHS.get(feature.parent.name, [f"graph/source/{feature.parent.name}/"])
    assert all(graph.startswith(tuple(BASE + start for start in starts)) for graph in graphs)
    if feature.parent.name == "ccfr":
        assert graphs == {f"{BASE}graph/source/ccfr/FRFONDS-751132108-A"}
    assert not [q for q in quads if BlankNode in (type(q.subject), type(q.object))]


def test_the_table_of_libraries_names_them_by_their_rcr_however_it_is_spelt(tmp_path):
    (tmp_path / "rcr-establishment.csv").write_text(
        "rcr,library,uai,commune,source,note\n"
        "FR-751132108,Bibliothèque A,,75113,un annuaire,\n"
        ",Bibliothèque sans numéro,,,un annuaire,\n",
        encoding="utf-8",
    )
    spool = tmp_path / "mapped.nq"
    mapped = map_source("institutions", tmp_path, base_iri=BASE, spool=spool)
    subjects = {q.subject.value for q in parse(spool.read_bytes(), format=RdfFormat.N_QUADS)}
    assert subjects == {f"{BASE}id/library/751132108"}
    notes = [problem.note for problem in mapped.problems]
    assert [(note.rule, note.value) for note in notes] == [
        ("LibraryWithoutRcr", "Bibliothèque sans numéro")
    ]


def test_a_notice_on_one_line_says_the_same_as_a_pretty_one(tmp_path):
    feature = HERE / "ccfr" / "13_access_points"
    pretty, _ = _map(feature, tmp_path)
    folder = tmp_path / "ccfr" / "one_line"
    folder.mkdir(parents=True)
    text = (feature / "input.xml").read_text(encoding="utf-8")
    (folder / "input.xml").write_text(re.sub(r">\s+<", "><", text), encoding="utf-8")
    assert _map(folder, tmp_path)[0] == pretty
