"""Records that carry an identifier of their own: what they hold belongs to them."""

import pytest

from collex_graph.model import ElementPattern, Reach, RecordSource, SourceFile
from collex_graph.sources import open_records

UNIMARC = """<collection>
<record><leader>     cam0 22        450 </leader>
  <datafield tag="930"><subfield code="5">130552108:12287398X</subfield></datafield>
  <controlfield tag="001"> 039226859 </controlfield>
  <datafield tag="930"><subfield code="5">130012232:539565458</subfield></datafield>
</record>
<record><controlfield tag="003">http://www.sudoc.fr/</controlfield>
  <datafield tag="930"><subfield code="5">130012102:122873998</subfield></datafield>
</record>
</collection>
"""


def _read(folder, text, element="datafield"):
    path = folder / "lot.xml"
    path.write_text(text, encoding="utf-8")
    source = RecordSource(
        name="field",
        access="*.xml",
        formulation="xpath",
        numbered=True,
        patterns=(ElementPattern(((True, element),)),),
        reach=Reach(touched=frozenset({"controlfield", "subfield"}), whole_record=True),
    )
    stream = open_records(SourceFile(path, "sudoc", "application/xml", "", 0), [source])
    return stream, [
        (record.component, [note.rule for note, _ in record.notes]) for record in stream
    ]


def test_what_a_record_holds_has_its_identifier_wherever_that_stands(tmp_path):
    stream, records = _read(tmp_path, UNIMARC)
    assert [component for component, _ in records][:2] == ["039226859", "039226859"]
    assert stream.records_read == 2


def test_a_record_without_identifier_is_reported_and_shares_its_key_with_no_other_file(tmp_path):
    _, records = _read(tmp_path, UNIMARC)
    assert records[2] == ("lot-2", ["RecordWithoutIdentifier"])


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        (
            (
                "<OAI-PMH xmlns='http://www.openarchives.org/OAI/2.0/'><GetRecord><record><header>"
                "<identifier>oai:bnf.fr:gallica/ark:/12148/bpt6k5738219s</identifier></header>"
                "<metadata><datafield xmlns=''/></metadata></record></GetRecord></OAI-PMH>"
            ),
            "oai:bnf.fr:gallica/ark:/12148/bpt6k5738219s",
        ),
        (
            (
                "<m:mets xmlns:m='http://www.loc.gov/METS/' xmlns:d='http://purl.org/dc/elements/1.1/'"
                " xmlns:x='http://www.w3.org/2001/XMLSchema-instance'><datafield/>"
                "<d:identifier x:type='tef:other'>1</d:identifier>"
                "<d:identifier x:type='tef:NNT'>2011AIX10218</d:identifier></m:mets>"
            ),
            "2011AIX10218",
        ),
    ],
)
def test_records_of_other_formats_are_named_by_their_own_element(tmp_path, text, identifier):
    assert _read(tmp_path, text)[1] == [(identifier, [])]


def test_two_paths_to_one_element_are_alternatives(tmp_path):
    path = tmp_path / "lot.xml"
    path.write_text("<r><f t='1'/><f t='2'/><f t='3'/></r>", encoding="utf-8")
    steps = ((True, "f"),)
    source = RecordSource(
        name="field",
        access="*.xml",
        formulation="xpath",
        patterns=(ElementPattern(steps, "@t='1'"), ElementPattern(steps, "@t='3'")),
        reach=Reach(shells=frozenset({"f"})),
    )
    stream = open_records(SourceFile(path, "sudoc", "application/xml", "", 0), [source])
    assert [record.content.get("t") for record in stream] == ["1", "3"]
