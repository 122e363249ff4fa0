import pytest
from pyoxigraph import RdfFormat, parse

from collex_graph.mapping.engine import MappingRun
from collex_graph.mapping.joins import JoinIndex
from collex_graph.mapping.plan import compile_mapping
from collex_graph.mapping.rules import read_mapping
from collex_graph.sources import find_source_files, open_records

BASE = "https://example.org/base/"

BETWEEN_FILES = """
sources:
  loan: {access: "loans.csv", referenceFormulation: csv}
  book: {access: "books.csv", referenceFormulation: csv}
mappings:
  loan:
    sources: loan
    s: "base:id/loan/$(id)"
    graphs: "base:graph/loans"
    po:
      - p: rdfs:seeAlso
        o:
          mapping: book
          condition:
            function: equal
            parameters: [[str1, "$(shelfmark)"], [str2, "$(mark)"]]
  book:
    sources: book
    s: "base:id/book/$(mark)-$(copy)"
    graphs: "base:graph/books"
    po:
      - [rdfs:label, "$(title)", fr~lang]
"""
LOANS = "id,shelfmark\n1,A 1\n2,B 2\n3,none\n4,\n"
BOOKS = "mark,copy,title\nB 2,1,Deux\nA 1,2,Un\nA 1,1,Un\n"

IN_FILE = """
sources:
  person: {access: "*.xml", referenceFormulation: xpath, iterator: "//person"}
mappings:
  person:
    sources: person
    s: "base:id/$(_file)/$(@id)"
    graphs: "base:graph/people"
    po:
      - p: rdfs:seeAlso
        o:
          mapping: person
          condition:
            function: equal
            parameters: [[str1, "$(friend/@ref)", s], [str2, "$(@id)", o]]
"""


def mapped(tmp_path, document, **files):
    (tmp_path / "mapping.yml").write_text(document, encoding="utf-8")
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text, encoding="utf-8")
    run = MappingRun(compile_mapping(read_mapping(tmp_path / "mapping.yml"), BASE))
    found, _ = find_source_files("test", folder)
    if run.needs_index:
        for file in found:
            run.index(file, open_records)
    records = [record for file in found for record in run.map_file(file, open_records)]
    return run, records


def links(records):
    text = "".join(line for record in records for line in record.lines)
    return [
        (quad.subject.value.removeprefix(BASE), quad.object.value.removeprefix(BASE))
        for quad in parse(text.encode(), format=RdfFormat.N_QUADS)
        if quad.predicate.value.endswith("seeAlso")
    ]


def test_a_join_finds_the_subjects_of_another_file_in_order(tmp_path):
    run, records = mapped(tmp_path, BETWEEN_FILES, loans_csv=LOANS, books_csv=BOOKS)
    assert links(records) == [
        ("id/loan/1", "id/book/A%201-1"),
        ("id/loan/1", "id/book/A%201-2"),
        ("id/loan/2", "id/book/B%202-1"),
    ]
    assert run.rule_counts == {"loan rdfs:seeAlso": 3, "book rdfs:label": 3}


def test_a_join_between_files_is_never_mapped_without_its_index(tmp_path):
    (tmp_path / "mapping.yml").write_text(BETWEEN_FILES, encoding="utf-8")
    (tmp_path / "loans.csv").write_text(LOANS, encoding="utf-8")
    run = MappingRun(compile_mapping(read_mapping(tmp_path / "mapping.yml"), BASE))
    (file,), _ = find_source_files("test", tmp_path / "loans.csv")
    with pytest.raises(ValueError, match="index"):
        list(run.map_file(file, open_records))


def test_records_of_one_file_are_joined_with_those_of_their_own_file(tmp_path):
    _, records = mapped(
        tmp_path,
        IN_FILE,
        one_xml='<l><person id="a"><friend ref="b"/></person><person id="b"/></l>',
        two_xml='<l><person id="b"><friend ref="a"/></person></l>',
    )
    assert links(records) == [("id/one/a", "id/one/b")]


def test_a_problem_of_a_joined_record_is_told_once(tmp_path):
    document = BETWEEN_FILES.replace("base:id/book/$(mark)-$(copy)", "$(copy)~iri")
    books = "mark,copy,title\nA 1,https://example.org/a b,Un\n"
    _, records = mapped(tmp_path, document, loans_csv=LOANS, books_csv=books)
    notes = [problem.note for record in records for problem in record.problems]
    assert [(note.rule, note.value) for note in notes] == [
        ("InvalidIri", "https://example.org/a b")
    ]
    assert links(records) == []


@pytest.mark.parametrize("entries", [100_000, 3])
def test_an_index_answers_the_same_in_memory_and_on_disk(entries):
    with JoinIndex(memory_entries=entries) as index:
        for number in range(100):
            index.keep(number % 2, (f"é{number % 10}", "x"), f"<http://e.org/{99 - number}>")
        index.keep(0, ("12", "3"), "<http://e.org/a>")
        index.keep(0, ("1", "23"), "<http://e.org/b>")
        assert index.on_disk == (entries == 3)
        wanted = sorted(f"<http://e.org/{99 - n}>" for n in range(4, 100, 10))
        assert index.subjects(0, ("é4", "x")) == wanted
        assert index.subjects(1, ("é4", "x")) == []
        assert index.subjects(0, ("1", "23")) == ["<http://e.org/b>"]
        assert index.subjects(0, ("none",)) == []


def test_the_memory_of_an_index_does_not_grow_with_its_entries():
    import tracemalloc

    def peak(entries):
        tracemalloc.start()
        with JoinIndex(memory_entries=1000) as index:
            for number in range(entries):
                index.keep(0, (str(number),), f"<http://example.org/subject/{number}>")
            taken = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return taken

    assert peak(60_000) < 2 * peak(20_000)
