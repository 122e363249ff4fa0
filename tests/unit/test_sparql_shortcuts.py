"""Shortcuts: the same rows as the engine finds without them, and what is taken for what."""

import random
import shutil

import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collex_graph.model import Box
from collex_graph.rdf.namespaces import expand, prefixes
from collex_graph.sparql import shortcuts as module
from collex_graph.sparql.lexer import decode_escapes, read_tokens
from collex_graph.sparql.policy import check_query
from collex_graph.sparql.shortcuts import Shortcuts
from collex_graph.store import counts, lower_texts
from collex_graph.store.columns import ColumnReader, ColumnWriter
from collex_graph.store.counts import FILE_NAME, read_counts, write_counts
from collex_graph.store.lower_texts import LowerTexts
from collex_graph.store.search_index import Places, write_search_index

BASE = "https://w3id.org/collex-graph/"
WORDS = ["Herbier", "HERBIER", "herbiers", "cartes", "Sauvage", "sauvage", "Kelvin", "été", "İle"]


def node(name):
    return ox.NamedNode(f"{BASE}id/{name}")


def number(value, kind="integer"):
    return ox.Literal(str(value), datatype=ox.NamedNode(expand(f"xsd:{kind}")))


def statements(chance):
    """Make things with classes, values, labels and places, none or several of each by chance."""

    def say(subject, predicate, value):
        return ox.Quad(subject, ox.NamedNode(expand(predicate)), value)

    for n in range(5):
        place = node(f"place/{n}")
        kinds = chance.choices(["decimal", "double", "float"], k=2)
        yield say(place, "wgs84:lat", number(chance.choice([48.1, 48.5, 49.0, -3.2]), kinds[0]))
        yield say(place, "wgs84:long", number(chance.choice([2.0, 2.25, 3.0]), kinds[1]))
        for region in chance.choices("abc", k=chance.choice([0, 1, 1, 2])):
            yield say(place, "collex:region", node(f"region/{region}"))
    yield say(node("place/9"), "wgs84:lat", ox.Literal("no number"))
    for n in range(4):
        for place in chance.choices(range(5), k=chance.choice([0, 1, 2])):
            yield say(node(f"library/{n}"), "collex:hasPlace", node(f"place/{place}"))
        yield say(node(f"library/{n}"), "rdfs:label", ox.Literal(chance.choice(WORDS)))
    for n in range(20):
        thing = node(f"fonds/{n}")
        for kind in chance.choices(["Fonds", "DescribedUnit"], k=chance.choice([0, 1, 2])):
            yield say(thing, "rdf:type", ox.NamedNode(expand(f"collex:{kind}")))
        for which in chance.choices("abcdefgh", k=chance.choice([0, 1, 2])):
            value = node(f"discipline/{which}") if which < "g" else ox.Literal(which, language="fr")
            yield say(thing, "collex:discipline", value)
        if chance.random() < 0.8:
            yield say(thing, "rico:hasOrHadHolder", node(f"library/{chance.randrange(5)}"))
        if chance.random() < 0.8:
            yield say(thing, "collex:startYear", number(chance.randrange(1780, 1786)))
        for word in chance.choices(WORDS, k=chance.choice([0, 1, 2])):
            label = ox.Literal(f"Fonds {word} {chance.choice(WORDS)}", language="fr")
            yield say(thing, "rdfs:label", label)
        yield say(thing, "collex:place", node(f"place/{chance.randrange(6)}"))


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """Stores and their shortcuts, made as if the graphs were large."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "FEW_STATEMENTS", 2)
        patch.setattr(counts, "MOST_VALUES", 15)
        patch.setattr(module, "MOST_VALUES", 15)
        patch.setattr(module, "_SHARE", 1.0)
        made = []
        for seed in range(3):
            folder = tmp_path_factory.mktemp("snapshot")
            store = ox.Store()
            store.extend(statements(random.Random(seed)))
            # what is said in a named graph counts nowhere
            store.add(
                ox.Quad(
                    node("x"),
                    node("y"),
                    node("z"),
                    node("g"),
                )
            )
            write_counts(store, folder / FILE_NAME)
            write_search_index(store, folder / "search")
            made.append((store, Shortcuts(folder)))
        yield made


def full(query):
    used = "".join(f"PREFIX {p}: <{i}>\n" for p, i in prefixes().items() if f"{p}:" in query)
    text = f"BASE <{BASE}>\n{used}{query}"
    return check_query(text, text_bytes=100_000, nesting=50).text


def rows(store, text):
    result = store.query(text, base_iri=BASE)
    if isinstance(result, ox.QuerySolutions):
        names = [variable.value for variable in result.variables]
        return names, sorted(str([str(row[name]) for name in names]) for row in result)
    if isinstance(result, ox.QueryTriples):
        return sorted(map(str, result))
    return bool(result)


def check(graphs, query):
    """Compare with the engine on each graph; return how often there was a shortcut."""
    taken = 0
    for store, shortcuts in graphs:
        text = full(query)
        short = shortcuts.rewritten(text)
        assert rows(store, short) == rows(store, text), short
        taken += short != text
    return taken


COUNTED = [
    "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }",
    "SELECT (COUNT(?o) AS ?n) { ?s ?p ?o }",
    "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p",
    "SELECT DISTINCT ?p { ?s ?p ?o }",
    "SELECT DISTINCT ?c WHERE { ?s a ?c . }",
    "SELECT ?c (COUNT(?s) AS ?n) { ?s a ?c } GROUP BY ?c HAVING (COUNT(?s) > 5) ORDER BY ?c",
    "SELECT (COUNT(?u) AS ?n) { ?u a collex:Fonds }",
    "SELECT (COUNT(DISTINCT ?u) AS ?n) { ?u a collex:Fonds }",
    "SELECT (COUNT(?u) AS ?n) { ?u a collex:Fonds, collex:DescribedUnit }",
    "SELECT (COUNT(?u) AS ?n) { ?u a collex:Nothing }",
    "SELECT (COUNT(?u) AS ?n) { ?u collex:nothing ?o }",
    "SELECT ?d (COUNT(?u) AS ?n) { ?u a collex:Fonds ; collex:discipline ?d } GROUP BY ?d",
    "SELECT ?d (COUNT(DISTINCT ?u) AS ?n) { ?u collex:discipline ?d ; a collex:Fonds } GROUP BY ?d",
    f"SELECT (COUNT(?u) AS ?n) {{ ?u collex:discipline <{BASE}id/discipline/a> }}",
    """SELECT ?l (COUNT(?u) AS ?n) { ?u rico:hasOrHadHolder ?h . ?h rdfs:label ?l }
       GROUP BY ?l ORDER BY DESC(?n)""",
    """SELECT ?r (COUNT(DISTINCT ?u) AS ?n) { ?u rico:hasOrHadHolder ?h .
       ?h collex:hasPlace ?p . ?p collex:region ?r } GROUP BY ?r""",
    """SELECT ?r (COUNT(?u) AS ?n) (COUNT(DISTINCT ?h) AS ?m) (COUNT(?p) AS ?k) {
       ?u rico:hasOrHadHolder ?h
       OPTIONAL { ?h collex:hasPlace ?p OPTIONAL { ?p collex:region ?r } } } GROUP BY ?r""",
    """SELECT ?x (COUNT(*) AS ?n) { ?u collex:startYear ?y BIND(FLOOR(?y / 2) * 2 AS ?x) }
       GROUP BY ?x ORDER BY ?x""",
    "SELECT (MIN(?y) AS ?a) (MAX(?y) AS ?b) (COUNT(*) AS ?n) { ?u collex:startYear ?y }",
    """SELECT ?h (COUNT(*) AS ?n) { ?u rico:hasOrHadHolder ?h
       MINUS { ?h rdfs:label "Herbier" } FILTER EXISTS { ?h collex:hasPlace ?p } } GROUP BY ?h""",
    "SELECT (COUNT(?u) / 2 AS ?half) { ?u rico:hasOrHadHolder ?h }",
]  # fmt: skip


@pytest.mark.parametrize("query", COUNTED)
def test_what_is_counted_already_is_not_visited(graphs, query):
    assert check(graphs, query) > 0


@pytest.mark.parametrize(
    "query",
    [
        # a thing with two disciplines counts once, and the values do not tell
        "SELECT (COUNT(DISTINCT ?u) AS ?n) { ?u collex:discipline ?d }",
        # the subjects of a predicate are not its statements
        "SELECT ?p (COUNT(DISTINCT ?s) AS ?n) { ?s ?p ?o } GROUP BY ?p",
        "SELECT ?y (SUM(?y) AS ?n) { ?u collex:startYear ?y } GROUP BY ?y",
        "SELECT ?u (COUNT(?d) AS ?n) { ?u collex:discipline ?d } GROUP BY ?u",
        "SELECT ?d (COUNT(?u) AS ?n) { ?u collex:discipline ?d FILTER(isIRI(?u)) } GROUP BY ?d",
        "SELECT ?d (COUNT(?u) AS ?n) { GRAPH ?g { ?u collex:discipline ?d } } GROUP BY ?d",
        "SELECT ?d (COUNT(?u) AS ?n) FROM <urn:g> { ?u collex:discipline ?d } GROUP BY ?d",
        "SELECT ?d { ?u collex:discipline ?d }",
        "SELECT ?d (COUNT(?u) AS ?n) { OPTIONAL { ?u collex:discipline ?d } } GROUP BY ?d",
        "SELECT ?d (COUNT(?u) AS ?n) { ?u collex:discipline ?d } GROUP BY ?d VALUES ?d { <x:y> }",
        "SELECT ?d (GROUP_CONCAT(?d) AS ?n) { ?u collex:discipline ?d } GROUP BY ?d",
        "SELECT (COUNT(?u) AS ?n) { ?u collex:discipline ?d BIND(RAND() AS ?x) FILTER(?x < 2) }",
        "SELECT (COUNT(?u) AS ?n) { ?u collex:discipline ?u }",
        # the engine finds this as often as there are predicates, or once if both ends are known
        "SELECT (COUNT(?u) AS ?n) { ?u rico:hasOrHadHolder ?h . ?h !rdfs:label ?p . ?p a ?c }",
        """SELECT (COUNT(?u) AS ?n) { ?u collex:place ?p
           OPTIONAL { ?p !(rdfs:label|^rdf:type) ?l } }""",
    ],
)
def test_other_counts_are_left_to_the_engine(graphs, query):
    assert check(graphs, query) == 0


NARROWED = [
    """SELECT ?u ?t { ?u a collex:Fonds ; rdfs:label ?t
       FILTER(CONTAINS(LCASE(STR(?t)), "herb")) }""",
    """SELECT * { ?u rdfs:label ?t . FILTER CONTAINS(?t, "Herb") }""",
    """SELECT ?u { ?u rdfs:label ?t . FILTER regex(str(?t), "HERBIER s", "i") }""",
    """SELECT ?u { ?u rdfs:label ?t FILTER(REGEX(?t, 'kelvin', 'i') && LANG(?t) = "fr") }""",
    """SELECT ?u { ?u rdfs:label ?t FILTER(CONTAINS(LCASE(?t), LCASE("Été"))) }""",
    """SELECT ?u { ?u rdfs:label ?t FILTER(STRSTARTS(STR(?t), "Fonds c")) }""",
    """ASK { ?u rdfs:label ?t FILTER(STRENDS(?t, "sauvage")) }""",
    """SELECT ?u ?h { ?h collex:hasPlace ?p OPTIONAL { ?u rico:hasOrHadHolder ?h }
       ?u rdfs:label ?t FILTER(CONTAINS(?t, "cartes")) }""",
    """CONSTRUCT { ?u rdfs:label ?t } WHERE { ?u rdfs:label ?t FILTER(CONTAINS(?t, "cartes")) }""",
    """SELECT ?p ?lat { ?p wgs84:lat ?lat ; wgs84:long ?long
       FILTER(?lat > 48 && 48.9 >= ?lat && ?long < 2.5) FILTER(?long >= 2.0) }""",
    "SELECT ?p ?x { ?p wgs84:lat ?x ; wgs84:long ?y FILTER(?x >= -3.3 && ?x < -3 && ?y > 1e0) }",
    """SELECT (COUNT(*) AS ?n) { ?u collex:place ?p . ?p wgs84:lat ?lat ; wgs84:long ?long
       FILTER(?lat > 48.4 && ?lat < 49.1 && ?long > 1 && ?long < 9) }""",
    "SELECT ?p { ?p wgs84:lat ?lat ; wgs84:long ?long FILTER(?lat = 48.1 && ?long < 99) }",
]  # fmt: skip


@pytest.mark.parametrize("query", NARROWED)
def test_letters_and_boxes_narrow_what_comes_into_question(graphs, query):
    text = full(query)
    assert all("VALUES" in shortcuts.rewritten(text) for _, shortcuts in graphs)
    check(graphs, query)


@pytest.mark.parametrize(
    "condition",
    [
        'CONTAINS(?t, "Herbier") || ?t = "cartes"',
        '!CONTAINS(?t, "Herbier")',
        'CONTAINS(?t, "Herbier") = false',
        'REGEX(?t, "Herb.er")',
        'REGEX(?t, "herbier", "ix")',
        'CONTAINS(?t, "µ")',
        'CONTAINS(?t, "Σ")',
        'CONTAINS(?t, "")',
        "CONTAINS(?t, STR(?u))",
        'CONTAINS(UCASE(?t), "HERBIER")',
    ],
)
def test_other_conditions_narrow_nothing(graphs, condition):
    query = f"SELECT ?u {{ ?u rdfs:label ?t FILTER({condition}) }}"
    assert check(graphs, query) == 0


def test_things_that_are_given_are_not_sought(graphs):
    condition = 'FILTER(CONTAINS(?t, "Herbier"))'
    given = f"VALUES (?u ?x) {{ (<{BASE}id/fonds/1> 1) (<{BASE}id/fonds/2> 2) }}"
    assert check(graphs, f"SELECT ?u {{ {given} ?u rdfs:label ?t {condition} }}") == 0
    assert check(graphs, f"SELECT ?u {{ ?u rdfs:label ?t {condition} }}") == len(graphs)


def test_letters_that_ignore_case_are_found_in_whatever_they_match():
    # every character that one of the Latin ones matches, in the engine's own eyes
    latin = [chr(code) for code in range(0x30, 0x250) if chr(code).isalpha() and chr(code) != "µ"]
    others = [chr(c) for c in range(0x250, 0x1FFFF) if chr(c).casefold() != chr(c) or c < 0x2C80]
    others += ["ſ", "K", "Å", "ẞ"]
    text = "".join(dict.fromkeys(others)).replace("\\", "").replace("\ud800", "")
    assert {"ſ", "K"} <= set(text)
    store = ox.Store()
    listed = " ".join(f'"{letter}"' for letter in latin)
    quoted = str(ox.Literal(text))
    asked = f"SELECT ?c {{ VALUES ?c {{ {listed} }} FILTER(REGEX({quoted}, ?c, 'i')) }}"
    matching = {row["c"].value for row in store.query(asked)}
    assert {"s", "k"} <= matching
    (row,) = store.query(f"SELECT (LCASE({quoted}) AS ?l) {{}}")
    lower = lower_texts.without_long_s(row["l"].value)
    assert {
        each for each in matching if lower_texts.without_long_s(each.lower()) not in lower
    } == set()


def test_the_rarest_pattern_comes_first(graphs):
    query = "SELECT ?p ?l { ?p rdfs:label ?l ; collex:hasPlace ?x ; ^rico:hasOrHadHolder ?u }"
    for _, shortcuts in graphs:
        rewritten = shortcuts.rewritten(full(query))
        assert "?p collex:hasPlace ?x . ?p rdfs:label ?l . ?p ^rico:hasOrHadHolder ?u" in rewritten
    check(graphs, query)


def test_a_pattern_that_comes_last_does_not_touch_what_follows(graphs):
    group = "?u collex:place ?p . ?p collex:region <id/region/c>OPTIONAL { ?p rdfs:label ?l }"
    assert check(graphs, f"SELECT ?u ?p {{ {group} }}") == len(graphs)


# --- what the snapshot keeps ---------------------------------------------------------------------


def test_values_are_counted_where_they_are_few_and_statements_many(tmp_path, monkeypatch):
    monkeypatch.setattr(counts, "FEW_STATEMENTS", 3)
    monkeypatch.setattr(counts, "MOST_VALUES", 2)
    store = ox.Store()
    things = [node(f"fonds/{n}") for n in range(4)]
    few, many, rare, kind = (ox.NamedNode(f"x:{name}") for name in ("few", "many", "rare", "kind"))
    for n, thing in enumerate(things):
        store.add(ox.Quad(thing, few, number(n % 2)))
        store.add(ox.Quad(thing, many, ox.Literal(f"no {n}")))
        store.add(ox.Quad(thing, kind, ox.Literal("a\n", language="fr") if n else ox.BlankNode()))
    store.add(ox.Quad(things[0], rare, things[1]))
    store.add(ox.Quad(things[0], ox.NamedNode(expand("rdf:type")), ox.NamedNode("x:C")))
    write_counts(store, tmp_path / FILE_NAME)
    read = read_counts(tmp_path / FILE_NAME)
    assert read is not None
    assert read.statements == 14
    found = read.predicates
    assert (found["x:few"].values, found["x:few"].subjects) == ({"0": 2, "1": 2}, 4)
    assert found["x:few"].of_class == {"x:C": {"0": 1}}
    assert [found[name].values for name in ("x:many", "x:kind", "x:rare")] == [None, None, None]
    assert found["x:rare"].statements == 1


def test_letters_are_found_within_one_text_at_a_time(tmp_path):
    with ColumnWriter(tmp_path / "texts") as column:
        for text in ("abc", "", "cab", "été abab"):
            column.add(text)
    texts = ColumnReader(tmp_path / "texts")
    assert len(texts) == 4
    assert texts[3] == "été abab"
    # not across two texts, and each text once
    assert texts.find("cc", 9) == []
    assert texts.find("ca", 9) == [2]
    assert texts.find("ab", 9) == [0, 2, 3]
    assert texts.find("ab", 2) is None
    assert texts.find("té", 9) == [3]


def test_a_text_of_a_thing_without_name_is_left_to_the_engine(tmp_path):
    store = ox.Store()
    label = ox.NamedNode(expand("rdfs:label"))
    store.add(ox.Quad(ox.BlankNode(), label, ox.Literal("Herbier")))
    store.add(ox.Quad(node("x"), label, ox.Literal("CARTES")))
    write_search_index(store, tmp_path / "search")
    texts = LowerTexts(tmp_path / "search" / "lower")
    assert texts.find(label.value, "rbi", share=1.0) is None
    assert texts.find(label.value, "art", share=1.0) == [str(node("x"))]
    assert texts.find(label.value, "art", share=0.1) is None
    assert texts.find("x:unknown", "art", share=1.0) is None


def test_the_letters_of_an_iri_are_found_where_one_stands_for_a_text(tmp_path):
    store = ox.Store()
    label = ox.NamedNode(expand("rdfs:label"))
    store.add(ox.Quad(node("x"), label, node("herbier")))
    store.add(ox.Quad(node("y"), label, ox.BlankNode("herbier")))
    write_search_index(store, tmp_path / "search")
    lower = LowerTexts(tmp_path / "search" / "lower")
    assert lower.find(label.value, "herb", share=1.0) == [str(node("x"))]


def test_a_snapshot_that_is_removed_narrows_nothing_any_more(tmp_path):
    write_search_index(ox.Store(), tmp_path / "search")
    shortcuts = Shortcuts(tmp_path)
    shutil.rmtree(tmp_path)
    query = full(NARROWED[-1])
    assert shortcuts.rewritten(query) == query


def test_a_box_gives_all_that_it_holds_or_says_that_it_is_more(tmp_path):
    store = ox.Store()
    for number in range(6):
        for name, degrees in (("lat", 40 + number), ("long", 7)):
            value = ox.Literal(float(degrees))
            store.add(ox.Quad(node(f"p{number}"), ox.NamedNode(expand(f"wgs84:{name}")), value))
    write_search_index(store, tmp_path / "search")
    places = Places(tmp_path / "search")
    box = Box(0, 41, 10, 44)
    held = [node(f"p{number}").value for number in (1, 2, 3, 4)]
    assert places.find(box) == sorted(places.find_few(box, 4)) == held
    assert places.find(box, limit=2) == held[:2]
    assert places.find_few(box, 3) is None


# --- queries by chance ---------------------------------------------------------------------------

_PATTERNS = [
    "?u a collex:Fonds", "?u a ?c", "?u collex:discipline ?d", "?u rico:hasOrHadHolder ?h",
    "?h collex:hasPlace ?p", "?p collex:region ?r", "?u collex:startYear ?y", "?u rdfs:label ?t",
    "?u collex:discipline <id/discipline/a>", "?p wgs84:lat ?a ; wgs84:long ?o", "?u ?q ?v",
    "?u a collex:Fonds ; rico:hasOrHadHolder ?h", "?u a collex:Fonds ; collex:discipline ?d",
    "?h rdfs:label ?t",
]  # fmt: skip
_OTHERS = [
    "OPTIONAL { ?h collex:hasPlace ?p }", "OPTIONAL { ?u collex:startYear ?y }",
    "MINUS { ?h rdfs:label 'Herbier' }", "FILTER(?y > 1782)", 'FILTER(CONTAINS(?t, "er"))',
    "FILTER(?a > 48 && ?a < 48.7 && ?o > 1)", "BIND(?y - 1780 AS ?x)",
    "{ SELECT ?h { ?h collex:hasPlace ?p } }", "VALUES ?d { <id/discipline/a> <id/discipline/b> }",
    "{ ?h collex:hasPlace ?p } UNION { ?u collex:place ?p }",
    "FILTER NOT EXISTS { ?u collex:startYear 1783 }",
]  # fmt: skip
_KEYS = ["c", "d", "h", "p", "r", "y", "q", "x", "t"]
_AGGREGATES = [
    "COUNT(*)", "COUNT(?u)", "COUNT(DISTINCT ?u)", "COUNT(?p)", "COUNT(DISTINCT ?h)", "MIN(?y)",
    "COUNT(?d)", "COUNT(?v)",
]  # fmt: skip


@st.composite
def queries(draw):
    elements = draw(st.lists(st.sampled_from(_PATTERNS), min_size=1, max_size=3, unique=True))
    elements += draw(st.lists(st.sampled_from(_OTHERS), max_size=2, unique=True))
    elements = draw(st.permutations(elements))
    group = " . ".join(elements).replace("} .", "}").replace(") .", ")")
    keys = draw(st.lists(st.sampled_from(_KEYS), max_size=2, unique=True))
    aggregates = draw(st.lists(st.sampled_from(_AGGREGATES), max_size=2, unique=True))
    selected = " ".join(f"?{key}" for key in keys)
    if not aggregates:
        return f"SELECT DISTINCT {selected or '?u'} {{ {group} }}"
    computed = " ".join(f"({each} AS ?n{n})" for n, each in enumerate(aggregates))
    grouped = f"GROUP BY {selected}" if keys else ""
    return f"SELECT {selected} {computed} {{ {group} }} {grouped}"


@pytest.mark.parametrize(
    "query",
    [
        # no full stop between two things, and what is no IRI
        "SELECT (COUNT(*) AS ?n) { ?u collex:discipline ?d ?p collex:region ?r }",
        "SELECT (COUNT(*) AS ?n) { ?u <http://x/%zz> ?d }",
        "SELECT (COUNT(*) AS ?n) { ?u collex:discipline <http://[x> }",
        "SELECT (COUNT(*) AS ?n) { ?u a <http://[x> ; collex:discipline ?d }",
        # an IRI that only looks absolute: it is https://w3id.org/collex-graph/urn:x
        "PREFIX here: <> SELECT (COUNT(*) AS ?n) { ?u here:urn:x ?d }",
    ],
)
def test_what_the_engine_reads_otherwise_is_left_to_it(graphs, query):
    text = full(query)
    assert all(shortcuts.rewritten(text) == text for _, shortcuts in graphs)


@pytest.mark.parametrize("query", [*COUNTED, *NARROWED])
def test_what_is_no_sparql_is_left_to_the_engine_to_refuse(graphs, query):
    tokens = [token.text for token in read_tokens(decode_escapes(full(query)).text)]
    brackets = set("(){}")
    for place, token in enumerate(tokens):
        if token not in brackets:
            rest = " ".join(tokens[:place] + tokens[place + 1 :])
            assert graphs[0][1].rewritten(rest)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(queries())
def test_a_query_by_chance_has_the_rows_of_the_engine(graphs, query):
    try:
        ox.Store().query(full(query), base_iri=BASE)
    except SyntaxError:  # a variable that is bound twice
        return
    check(graphs, query)
