from dataclasses import replace

import pytest

from collex_graph.errors import UnreadableSourceError
from collex_graph.model import RecordSource
from collex_graph.sources import find_source_files, open_records


def asked(*columns, **options):
    return RecordSource("rows", "*.csv", "csv", columns=frozenset(columns), **options)


def opened(tmp_path, content, source=None, *, name="table.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    (found,), _ = find_source_files("test", path)
    return open_records(found, [source or asked("id", "name")])


def rows(tmp_path, content, source=None, **options):
    """The readable rows: row, line, and the cells of the columns asked for."""
    stream = opened(tmp_path, content, source, **options)
    places = [stream.columns[name] for name in ("id", "name") if name in stream.columns]
    return [
        (record.row, record.line, *[record.content[place] for place in places])
        for record in stream
        if record.usable
    ]


def notes(tmp_path, content, source=None):
    stream = opened(tmp_path, content, source)
    return [
        (record.row, note.rule, note.value, record.usable)
        for record in stream
        for note, _ in record.notes
    ]


def refusal(tmp_path, content, source=None):
    with pytest.raises(UnreadableSourceError) as raised:
        rows(tmp_path, content, source)
    return raised.value


# --- rows and lines ------------------------------------------------------------------------------


def test_rows_are_counted_from_the_header_and_lines_apart(tmp_path):
    content = 'id,name\n1,"two\nlines"\n2,plain\n'
    assert rows(tmp_path, content) == [(2, 2, "1", "two\nlines"), (3, 4, "2", "plain")]


def test_blank_rows_are_counted_and_not_read(tmp_path):
    stream = opened(tmp_path, "id,name\n\n1,a\n , \n,\n2,b\n\n")
    assert [record.row for record in stream] == [3, 6]
    assert stream.records_read == 2


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_read(tmp_path, end):
    assert rows(tmp_path, f"id,name{end}1,a{end}2,b") == [(2, 2, "1", "a"), (3, 3, "2", "b")]


def test_a_header_may_span_lines(tmp_path):
    assert rows(tmp_path, '"id",name,"other\ncolumn"\n1,a,x\n') == [(2, 3, "1", "a")]


def test_a_short_row_is_read_and_reported(tmp_path):
    content = "id,name,x\n1\n2,b,c\n"
    assert rows(tmp_path, content) == [(2, 2, "1", ""), (3, 3, "2", "b")]
    assert notes(tmp_path, content) == [(2, "ShortRow", "2", True)]


def test_a_long_row_is_reported_and_left_out(tmp_path):
    content = "id,name\n1,Paris, France\n2,b\n"
    assert rows(tmp_path, content) == [(3, 3, "2", "b")]
    assert notes(tmp_path, content) == [(2, "LongRow", "2", False)]


def test_empty_cells_beyond_the_header_are_no_problem(tmp_path):
    assert notes(tmp_path, "id,name\n1,a,,\n") == []


def test_a_row_with_stray_quotation_marks_is_left_out_and_the_next_is_read(tmp_path):
    content = 'id,name\n1,"Le" jeune\n2,b\n'
    assert rows(tmp_path, content) == [(3, 3, "2", "b")]
    assert notes(tmp_path, content) == [(2, "MalformedRow", "2", False)]


def test_quotation_marks_are_text_where_the_source_says_so(tmp_path):
    source = asked("id", "name", quoted=False, delimiter="\t")
    assert rows(tmp_path, 'id\tname\n1\t"Le" jeune\n2\t"x\n', source) == [
        (2, 2, "1", '"Le" jeune'),
        (3, 3, "2", '"x'),
    ]


def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_line(tmp_path):
    error = refusal(tmp_path, 'id,name\n1,a\n2,"b\n3,c\n4,d\n')
    assert error.line == 3
    assert "never closed" in str(error)


def test_a_cell_without_end_is_refused_before_it_fills_the_memory(tmp_path):
    error = refusal(tmp_path, 'id,name\n1,a\n2,"b\n' + "3,c\n" * 100_000)
    assert error.line == 3
    assert "never closed" in str(error)


# --- a header block, cells as records, the file as a record ---------------------------------------

REPORT = (
    "Report_ID,TR,,,\n"
    'Exceptions,"a, b",,,\n'
    "Institution_ID\n"
    ",,,,\n"
    "Title,Metric,Total,Jan-2017,Feb-2017\n"
    "Journal,Requests,3,1,2\n"
    "Book,Requests,4,,4\n"
)


def report(tmp_path, content=REPORT):
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8")
    (found,), _ = find_source_files("test", path)
    file = RecordSource(
        "file", "*.csv", "csv", header="blank", iterator="file",
        columns=frozenset({"_header.Report_ID", "_header.Exceptions", "Metric"}),
    )  # fmt: skip
    row = RecordSource("row", "*.csv", "csv", columns=frozenset({"Title"}), header="blank")
    cell = RecordSource(
        "cell", "*.csv", "csv", columns=frozenset({"Title", "_column", "_cell"}),
        header="blank", cells="[A-Z][a-z]{2}-[0-9]{4}",
    )  # fmt: skip
    return open_records(found, [file, row, cell])


def of_source(stream, index, *names):
    return [
        (record.row, number, *[record.content[stream.columns[name]] for name in names])
        for record in stream
        for source, number in record.sources
        if source == index
    ]


def test_a_block_above_the_header_gives_its_values_to_every_record(tmp_path):
    names = ("_header.Report_ID", "_header.Exceptions", "_header.Institution_ID")
    assert of_source(report(tmp_path), 0, *names) == [(1, 1, "TR", "a, b", "")]
    assert of_source(report(tmp_path), 0, "Metric") == [(1, 1, "Requests")]
    assert of_source(report(tmp_path), 1, "Title", "_header.Report_ID") == [
        (6, 1, "Journal", "TR"), (7, 2, "Book", "TR"),
    ]  # fmt: skip


def test_filled_cells_of_matching_columns_are_records_with_their_row(tmp_path):
    assert of_source(report(tmp_path), 2, "Title", "_column", "_cell") == [
        (6, 1, "Journal", "Jan-2017", "1"),
        (6, 2, "Journal", "Feb-2017", "2"),
        (7, 3, "Book", "Feb-2017", "4"),
    ]


def test_a_block_without_rows_behind_it_is_still_a_record(tmp_path):
    stream = report(tmp_path, "Report_ID,TR\n\nTitle,Metric,Jan-2017\n")
    assert of_source(stream, 0, "_header.Report_ID", "Metric") == [(1, 1, "TR", "")]


def test_a_table_without_block_and_rows_has_no_record(tmp_path):
    file = asked("id", iterator="file")
    assert rows(tmp_path, "id,name\n", file) == []
    assert rows(tmp_path, "id,name\n1,a\n2,b\n", file) == [(1, 1, "1", "a")]


def test_a_block_without_a_blank_row_behind_it_is_refused(tmp_path):
    with pytest.raises(UnreadableSourceError, match="no blank row"):
        report(tmp_path, "Report_ID,TR\nTitle,Jan-2017\nJournal,1\n")


def test_a_column_that_need_not_be_there_is_not_missed(tmp_path):
    source = asked("id", "name", "note", optional=frozenset({"note"}))
    assert notes(tmp_path, "id\n1\n", source) == [(1, "MissingColumn", "name", False)]


def test_a_name_that_the_block_lacks_is_a_missing_column(tmp_path):
    stream = report(tmp_path, REPORT.replace("Exceptions", "Remarks"))
    found = [(note.rule, column) for record in stream for note, column in record.notes]
    assert found == [("MissingColumn", "_header.Exceptions")]


# --- columns -------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_the_delimiter_is_the_one_that_gives_the_columns(tmp_path, delimiter):
    content = f"id{delimiter}a;b,c{delimiter}name\n1{delimiter}x{delimiter}y\n"
    content = content.replace("a;b,c", '"a;b,c"')
    assert rows(tmp_path, content) == [(2, 2, "1", "y")]


def test_a_declared_delimiter_is_taken_at_its_word(tmp_path):
    error = refusal(tmp_path, "id,name\n1,a\n", asked("id", "name", delimiter=";"))
    assert "delimiter ';'" in str(error)


def test_spaces_and_accents_of_headers_do_not_matter(tmp_path):
    decomposed = "libelle\u0301"
    source = asked("libellé")
    (record,) = opened(tmp_path, f" {decomposed}\u00a0;x\n1;2\n", source)
    assert record.content == ["1", "2"]


def test_a_column_may_go_by_another_header(tmp_path):
    source = asked("id", "name", aliases={"name": ("label", "Libellé")})
    assert rows(tmp_path, "id,Libellé\n1,a\n", source) == [(2, 2, "1", "a")]


def test_a_missing_column_is_reported_once_beside_the_header(tmp_path):
    content = "id\n1\n2\n"
    assert rows(tmp_path, content) == [(2, 2, "1"), (3, 3, "2")]
    assert notes(tmp_path, content) == [(1, "MissingColumn", "name", False)]


def test_a_missing_column_is_reported_even_without_rows(tmp_path):
    assert notes(tmp_path, "id\n") == [(1, "MissingColumn", "name", False)]


def test_the_first_of_two_columns_of_one_name_is_read(tmp_path):
    content = "id,name,name,x,x\n1,a,b,c,d\n"
    assert rows(tmp_path, content) == [(2, 2, "1", "a")]
    assert notes(tmp_path, content) == [(1, "DuplicateColumn", "name", False)]


def test_columns_without_header_are_passed_over(tmp_path):
    assert rows(tmp_path, ",id,,name\n0,1,2,a\n") == [(2, 2, "1", "a")]


def test_a_table_without_any_column_asked_for_is_refused_by_their_names(tmp_path):
    error = refusal(tmp_path, "1,a\n2,b\n")
    assert error.line == 1
    assert "id, name" in str(error)


# --- encodings -----------------------------------------------------------------------------------

WORDS = "id,name\n1,Écriture « cunéiforme » – œuvre\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_or_without_its_mark(tmp_path, encoding):
    content = WORDS.encode(encoding)
    assert rows(tmp_path, content) == [(2, 2, "1", "Écriture « cunéiforme » – œuvre")]
    assert notes(tmp_path, content) == []


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("cp1252", "windows-1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_another_encoding_is_read_and_reported(tmp_path, encoding, name):
    content = WORDS.encode(encoding)
    assert rows(tmp_path, content) == [(2, 2, "1", "Écriture « cunéiforme » – œuvre")]
    assert notes(tmp_path, content) == [(1, "EncodingNotUtf8", name, False)]


def test_windows_1252_is_recognised_beyond_the_first_megabyte(tmp_path):
    content = b"id,name\n" + b"1,a\n" * 300_000 + "2,é\n".encode("cp1252")
    assert rows(tmp_path, content)[-1][2:] == ("2", "é")


def test_windows_1252_whose_letters_look_like_utf_8_once_is_still_read(tmp_path):
    content = "id,name\n1,«CAFÉ»\n2,été à Évry\n".encode("cp1252")
    assert [row[3] for row in rows(tmp_path, content)] == ["«CAFÉ»", "été à Évry"]


@pytest.mark.parametrize(
    ("content", "words", "line"),
    [
        (b"", "empty", None),
        (b"\n\n", "no header", 1),
        (b"id,name\n1,a\0b\n", "NUL", 2),
        (b"id,name\n1,\xe9\n2,a\0b\n", "NUL", 3),
        ("id,name\n1,中\n\0".encode(), "UTF-16 without its mark", 3),
        ("id,name\n1,a\n".encode("utf-32"), "UTF-32", None),
        (b"+/v8-id,name\n", "UTF-7", None),
        (b"id,name\n1,\x81\n", "0x81", 2),
        (WORDS.encode() + b"2,\xed\xa0\x80\xff\n", "damaged", 3),
        (WORDS.encode() + b"2,caf\xc3\n", "damaged", 3),
        (b"\xff\xfei\x00d\x00,\x00x", "character", 1),
    ],
)
def test_what_cannot_be_read_rightly_is_refused_in_words(tmp_path, content, words, line):
    error = refusal(tmp_path, content)
    assert words in str(error)
    assert error.line == line


def test_memory_does_not_grow_with_the_table(tmp_path):
    import tracemalloc

    def peak(count):
        stream = opened(tmp_path, "id,name\n" + "1,a fairly ordinary name\n" * count)
        tracemalloc.start()
        assert sum(1 for _ in stream) == count
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    assert peak(40_000) < peak(2_000) + 100_000


# --- finding files -------------------------------------------------------------------------------


def test_a_folder_is_searched_in_the_order_of_names(tmp_path):
    for name in ("b.csv", "a/z.XML", "a.tsv", "PROVENANCE.md", "c/kbart.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x", encoding="utf-8")
    files, ignored = find_source_files("test", tmp_path)
    assert [(found.name, found.media_type) for found in files] == [
        ("z.XML", "application/xml"),
        ("a.tsv", "text/tab-separated-values"),
        ("b.csv", "text/csv"),
        ("kbart.txt", "text/plain"),
    ]
    assert [path.name for path in ignored] == ["PROVENANCE.md"]


def test_a_file_is_described_by_its_bytes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"abc")
    (found,), ignored = find_source_files("test", path)
    assert ignored == []
    assert (found.dataset, found.size_bytes) == ("test", 3)
    assert found.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    (plain,), _ = find_source_files("test", path, digests=False)
    assert plain == replace(found, sha256="")


@pytest.mark.parametrize("name", ["absent.csv", "report.docx", "README"])
def test_a_single_file_that_no_reader_reads_is_refused(tmp_path, name):
    if name != "absent.csv":
        (tmp_path / name).write_text("x", encoding="utf-8")
    with pytest.raises(UnreadableSourceError):
        find_source_files("test", tmp_path / name)


@pytest.mark.real_data
def test_the_real_table_of_establishments_is_read_to_its_end(shared_data):
    (path,) = (shared_data / "institutions").glob("fr-esr-principaux*.csv")
    (found,), _ = find_source_files("esr", path)
    stream = open_records(found, [asked("uai", "uo_lib")])
    assert all(record.usable and not record.notes for record in stream)
    assert stream.records_read == 250
