"""The rules on check characters and the reading of identifiers say the same of any text."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, Triple

from collex_graph.rdf.identifiers import Identified, is_ppn, read_issn
from collex_graph.rdf.namespaces import expand, term
from collex_graph.validation.validator import validate

PPN = st.from_regex("[0-9]{8}[0-9X]|[0-9]{9}X?|[0-9]{7}x", fullmatch=True)
ISSN = st.from_regex("[0-9]{4}-[0-9]{3}[0-9X]|[0-9]{7}[0-9X]", fullmatch=True)


def _refused(predicate, texts, rule):
    """Texts that the rule refuses, each said of a thing of its own."""
    data = [
        Triple(NamedNode(f"http://example.org/{n}"), term(predicate), Literal(text))
        for n, text in enumerate(texts)
    ]
    return {r.value for r in validate(data) if r.rule == expand(f"collex-sh:{rule}")}


def _is_issn(text):
    found = read_issn(text)
    return isinstance(found, Identified) and found.value == text


@settings(max_examples=5, deadline=None)
@given(st.lists(PPN, min_size=60, max_size=60, unique=True))
def test_a_ppn_is_refused_by_the_rule_where_the_reading_refuses_it(texts):
    texts = [*texts, "037596225", "037596252", "02713560X"]
    wanted = {text for text in texts if not is_ppn(text)}
    assert _refused("collex:ppn", texts, "Value-ppn-check") == wanted


@settings(max_examples=5, deadline=None)
@given(st.lists(ISSN, min_size=60, max_size=60, unique=True))
def test_an_issn_is_refused_by_the_rule_where_the_reading_does_not_write_it_so(texts):
    texts = [*texts, "0221-136X", "0221-1361"]
    wanted = {text for text in texts if not _is_issn(text)}
    for predicate in ("bibo:issn", "bibo:eissn"):
        assert _refused(predicate, texts, "Value-issn-check") == wanted
