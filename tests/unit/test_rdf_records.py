"""RDF files: every format by its content, and what is broken or dangerous in them."""

import random
from collections import Counter
from xml.parsers import expat

import pytest

from collex_graph.errors import UnreadableSourceError
from collex_graph.mapping.rdfpath import RdfPaths
from collex_graph.model import RecordSource
from collex_graph.sources import open_records
from collex_graph.sources import rdf as rdf_reader
from collex_graph.sources.files import find_source_files

NAME = "http://xmlns.com/foaf/0.1/name"
HEAD = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:foaf="http://xmlns.com/foaf/0.1/" xmlns:e="http://e.example/">'
)
PERSON = (
    '<foaf:Person rdf:about="http://e.example/{n}"><foaf:name>Nom {n}</foaf:name></foaf:Person>'
)
XML = f"{HEAD}\n{PERSON.format(n=1)}\n{PERSON.format(n=2)}</rdf:RDF>"
TURTLE = """@prefix foaf: <http://xmlns.com/foaf/0.1/> .
<http://e.example/1> a foaf:Person ; foaf:name "Nom 1" .
<http://e.example/2> a foaf:Person ; foaf:name "Nom 2" .
"""
TRIPLES = "".join(
    f"<http://e.example/{n}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
    f'<http://xmlns.com/foaf/0.1/Person> .\n<http://e.example/{n}> <{NAME}> "Nom {n}" .\n'
    for n in (1, 2)
)
JSON_LD = """{"@context": {"foaf": "http://xmlns.com/foaf/0.1/", "name": "foaf:name"}, "@graph": [
 {"@id": "http://e.example/1", "@type": "foaf:Person", "name": "Nom 1"},
 {"@id": "http://e.example/2", "@type": "foaf:Person", "name": "Nom 2"}]}"""


def read(folder, content, *, name="file.rdf", iterator="foaf:Person"):
    """Return what the records of a file are and say, and the error at its end."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (file,), _ = find_source_files("x", path)
    source = RecordSource(
        "s",
        "*",
        "rdf",
        iterator=iterator,
        selection=RdfPaths().selection(iterator, ("foaf:name",), {}),
    )
    names = RdfPaths().reader("foaf:name", {})
    found, error = [], None
    try:
        found.extend((r.component, names(r.content)) for r in open_records(file, [source]))
    except UnreadableSourceError as raised:
        error = raised
    return found, error


BOTH = [("http://e.example/1", ["Nom 1"]), ("http://e.example/2", ["Nom 2"])]


@pytest.mark.parametrize(
    "content",
    [
        XML,
        '<?xml version="1.0"?>\n<!-- dit « oui » -->\n' + XML,
        "\ufeff" + XML,
        XML.encode("utf-16"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>' + XML).encode("latin-1"),
        TURTLE,
        "\ufeff" + TURTLE,
        "# un commentaire\n\n" + TURTLE,
        TURTLE + "<http://e.example/1> = <http://e.example/3> .",
        TRIPLES,
        TRIPLES.replace(" .\n", " <http://e.example/graph> .\n"),
        JSON_LD,
        f"[{JSON_LD}]",
    ],
    ids=[
        "RDF/XML", "with a declaration", "with a BOM", "UTF-16", "Latin 1", "Turtle",
        "Turtle with a BOM", "Turtle after a comment", "N3", "N-Triples", "N-Quads", "JSON-LD",
        "a JSON-LD list",
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["file.rdf", "file.rdfn3", "file.ttl"])
def test_the_content_tells_the_format_whatever_the_name_says(content, name, tmp_path):
    assert read(tmp_path, content, name=name) == (BOTH, None)


def test_internal_entities_are_expanded(tmp_path):
    doctype = (
        "<!DOCTYPE rdf:RDF [<!ENTITY e 'http://e.example/'><!ENTITY un \"Nom &e;1 &amp; 2\">]>"
    )
    content = doctype + XML.replace('about="http://e.example/1', 'about="&e;1').replace(
        "Nom 1", "&un;"
    )
    assert read(tmp_path, content) == (
        [("http://e.example/1", ["Nom http://e.example/1 & 2"]), BOTH[1]],
        None,
    )


@pytest.mark.parametrize(
    ("doctype", "name", "reason"),
    [
        ('<!ENTITY un SYSTEM "file:///etc/hostname">', "&un;", "which is never opened"),
        ("<!ENTITY un '&un;'>", "&un;", "holds itself"),
        (
            "<!ENTITY a0 '0123456789'>"
            + "".join(f"<!ENTITY a{n + 1} '{f'&a{n};' * 10}'>" for n in range(9)),
            "&a9;",
            "expands to more than 2000 characters",
        ),
        (f"<!ENTITY un '{'0' * 3000}'>", "&un;", "longer than 2000 characters"),
        ("<!ENTITY % p 'x'>", "", "parameter entity"),
        ("".join(f"<!ENTITY e{n} 'x'>" for n in range(101)), "", "more than 100 entities"),
    ],
    ids=["external", "itself", "billion laughs", "long", "parameter", "many"],
)
def test_entities_that_are_bombs_are_refused_in_words(doctype, name, reason, tmp_path):
    content = f"<!DOCTYPE rdf:RDF [{doctype}]>" + XML.replace("\n", " ").replace(
        "Nom 1", f"Nom {name}"
    )
    found, error = read(tmp_path, content)
    assert found == []
    assert reason in error.problem
    assert error.line == 1


def test_a_dtd_elsewhere_is_never_fetched(tmp_path):
    content = '<!DOCTYPE rdf:RDF SYSTEM "http://e.example/rdf.dtd">' + XML
    assert read(tmp_path, content) == (BOTH, None)


def test_elements_nested_without_end_are_refused(tmp_path):
    deep = "<e:p><foaf:Person>" * 25_000
    found, error = read(tmp_path, f'{HEAD}<rdf:Description rdf:about="http://e.example/1">{deep}')
    assert found == []
    assert error.problem == "refused: elements nested more than 200 levels deep"


def judged(whole):
    """Say how deep the elements of a file are nested, as expat reads it; None where it breaks."""
    depths, parser = [0], expat.ParserCreate()
    parser.StartElementHandler = lambda *_: depths.append(depths[-1] + 1)
    parser.EndElementHandler = lambda *_: depths.append(depths[-1] - 1)
    try:
        parser.Parse(whole, True)
    except expat.ExpatError:
        return None
    return max(depths)


def test_a_file_that_passes_in_stretches_is_well_formed_and_flat(monkeypatch):
    monkeypatch.setattr(rdf_reader, "_STRETCH_BYTES", 48)
    monkeypatch.setattr(rdf_reader, "MAX_DEPTH", 8)
    pieces = (
        b"<a>", b"</a>", b"<b k='>'>", b"</b>", b"<a/>", b"<r>", b"</r>", b"<!--", b"-->",
        b"<!-- </a> -->", b"<![CDATA[", b"]]>", b"<![CDATA[</a>]]>", b"<?p", b"?>", b"&amp;",
        b"&e;", b'"', b"'", b"<", b">", b"/>", b"<a><b><a><b>", b"</b></a></b></a>",
        b"<a>" * 9 + b"</a>" * 9, "é".encode(), b"\xe9", b" ", b"x" * 20,
    )  # fmt: skip
    starts = (
        b"<r>",
        b"<r k='</a>'>",
        b'<!-- c --><r k=">">',
        b"<?xml version='1.0'?>\n<r>",
        b"<r><!-- </a> -->",
    )
    number = random.Random(7)
    verdicts = Counter()
    for _ in range(6000):
        inside = [b"<a>x</a>"] * number.randint(4, 24)
        for _ in range(number.randint(0, 3)):
            place = number.randrange(len(inside) + 1)
            inside[place:place] = number.choices(pieces, k=number.randint(1, 2))
        whole = (
            number.choice(starts)
            + b"".join(inside)
            + number.choice((b"</r>", b"</r>\n", b"</r><!-- -->"))
        )
        depth = judged(whole)
        passes = rdf_reader._is_beyond_doubt(whole)
        assert not passes or (depth is not None and depth <= 8), whole
        verdicts[passes, depth is None, depth is not None and depth > 8] += 1
    assert verdicts[True, False, False] > 1000
    assert verdicts[False, True, False] > 1000
    assert verdicts[False, False, True] > 20


@pytest.mark.parametrize("end", ["</rdf:RDF>", "<e:broken"])
def test_nodes_of_other_classes_are_let_go_unless_a_rule_asks_for_their_class(end, tmp_path):
    path = tmp_path / "file.rdf"
    path.write_text(
        f'{HEAD}{PERSON.format(n=1)}<e:Book rdf:about="http://e.example/b"><e:author '
        f'rdf:resource="http://e.example/1"/></e:Book>{PERSON.format(n=2)}{end}'
    )
    (file,), _ = find_source_files("x", path)
    namespaces = {"e": "http://e.example/"}
    references = ("^e:author", "^e:author/a", "^e:author[a e:Book]")
    found = {}
    for reference in references:
        selection = RdfPaths().selection("foaf:Person", (reference,), namespaces)
        source = RecordSource("s", "*", "rdf", iterator="foaf:Person", selection=selection)
        values = RdfPaths().reader(reference, namespaces)
        records = iter(open_records(file, [source]))
        found[reference] = values(next(records).content)
    assert found == {
        "^e:author": ["http://e.example/b"],
        "^e:author/a": ["http://e.example/Book"],
        "^e:author[a e:Book]": ["http://e.example/b"],
    }


def test_json_nested_without_end_is_refused(tmp_path):
    deep = '{"@context": {"a": "http://e.example/a"}, "a": ["[[[[", \n' + '{"a":' * 25_000
    found, error = read(tmp_path, deep)
    assert found == []
    assert error.problem == "refused: values nested more than 200 levels deep"
    assert error.line == 2


@pytest.mark.parametrize("deep", ["[ <http://e.example/p> ", "( "])
def test_lists_and_blank_nodes_of_turtle_may_nest_as_deep_as_they_like(deep, tmp_path):
    end = {"[": "]", "(": ")"}[deep[0]]
    content = (
        TURTLE + "<http://e.example/1> <http://e.example/p> " + deep * 50_000 + "1" + end * 50_000
    )
    assert read(tmp_path, content + " .") == (BOTH, None)


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [
        (XML[: XML.index("Nom 2") + 3], 3, "column"),
        (XML.replace("Nom 2", "Nom & 2"), 3, "not well-formed"),
        (XML.replace("Nom 2", "Nom &nbsp; 2"), 3, "undefined entity"),
        (XML.replace("Nom 2", "Nom <e:p>2</e:p>"), 3, "RDF/XML breaks off"),
        (TURTLE.replace('"Nom 2"', '"Nom 2'), 3, "column"),
        (TRIPLES.replace('"Nom 2" .', '"Nom 2" '), 5, ""),
        (TRIPLES.replace("Nom 2", "Nom \xe9").encode("latin-1"), 4, ""),
    ],
    ids=[
        "truncated",
        "ampersand",
        "entity",
        "markup in a text",
        "Turtle",
        "N-Triples",
        "not UTF-8",
    ],
)
def test_what_is_whole_before_a_break_is_kept_and_its_place_is_named(
    content, line, reason, tmp_path
):
    found, error = read(tmp_path, content)
    # the second person may lack what followed
    assert found == BOTH[:1]
    assert (error.line, reason in error.problem) == (line, True)


def test_who_a_broken_document_or_event_belongs_to_is_unfinished_too(tmp_path):
    person = (
        '<http://e.example/3> a foaf:Person ; foaf:name "Nom 3" ; foaf:knows <http://e.example/e> .'
    )
    for broken in (
        "<http://e.example/e> foaf:name 'x' ; foaf:name 'y",
        "<http://e.example/d> foaf:knows <http://e.example/3> ; foaf:name 'y",
    ):
        found, error = read(
            tmp_path,
            f"{TURTLE}{person}\n{broken}",
            iterator="foaf:Person[foaf:name]|foaf:Person[foaf:knows|^foaf:knows]",
        )
        assert found == BOTH
        assert error is not None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("  \n", "the file is empty"),
        ("<!DOCTYPE html><html><body>503</body></html>", "HTML"),
        ("<html><body>503</body></html>", "HTML"),
        (b"PK\x03\x04\x00\x00", "not text"),
        ('{"@context": "http://schema.org/", "@id": "http://e.example/1"}', "is not fetched"),
    ],
)
def test_what_is_no_rdf_is_said_in_words(content, reason, tmp_path):
    path = tmp_path / "file.rdf"
    found, error = read(tmp_path, content, name=path.name)
    assert found == []
    assert reason in error.problem


def test_an_address_that_is_no_iri_costs_neither_the_record_nor_the_file(tmp_path):
    content = XML.replace('about="http://e.example/1"', 'about="http://e.example/1 bis"')
    assert read(tmp_path, content) == ([("http://e.example/1 bis", ["Nom 1"]), BOTH[1]], None)


def test_a_blank_node_is_a_record_without_a_name_of_its_own(tmp_path):
    content = XML.replace(' rdf:about="http://e.example/1"', "")
    assert [component for component, _ in read(tmp_path, content)[0]] == [
        "blank-1", "http://e.example/2",
    ]  # fmt: skip
    assert [component for component, _ in read(tmp_path, content, iterator="*")[0]] == [
        "http://e.example/2"
    ]


def test_an_iri_relative_to_nothing_is_reported_and_names_nothing(tmp_path):
    path = tmp_path / "file.ttl"
    path.write_text(TURTLE + "<http://e.example/1> foaf:knows <autre> .")
    (file,), _ = find_source_files("x", path)
    nodes = RdfPaths().selection("foaf:Person", ("foaf:knows",), {})
    (first, _) = open_records(file, [RecordSource("s", "*", "rdf", selection=nodes)])
    assert [(note.rule, note.value) for note, _ in first.notes] == [("RelativeIri", "autre")]
    assert RdfPaths().reader("foaf:knows", {})(first.content) == []


def test_a_file_of_too_many_statements_is_refused_with_advice(tmp_path, monkeypatch):
    monkeypatch.setattr(rdf_reader, "MAX_STATEMENTS", 3)
    found, error = read(tmp_path, TURTLE)
    assert found == []
    assert "more than 3 statements" in error.problem
    assert "split it" in error.problem


def test_what_no_rule_looks_at_is_counted_by_its_predicate(tmp_path):
    path = tmp_path / "file.ttl"
    path.write_text(
        TURTLE + '<http://e.example/1> foaf:knows <http://e.example/2> ; foaf:nick "A", "B" ;'
        " <http://e.example/p> 1 . <http://e.example/d> foaf:depicts <http://e.example/1> ."
    )
    (file,), _ = find_source_files("x", path, tmp_path)
    references = ("foaf:name", "^foaf:depicts[foaf:mbox]", "count(^*)")
    nodes = RdfPaths().selection("foaf:Person[foaf:knows]", references, {})
    records = open_records(file, [RecordSource("s", "*", "rdf", selection=nodes)])
    assert len(list(records)) == 1
    assert records.left_out == {"foaf:nick": 2, "http://e.example/p": 1}


def test_what_a_formula_of_n3_says_is_not_stated(tmp_path):
    path = tmp_path / "file.n3"
    path.write_text(
        TURTLE
        + "{ <http://e.example/3> a foaf:Person } => { <http://e.example/4> a foaf:Person } ."
    )
    (file,), _ = find_source_files("x", path, tmp_path)
    nodes = RdfPaths().selection("foaf:Person", ("foaf:name",), {})
    records = open_records(file, [RecordSource("s", "*", "rdf", selection=nodes)])
    assert [record.component for record in records] == ["http://e.example/1", "http://e.example/2"]
    assert records.left_out["{…}"] == 2


def test_a_person_with_forty_thousand_documents_is_one_record(tmp_path):
    path = tmp_path / "file.nt"
    person, role = "http://e.example/1", "http://id.loc.gov/vocabulary/relators/aut"
    path.write_text(
        TRIPLES + "".join(f"<http://e.example/d{n}> <{role}> <{person}> .\n" for n in range(40_000))
    )
    (file,), _ = find_source_files("x", path, tmp_path)
    nodes = RdfPaths().selection("foaf:Person", ("count(^marcrel:aut)",), {})
    records = open_records(file, [RecordSource("s", "*", "rdf", selection=nodes)])
    count = RdfPaths().reader("count(^marcrel:aut)", {})
    assert [count(record.content) for record in records] == [["40000"], ["0"]]
