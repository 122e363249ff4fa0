"""What a file holds and no rule looks at is counted and named."""

import json

import pytest

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.sources import find_source_files, open_records
from collex_graph.sources import json as json_reader

BASE = "https://example.org/base/"


def run(tmp_path, content, source, *references, name="data.xml", more=""):
    """Map a file with a source (its keys in YAML), and rules for these references."""
    document = tmp_path / "mapping.yml"
    rules = "\n".join(f"      - [rdfs:label, {json.dumps(f'$({r})')}]" for r in references)
    document.write_text(
        f"sources:\n  s: {{access: '*', {source}}}\n{more}"
        f"mappings:\n  m:\n    sources: s\n    subject: base:id/x/$(_position)\n"
        f"    predicateobjects:\n      - [a, skos:Concept]\n{rules}\n",
        encoding="utf-8",
    )
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    mapping = MappingRun(compile_mapping(read_mapping(document), BASE))
    files, _ = find_source_files("test", path)
    for file in files:
        for _ in mapping.map_file(file, open_records):
            pass
    return mapping


# --- XML -----------------------------------------------------------------------------------------

EAD = """<ead><eadheader><eadid>X</eadid></eadheader>
<archdesc level="fonds"><did><unittitle>T <emph render="italic">x</emph></unittitle>
<physdesc label="l"><dimensions unit="cm">3</dimensions><extent>1</extent></physdesc></did>
<dsc type="in-depth"><head>Liste</head><c id="a"><did><unittitle>A</unittitle></did></c>
<c id="b"><did><unittitle>B</unittitle><physloc>x</physloc></did><note><p>n</p></note></c></dsc>
</archdesc></ead>"""


def xml(tmp_path, content, iterator, *references, keys=""):
    source = f"referenceFormulation: xpath, iterator: '{iterator}'{keys}"
    return dict(run(tmp_path, content, source, *references).left_out)


def test_elements_and_attributes_that_no_path_looks_at_are_counted(tmp_path):
    left = xml(tmp_path, EAD, "//archdesc | //c", "did/unittitle", "did/physdesc/extent", "@id")
    assert left == {
        "ead/eadheader": 1,
        "archdesc/@level": 1,
        "emph/@render": 1,
        "physdesc/@label": 1,
        "physdesc/dimensions": 1,
        "dsc/@type": 1,
        "dsc/head": 1,
        "did/physloc": 1,
        "c/note": 1,
    }


def test_a_test_of_an_iterator_reads_what_it_names_and_no_more(tmp_path):
    content = "<list><item><ref>b</ref><note>n</note></item><item><name>x</name></item></list>"
    assert xml(tmp_path, content, "//item[not(ref)]", "name") == {"item/note": 1}


@pytest.mark.parametrize(
    ("references", "left"),
    [
        (["."], {"list/@n", "item/@id", "b/@x"}),
        (["@id", "../@n", "a", "b"], {"b/@x"}),
        (["@*", "a", "*"], {"list/@n", "b/@x"}),
        (["b[@x='1']"], {"list/@n", "item/@id", "item/a"}),
        (["count(b)", "name(a)"], {"list/@n", "item/@id", "b/@x"}),
        (["//a"], {"list/@n", "item/@id", "item/b"}),
        (["a[../b]"], {"list/@n", "item/@id", "b/@x"}),
        (["concat(a, '-', b/@x)"], {"list/@n", "item/@id"}),
        (["ancestor::list/@n", "descendant::b"], {"item/@id", "item/a", "b/@x"}),
    ],
)
def test_what_a_path_looks_at_is_not_counted(tmp_path, references, left):
    content = "<list n='1'><item id='i'><a>1</a><b x='1'>2</b></item></list>"
    assert set(xml(tmp_path, content, "/list/item", *references)) == left


def test_an_element_is_counted_once_with_all_that_is_in_it(tmp_path):
    content = "<list><item><x y='1'><z/><z/></x><x/></item></list>"
    assert xml(tmp_path, content, "//item") == {"item/x": 2}


def test_elements_around_records_are_no_loss(tmp_path):
    content = "<a><b><c><item>1</item></c><d/></b></a>"
    assert xml(tmp_path, content, "//item", ".") == {"b/d": 1}


def test_an_element_read_under_one_parent_is_counted_under_another(tmp_path):
    content = "<list><item><name>1</name></item><owner><name>2</name></owner></list>"
    assert xml(tmp_path, content, "//item", "name") == {"list/owner": 1}
    assert xml(tmp_path, content, "/list/item", "name", "/list/owner/@id") == {"owner/name": 1}


def test_namespaces_tell_elements_apart(tmp_path):
    content = "<l xmlns:p='urn:p'><item><a>1</a><p:a p:b='1'>2</p:a></item></l>"
    assert xml(tmp_path, content, "//item", "a") == {"item/a": 1}
    keys = ", namespaces: {q: 'urn:p'}"
    assert xml(tmp_path, content, "//item", "a", "q:a", keys=keys) == {"a/@b": 1}


def test_what_is_withheld_is_not_counted(tmp_path):
    content = "<ead><archdesc><did audience='internal'><x/></did><note/></archdesc></ead>"
    assert xml(tmp_path, content, "//archdesc") == {"archdesc/note": 1}


# --- JSON ----------------------------------------------------------------------------------------


@pytest.fixture(params=["whole", "walked"])
def size(request, monkeypatch):
    if request.param == "walked":
        monkeypatch.setattr(json_reader, "WINDOW", 3)
        monkeypatch.setattr(json_reader, "_CHUNK", 2)


@pytest.mark.usefixtures("size")
@pytest.mark.parametrize(
    ("iterator", "references", "left"),
    [
        ("$.hits[*]", ["title"], {"total": 1, "hits.host": 2, "hits.ids": 1, "hits.lang": 2}),
        ("$.hits[*]", ["title", "lang", "ids[*].v", "^$.total"], {"hits.host": 2, "hits.ids.t": 2}),
        ("$.hits[*]", ["title", "host.*", "lang[*]", "ids"], {"total": 1, "hits.ids": 2}),
        ("$.hits[*]", ["title", "host", "lang"], {
            "total": 1, "hits.ids": 1, "hits.host.title": 2, "hits.host.issn": 1,
        }),
        ("$.hits[*]", ["ids[?@.t == 'a'].v", "title", "lang", "host.title"], {
            "total": 1, "hits.host.issn": 1,
        }),
        ("$.hits[*].host.*", ["~", "$"], {
            "total": 1, "hits.title": 2, "hits.ids": 1, "hits.lang": 2,
        }),
        ("$.hits[*]", ["$..issn"], {"total": 1}),
        ("$.hits[*].*.title", ["$"], {"total": 1, "hits.host.issn": 1, "hits.ids": 2}),
        ("$.hits[0] | $.hits[1]", ["title", "host.*", "ids[*].*", "lang"], {"total": 1}),
    ],
)  # fmt: skip
def test_members_that_no_reference_looks_at_are_counted(tmp_path, iterator, references, left):
    content = {
        "total": 2,
        "none": None,
        "hits": [
            {"title": "a", "host": {"title": "h", "issn": "1"}, "lang": ["fr"], "empty": []},
            {"title": "b", "host": {"title": "k"}, "lang": ["fr"],
             "ids": [{"t": "a", "v": "1"}, {"t": "b", "v": "2"}]},
        ],
    }  # fmt: skip
    source = f'referenceFormulation: jsonpath, iterator: "{iterator}"'
    found = run(tmp_path, json.dumps(content), source, *references, name="data.json")
    assert dict(found.left_out) == left


# --- tables --------------------------------------------------------------------------------------


def test_columns_that_no_rule_refers_to_are_counted_where_they_are_filled(tmp_path):
    content = "id;title;note;empty;\n1;a;x;;y\n2;b;;;\n3;c;z;;\n"
    found = run(tmp_path, content, "referenceFormulation: csv", "title", name="data.csv")
    assert dict(found.left_out) == {"id": 3, "note": 2, "column 5": 1}


def test_an_alias_of_a_column_is_the_column(tmp_path):
    source = "referenceFormulation: csv, aliases: {name: [title]}"
    found = run(tmp_path, "id;title\n1;a\n", source, "name", name="data.csv")
    assert dict(found.left_out) == {"id": 1}


# --- leaves --------------------------------------------------------------------------------------


def test_leaves_are_counted_apart_and_told_when_they_never_occur(tmp_path):
    keys = (
        "referenceFormulation: xpath, iterator: '//archdesc | //c', leaves: {head: a heading, "
        "physdesc/dimensions: no use, '@label': for display, archdesc/dimensions: never}"
    )
    found = run(tmp_path, EAD, keys, "did/unittitle", "did/physdesc/extent", "@id")
    assert dict(found.leaves) == {
        "head": 1, "physdesc/dimensions": 1, "@label": 1, "archdesc/dimensions": 0,
    }  # fmt: skip
    assert set(found.left_out) == {
        "ead/eadheader", "archdesc/@level", "emph/@render", "dsc/@type", "did/physloc", "c/note",
    }  # fmt: skip


def test_a_leaf_of_json_is_the_end_of_a_path(tmp_path):
    source = "referenceFormulation: jsonpath, iterator: '$[*]', leaves: {issn: x, host.isbn: y}"
    content = '[{"host": {"issn": 1, "isbn": 2, "missn": 3}}]'
    found = run(tmp_path, content, source, "host.title", name="data.json")
    assert (dict(found.leaves), dict(found.left_out)) == (
        {"issn": 1, "host.isbn": 1},
        {"host.missn": 1},
    )


def test_a_leaf_of_a_table_is_a_whole_header(tmp_path):
    source = "referenceFormulation: csv, leaves: {'a/note': x, note: y}"
    found = run(tmp_path, "id;a/note;b/note\n1;2;3\n", source, "id", name="data.csv")
    assert (dict(found.leaves), dict(found.left_out)) == ({"a/note": 1, "note": 0}, {"b/note": 1})


@pytest.mark.parametrize("leaves", ["{note: ''}", "[note]", "{note: [x]}"])
def test_a_leaf_says_why(tmp_path, leaves):
    with pytest.raises(ResourceFileError, match=":2:"):
        run(tmp_path, "id\n1\n", f"referenceFormulation: csv, leaves: {leaves}", name="data.csv")
