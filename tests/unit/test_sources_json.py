import json
import resource

import pytest

from collex_graph.errors import UnreadableSourceError
from collex_graph.mapping.jsonpath import JsonPathFormulation
from collex_graph.model import RecordSource
from collex_graph.sources import find_source_files, open_records
from collex_graph.sources import json as reader

JSONPATH = JsonPathFormulation()


def asked(iterator, *references):
    selection = JSONPATH.selection(iterator, references, {})
    return RecordSource("records", "*.json", "jsonpath", iterator=iterator, selection=selection)


def opened(tmp_path, content, *sources, name="data.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    (found,), _ = find_source_files("test", path)
    return open_records(found, sources)


def values(tmp_path, content, iterator, *references):
    """What references give for each record, as ``a+b`` where there are several values."""
    text = content if isinstance(content, str | bytes) else json.dumps(content)
    readers = [JSONPATH.reader(reference, {}) for reference in references]
    found = []
    for record in opened(tmp_path, text, asked(iterator, *references)):
        if record.usable:
            texts = tuple("+".join(read(record.content)) for read in readers)
            found.append(texts[0] if len(texts) == 1 else texts)
    return found


def before_the_break(stream):
    """The components of the records of a stream that breaks, and the error."""
    found = []

    def read():
        found.extend(record.component for record in stream)

    with pytest.raises(UnreadableSourceError) as raised:
        read()
    return found, raised.value


@pytest.fixture(params=["whole", "walked"])
def size(request, monkeypatch):
    """Every value is larger than the window, or none is: a rule must see the same."""
    if request.param == "walked":
        monkeypatch.setattr(reader, "WINDOW", 3)
        monkeypatch.setattr(reader, "_CHUNK", 2)


REPORT = {
    "Report_Header": {"Created": "2023-02-15", "Note": None},
    "Report_Items": [
        {
            "Title": "Annales",
            "Performance": [
                {"Period": "2022-01", "Instance": [{"Count": 3}, {"Count": 5}]},
                {"Period": "2022-02", "Instance": [{"Count": 8}]},
            ],
        },
        {"Title": "Actes", "Performance": [{"Period": "2022-01", "Instance": [{"Count": 1}]}]},
    ],
}
INSTANCES = "$.Report_Items[*].Performance[*].Instance[*]"

pytestmark = pytest.mark.usefixtures("size")


# --- which values are records --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "iterator", "expected"),
    [
        ([{"n": "a"}, {"n": "b"}], "$[*]", ["a", "b"]),
        ({"n": "a"}, "$", ["a"]),
        ({"total": 2, "hits": [{"n": "a"}, {"n": "b"}]}, "$.hits[*]", ["a", "b"]),
        ([{"hits": [{"n": "a"}]}, {"hits": [{"n": "b"}]}], "$[*].hits[*]", ["a", "b"]),
        ([{"n": "a"}, {"n": "b"}, {"n": "c"}], "$[1]", ["b"]),
        ({"x": {"n": "a"}, "y": {"n": "b"}}, "$.*", ["a", "b"]),
        ({"x y": {"n": "a"}}, "$['x y']", ["a"]),
        ([{"n": "a"}, {"n": "b", "t": "x"}], "$[?@.t == 'x']", ["b"]),
        ([{"n": "a"}, {"n": "b", "t": "x"}], "$[?@.t]", ["b"]),
        ({"a": {"r": [{"n": "a"}]}, "r": [{"n": "b"}]}, "$.r[*] | $.a.r[*]", ["a", "b"]),
        ([None, {"n": "a"}], "$[*]", ["a"]),
        ({"hits": {}}, "$.hits[*]", []),
        ({"hits": []}, "$.hits[*]", []),
        ({"other": []}, "$.hits[*]", []),
    ],
)
def test_an_iterator_says_which_values_are_records(tmp_path, content, iterator, expected):
    assert values(tmp_path, content, iterator, "n") == expected


@pytest.mark.parametrize(
    "content", ['{"n": "a"}\n{"n": "b"}\n', '{"n":"a"}{"n":"b"}', '\x1e{"n":"a"}\n\x1e{"n":"b"}\n']
)
def test_json_lines_and_concatenated_values_are_documents(tmp_path, content):
    assert values(tmp_path, content, "$", "n") == ["a", "b"]


def test_records_of_several_sources_in_one_file_are_told_apart(tmp_path):
    sources = [asked("$.Report_Items[*]", "Title"), asked(INSTANCES, "Count")]
    found = [
        (record.component, record.parent, record.sources)
        for record in opened(tmp_path, json.dumps(REPORT), *sources)
    ]
    assert sorted(found) == [
        ("$.Report_Items[0]", None, ((0, 1),)),
        (
            "$.Report_Items[0].Performance[0].Instance[0]",
            "$.Report_Items[0]",
            ((1, 1),),
        ),
        ("$.Report_Items[0].Performance[0].Instance[1]", "$.Report_Items[0]", ((1, 2),)),
        ("$.Report_Items[0].Performance[1].Instance[0]", "$.Report_Items[0]", ((1, 3),)),
        ("$.Report_Items[1]", None, ((0, 2),)),
        ("$.Report_Items[1].Performance[0].Instance[0]", "$.Report_Items[1]", ((1, 4),)),
    ]


def test_a_second_document_has_its_number_in_the_components(tmp_path):
    stream = opened(tmp_path, '{"h": [1, 2]}\n{"h": [3]}', asked("$.h[*]", "$"))
    assert [record.component for record in stream] == ["$.h[0]", "$.h[1]", "2$.h[0]"]


def test_a_value_that_is_a_record_twice_is_one_record(tmp_path):
    stream = opened(tmp_path, '[{"n": 1}]', asked("$[*]", "n"), asked("$[0]", "n"))
    assert [record.sources for record in stream] == [((0, 1), (1, 1))]


# --- what references see -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "reference", "expected"),
    [
        ({"a": "x"}, "a", "x"),
        ({"a": "x"}, "$.a", "x"),
        ({"a": {"b": {"c": "x"}}}, "a.b.c", "x"),
        ({"a": ["x", "y"]}, "a", "x+y"),
        ({"a": ["x", "y"]}, "a[*]", "x+y"),
        ({"a": ["x", "y"]}, "a[1]", "y"),
        ({"a": ["x", "y"]}, "a[-1]", "y"),
        ({"a": [{"b": "x"}, {"b": "y"}, {}]}, "a[*].b", "x+y"),
        ({"a": [{"b": "x"}]}, "a.b", ""),
        ({"a": {"b": "x"}}, "a", ""),
        ({"a": None}, "a", ""),
        ({"a": ""}, "a", ""),
        ({"a": " x \u00a0\n y "}, "a", "x y"),
        ({"a": True, "b": False}, "*", "true+false"),
        ({"a b": "x"}, "['a b']", "x"),
        ({"a b": "x"}, "$['a b']", "x"),
        ({"l'an": "x"}, r"['l\'an']", "x"),
        ({"a": {"fr": "x", "en": "y"}}, "a.*", "x+y"),
        ({"a": {"fr": "x", "en": "y"}}, "a.*~", "fr+en"),
        ({"a": [{"b": {"n": "x"}}], "n": "y"}, "..n", "y+x"),
        ({"i": [{"t": "ISBN", "v": "x"}, {"t": "DOI", "v": "y"}]}, "i[?@.t == 'DOI'].v", "y"),
        ({"i": [{"t": "ISBN", "v": "x"}, {"v": "y"}]}, "i[?@.t != 'ISBN'].v", "y"),
        ({"i": [{"t": "a", "v": "x"}, {"t": "a"}]}, "i[?@.t == 'a' && @.v].v", "x"),
        ({"i": [{"t": 1, "v": "x"}, {"t": "1", "v": "y"}]}, "i[?@.t == 1].v", "x"),
        ({"a": "x", "b": "y"}, "b | a", "y+x"),
        ({"déjà": "x"}, "déjà", "x"),
    ],
)
def test_a_reference_gives_the_texts_it_finds(tmp_path, record, reference, expected):
    assert values(tmp_path, [record], "$[*]", reference) == [expected]


@pytest.mark.parametrize("reference", ["^Report_Items.Title", "^^.Title"])
def test_a_reference_climbs_to_what_is_around(tmp_path, reference):
    found = values(tmp_path, REPORT, INSTANCES, "Count", "^.Period", reference)
    assert found == [
        ("3", "2022-01", "Annales"),
        ("5", "2022-01", "Annales"),
        ("8", "2022-02", "Annales"),
        ("1", "2022-01", "Actes"),
    ]


@pytest.mark.parametrize("reference", ["^$.Report_Header.Created", "^^^.Report_Header.Created"])
def test_what_is_around_is_seen_wherever_it_stands(tmp_path, reference):
    backwards = dict(reversed(REPORT.items()))
    backwards["Report_Items"] = [dict(reversed(i.items())) for i in REPORT["Report_Items"]]
    expected = [("2023-02-15", "Annales")] * 3 + [("2023-02-15", "Actes")]
    for report in (REPORT, backwards):
        found = values(tmp_path, report, INSTANCES, reference, "^Report_Items.Title")
        assert found == expected


def test_what_is_iterated_may_be_looked_at_too(tmp_path):
    sources = [asked("$", "h.c", "r[0].n"), asked("$.*", "c"), asked("$.r[*]", "n", "^$.h.c")]
    content = '{"r": [{"n": "x"}, {"n": "y"}], "h": {"c": "z"}}'
    found = {}
    for record in opened(tmp_path, content, *sources):
        for index, _ in record.sources:
            references = [["h.c", "r[0].n"], ["c"], ["n", "^$.h.c"]][index]
            texts = [JSONPATH.reader(reference, {})(record.content) for reference in references]
            found[index, record.component] = ["+".join(text) for text in texts]
    assert found == {
        (0, "$"): ["z", "x"],
        (1, "$.r"): [""],
        (1, "$.h"): ["z"],
        (2, "$.r[0]"): ["x", "z"],
        (2, "$.r[1]"): ["y", "z"],
    }


def test_the_records_in_a_broken_record_that_is_needed_whole_are_handed_out(tmp_path):
    content = '{"r": [{"n": "x"}, {"n": "y"}, {"n'
    stream = opened(tmp_path, content, asked("$", "*"), asked("$.r[*]", "n"))
    assert before_the_break(stream)[0] == ["$.r[0]", "$.r[1]"]


def test_keys_of_members_are_values(tmp_path):
    report = {"Items": [{"DOI": "10.9999/x", "Performance": {"Total": {"2022-01": 4}}}]}
    found = values(tmp_path, report, "$.Items[*].Performance.*.*", "^Items.DOI", "^~", "~", "$")
    assert found == [("10.9999/x", "Total", "2022-01", "4")]


def test_climbing_beyond_the_document_finds_nothing(tmp_path):
    assert values(tmp_path, [{"a": 1}], "$[*]", "^.a", "^$.a", "^b.a") == [("", "", "")]


def test_a_record_is_the_whole_document_however_large(tmp_path):
    content = {"id": "x", "skipped": list(range(50)), "title": "y"}
    assert values(tmp_path, content, "$", "id", "title") == [("x", "y")]


@pytest.mark.parametrize(
    "number", ["1.5e3", "1.50", "-0", "12345678901234567890123", "1E400", "0.1000"]
)
def test_numbers_keep_the_form_they_have_in_the_file(tmp_path, number):
    assert values(tmp_path, f'[{{"n": {number}}}, {number}]', "$[*]", "n | $") == [number, number]


# --- places --------------------------------------------------------------------------------------


def test_records_have_the_line_they_start_on(tmp_path):
    content = '[\n {"n": 1},\n\n {"n":\n 2},\n {"n": 3}]'
    lines = [record.line for record in opened(tmp_path, content, asked("$[*]", "n"))]
    assert lines == [2, 4, 6]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ('[{"n": 1},\n {"n": 2},\n {"n": ', 3, "breaks off"),
        ('[{"n": 1},\n {"n": 2},\n {"n": "x', 3, "does not end"),
        ('[{"n": 1},\n {"n": 2},\n {"n" 3}]', 3, "a colon"),
        ('[{"n": 1},\n {"n": 2}\n {"n": 3}]', 3, "a comma or ]"),
        ('[{"n": 1},\n {"n": 2},\n {n: 3}]', 3, "in quotation marks"),
        ('[{"n": 1},\n {"n": 2},\n NaN]', 3, "no JSON value"),
        ('[{"n": 1},\n {"n": 2},\n nul]', 3, "no JSON value"),
        ('[{"n": 1},\n {"n": 2},\n]', 3, "no JSON value"),
        ('[{"n": 1},\n {"n": 2},\n {"n": 01}]', 3, "no JSON value"),
        ('[{"n": 1},\n {"n": 2}]\n]', 3, "no JSON value"),
    ],
)
def test_what_comes_before_a_break_is_read_and_the_place_named(tmp_path, content, line, words):
    found, error = before_the_break(opened(tmp_path, content, asked("$[*]", "n")))
    assert found[:2] == ["$[0]", "$[1]"]
    assert words in error.problem
    assert "(column " in error.problem
    assert error.line == line


def test_a_record_that_does_not_end_is_not_handed_out(tmp_path):
    content = '{"n": 1, "inner": [{"m": 2}, {"m": 3'
    sources = [asked("$", "n"), asked("$.inner[*]", "m")]
    found, _ = before_the_break(opened(tmp_path, content, *sources))
    assert found == ["$.inner[0]"]


# --- what is refused or mended -------------------------------------------------------------------


@pytest.mark.parametrize("content", ["[" * 50_000, '{"a":' * 50_000, "[" * 50_000 + "]" * 50_000])
def test_deep_nesting_is_refused(tmp_path, content):
    with pytest.raises(UnreadableSourceError, match="nested more than 200 levels"):
        list(opened(tmp_path, content, asked("$[*]", "n")))


@pytest.mark.parametrize("content", ["", " \n "])
def test_an_empty_file_is_refused(tmp_path, content):
    with pytest.raises(UnreadableSourceError, match=r"empty|no JSON value"):
        list(opened(tmp_path, content, asked("$[*]", "n")))


def test_a_value_that_a_rule_needs_whole_has_a_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "WINDOW", 10)
    monkeypatch.setattr(reader, "MAX_VALUE", 1000)
    monkeypatch.setattr(reader, "_CHUNK", 10)
    content = json.dumps([{"n": [{"m": "x" * 10}] * 200}])
    with pytest.raises(UnreadableSourceError, match="a rule needs the whole of it"):
        values(tmp_path, content, "$[*]", "*")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "windows-1252"])
def test_other_encodings_are_read_and_said(tmp_path, encoding):
    content = '[{"n": "é"}]'.encode(encoding)
    stream = list(opened(tmp_path, content, asked("$[*]", "n")))
    said = [note.rule for record in stream for note, _ in record.notes]
    assert said == ([] if encoding == "utf-8-sig" else ["EncodingNotUtf8"])
    assert values(tmp_path, content, "$[*]", "n") == ["é"]


def test_half_a_character_is_replaced_and_said(tmp_path):
    content = r'[{"n": "a\ud800b"}, {"n": "\\ud800 \ud83d\ude00"}]'
    assert values(tmp_path, content, "$[*]", "n") == ["a\ufffdb", "\\ud800 😀"]
    first, second = opened(tmp_path, content, asked("$[*]", "n"))
    assert [note.rule for note, _ in first.notes] == ["HalfCharacter"]
    assert not second.notes


FIRST = {
    "late": {"hits": [{"n": 1}, {"n": 2}, {"n": 3}]},
    "hits": [{"n": 4, "in": [{"n": 5}]}, {"n": 6}],
    "last": "x",
}


@pytest.mark.parametrize(
    ("iterator", "reference", "expected"),
    [
        ("$", "hits[0].n", ["4"]),
        ("$", "hits[1].n | hits[0].in[0].n", ["6+5"]),
        ("$", "late.hits[1].n | last", ["2+x"]),
        ("$", "hits[2].n", [""]),
        ("$", "hits[0].n | hits", ["4"]),
        ("$", "$", [""]),
        ("$.late.hits[*]", "^$.hits[0].n", ["4", "4", "4"]),
        ("$.late.hits[*]", "^$.hits[0].n | n", ["4+1", "4+2", "4+3"]),
        ("$.hits[*]", "^$.hits[0].n", ["4", "4"]),
        ("$ | $.hits[*]", "n | hits[0].n", ["4", "6", "4"]),
        ("$", "hits.n", [""]),
        ("$[*]", "n | [1].n", ["", "6", ""]),
        ("$ | $[*]", "n | ^$.hits[0].n", ["", "4", "4", "4"]),
        ("$.hits | $.hits[*]", "n | [0].n", ["4", "4", "6"]),
    ],
)
@pytest.mark.usefixtures("size")
def test_the_first_elements_of_a_list_may_be_looked_at_alone(
    tmp_path, iterator, reference, expected
):
    assert sorted(values(tmp_path, FIRST, iterator, reference)) == sorted(expected)


def test_a_list_of_which_the_first_element_is_looked_at_may_be_of_any_size(tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "WINDOW", 64)
    monkeypatch.setattr(reader, "MAX_VALUE", 256)
    monkeypatch.setattr(reader, "_CHUNK", 32)
    many = {"before": {"n": 0}, "hits": [{"n": n} for n in range(1000)], "behind": {"n": 1}}
    assert values(tmp_path, many, "$", "hits[0].n | behind.n") == ["0+1"]
    assert values(tmp_path, many, "$.before", "^$.hits[0].n | n") == ["0+0"]
    with pytest.raises(UnreadableSourceError, match="needs the whole of it"):
        values(tmp_path, many, "$", "hits[*].n")


def test_memory_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "large.json"
    with path.open("w") as stream:
        stream.write('{"hits": [')
        for number in range(15_000):
            stream.write(json.dumps({"n": number, "text": "x" * 2_000}) + ",\n")
        stream.write('{"n": 0}], "total": 15001}')
    (found,), _ = find_source_files("test", path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stream = open_records(found, [asked("$.hits[*]", "n", "^$.total")])
    assert sum(1 for _ in stream) == 15_001
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
