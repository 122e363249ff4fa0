"""What a check reads of a published snapshot."""

from datetime import UTC, datetime

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from collex_graph.model import Snapshot
from collex_graph.pipeline.checking import check_files
from collex_graph.pipeline.published import Published
from collex_graph.rdf.namespaces import expand, term

BASE = "https://w3id.org/collex-graph/"
FONDS, SERIES, FILE, ITEM = (
    NamedNode(f"{BASE}id/fonds/{name}") for name in ("fonds", "series", "file", "item")
)
DISCIPLINE = term("collex:discipline")


@pytest.fixture
def snapshot(tmp_path):
    """A fonds with three levels below it; the fonds alone has a discipline."""
    found = Snapshot(tmp_path, datetime.now(UTC), {}, {"base_iri": BASE})
    store = Store(str(found.store))
    for below, above in ((ITEM, FILE), (FILE, SERIES), (SERIES, FONDS)):
        store.add(Quad(below, term("rico:isDirectlyIncludedIn"), above))
    for unit in (FONDS, SERIES, FILE, ITEM):
        store.add(Quad(unit, term("rdf:type"), term("collex:DescribedUnit")))
        store.add(Quad(unit, term("rico:title"), Literal("Ancien titre", language="fr")))
    store.add(Quad(FONDS, DISCIPLINE, NamedNode(f"{BASE}vocabulary/discipline/histoire")))
    store.flush()
    return found


@pytest.fixture
def published(snapshot):
    return Published(snapshot, BASE)


def nothing(_iri):
    return False


def subjects(triples, predicate):
    return {t.subject for t in triples if t.predicate == predicate}


def test_what_a_fonds_says_is_read_for_a_unit_far_below_it(published):
    read = list(published.about([ITEM.value], frozenset({DISCIPLINE.value}), nothing))
    assert subjects(read, DISCIPLINE) == {FONDS}
    # of the unit itself everything, of the others what matters
    assert subjects(read, term("rico:title")) == {ITEM}
    assert published.known == {ITEM.value}


def test_what_was_asked_about_for_one_batch_is_read_again_for_the_next(published):
    for asked in (FONDS, SERIES):
        read = published.about([asked.value], None, nothing)
        assert subjects(read, DISCIPLINE) == {FONDS}


def test_what_the_files_describe_themselves_is_not_read_from_the_snapshot(
    published, snapshot, tmp_path
):
    own = {SERIES.value}
    read = published.about([FILE.value, SERIES.value], None, own.__contains__)
    assert subjects(read, term("rico:title")) == {FILE}
    path = tmp_path / "series.ttl"
    path.write_text(
        f"<{SERIES.value}> a <{expand('collex:DescribedUnit')}> ;"
        f' <{expand("rico:title")}> "Nouveau titre"@fr ;'
        f" <{expand('rico:isRecordResourceAssociatedWithRecordResource')}> <{FILE.value}> .\n",
        encoding="utf-8",
    )
    found = check_files([path], base_iri=BASE, day="2026-11-26", beside=snapshot)
    rules = {result.rule for result in found.report.results if result.focus_node == SERIES.value}
    assert rules
    assert expand("collex-sh:DescribedUnit-one-title") not in rules
