"""What is said of people who may be alive: only what an authority itself publishes.

An authority (IdRef, BnF, Persée, the authority records of archives) says in its own graph when a
person was born. No other source, whose headings repeat such years, adds the year of birth of a
person whose death nobody states.
"""

from __future__ import annotations

import re

import pytest
from pyoxigraph import Literal, RdfFormat, parse

from collex_graph.pipeline import known_sources, map_source
from collex_graph.rdf.namespaces import expand
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
MAPPINGS = resource_dir("mappings")
SOURCES = [name for name in known_sources() if (MAPPINGS / name / "sample").is_dir()]
OF_AUTHORITIES = (f"{BASE}graph/authority/", f"{BASE}graph/source/eac/")
BIRTH = frozenset(
    map(expand, ("rico:birthDate", "collex:birthYearEarliest", "collex:birthYearLatest"))
)
IN_WORDS = re.compile(r", [^,()]+ \((?:19[1-9]|20[0-9])[0-9] ?- ?\.{2,4}\)")
DEATH = frozenset(
    map(expand, ("rico:deathDate", "collex:deathYearEarliest", "collex:deathYearLatest"))
)


def births_told(quads):
    """Subjects that a graph of no authority says to be born, without saying that they died."""
    said = [q for q in quads if not q.graph_name.value.startswith(OF_AUTHORITIES)]
    dead = {(q.subject, q.graph_name) for q in said if q.predicate.value in DEATH}
    return [
        q
        for q in said
        # bio:, schema: and the ontologies of authorities have words of their own for it
        if (q.predicate.value in BIRTH or "birth" in q.predicate.value.lower())
        and (q.subject, q.graph_name) not in dead
    ]


@pytest.fixture(scope="module")
def quads_of(tmp_path_factory):
    """Source → quads of its sample, mapped once."""
    known = {}

    def quads(source):
        if source not in known:
            spool = tmp_path_factory.mktemp(source) / "mapped.nq"
            map_source(source, MAPPINGS / source / "sample", base_iri=BASE, spool=spool)
            known[source] = list(parse(spool.read_bytes(), format=RdfFormat.N_QUADS))
        return known[source]

    return quads


@pytest.mark.parametrize("source", SOURCES)
def test_no_words_of_another_source_tell_that_a_person_was_born_and_lives(source, quads_of):
    told = [
        quad.object.value
        for quad in quads_of(source)
        if isinstance(quad.object, Literal)
        and not quad.graph_name.value.startswith(OF_AUTHORITIES)
        and IN_WORDS.search(quad.object.value)
    ]
    assert told == []


@pytest.mark.parametrize("source", SOURCES)
def test_no_heading_adds_the_birth_of_a_person_who_may_be_alive(source, quads_of):
    assert births_told(quads_of(source)) == []


def test_an_authority_tells_births_in_its_own_graph(quads_of):
    told = {
        quad.graph_name.value.removeprefix(BASE).split("/")[2]
        for source in ("idref", "databnf", "eac", "persee")
        for quad in quads_of(source)
        if quad.predicate.value in BIRTH
    }
    assert {"idref", "bnf", "eac"} <= told
