import resource
import socket

import pytest

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import ElementPattern, Reach, RecordSource
from collex_graph.sources import find_source_files, open_records
from collex_graph.sources.gate import MAX_ATTRIBUTES, MAX_DEPTH


def asked(*paths, test=None, numbered=False, **reach):
    """A source whose records are elements by name; ``a/b`` is a ``b`` directly in an ``a``."""
    patterns = []
    for path in paths:
        names = path.split("/")
        steps = [(True, names[0]), *((False, name) for name in names[1:])]
        patterns.append(ElementPattern(tuple(steps), test))
    reach = {key: value if value is True else frozenset(value) for key, value in reach.items()}
    return RecordSource("records", "*.xml", "xpath", numbered, tuple(patterns), {}, Reach(**reach))


def source_file(tmp_path, content, name="notice.xml"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    (found,), _ = find_source_files("test", path)
    return found


def texts(tmp_path, content, *paths, **options):
    stream = open_records(source_file(tmp_path, content), [asked(*paths, **options)])
    return ["".join(record.content.itertext()) for record in stream]


def refusal(tmp_path, content, *paths):
    with pytest.raises(UnreadableSourceError) as raised:
        texts(tmp_path, content, *(paths or ("item",)))
    return raised.value


# --- reading -------------------------------------------------------------------------------------


def test_records_are_handed_out_with_their_line(tmp_path):
    content = "<list>\n <item>one</item>\n\n <item\n>two</item>\n</list>"
    stream = open_records(source_file(tmp_path, content), [asked("item")])
    assert [(r.content.text, r.line) for r in stream] == [("one", 2), ("two", 4)]
    assert stream.records_read == 2


def test_line_numbers_go_on_beyond_65535(tmp_path):
    content = "<list>" + "\n" * 70_000 + "<item>far</item></list>"
    (record,) = open_records(source_file(tmp_path, content), [asked("item")])
    assert record.line == 70_001


def test_an_empty_element_is_a_record(tmp_path):
    content = "<list><item n=\"a>b\"/>text/><item n='c/>'/></list>"
    (source,) = [asked("item")]
    found = [r.content.get("n") for r in open_records(source_file(tmp_path, content), [source])]
    assert found == ["a>b", "c/>"]


def test_comments_instructions_and_cdata_do_not_disturb_records(tmp_path):
    content = (
        "<list><!-- <item>no</item> --><item>a<!-- x -->b<?pi </item>?>c</item>"
        "<item><![CDATA[</item><item>&]]></item></list>"
    )
    assert texts(tmp_path, content, "item") == ["abc", "</item><item>&"]


def test_a_record_does_not_see_what_follows_it(tmp_path):
    content = "<list><item>1</item><late/><item>2</item><late/></list>"
    source = asked("item", whole_record=True)
    seen = [
        len(record.content.getparent().findall("late"))
        for record in open_records(source_file(tmp_path, content), [source])
    ]
    assert seen == [0, 1]


def test_records_are_the_same_wherever_the_file_is_cut_in_chunks(tmp_path, monkeypatch):
    content = '<list a="é">' + "<item n='x'>é<b/>œ</item>\n<other/>" * 40 + "</list>"
    whole = texts(tmp_path, content, "item")
    for size in (1, 2, 3, 7, 64):
        monkeypatch.setattr("collex_graph.sources.markup._CHUNK_BYTES", size)
        # the first chunk decides on the encoding, so it is never shorter than a declaration
        assert texts(tmp_path, content, "item") == whole


def test_nested_records_are_all_handed_out_innermost_first(tmp_path):
    content = "<list><c n='1'><c n='2'/><c n='3'><c n='4'/></c></c></list>"
    stream = open_records(source_file(tmp_path, content), [asked("c", touched={"c"})])
    assert [record.content.get("n") for record in stream] == ["2", "4", "3", "1"]


def test_running_numbers_follow_the_order_of_the_document(tmp_path):
    content = "<list><c n='1'><c n='2'/><c n='3'><c n='4'/></c></c></list>"
    stream = open_records(source_file(tmp_path, content), [asked("c", numbered=True)])
    assert all(r.content.get("n") == str(number) for r in stream for _, number in r.sources)


def test_a_pattern_can_ask_for_the_parent_and_any_name(tmp_path):
    content = "<a><b><x>1</x><y>2</y></b><c><x>3</x></c></a>"
    assert texts(tmp_path, content, "b/*") == ["1", "2"]
    assert texts(tmp_path, content, "c/x") == ["3"]


def test_a_test_selects_among_the_elements_of_a_pattern(tmp_path):
    content = "<a><b k='1'>one</b><b>two</b></a>"
    assert texts(tmp_path, content, "b", test="self::*[@k]") == ["one"]


def test_one_element_can_be_a_record_of_two_sources(tmp_path):
    content = "<a><b k='1'/><b/></a>"
    sources = [asked("b", numbered=True), asked("b", test="self::*[@k]", numbered=True)]
    stream = open_records(source_file(tmp_path, content), sources)
    assert [record.sources for record in stream] == [((0, 1), (1, 1)), ((0, 2),)]


def test_namespaces_are_those_of_the_file_whatever_their_prefix(tmp_path):
    content = '<p:a xmlns:p="urn:one"><p:b>yes</p:b><b>no</b><b xmlns="urn:one">too</b></p:a>'
    source = RecordSource("s", "*", "xpath", patterns=(ElementPattern(((True, "{urn:one}b"),)),))
    stream = open_records(source_file(tmp_path, content), [source])
    assert [record.content.text for record in stream] == ["yes", "too"]


def test_finished_records_are_released_and_kept_where_rules_look_at_them(tmp_path):
    content = "<list>" + "<item k='1'><sub>x</sub></item>" * 50 + "</list>"
    for reach, left in (({}, 1), ({"shells": {"item"}}, 50), ({"touched": {"item"}}, 50)):
        source = asked("item", **reach)
        for record in open_records(source_file(tmp_path, content), [source]):
            siblings = record.content.getparent().findall("item")
            subs = record.content.getparent().findall("item/sub")
        assert len(siblings) <= left + 1
        assert (len(subs) == 50) is ("touched" in reach)


def test_a_reference_to_everything_around_holds_the_records_until_the_end(tmp_path):
    content = "<list><item>1</item><item>2</item><late/></list>"
    source = asked("item", around={"list"})
    seen = [
        len(record.content.getparent().findall("late"))
        for record in open_records(source_file(tmp_path, content), [source])
    ]
    assert seen == [1, 1]


# --- encodings -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]
)
def test_the_encoding_a_file_declares_is_read(tmp_path, encoding):
    declared = {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}.get(encoding, encoding)
    text = (
        f'<?xml version="1.0" encoding="{declared}"?>\n<l><item>Écriture « cunéiforme »</item></l>'
    )
    assert texts(tmp_path, text.encode(encoding), "item") == ["Écriture « cunéiforme »"]


def test_bytes_that_are_not_the_declared_encoding_are_refused_with_their_line(tmp_path):
    error = refusal(tmp_path, "<l>\n<item>é</item></l>".encode("cp1252"))
    assert error.line == 2
    assert "bytes that are no UTF-8" in str(error)


@pytest.mark.parametrize("name", ["utf-7", "ebcdic-cp-be", "hex", "utf-16"])
def test_an_encoding_that_is_not_read_is_refused_by_name(tmp_path, name):
    error = refusal(tmp_path, f'<?xml version="1.0" encoding="{name}"?><l/>')
    assert name in str(error)


def test_utf_32_and_nul_bytes_are_refused(tmp_path):
    assert "UTF-32" in str(refusal(tmp_path, "<l/>".encode("utf-32")))
    assert "not well-formed" in str(refusal(tmp_path, b"<l><item>\0</item></l>"))


def test_a_utf_16_file_that_breaks_off_inside_a_character_is_refused(tmp_path):
    content = "<l><item>x</item></l>".encode("utf-16") + b"\n"
    assert "character" in str(refusal(tmp_path, content))


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no element found"),
        ("plain text", "not well-formed"),
        ("<l><item></l>", "mismatched tag"),
        ("<l><item>one</item>", "no element found"),
        ("<l/><l/>", "junk after document element"),
        ("<l><p:item/></l>", "unbound prefix"),
        ("<l a='1' a='2'/>", "duplicate attribute"),
    ],
)
def test_what_is_not_xml_is_refused_in_words(tmp_path, content, words):
    assert words in str(refusal(tmp_path, content))


def test_the_line_of_a_mistake_is_named(tmp_path):
    assert refusal(tmp_path, "<l>\n<item>\n</l>").line == 3


XXE = {
    "file": '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/hostname">]><l><item>&x;</item></l>',
    "http": '<!DOCTYPE l [<!ENTITY x SYSTEM "http://127.0.0.1:1/">]><l><item>&x;</item></l>',
    "parameter": '<!DOCTYPE l [<!ENTITY % x SYSTEM "http://127.0.0.1:1/"> %x;]><l><item/></l>',
    "internal": '<!DOCTYPE l [<!ENTITY x "text">]><l><item>&x;</item></l>',
    "attribute": '<!DOCTYPE l [<!ENTITY x "text">]><l><item k="&x;"/></l>',
}


@pytest.mark.parametrize("content", XXE.values(), ids=XXE.keys())
def test_a_declared_entity_is_refused_by_name_and_nothing_is_opened(tmp_path, content, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    error = refusal(tmp_path, content)
    assert "entity 'x'" in str(error)
    assert error.line == 1


def test_an_entity_of_a_dtd_that_is_not_loaded_is_refused_by_name(tmp_path):
    doctype = '<!DOCTYPE l PUBLIC "-//X//EN" "http://127.0.0.1:1/x.dtd">'
    assert "&eacute;" in str(refusal(tmp_path, f"{doctype}<l>\n<item>&eacute;</item></l>"))
    in_attribute = refusal(tmp_path, f"{doctype}<l><item k='&eacute;'/></l>")
    assert "eacute" in str(in_attribute)


def test_an_undeclared_entity_is_refused(tmp_path):
    assert "undefined entity" in str(refusal(tmp_path, "<l><item>&eacute;</item></l>"))


def test_a_doctype_and_unparsed_entities_are_readable(tmp_path):
    content = (
        '<!DOCTYPE l PUBLIC "-//X//EN" "l.dtd" [<!NOTATION gif SYSTEM "viewer">'
        '<!ENTITY picture SYSTEM "picture.gif" NDATA gif>]><l><item>yes</item></l>'
    )
    assert texts(tmp_path, content, "item") == ["yes"]


def test_a_namespace_that_is_no_absolute_iri_is_readable(tmp_path):
    assert texts(tmp_path, '<l xmlns:x="relative"><item>yes</item></l>', "item") == ["yes"]


def test_xinclude_stylesheets_and_schema_locations_are_plain_data(tmp_path):
    content = (
        '<?xml-stylesheet href="http://127.0.0.1:1/x.xsl"?>'
        '<l xmlns:xi="http://www.w3.org/2001/XInclude" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xsi:schemaLocation="urn:x http://127.0.0.1:1/x.xsd">'
        '<item><xi:include href="file:///etc/hostname" parse="text"/></item></l>'
    )
    assert texts(tmp_path, content, "item") == [""]


def billion_laughs():
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    return f"<!DOCTYPE l [{entities}]><l><item>&a9;</item></l>"


BOMBS = {
    "billion laughs": (billion_laughs(), "entity 'a0'"),
    "quadratic": (
        f'<!DOCTYPE l [<!ENTITY a "{"x" * 100_000}">]><l>{"&a;" * 10_000}</l>', "entity 'a'"
    ),
    "depth": ("<a>" * 50_000 + "</a>" * 50_000, f"more than {MAX_DEPTH} levels"),
    "attributes": (
        "<a " + " ".join(f'a{n}="v"' for n in range(100_000)) + "/>",
        f"more than {MAX_ATTRIBUTES} attributes",
    ),
    "one tag": ('<a b="' + "x" * 3_000_000 + '"/>', "longer than 2 MB"),
    "one comment": ("<a><!--" + "x" * 3_000_000 + "--></a>", "longer than 2 MB"),
    "one text": ("<a>" + "x" * 20_000_000 + "</a>", "not readable as XML"),
    "no record": ("<a>" + "<b/>" * 2_100_000 + "</a>", "outside any finished record"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_in_words_without_much_memory(tmp_path, content, words):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    error = refusal(tmp_path, content)
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert words in str(error)
    assert grown_mb < 400


def test_a_missing_or_unreadable_file_is_refused(tmp_path):
    found = source_file(tmp_path, "<l/>")
    found.path.unlink()
    with pytest.raises(UnreadableSourceError, match="cannot be read"):
        open_records(found, [asked("item")])


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ("<item>3</item", "unclosed token"),
        ("<item>3</item>", "no element found"),
        ("<item>3</wrong></list>", "mismatched tag"),
        ("<item>3 &unknown; </item></list>", "undefined entity"),
        ("<x>" * 50_000, "nested more than 200 levels"),
    ],
)
def test_the_records_before_a_break_are_handed_out(tmp_path, after, words):
    content = f"<list>\n<item>1</item>\n<item>2</item>\n{after}"
    found = []

    def read():
        for record in open_records(source_file(tmp_path, content), [asked("item")]):
            found.append(record.content.text)  # noqa: PERF401 - what came before is kept

    with pytest.raises(UnreadableSourceError, match=words) as raised:
        read()
    assert found[:2] == ["1", "2"]
    assert raised.value.line == 4
