"""How fast the mapping engine is, beside a mapper written by hand and beside morph-kgc.

    python tests/benchmarks/bench_mapping.py [--rows 100000] [--components 50000] [--no-morph]

Makes a table of 20 columns and a finding aid of nested components, always the same ones, maps each
with our engine and with plain Python that follows the same rules (``csv`` and f-strings;
``lxml.iterparse``), every run in a process of its own, start-up included. Quads must be the same.
The engine also does what the plain mappers do not: positions, problems, checks of each term,
private elements. Memory is the peak of the process.

morph-kgc pins an old pyoxigraph, so it gets a virtual environment in the user's cache folder, made
with pip on the first run; it maps the table from the same mapping document.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape as escape_xml

BASE = "https://w3id.org/collex-graph/"
MORPH = "morph-kgc==2.10.0"
COLUMNS = (
    "id", "ark", "title", "title_en", "short_title", "type", "parent", "creator_ppn", "creator",
    "date_text", "year_start", "year_end", "language", "topic", "place", "extent", "description",
    "holder", "url", "updated",
)  # fmt: skip
WORDS = (
    "archives", "fonds", "manuscrit", "correspondance", "édition", "photographie", "carte", "thèse",
    "revue", "périodique", "numismatique", "estampe", "dessin", "herbier", "mathématiques",
    "géologie", "égyptologie", "médiéval", "révolution", "bibliothèque", "collection", "recueil",
    "notes", "cours", "laboratoire", "expédition", "mission", "relevé", "plan", "œuvre",
)  # fmt: skip
NAMES = ("Dupont", "Lefèvre", "Müller", "d'Alembert", "Saint-Hilaire", "Bréal", "Nguyễn")
LANGUAGES = ("fra", "deu", "eng", "lat", "grc", "ara", "ita", "spa")

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


# --- data ----------------------------------------------------------------------------------------


def ppn(number: random.Random) -> str:
    """Return nine digits with a check character that is wrong on purpose."""
    digits = "".join(number.choice("0123456789") for _ in range(8))
    check = (11 - sum(int(c) * w for c, w in zip(digits, range(9, 1, -1), strict=True)) % 11) % 11
    return digits + str((check + 1) % 10)


def sentence(number: random.Random, length: int) -> str:
    """Return words with now and then a quotation mark, a backslash or markup characters."""
    text = " ".join(number.choice(WORDS) for _ in range(length))
    kind = number.random()
    if kind < 0.05:
        text = text.replace(" ", ' "', 1) + '"'
    elif kind < 0.06:
        text += " C:\\fonds\\a"
    elif kind < 0.09:
        text += " & <voir> l’inventaire"
    return text[0].upper() + text[1:]


def name(number: random.Random) -> str:
    """Return the name of nobody."""
    return f"{number.choice(NAMES)}, {number.choice('ABCDEFGHJ')}. ({number.randint(1700, 1950)})"


def write_table(path: Path, rows: int) -> None:
    """Write a table of 20 columns."""
    number = random.Random(42)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for row in range(rows):
            start = number.randint(1500, 1950)
            writer.writerow([
                f"C{row:07d}", f"ark:/99999/bench{row:08d}", sentence(number, 6),
                sentence(number, 5) if number.random() < 0.4 else "",
                sentence(number, 2) if number.random() < 0.5 else "",
                number.choice(("fonds", "fonds ancien", "fonds spécialisé")),
                f"C{number.randrange(max(1, row)):07d}" if row and number.random() < 0.7 else "",
                ppn(number) if number.random() < 0.8 else "", name(number),
                f"{start}-{start + 10}" if number.random() < 0.8 else f"vers {start}",
                start, start + 10 if number.random() < 0.8 else "", number.choice(LANGUAGES),
                number.choice(WORDS), number.choice(("Paris", "Strasbourg", "Besançon", "")),
                number.randint(1, 300), sentence(number, 30) if number.random() < 0.9 else "",
                number.choice(("751052105", "674821001", "751059807")),
                f"https://example.org/c/{row}?lang=fr",
                f"20{number.randint(10, 25)}-0{number.randint(1, 9)}-{number.randint(10, 28)}",
            ])  # fmt: skip


def write_finding_aid(path: Path, components: int) -> None:
    """Write a finding aid of components nested in up to five levels."""
    number = random.Random(5)
    written = 0

    def component(depth: int) -> None:
        nonlocal written
        written += 1
        start = number.randint(1500, 1950)
        stream.write(
            f'{" " * depth}<c id="c{written:06d}" level="otherlevel"><did>'
            f"<unitid>F0/{written}</unitid>"
            f"<unittitle>{escape_xml(sentence(number, 6))}</unittitle>"
            f'<unitdate normal="{start}/{start + 10}">{start}-{start + 10}</unitdate>'
            f"<physdesc><extent>{number.randint(1, 90)} pièces</extent></physdesc><langmaterial>"
            f'<language langcode="{number.choice(LANGUAGES)}">x</language></langmaterial></did>\n'
        )
        if number.random() < 0.6:
            text = escape_xml(sentence(number, 20))
            stream.write(f"<scopecontent><p>{text} <emph>fin</emph></p></scopecontent>")
        points = number.randint(0, 3)
        if points:
            stream.write("<controlaccess>")
            for _ in range(points):
                if number.random() < 0.5:
                    stream.write(f"<subject>{number.choice(WORDS)}</subject>")
                else:
                    stream.write(
                        f'<persname authfilenumber="{ppn(number)}" role="auteur">'
                        f"{escape_xml(name(number))}</persname>"
                    )
            stream.write("</controlaccess>\n")
        if depth < 4:
            for _ in range((12, 10, 8, 5)[depth]):
                if written < components:
                    component(depth + 1)
        stream.write("</c>\n")

    with path.open("w", encoding="utf-8") as stream:
        stream.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE ead PUBLIC "+//ISBN 1-931666-00-8//'
            'DTD ead.dtd (Encoded Archival Description (EAD) Version 2002)//EN" "ead.dtd">\n'
            '<ead><eadheader><eadid identifier="BENCH"/></eadheader><archdesc level="fonds"><did>'
            "<unitid>F0</unitid><unittitle>Fonds</unittitle></did><dsc>\n"
        )
        while written < components:
            component(0)
        stream.write("</dsc></archdesc></ead>\n")


# --- the three mappers ---------------------------------------------------------------------------


def run_engine(mapping: Path, source: Path, out: Path) -> None:
    """Map with our engine."""
    from collex_graph.mapping.engine import MappingRun
    from collex_graph.mapping.plan import compile_mapping
    from collex_graph.mapping.rules import read_mapping
    from collex_graph.sources import find_source_files, open_records

    run = MappingRun(compile_mapping(read_mapping(mapping), BASE))
    (source_file,), _ = find_source_files("bench", source)
    with out.open("w", encoding="utf-8") as stream:
        for mapped in run.map_file(source_file, open_records):
            stream.writelines(mapped.lines)
            if mapped.problems:
                sys.exit(f"a problem where there is none: {mapped.problems[0]}")


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
    end = f" <{BASE}graph/source/bench/table> .\n"
    with (
        source.open(encoding="utf-8-sig", newline="") as rows,
        out.open("w", encoding="utf-8") as stream,
    ):
        reader = csv.reader(rows)
        next(reader)
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


def rewrite(_: Path, source: Path, out: Path) -> None:
    """Write a file of quads anew, so that only what they say can differ."""
    import pyoxigraph

    with source.open("rb") as stream, out.open("w", encoding="utf-8") as lines:
        for quad in pyoxigraph.parse(input=stream, format=pyoxigraph.RdfFormat.N_QUADS):
            lines.write(f"{quad}\n".replace("\r", "\\r"))


RUNS = {
    "engine": run_engine,
    "rewrite": rewrite,
    "table by hand": run_table_by_hand,
    "finding aid by hand": run_finding_aid_by_hand,
}


# --- measuring -----------------------------------------------------------------------------------


@dataclass
class Measure:
    """What one process took: processor seconds (user and system) and its peak memory."""

    seconds: float
    peak_mb: float


def measure(command: list[str], cwd: Path | None = None) -> Measure:
    """Run a command to its end."""
    process = subprocess.Popen(command, cwd=cwd)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"failed: {' '.join(command)}")
    return Measure(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run_apart(run: str, mapping: Path, source: Path, out: Path) -> Measure:
    """Run one of `RUNS` in a process of its own."""
    command = [sys.executable, __file__, "--run", run, str(mapping), str(source), str(out)]
    return measure(command)


def distinct_lines(path: Path) -> tuple[int, bytes]:
    """Return how many distinct lines a file has, and their digest."""
    import hashlib

    environment = {**os.environ, "LC_ALL": "C"}
    sort = subprocess.Popen(
        ["/usr/bin/env", "sort", "-u", str(path)], stdout=subprocess.PIPE, env=environment
    )
    assert sort.stdout is not None
    digest, count = hashlib.sha256(), 0
    for line in sort.stdout:
        digest.update(line)
        count += 1
    if sort.wait() != 0:
        sys.exit(f"sort failed on {path}")
    return count, digest.digest()


def show(label: str, quads: int, taken: Measure) -> None:
    """Print one line of the results."""
    print(
        f"  {label:28} {quads:>10,} quads {taken.seconds:8.2f} s {quads / taken.seconds:>11,.0f} "
        f"quads/s {taken.peak_mb:7.0f} MB"
    )


def compare(folder: Path, kind: str, mapping: Path, source: Path, pairs: int) -> tuple[Path, float]:
    """Run the engine and the mapper by hand in turn; return the engine's output and its time."""
    engine_out, hand_out = folder / f"{kind}-engine.nq", folder / f"{kind}-hand.nq"
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(run_apart("engine", mapping, source, engine_out))
        theirs.append(run_apart(f"{kind} by hand", mapping, source, hand_out))
    quads, digest = distinct_lines(engine_out)
    if (quads, digest) != distinct_lines(hand_out):
        sys.exit(f"the quads differ: {engine_out} {hand_out}")
    middle = [
        Measure(statistics.median(m.seconds for m in runs), max(m.peak_mb for m in runs))
        for runs in (ours, theirs)
    ]
    show("collex-graph", quads, middle[0])
    show("by hand", quads, middle[1])
    ratios = [a.seconds / b.seconds for a, b in zip(ours, theirs, strict=True)]
    print(f"  ratio to the mapper by hand: {', '.join(f'{r:.2f}' for r in ratios)}; same quads")
    return engine_out, middle[0].seconds


# --- morph-kgc -----------------------------------------------------------------------------------


def morph_python() -> str | None:
    """Return the Python of an environment with morph-kgc, made on the first run; None without."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "collex-graph" / MORPH.replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"  installing {MORPH} in {folder}")
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", MORPH]
        done = subprocess.run(install, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stderr)
            return None
        (folder / "complete").touch()
    return str(python)


def compare_morph(folder: Path, mapping: Path, source: Path, ours: Path, seconds: float) -> None:
    """Map the table with morph-kgc."""
    python = morph_python()
    if python is None:
        print(f"  {MORPH} could not be installed: not compared")
        return
    out = folder / "morph.nq"
    (folder / "morph.ini").write_text(
        f"[CONFIGURATION]\noutput_file={out}\noutput_format=N-QUADS\nlogging_level=ERROR\n"
        f"number_of_processes=1\n[TABLE]\nmappings={mapping}\nfile_path={source}\n"
    )
    taken = measure([python, "-m", "morph_kgc", str(folder / "morph.ini")], cwd=folder)
    for path in (out, ours):
        run_apart("rewrite", mapping, path, path.with_suffix(".same"))
    quads, digest = distinct_lines(out.with_suffix(".same"))
    show("morph-kgc 2.10", quads, taken)
    ours_too = distinct_lines(ours.with_suffix(".same"))
    same = "same quads" if (quads, digest) == ours_too else f"OTHER quads: {out} {ours}"
    print(f"  morph-kgc takes {taken.seconds / seconds:.1f} times our time; {same}")


def main() -> None:
    """Run everything and print the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--components", type=int, default=50_000)
    parser.add_argument("--pairs", type=int, default=3, help="runs of each, in turn")
    parser.add_argument("--no-morph", action="store_true")
    parser.add_argument("--run", nargs=4, metavar=("NAME", "MAPPING", "SOURCE", "OUT"))
    arguments = parser.parse_args()
    if arguments.run:
        run, *paths = arguments.run
        RUNS[run](*map(Path, paths))
        return
    with tempfile.TemporaryDirectory(prefix="bench-mapping-") as name_:
        folder = Path(name_)
        (folder / "table.yml").write_text(TABLE_MAPPING, encoding="utf-8")
        (folder / "ead.yml").write_text(EAD_MAPPING, encoding="utf-8")
        sizes = {"table": arguments.rows, "finding aid": arguments.components}
        for kind, size in sizes.items():
            ending, mapping = (".csv", "table.yml") if kind == "table" else (".xml", "ead.yml")
            write = write_table if kind == "table" else write_finding_aid
            source = folder / f"table{ending}"
            write(source, size)
            unit = f"rows of {len(COLUMNS)} columns" if kind == "table" else "components"
            megabytes = source.stat().st_size / 1e6
            print(f"{kind}: {size:,} {unit}, {megabytes:.0f} MB")
            out, seconds = compare(folder, kind, folder / mapping, source, arguments.pairs)
            if kind == "table" and not arguments.no_morph:
                compare_morph(folder, folder / mapping, source, out, seconds)
            small = folder / "small" / source.name
            small.parent.mkdir(exist_ok=True)
            write(small, size // 4)
            taken = run_apart("engine", folder / mapping, small, folder / "small.nq")
            show(f"collex-graph, {size // 4:,}", distinct_lines(folder / "small.nq")[0], taken)


if __name__ == "__main__":
    main()
