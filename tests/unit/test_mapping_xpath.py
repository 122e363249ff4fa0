import pytest
from lxml import etree

from collex_graph.mapping.references import (
    AbsolutePath,
    SharedElements,
    attribute_of_nearest,
    plain_path,
    xpath_reader,
)
from collex_graph.mapping.xpath import XPathError, parse, patterns_of, reach_of

TREE = etree.fromstring(
    "<ead><archdesc a='1'><did><unittitle>Fonds <emph>A</emph></unittitle></did>"
    "<c id='x'><did><unittitle> Un \u00a0 deux </unittitle><unitdate normal='1900'/></did>"
    "<p k='v'>one</p><p>two</p><p/></c></archdesc></ead>"
)
RECORD = TREE.find(".//c")


def reach(*expressions, **namespaces):
    found = reach_of([parse(expression) for expression in expressions], namespaces)
    return {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name in ("touched", "shells", "swallowed", "around", "whole_record", "whole_file")
        if (value := getattr(found, name))
    }


@pytest.mark.parametrize(
    "expression",
    [
        "did/unitdate[1]/@normal",
        "p[not(@k) or contains(., 'o')]",
        "scopecontent[head = 'Type(s)']//genreform[@type=\"x\"]/@normal",
        "count(p) + 1",
        "2 * 3 - -1 div 2 mod 2",
        "* * *",
        "div/mod/and/or",
        "div div div",
        "string-length(normalize-space(.)) >= 15",
        "self::*[@role='producteur']/@role | self::*[parent::origination]/..",
        "(p | did)[1]/unittitle",
        "ancestor::*[@_unit][1]/@_unit",
        "/ead/archdesc/@a",
        "//p",
        "descendant::p",
        "..",
        ".",
        "/",
        "name()",
        "concat('a', \"b'c\", 1.5, .5)",
    ],
)
def test_the_text_of_a_parsed_expression_means_the_same(expression):
    ours, theirs = etree.XPath(parse(expression).text)(RECORD), etree.XPath(expression)(RECORD)
    assert ours == theirs or (ours != ours and theirs != theirs)


@pytest.mark.parametrize(
    ("expression", "looks"),
    [
        ("@id", {}),
        ("../@id", {}),
        ("ancestor::c[1]/@id", {}),
        ("ancestor::*[@_unit][1]/@_unit", {}),
        ("did/unittitle", {"touched": ["did", "unittitle"], "swallowed": ["unittitle"]}),
        ("did/unitdate/@normal", {"touched": ["did"], "shells": ["unitdate"]}),
        ("c/@id", {"shells": ["c"]}),
        ("c[@level='x']/@id", {"shells": ["c"]}),
        ("c[did]/@id", {"touched": ["c", "did"], "swallowed": ["did"]}),
        ("c[. = 'x']/@id", {"touched": ["c"], "swallowed": ["c"]}),
        ("c[normalize-space()]/@id", {"touched": ["c"], "swallowed": ["c"]}),
        ("count(c)", {"shells": ["c"]}),
        ("count(preceding-sibling::c)", {"shells": ["c"]}),
        ("count(preceding-sibling::*)", {"shells": ["*"]}),
        ("preceding-sibling::c/p", {"touched": ["c", "p"], "swallowed": ["p"]}),
        ("p/text()", {"touched": ["p"]}),
        ("text()", {}),
        (".", {"whole_record": True}),
        ("string()", {"whole_record": True}),
        ("*", {"whole_record": True}),
        (".//p", {"whole_record": True}),
        ("controlaccess/*/@role", {"touched": ["controlaccess"], "swallowed": ["controlaccess"]}),
        ("controlaccess//x/y", {"touched": ["controlaccess"], "swallowed": ["controlaccess"]}),
        ("..", {"around": [".."]}),
        ("../..", {"whole_file": True}),
        ("ancestor::p[1]", {"around": ["p"]}),
        ("ancestor::p[1]/*", {"around": ["p"]}),
        ("ancestor::p/head", {"touched": ["head"], "swallowed": ["head"]}),
        ("ancestor::*", {"whole_file": True}),
        ("//p", {"whole_file": True}),
        ("/ead/@id", {"shells": ["ead"]}),
        ("/ead/archdesc/did/@x", {"shells": ["did"], "touched": ["archdesc", "ead"]}),
        ("/", {"whole_file": True}),
        ("x:p/@a", {"shells": ["{urn:x}p"]}),
        ("a/x:*/@a", {"swallowed": ["a"], "touched": ["a"]}),
        ("concat(a, @b)", {"touched": ["a"], "swallowed": ["a"]}),
        ("(a | b)/c", {"touched": ["a", "b", "c"], "swallowed": ["c"]}),
        ("'constant'", {}),
    ],
)
def test_what_a_reference_looks_at_is_known_before_reading(expression, looks):
    assert reach(expression, x="urn:x") == looks


def test_what_is_touched_is_more_than_a_shell():
    assert reach("c/@id", "c/p") == {"touched": ["c", "p"], "swallowed": ["p"]}


def patterns(iterator):
    found, _ = patterns_of(parse(iterator), {"x": "urn:x"})
    return [(pattern.steps, pattern.test) for pattern in found]


def test_an_iterator_becomes_element_patterns():
    assert patterns("/ead | //c") == [(((False, "ead"),), None), (((True, "c"),), None)]
    assert patterns("//x:a/*") == [(((True, "{urn:x}a"), (False, "*")), None)]
    assert patterns("/a//b") == [(((False, "a"), (True, "b")), None)]
    assert patterns("/a/descendant::b") == [(((False, "a"), (True, "b")), None)]


@pytest.mark.parametrize(
    ("iterator", "tags"),
    [
        ("//p[@k]", ["p"]),
        ("//c[@id='x']/p", ["p", "p", "p"]),
        ("//archdesc[did]//p[. = 'two']", ["p"]),
        ("/ead[archdesc]", ["ead"]),
        ("/archdesc[did]", []),
        ("/ead/archdesc/c[did/unitdate]//unittitle", ["unittitle"]),
    ],
)
def test_a_pattern_s_test_selects_what_the_iterator_selects(iterator, tags):
    ((_, test),) = patterns(iterator)
    evaluate = etree.XPath(f"boolean({test})")
    last = iterator.rpartition("/")[2].partition("[")[0]
    selected = [element for element in TREE.iter(last) if evaluate(element)]
    assert selected == TREE.getroottree().xpath(iterator)
    assert [element.tag for element in selected] == tags


def test_the_default_namespace_is_given_to_names_and_not_to_attributes():
    parsed = parse("a/@b | c[d = e]/f[text()]", default_namespace=True)
    assert parsed.text.count("_default:") == 5
    assert "attribute::b" in parsed.text


def test_values_have_single_spaces_and_are_not_empty():
    read = xpath_reader(parse("p | did/unittitle"), {})
    assert read(RECORD) == ["Un deux", "one", "two"]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("count(p)", ["3"]),
        ("count(p) div 2", ["1.5"]),
        ("boolean(p)", ["true"]),
        ("concat(' a', 'b ')", ["ab"]),
        ("string(absent)", []),
        ("p/@k", ["v"]),
        ("p/text()", ["one", "two"]),
    ],
)
def test_numbers_truth_values_and_texts_are_values(expression, values):
    assert xpath_reader(parse(expression), {})(RECORD) == values


def test_plain_paths_are_told_from_others():
    assert plain_path(parse("did/unitdate/@normal"), {}).names == ("did", "unitdate")
    assert plain_path(parse("."), {}).is_single
    assert plain_path(parse("./@id"), {}).attribute == "id"
    assert plain_path(parse("/ead/@a"), {}).absolute
    for other in ("p[1]", "*", "p/..", "p | q", "//p", "@*", "/", "text()", "count(p)"):
        assert plain_path(parse(other), {}) is None
    assert attribute_of_nearest(parse("ancestor::*[@_unit][1]/@_unit"), {}) == "_unit"
    for other in ("ancestor::c[@_unit][1]/@_unit", "ancestor::*[@a][1]/@b", "ancestor::*[@a]/@a"):
        assert attribute_of_nearest(parse(other), {}) is None


def test_shared_elements_give_what_the_paths_give():
    from collex_graph.mapping.references import children_by_name

    paths = [("did", "a"), ("did", "b"), ("did", "c"), ("did", "b", "d"), ("p",), ("q", "r")]
    shared = SharedElements(paths)
    tree = etree.fromstring(
        "<x><did><a n='1'/><b n='2'><d n='3'/></b></did><p n='4'/><did><b n='5'/><c/></did>"
        "<q><r n='6'/><r n='7'/></q></x>"
    )
    names = {"rec": tree, "children_by_name": children_by_name}
    exec("\n".join(shared.lines), names)
    for path in paths:
        code = f"[e{len(path)} {' '.join(shared.loops(path))}]"
        assert eval(code, names) == tree.findall("/".join(path))


def test_a_remembered_absolute_path_notices_what_is_added():
    root = etree.fromstring("<a><b><c>1</c></b></a>")
    read = AbsolutePath(["a", "b", "c"], None)
    assert read(root) == ["1"]
    etree.SubElement(root[0], "c").text = "2"
    assert read(root) == ["1", "2"]
    etree.SubElement(root, "d")
    assert read(root) == ["1", "2"]
    etree.SubElement(etree.SubElement(root, "b"), "c").text = "3"
    assert read(root) == ["1", "2", "3"]
    assert read(etree.fromstring("<x/>")) == []


def test_a_name_without_namespace_is_refused():
    with pytest.raises(XPathError, match="'x' has no namespace"):
        reach_of([parse("x:a")], {})
