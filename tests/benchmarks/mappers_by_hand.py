"""The rules of the mapping benchmarks: as mapping documents, and as one would write them by hand.

Each mapper by hand is plain Python that follows the same rules as the document and writes the same
quads; it does nothing else (no positions, no problems, no checks of terms, no privacy).

    python tests/benchmarks/mappers_by_hand.py RUN MAPPING SOURCE OUT    # one of `RUNS`
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TextIO

    from lxml import etree

BASE = "https://w3id.org/collex-graph/"

# Both engines read this document. It avoids two traps of morph-kgc 2.10: a column called `subject`
# gives the subject's IRI in place of its values, and a template that ends in text is misread.
TABLE_MAPPING = f"""
prefixes:
  rico: https://www.ica.org/standards/RiC/ontology#
  dcterms: http://purl.org/dc/terms/
  collex: https://w3id.org/collex-graph/ontology#
  foaf: http://xmlns.com/foaf/0.1/
  lexvo: http://lexvo.org/id/iso639-3/
  xsd: http://www.w3.org/2001/XMLSchema#
sources:
  row: ['table.csv~csv']
mappings:
  collection:
    sources: row
    s: {BASE}id/fonds/$(id)
    graphs: {BASE}graph/source/bench/table
    po:
      - [a, [rico:RecordSet~iri, collex:DescribedUnit~iri]]
      - [rico:identifier, [$(id), $(ark)]]
      - [rico:title, $(title), fr~lang]
      - [rico:title, $(title_en), en~lang]
      - [dcterms:alternative, $(short_title), fr~lang]
      - [collex:fondsType, {BASE}vocabulary/fonds-type/$(type)~iri]
      - [rico:isDirectlyIncludedIn, {BASE}id/fonds/$(parent)~iri]
      - [rico:hasOrganicProvenance, http://www.idref.fr/$(creator_ppn)/id~iri]
      - [collex:originationNote, $(creator), fr~lang]
      - [rico:date, $(date_text)]
      - [collex:startYear, $(year_start), xsd:integer]
      - [collex:endYear, $(year_end), xsd:integer]
      - [dcterms:language, lexvo:$(language)~iri]
      - [dcterms:subject, $(topic), fr~lang]
      - [dcterms:spatial, $(place), fr~lang]
      - [rico:recordResourceExtent, cartons $(extent)~literal]
      - [rico:scopeAndContent, $(description), fr~lang]
      - [rico:hasOrHadHolder, {BASE}id/library/$(holder)~iri]
      - [foaf:homepage, $(url)~iri]
      - [dcterms:modified, $(updated), xsd:date]
  parent:
    sources: row
    s: {BASE}id/fonds/$(parent)
    graphs: {BASE}graph/source/bench/table
    po:
      - [rico:directlyIncludes, {BASE}id/fonds/$(id)~iri]
"""

EAD_MAPPING = """
sources:
  unit: {access: "*.xml", referenceFormulation: xpath, iterator: "//archdesc | //c"}
  point: {access: "*.xml", referenceFormulation: xpath,
          iterator: "//controlaccess/subject | //controlaccess/persname"}
mappings:
  unit:
    sources: unit
    subject: &self "base:id/fonds/$(@_unit)"
    graphs: &graph "base:graph/source/bench/$(/ead/eadheader/eadid/@identifier)"
    po:
      - [a, [rico:RecordSet, collex:DescribedUnit]]
      - [rico:title, $(did/unittitle), fr~lang]
      - [rico:identifier, $(did/unitid)]
      - [rico:date, $(did/unitdate)]
      - p: collex:startYear
        o: {function: collex-fn:startYear, parameters: &normal
              [[collex-fn:normal, $(did/unitdate/@normal)]], datatype: xsd:integer}
      - p: collex:endYear
        o: {function: collex-fn:endYear, parameters: *normal, datatype: xsd:integer}
      - [rico:recordResourceExtent, $(did/physdesc/extent)]
      - [dcterms:language, "lexvo:$(did/langmaterial/language/@langcode)~iri"]
      - [rico:scopeAndContent, "$(scopecontent/p)", fr~lang]
      - [rico:isDirectlyIncludedIn, "base:id/fonds/$(ancestor::*[@_unit][1]/@_unit)~iri"]
      - [collex:accessPointCount, "$(count(controlaccess/*))", xsd:integer]
  point:
    sources: point
    subject: "base:id/fonds/$(ancestor::*[@_unit][1]/@_unit)"
    graphs: *graph
    po:
      - [dcterms:subject, $(.), fr~lang]
      - [collex:linkedAgent, "http://www.idref.fr/$(@authfilenumber)/id~iri"]
"""

# What morph-kgc can read of it: no function, no path up or from the root, text without elements in
# it. Each component is a record; the finding aid itself has no @id.
PLAIN_EAD_MAPPING = f"""
prefixes:
  rico: https://www.ica.org/standards/RiC/ontology#
  dcterms: http://purl.org/dc/terms/
  collex: https://w3id.org/collex-graph/ontology#
  lexvo: http://lexvo.org/id/iso639-3/
sources:
  unit: ['table.xml~xpath', '//c']
mappings:
  unit:
    sources: unit
    s: {BASE}id/fonds/$(@id)
    graphs: {BASE}graph/source/bench/aid
    po:
      - [a, [rico:RecordSet~iri, collex:DescribedUnit~iri]]
      - [rico:title, $(did/unittitle), fr~lang]
      - [rico:identifier, $(did/unitid)]
      - [rico:date, $(did/unitdate)]
      - [rico:recordResourceExtent, $(did/physdesc/extent)]
      - [dcterms:language, lexvo:$(did/langmaterial/language/@langcode)~iri]
      - [rico:scopeAndContent, $(scopecontent/p), fr~lang]
      - [dcterms:subject, $(controlaccess/persname), fr~lang]
"""

WORKBOOK_MAPPING = TABLE_MAPPING.replace("row: ['table.csv~csv']", "row: ['*.xlsx~csv']")

KBART_MAPPING = f"""
prefixes:
  dcterms: http://purl.org/dc/terms/
  bibo: http://purl.org/ontology/bibo/
  collex: https://w3id.org/collex-graph/ontology#
  foaf: http://xmlns.com/foaf/0.1/
  xsd: http://www.w3.org/2001/XMLSchema#
sources:
  row: ['table.tsv~csv']
mappings:
  title:
    sources: row
    s: {BASE}id/title/$(title_id)
    graphs: {BASE}graph/source/bench/kbart
    po:
      - [a, collex:PackagedTitle~iri]
      - [dcterms:type, {BASE}vocabulary/title-type/$(publication_type)~iri]
      - [dcterms:title, $(publication_title)]
      - [bibo:issn, $(print_identifier)]
      - [bibo:eissn, $(online_identifier)]
      - [foaf:page, $(title_url)~iri]
      - [collex:coverageFrom, $(date_first_issue_online), xsd:date]
      - [collex:coverageTo, $(date_last_issue_online), xsd:date]
      - [collex:firstVolume, $(num_first_vol_online)]
      - [collex:firstIssue, $(num_first_issue_online)]
      - [collex:lastVolume, $(num_last_vol_online)]
      - [collex:lastIssue, $(num_last_issue_online)]
      - [collex:embargoInfo, $(embargo_info)]
      - [collex:coverageDepth, $(coverage_depth)]
      - [dcterms:publisher, $(publisher_name)]
      - [collex:accessType, {BASE}vocabulary/access-type/$(access_type)~iri]
      - [collex:onlineDate, $(date_monograph_published_online)]
      - [collex:firstAuthor, $(first_author)]
      - [dcterms:isPartOf, {BASE}id/title/$(parent_publication_title_id)~iri]
      - [dcterms:replaces, {BASE}id/title/$(preceding_publication_title_id)~iri]
"""

DOCUMENTS_MAPPING = f"""
prefixes:
  dcterms: http://purl.org/dc/terms/
  bibo: http://purl.org/ontology/bibo/
  collex: https://w3id.org/collex-graph/ontology#
  lexvo: http://lexvo.org/id/iso639-3/
  xsd: http://www.w3.org/2001/XMLSchema#
sources:
  document: ['table.json~jsonpath', '$[*]']
mappings:
  document:
    sources: document
    s: {BASE}id/document/$(arkIstex)
    graphs: {BASE}graph/source/bench/documents
    po:
      - [a, bibo:Article~iri]
      - [dcterms:title, $(title)]
      - [dcterms:abstract, $(abstract)]
      - [dcterms:creator, "$(author[*].name)"]
      - [dcterms:language, "lexvo:$(language[*])~iri"]
      - [bibo:doi, "$(doi[*])"]
      - [dcterms:subject, "$(subject[*].value)"]
      - [dcterms:bibliographicCitation, $(host.title)]
      - [bibo:issn, "$(host.issn[*])"]
      - [bibo:eissn, "$(host.eissn[*])"]
      - [bibo:volume, $(host.volume)]
      - [bibo:issue, $(host.issue)]
      - [bibo:pageStart, $(host.pages.first)]
      - [bibo:pageEnd, $(host.pages.last)]
      - [collex:publicationYear, $(publicationDate), xsd:integer]
      - [dcterms:type, "$(genre[*])"]
      - [collex:discipline, "$(categories.inist[*])"]
      - [collex:wordCount, $(qualityIndicators.pdfWordCount), xsd:integer]
      - [collex:corpus, {BASE}id/corpus/$(corpusName)~iri]
"""

PEOPLE_MAPPING = """
sources:
  person: {access: "*.rdf", referenceFormulation: rdf, iterator: "foaf:Person"}
mappings:
  person:
    sources: person
    subject: "$(.)"
    graphs: "base:graph/authority/bench/$(_file)"
    po:
      - [a, foaf:Person]
      - [skos:prefLabel, $(skos:prefLabel)]
      - [foaf:name, $(foaf:name)]
      - [foaf:familyName, $(foaf:familyName)]
      - [foaf:givenName, $(foaf:givenName)]
      - [foaf:gender, $(foaf:gender)]
      - [owl:sameAs, $(owl:sameAs)~iri]
      - [dcterms:language, $(dcterms:language)~iri]
"""


def run_engine(mapping: Path, source: Path, out: Path) -> None:
    """Map with our engine, as ``collex-graph mapping run`` does."""
    from collex_graph.mapping.engine import MappingRun
    from collex_graph.mapping.plan import compile_mapping
    from collex_graph.mapping.rules import read_mapping
    from collex_graph.sources import find_source_files, open_records

    run = MappingRun(compile_mapping(read_mapping(mapping), BASE))
    source_files, _ = find_source_files("bench", source, digests=False)
    with out.open("w", encoding="utf-8") as stream:
        for source_file in source_files:
            for mapped in run.map_file(source_file, open_records):
                stream.writelines(mapped.lines)
                # the synthetic files have no defect
                if mapped.problems and source.is_file():
                    sys.exit(f"a problem where there is none: {mapped.problems[0]}")


def make_part(mapping: Path, source: Path, out: Path) -> None:
    """Make the part of a build that a source file becomes: what one of its processes does."""
    from collex_graph.mapping.plan import compile_mapping
    from collex_graph.mapping.rules import read_mapping
    from collex_graph.pipeline import part
    from collex_graph.sources import find_source_files

    part._plan = lambda *_: compile_mapping(read_mapping(mapping), BASE)
    (source_file,), _ = find_source_files("bench", source)
    folder = out.with_suffix(".part")
    part.make_part(part.PartRequest(source_file, source.name, BASE, ""), folder)
    out.write_bytes((folder / "lines.nq.gz").read_bytes())


ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})
RICO = "https://www.ica.org/standards/RiC/ontology#"
DCTERMS = "http://purl.org/dc/terms/"
COLLEX = "https://w3id.org/collex-graph/ontology#"
XSD = "http://www.w3.org/2001/XMLSchema#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def text(value: str) -> str:
    """Write a literal's text: single spaces, escaped."""
    value = " ".join(value.split())
    return value.translate(ESCAPES) if '"' in value or "\\" in value else value


def segment(value: str) -> str:
    """Write a value inside an IRI."""
    if value.isalnum() and value.isascii():
        return value
    return quote(" ".join(value.split()), safe="-._~")


def run_table_by_hand(_: Path, source: Path, out: Path) -> None:
    """Map the table as one would by hand."""
    with (
        source.open(encoding="utf-8-sig", newline="") as rows,
        out.open("w", encoding="utf-8") as stream,
    ):
        reader = csv.reader(rows)
        next(reader)
        map_rows(reader, stream)


def run_workbook_by_hand(_: Path, source: Path, out: Path) -> None:
    """Map the same table in a workbook, read as one would by hand."""
    import zipfile

    from lxml import etree

    start = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(source) as book, out.open("w", encoding="utf-8") as stream:
        with book.open("xl/sharedStrings.xml") as part:
            shared = [
                "".join(item.itertext()) for _, item in etree.iterparse(part, tag=f"{start}si")
            ]

        def rows() -> Iterator[list[str]]:
            with book.open("xl/worksheets/sheet1.xml") as part:
                for _, row in etree.iterparse(part, tag=f"{start}row"):
                    cells = [""] * 20
                    for cell in row:
                        value = cell[0].text
                        if cell.get("t") == "s":
                            value = shared[int(value)]
                        cells[ord(cell.get("r")[0]) - ord("A")] = value
                    yield cells
                    row.clear()

        found = rows()
        next(found)
        map_rows(found, stream)


def map_rows(reader: Iterable[list[str]], stream: TextIO) -> None:
    """Write the quads of the rows of a table."""
    end = f" <{BASE}graph/source/bench/table> .\n"
    for (
        key, ark, title, title_en, short_title, type_, parent, creator_ppn, creator, date_text,
        year_start, year_end, language, subject, place, extent, description, holder, url,
        updated,
    ) in reader:  # fmt: skip
        s = f"<{BASE}id/fonds/{segment(key)}>"
        lines = [
            f"{s} <{TYPE}> <{RICO}RecordSet>{end}",
            f"{s} <{TYPE}> <{COLLEX}DescribedUnit>{end}",
            f'{s} <{RICO}identifier> "{text(key)}"{end}',
        ]
        add = lines.append
        if ark:
            add(f'{s} <{RICO}identifier> "{text(ark)}"{end}')
        if title:
            add(f'{s} <{RICO}title> "{text(title)}"@fr{end}')
        if title_en:
            add(f'{s} <{RICO}title> "{text(title_en)}"@en{end}')
        if short_title:
            add(f'{s} <{DCTERMS}alternative> "{text(short_title)}"@fr{end}')
        if type_:
            add(f"{s} <{COLLEX}fondsType> <{BASE}vocabulary/fonds-type/{segment(type_)}>{end}")
        if parent:
            p = f"<{BASE}id/fonds/{segment(parent)}>"
            add(f"{s} <{RICO}isDirectlyIncludedIn> {p}{end}")
            add(f"{p} <{RICO}directlyIncludes> {s}{end}")
        if creator_ppn:
            agent = f"<http://www.idref.fr/{segment(creator_ppn)}/id>"
            add(f"{s} <{RICO}hasOrganicProvenance> {agent}{end}")
        if creator:
            add(f'{s} <{COLLEX}originationNote> "{text(creator)}"@fr{end}')
        if date_text:
            add(f'{s} <{RICO}date> "{text(date_text)}"{end}')
        if year_start:
            add(f'{s} <{COLLEX}startYear> "{text(year_start)}"^^<{XSD}integer>{end}')
        if year_end:
            add(f'{s} <{COLLEX}endYear> "{text(year_end)}"^^<{XSD}integer>{end}')
        if language:
            iri = f"<http://lexvo.org/id/iso639-3/{segment(language)}>"
            add(f"{s} <{DCTERMS}language> {iri}{end}")
        if subject:
            add(f'{s} <{DCTERMS}subject> "{text(subject)}"@fr{end}')
        if place:
            add(f'{s} <{DCTERMS}spatial> "{text(place)}"@fr{end}')
        if extent:
            add(f'{s} <{RICO}recordResourceExtent> "cartons {text(extent)}"{end}')
        if description:
            add(f'{s} <{RICO}scopeAndContent> "{text(description)}"@fr{end}')
        if holder:
            add(f"{s} <{RICO}hasOrHadHolder> <{BASE}id/library/{segment(holder)}>{end}")
        if url:
            add(f"{s} <http://xmlns.com/foaf/0.1/homepage> <{url}>{end}")
        if updated:
            add(f'{s} <{DCTERMS}modified> "{text(updated)}"^^<{XSD}date>{end}')
        stream.writelines(lines)


def run_finding_aid_by_hand(_: Path, source: Path, out: Path) -> None:
    """Map the finding aid as one would by hand, with the same functions for dates."""
    from lxml import etree

    from collex_graph.mapping.functions import FUNCTIONS

    start_year, end_year = FUNCTIONS["startYear"].call, FUNCTIONS["endYear"].call
    notice = ""

    def inner(element: etree._Element) -> str:
        return text("".join(element.itertext()))

    with out.open("w", encoding="utf-8") as stream:
        events = etree.iterparse(
            str(source), events=("end",), tag=["c", "archdesc", "eadid"], load_dtd=False
        )
        for _event, unit in events:
            if unit.tag == "eadid":
                notice = unit.get("identifier")
                continue
            key = notice if unit.tag == "archdesc" else unit.get("id")
            s = f"<{BASE}id/fonds/{segment(key)}>"
            end = f" <{BASE}graph/source/bench/{segment(notice)}> .\n"
            lines = [
                f"{s} <{TYPE}> <{RICO}RecordSet>{end}",
                f"{s} <{TYPE}> <{COLLEX}DescribedUnit>{end}",
            ]
            add = lines.append
            for did in unit.iterchildren("did"):
                for part in did:
                    if part.tag == "unittitle":
                        add(f'{s} <{RICO}title> "{inner(part)}"@fr{end}')
                    elif part.tag == "unitid":
                        add(f'{s} <{RICO}identifier> "{inner(part)}"{end}')
                    elif part.tag == "unitdate":
                        add(f'{s} <{RICO}date> "{inner(part)}"{end}')
                        normal = part.get("normal")
                        year = start_year(normal=normal)
                        add(f'{s} <{COLLEX}startYear> "{year}"^^<{XSD}integer>{end}')
                        year = end_year(normal=normal)
                        add(f'{s} <{COLLEX}endYear> "{year}"^^<{XSD}integer>{end}')
                    elif part.tag == "physdesc":
                        for extent in part.iterchildren("extent"):
                            add(f'{s} <{RICO}recordResourceExtent> "{inner(extent)}"{end}')
                    elif part.tag == "langmaterial":
                        for language in part.iterchildren("language"):
                            code = segment(language.get("langcode"))
                            iri = f"<http://lexvo.org/id/iso639-3/{code}>"
                            add(f"{s} <{DCTERMS}language> {iri}{end}")
            for scope in unit.iterchildren("scopecontent"):
                for paragraph in scope.iterchildren("p"):
                    add(f'{s} <{RICO}scopeAndContent> "{inner(paragraph)}"@fr{end}')
            points = 0
            for group in unit.iterchildren("controlaccess"):
                for point in group:
                    points += 1
                    add(f'{s} <{DCTERMS}subject> "{inner(point)}"@fr{end}')
                    number = point.get("authfilenumber")
                    if number:
                        agent = f"<http://www.idref.fr/{segment(number)}/id>"
                        add(f"{s} <{COLLEX}linkedAgent> {agent}{end}")
            add(f'{s} <{COLLEX}accessPointCount> "{points}"^^<{XSD}integer>{end}')
            if unit.tag == "c":
                above = unit.getparent()
                while above.tag not in ("c", "archdesc"):
                    above = above.getparent()
                upper = notice if above.tag == "archdesc" else above.get("id")
                p = f"<{BASE}id/fonds/{segment(upper)}>"
                add(f"{s} <{RICO}isDirectlyIncludedIn> {p}{end}")
                parent = unit.getparent()
                unit.clear()
                while (before := unit.getprevious()) is not None and before.tag == "c":
                    parent.remove(before)
            stream.writelines(lines)


BIBO = "http://purl.org/ontology/bibo/"
FOAF = "http://xmlns.com/foaf/0.1/"


def run_kbart_by_hand(_: Path, source: Path, out: Path) -> None:
    """Map the list of titles as one would by hand."""
    end = f" <{BASE}graph/source/bench/kbart> .\n"
    plain = (
        ("publication_title", f"<{DCTERMS}title>"), ("print_identifier", f"<{BIBO}issn>"),
        ("online_identifier", f"<{BIBO}eissn>"), ("num_first_vol_online", f"<{COLLEX}firstVolume>"),
        ("num_first_issue_online", f"<{COLLEX}firstIssue>"),
        ("num_last_vol_online", f"<{COLLEX}lastVolume>"),
        ("num_last_issue_online", f"<{COLLEX}lastIssue>"),
        ("embargo_info", f"<{COLLEX}embargoInfo>"), ("coverage_depth", f"<{COLLEX}coverageDepth>"),
        ("publisher_name", f"<{DCTERMS}publisher>"),
        ("date_monograph_published_online", f"<{COLLEX}onlineDate>"),
        ("first_author", f"<{COLLEX}firstAuthor>"),
    )  # fmt: skip
    dates = (
        ("date_first_issue_online", f"<{COLLEX}coverageFrom>"),
        ("date_last_issue_online", f"<{COLLEX}coverageTo>"),
    )
    made = (
        ("publication_type", f"<{DCTERMS}type>", f"{BASE}vocabulary/title-type/"),
        ("access_type", f"<{COLLEX}accessType>", f"{BASE}vocabulary/access-type/"),
        ("parent_publication_title_id", f"<{DCTERMS}isPartOf>", f"{BASE}id/title/"),
        ("preceding_publication_title_id", f"<{DCTERMS}replaces>", f"{BASE}id/title/"),
    )
    with (
        source.open(encoding="utf-8-sig", newline="") as rows,
        out.open("w", encoding="utf-8") as stream,
    ):
        reader = csv.reader(rows, delimiter="\t")
        place = {name: number for number, name in enumerate(next(reader))}
        plain_at = [(place[name], predicate) for name, predicate in plain]
        dates_at = [(place[name], predicate) for name, predicate in dates]
        made_at = [(place[name], predicate, start) for name, predicate, start in made]
        key, page = place["title_id"], place["title_url"]
        for row in reader:
            s = f"<{BASE}id/title/{segment(row[key])}>"
            lines = [f"{s} <{TYPE}> <{COLLEX}PackagedTitle>{end}"]
            add = lines.append
            for number, predicate in plain_at:
                if row[number]:
                    add(f'{s} {predicate} "{text(row[number])}"{end}')
            for number, predicate in dates_at:
                if row[number]:
                    add(f'{s} {predicate} "{text(row[number])}"^^<{XSD}date>{end}')
            for number, predicate, start in made_at:
                if row[number]:
                    add(f"{s} {predicate} <{start}{segment(row[number])}>{end}")
            if row[page]:
                add(f"{s} <{FOAF}page> <{row[page].strip()}>{end}")
            stream.writelines(lines)


def run_documents_by_hand(_: Path, source: Path, out: Path) -> None:
    """Map the records as one would by hand, one decoded at a time."""
    end = f" <{BASE}graph/source/bench/documents> .\n"
    decode = json.JSONDecoder().raw_decode
    whole = source.read_text(encoding="utf-8")
    place = whole.index("{")
    with out.open("w", encoding="utf-8") as stream:
        while True:
            record, place = decode(whole, place)
            s = f"<{BASE}id/document/{segment(record['arkIstex'])}>"
            host = record["host"]
            lines = [
                f"{s} <{TYPE}> <{BIBO}Article>{end}",
                f"{s} <{COLLEX}corpus> <{BASE}id/corpus/{segment(record['corpusName'])}>{end}",
            ]
            add = lines.append
            texts = (
                ("dcterms", "title", [record["title"]]),
                ("dcterms", "abstract", [record["abstract"]]),
                ("dcterms", "creator", [author["name"] for author in record["author"]]),
                ("bibo", "doi", record["doi"]),
                ("dcterms", "subject", [subject["value"] for subject in record["subject"]]),
                ("dcterms", "bibliographicCitation", [host["title"]]),
                ("bibo", "issn", host["issn"]),
                ("bibo", "eissn", host["eissn"]),
                ("bibo", "volume", [host["volume"]]),
                ("bibo", "issue", [host["issue"]]),
                ("bibo", "pageStart", [host["pages"]["first"]]),
                ("bibo", "pageEnd", [host["pages"]["last"]]),
                ("dcterms", "type", record["genre"]),
                ("collex", "discipline", record["categories"]["inist"]),
            )
            for prefix, name, values in texts:
                predicate = f"<{NAMESPACES[prefix]}{name}>"
                for value in values:
                    if value:
                        add(f'{s} {predicate} "{text(value)}"{end}')
            for code in record["language"]:
                iri = f"<http://lexvo.org/id/iso639-3/{segment(code)}>"
                add(f"{s} <{DCTERMS}language> {iri}{end}")
            year, words = record["publicationDate"], record["qualityIndicators"]["pdfWordCount"]
            add(f'{s} <{COLLEX}publicationYear> "{year}"^^<{XSD}integer>{end}')
            add(f'{s} <{COLLEX}wordCount> "{words}"^^<{XSD}integer>{end}')
            stream.writelines(lines)
            place = whole.find("{", place)
            if place < 0:
                return


NAMESPACES = {"dcterms": DCTERMS, "bibo": BIBO, "collex": COLLEX}


def run_people_by_hand(_: Path, source: Path, out: Path) -> None:
    """Map a folder of RDF files as one would by hand, with the store's own parser."""
    import pyoxigraph

    skos, owl = "http://www.w3.org/2004/02/skos/core#", "http://www.w3.org/2002/07/owl#"
    rdf_xml = pyoxigraph.RdfFormat.RDF_XML
    names = [f"{FOAF}{name}" for name in ("name", "familyName", "givenName", "gender")]
    literals = frozenset([f"{skos}prefLabel", *names])
    links = frozenset([f"{owl}sameAs", f"{DCTERMS}language"])
    with out.open("w", encoding="utf-8") as stream:
        for path in sorted(source.rglob("*.rdf")):
            end = f" <{BASE}graph/authority/bench/{segment(path.stem)}> .\n"
            people: set[str] = set()
            said: dict[str, list[str]] = {}
            for quad in pyoxigraph.parse(path=str(path), format=rdf_xml, base_iri=path.as_uri()):
                subject, predicate, value = quad.subject.value, quad.predicate.value, quad.object
                if predicate == TYPE and value.value == f"{FOAF}Person":
                    people.add(subject)
                elif predicate in literals and value.value.strip():
                    line = f'<{subject}> <{predicate}> "{text(value.value)}"{end}'
                    said.setdefault(subject, []).append(line)
                elif predicate in links:
                    line = f"<{subject}> <{predicate}> <{value.value}>{end}"
                    said.setdefault(subject, []).append(line)
            for person in people:
                stream.write(f"<{person}> <{TYPE}> <{FOAF}Person>{end}")
                stream.writelines(said.get(person, ()))


def rewrite(_: Path, source: Path, out: Path) -> None:
    """Write a file of quads anew, so that only what they say can differ."""
    import pyoxigraph

    with source.open("rb") as stream, out.open("w", encoding="utf-8") as lines:
        for quad in pyoxigraph.parse(input=stream, format=pyoxigraph.RdfFormat.N_QUADS):
            lines.write(f"{quad}\n".replace("\r", "\\r"))


RUNS = {
    "engine": run_engine,
    "part": make_part,
    "rewrite": rewrite,
    "table by hand": run_table_by_hand,
    "workbook by hand": run_workbook_by_hand,
    "list of titles by hand": run_kbart_by_hand,
    "documents by hand": run_documents_by_hand,
    "people by hand": run_people_by_hand,
    "finding aid by hand": run_finding_aid_by_hand,
}

if __name__ == "__main__":
    RUNS[sys.argv[1]](*map(Path, sys.argv[2:]))
