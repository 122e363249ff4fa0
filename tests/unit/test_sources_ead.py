from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import ElementPattern, Reach, RecordSource, Sight
from collex_graph.sources import find_source_files, open_records

DOCTYPE = (
    '<?xml version="1.0" encoding="UTF-8"?><!DOCTYPE ead PUBLIC '
    '"+//ISBN 1-931666-00-8//DTD ead.dtd (Encoded Archival Description (EAD) Version 2002)//EN" '
    '"ead.dtd">'
)
CANARY = "CANARI"


def asked(*names, **reach):
    patterns = tuple(ElementPattern(((True, name),)) for name in names)
    reach = {key: value if value is True else frozenset(value) for key, value in reach.items()}
    return RecordSource("records", "*.xml", "xpath", True, patterns, {}, Reach(**reach))


def notice(body, *, eadid='<eadid identifier="FRFONDS-1">FRFONDS-1.xml</eadid>'):
    return (
        f'{DOCTYPE}<ead><eadheader>{eadid}</eadheader><archdesc level="fonds">'
        f"<did><unittitle>Fonds</unittitle></did>{body}</archdesc></ead>"
    )


def opened(tmp_path, content, *sources):
    path = tmp_path / "notice.xml"
    path.write_text(content, encoding="utf-8")
    (found,), _ = find_source_files("ccfr", path)
    return open_records(found, sources)


def read(tmp_path, content, *sources):
    """All that a rule could ever see of the records, as text."""
    from lxml import etree

    return [
        (record, etree.tostring(record.content.getroottree(), encoding="unicode"))
        for record in opened(tmp_path, content, *sources)
    ]


def units(tmp_path, content, *names):
    stream = opened(tmp_path, content, asked(*(names or ("archdesc", "c"))))
    return [(r.content.get("_unit"), r.component, r.parent) for r in stream]


# --- described units -----------------------------------------------------------------------------


def test_a_notice_and_its_components_are_known_by_their_identifiers(tmp_path):
    content = notice('<dsc><c id="Fonds_1"><c id="Fonds_2"/></c></dsc>')
    assert units(tmp_path, content) == [
        ("Fonds_2", "Fonds_2", "Fonds_1"),
        ("Fonds_1", "Fonds_1", "FRFONDS-1"),
        ("FRFONDS-1", "FRFONDS-1", None),
    ]


def test_numbered_components_are_units_too(tmp_path):
    content = notice('<dsc><c01 id="a"><c02 id="b"/></c01></dsc>')
    assert [found[1:] for found in units(tmp_path, content, "c01", "c02")] == [
        ("b", "a"),
        ("a", "FRFONDS-1"),
    ]


def test_a_component_without_id_is_known_by_its_place_and_reported(tmp_path):
    content = notice('<dsc><c id="x"/><c><c id=" "/></c></dsc>')
    stream = opened(tmp_path, content, asked("c"))
    found = {r.component: [(n.rule, n.value, column) for n, column in r.notes] for r in stream}
    assert found == {
        "x": [],
        "FRFONDS-1-c2-1": [("UnitWithoutIdentifier", "c2-1", "@id")],
        "FRFONDS-1-c2": [("UnitWithoutIdentifier", "c2", "@id")],
    }


def test_the_second_of_two_components_with_one_id_is_known_by_its_place(tmp_path):
    content = notice('<dsc><c id="x"/><c id="x"/><c id="x"/></dsc>')
    stream = opened(tmp_path, content, asked("c"))
    found = [(r.component, [n.rule for n, _ in r.notes]) for r in stream]
    assert found == [
        ("x", []),
        ("FRFONDS-1-c2", ["DuplicateUnitIdentifier"]),
        ("FRFONDS-1-c3", ["DuplicateUnitIdentifier"]),
    ]


def test_a_component_with_the_identifier_of_the_notice_is_known_by_its_place(tmp_path):
    (record,) = opened(tmp_path, notice('<dsc><c id="FRFONDS-1"/></dsc>'), asked("c"))
    assert record.component == "FRFONDS-1-c1"
    assert [note.rule for note, _ in record.notes] == ["DuplicateUnitIdentifier"]


def test_a_note_about_a_unit_comes_with_its_first_record_only(tmp_path):
    content = notice("<dsc><c><p>1</p><p>2</p></c></dsc>")
    stream = opened(tmp_path, content, asked("c", "p"))
    assert [len(record.notes) for record in stream] == [1, 0, 0]


def test_a_component_knows_its_rank_and_the_one_before_it(tmp_path):
    content = notice('<dsc><c id="a"><c id="a1"/></c><c><c id="b1"/><c id="b2"/></c></dsc>')
    looking = Sight(attributes=frozenset({("c", "_rank")}))
    stream = opened(tmp_path, content, replace(asked("c"), sight=looking))
    found = {r.component: (r.content.get("_rank"), r.content.get("_previous")) for r in stream}
    assert found == {
        "a": ("1", None),
        "a1": ("1", None),
        "FRFONDS-1-c2": ("2", "a"),
        "b1": ("1", None),
        "b2": ("2", "b1"),
    }


@pytest.mark.parametrize("reserved", ["_unit", "_rank", "_previous"])
def test_an_attribute_that_the_reader_writes_is_refused_in_a_file(tmp_path, reserved):
    with pytest.raises(UnreadableSourceError, match=f"{reserved} is reserved"):
        units(tmp_path, notice(f'<dsc><c id="a" {reserved}="1"/></dsc>'))


def test_a_part_of_a_finding_aid_alone_in_a_file_is_read_as_ead(tmp_path):
    content = f'<c id="a"><p audience="internal">{CANARY}</p><c id="b"/></c>'
    assert units(tmp_path, content, "c") == [("b", "b", "a"), ("a", "a", None)]
    assert all(CANARY not in text for _, text in read(tmp_path, content, asked("c")))


def test_a_line_break_separates_words(tmp_path):
    content = notice("<p>Plon<lb/>Nourrit<lb></lb>1893</p>")
    (record,) = opened(tmp_path, content, asked("p", whole_record=True))
    assert "".join(record.content.itertext()).split() == ["Plon", "Nourrit", "1893"]


def test_the_text_of_eadid_stands_in_for_its_identifier(tmp_path):
    content = notice("", eadid="<eadid> FRAN_IR\n_003500 </eadid>")
    assert units(tmp_path, content) == [("FRAN_IR _003500", "FRAN_IR _003500", None)]


@pytest.mark.parametrize("eadid", ["", "<eadid/>", "<eadid identifier=''> </eadid>"])
def test_a_notice_without_identifier_is_reported_and_has_no_unit(tmp_path, eadid):
    (record,) = opened(tmp_path, notice("", eadid=eadid), asked("archdesc"))
    assert record.content.get("_unit") is None
    assert [note.rule for note, _ in record.notes] == ["NoticeWithoutIdentifier"]


def test_an_identifier_with_markup_characters_is_kept_as_it_is(tmp_path):
    content = notice("", eadid="<eadid identifier='a\"b&lt;c&amp;&#39;'/>")
    assert units(tmp_path, content)[0][0] == "a\"b<c&'"


def test_units_are_counted_whatever_is_asked_for(tmp_path):
    stream = opened(tmp_path, notice('<dsc><c id="a"/><c id="b"/></dsc>'), asked("unittitle"))
    assert len(list(stream)) == 1
    assert stream.records_read == 3


def test_a_record_belongs_to_the_nearest_unit(tmp_path):
    content = notice('<p>1</p><dsc><c id="a"><p>2</p><c id="b"><p>3</p></c><p>4</p></c></dsc>')
    found = {r.content.text: r.component for r in opened(tmp_path, content, asked("p"))}
    assert found == {"1": "FRFONDS-1", "2": "a", "3": "b", "4": "a"}


def test_running_numbers_follow_the_document_even_where_units_end_late(tmp_path):
    content = notice('<p>1</p><dsc><c id="a"><p>2</p></c></dsc><p>3</p>')
    stream = opened(tmp_path, content, asked("p"))
    assert {r.content.text: r.sources[0][1] for r in stream} == {"1": 1, "2": 2, "3": 3}


def test_a_record_inside_a_unit_sees_the_whole_unit(tmp_path):
    content = notice('<dsc><c id="a"><p><x/>before</p><p>after</p></c></dsc>')
    record = next(iter(opened(tmp_path, content, asked("x", around={"p"}))))
    assert "".join(record.content.getparent().getparent().itertext()) == "beforeafter"


def test_finished_components_are_released(tmp_path):
    content = notice("<dsc>" + '<c id="{}"><p>x</p></c>' * 100 + "</dsc>").format(*range(100))
    left = [
        len(record.content.getparent())
        for record in opened(tmp_path, content, asked("c", "p"))
        if record.content.tag == "c"
    ]
    assert max(left) <= 2


def test_the_reserved_attribute_is_refused(tmp_path):
    stream = opened(tmp_path, notice('<dsc><c id="a" _unit="b"/></dsc>'), asked("c"))
    with pytest.raises(UnreadableSourceError, match="_unit is reserved"):
        list(stream)


def test_ead_of_the_schema_has_its_namespace(tmp_path):
    content = notice('<dsc><c id="a"/></dsc>').replace("<ead>", '<ead xmlns="urn:ead">')
    stream = opened(tmp_path, content, asked("{urn:ead}c"))
    assert [(r.content.get("_unit"), r.parent) for r in stream] == [("a", "FRFONDS-1")]


# --- what is never read --------------------------------------------------------------------------

PRIVATE = {
    "internal": f'<odd audience="internal"><p>{CANARY}</p></odd>',
    "internal in capitals": f'<odd audience=" Internal "><p>{CANARY}</p></odd>',
    "internal by an entity": f'<odd audience="&#105;nternal"><p>{CANARY}</p></odd>',
    "internal and empty": f'<odd id="{CANARY}" audience="internal"/>',
    "internal in a namespace": f'<x:odd xmlns:x="urn:x" audience="internal">{CANARY}</x:odd>',
    "internal attribute": f'<odd id="{CANARY}" k="a>b" audience="internal">x/></odd>',
    "nested": f'<odd audience="internal"><odd audience="internal"/><odd/>{CANARY}</odd>',
    "revisions": f"<revisiondesc><change><item>{CANARY}</item></change></revisiondesc>",
    "person in charge": (
        f"<processinfo><head>Responsable du fonds</head><p>{CANARY}</p></processinfo>"
    ),
    "person in charge, spaced": (
        "<processinfo><head>\n RESPONSABLE(S)\u00a0du\n fonds :</head>"
        f"<p>{CANARY}</p></processinfo>"
    ),
    "person in charge, marked up": (
        "<processinfo><head><emph>Respon</emph>sable scientifique du fonds</head>"
        f"{CANARY}</processinfo>"
    ),
    "person in charge, afterwards": (
        f"<processinfo><p>{CANARY}</p><p>Responsable du fonds</p></processinfo>"
    ),
    "person in charge, inside": (
        f"<processinfo><processinfo><head>Responsable du fonds</head>{CANARY}</processinfo>"
        "</processinfo>"
    ),
    "component": f'<dsc><c id="{CANARY}" audience="internal"><c id="{CANARY}2"/></c></dsc>',
    "comment": f"<!-- {CANARY} -->",
    "instruction": f"<?note {CANARY}?>",
}


@pytest.mark.parametrize("private", PRIVATE.values(), ids=PRIVATE.keys())
@pytest.mark.parametrize("chunk", [1, 5, 65536])
def test_what_is_private_reaches_nothing(tmp_path, monkeypatch, private, chunk):
    monkeypatch.setattr("collex_graph.sources.markup._CHUNK_BYTES", chunk)
    body = f'<p>one</p>{private}<p>two</p><dsc><c id="a">{private}<p>three</p></c></dsc>'
    everything = asked("*", whole_file=True)
    stepwise = asked("archdesc", "c", "p", "processinfo", "head", "odd")
    for source in (everything, stepwise):
        seen = read(tmp_path, notice(body), source)
        assert {"one", "two", "three"} <= {record.content.text for record, _ in seen}
        for record, tree in seen:
            assert CANARY not in tree
            assert CANARY not in str((record.component, record.parent, record.notes))


def test_a_private_header_element_is_dropped_and_the_rest_of_the_header_stays(tmp_path):
    header = (
        f'<eadid identifier="X"/><profiledesc><creation audience="internal">{CANARY}</creation>'
    )
    content = notice("<p>x</p>", eadid=f"{header}<langusage>fr</langusage></profiledesc>")
    ((_, tree),) = read(tmp_path, content, asked("p"))
    assert CANARY not in tree
    assert "langusage" in tree


def test_a_private_notice_says_nothing(tmp_path):
    content = notice(f"<p>{CANARY}</p>").replace("<archdesc ", '<archdesc audience="internal" ')
    stream = opened(tmp_path, content, asked("archdesc", "p", "unittitle"))
    assert list(stream) == []
    assert stream.records_read == 0


def test_other_processing_information_is_read(tmp_path):
    content = notice("<processinfo><p>Cotes : MS.1</p></processinfo><processinfo/>")
    assert len(list(opened(tmp_path, content, asked("processinfo")))) == 2


def test_an_external_audience_is_read(tmp_path):
    content = notice('<odd audience="external"><p>x</p></odd>')
    assert len(list(opened(tmp_path, content, asked("p")))) == 1


def test_an_error_message_does_not_quote_what_is_private(tmp_path):
    content = notice(f'<odd audience="internal"><p>{CANARY}</odd>')
    with pytest.raises(UnreadableSourceError) as raised:
        list(opened(tmp_path, content, asked("p")))
    assert CANARY not in str(raised.value)


def test_a_very_large_private_element_takes_no_memory(tmp_path):
    private = f'<odd audience="internal">{f"<p>{CANARY}</p>" * 1_200_000}</odd>'
    ((record, tree),) = read(tmp_path, notice(f"{private}<q/>"), asked("q"))
    assert record.content.tag == "q"
    assert CANARY not in tree


def test_processing_information_too_large_to_judge_is_refused(tmp_path):
    body = f"<processinfo>{'<p>text of a paragraph</p>' * 200_000}</processinfo>"
    with pytest.raises(UnreadableSourceError, match="cannot be judged"):
        list(opened(tmp_path, notice(body), asked("p")))


# --- real notices --------------------------------------------------------------------------------


@pytest.mark.real_data
def test_the_real_notices_give_their_units_and_nothing_private(shared_data):
    from lxml import etree

    files, ignored = find_source_files("ccfr", shared_data / "ccfr")
    assert [path.name for path in ignored] == ["PROVENANCE.md"]
    units_found = 0
    for found in files:
        stream = open_records(found, [asked("ead", whole_file=True)])
        for record in stream:
            tree = etree.tostring(record.content, encoding="unicode").lower()
            assert "internal" not in tree
            assert "responsable du fonds" not in tree
            assert "statut de la notice" not in tree
        units_found += stream.records_read
    assert units_found == 24


# --- any notice ----------------------------------------------------------------------------------

NAMES = st.sampled_from(["p", "c", "odd", "processinfo", "head", "emph"])
TEXTS = st.sampled_from(["", "a", "é>", " \n", "]]>", "<!-- <p> -->", "<?x <p>?>", "/>", "&lt;"])


@st.composite
def elements(draw, depth=4):
    """Markup of one element, in one of the spellings that mean the same."""
    name = draw(NAMES)
    attributes = draw(st.sampled_from(["", ' audience="internal"', " n='>'", " audience = 'x'"]))
    if name == "head" and draw(st.booleans()):
        return "<head>Responsable\ndu fonds</head>"
    children = draw(st.lists(elements(depth=depth - 1), max_size=3)) if depth else []
    parts = [draw(TEXTS).replace("]]>", "<![CDATA[<p>]]>")]
    for child in children:
        parts += [child, draw(TEXTS).replace("]]>", "]]&gt;")]
    inner = "".join(parts)
    return f"<{name}{attributes}/>" if not inner else f"<{name}{attributes} >{inner}</{name}\n>"


def is_private(element):
    if element.get("audience") == "internal":
        return True
    text = "".join("".join(element.itertext()).split()).lower()
    return element.tag == "processinfo" and "responsabledufonds" in text


def public(element):
    """What remains of a tree, removed the slow and simple way."""
    for child in list(element):
        if is_private(child):
            before, parent, tail = child.getprevious(), child.getparent(), child.tail or ""
            if before is not None:
                before.tail = (before.tail or "") + tail
            else:
                parent.text = (parent.text or "") + tail
            parent.remove(child)
        else:
            public(child)
    return element


@settings(derandomize=True, max_examples=120, deadline=None)
@given(body=st.lists(elements(), max_size=4), chunk=st.sampled_from([1, 3, 64, 65536]))
def test_any_notice_is_read_as_it_would_be_without_its_private_elements(body, chunk):
    from unittest.mock import patch

    from lxml import etree

    content = notice("".join(body))
    parser = etree.XMLParser(remove_comments=True, remove_pis=True)
    whole = public(etree.fromstring(content.encode(), parser))
    wanted = ["".join(element.itertext()) for element in whole.iter("p")]
    with TemporaryDirectory() as folder, patch("collex_graph.sources.markup._CHUNK_BYTES", chunk):
        stream = opened(Path(folder), content, asked("p", "c", whole_record=True))
        found = [
            "".join(record.content.itertext()) for record in stream if record.content.tag == "p"
        ]
    assert sorted(found) == sorted(wanted)
