"""What an IRI is, which the store decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, parse

from collex_graph.mapping.nquads import iri_checker, iri_completer
from collex_graph.model import Note, UnreadableValue
from collex_graph.rdf.iris import is_absolute_iri

BASE = "https://example.org/base/"
STARTS = ("http://a.fr/", "http://a.fr?", "http://", "http:", "urn:x:", "base:", "")
TEXTS = st.builds(
    "{}{}".format,
    st.sampled_from(STARTS),
    st.text(st.sampled_from("%4z[]:@/?#\\u\ue000é>< \x7f\ud800") | st.characters(), max_size=12),
)


@given(TEXTS)
def test_an_absolute_iri_is_what_the_parser_of_the_store_takes_between_brackets(text):
    try:
        line = f"<urn:s> <urn:p> <{text}> .".encode()
        parsed = [triple.object for triple in parse(line, format=RdfFormat.N_TRIPLES)]
    except (SyntaxError, UnicodeEncodeError):
        parsed = []
    assert is_absolute_iri(text) is ([getattr(one, "value", "") for one in parsed] == [text])


@given(TEXTS)
@pytest.mark.parametrize("read", [iri_checker(BASE), iri_completer(BASE)], ids=["own", "r2rml"])
def test_what_the_store_refuses_is_a_problem_that_names_it_and_no_exception(read, text):
    try:
        found = read(text)
    except UnreadableValue as problem:
        found = problem.note
    assert found == Note("InvalidIri", text) or is_absolute_iri(found)
