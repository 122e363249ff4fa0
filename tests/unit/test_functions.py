"""The mapping functions: every form of the real sources, and the words of what they report."""

from __future__ import annotations

import ast
import csv
import inspect
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode, RdfFormat, Store, parse

from collex_graph.errors import ResourceFileError
from collex_graph.mapping import functions
from collex_graph.mapping.functions import FUNCTIONS, registry
from collex_graph.model import Note, Reading, UnreadableValue
from collex_graph.rdf.iris import is_absolute_iri, slug
from collex_graph.rdf.literals import check_literal
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collex_graph.mapping.functions import Result

XSD = "http://www.w3.org/2001/XMLSchema#"


def call(function: str, /, **given: str | tuple[str, ...]) -> Result:
    """Call a function as the engine does: by name, with "" or () for what has no value."""
    entry = FUNCTIONS[function]
    for name in entry.optional - given.keys():
        given[name] = () if name in entry.all_values else ""
    return entry.call(**given)


def read(result: Result) -> tuple[list[str], list[str]]:
    """Return the values and the rules of a result."""
    if isinstance(result, Reading):
        return list(result.values), [note.rule for note in result.notes]
    if result is None or isinstance(result, str):
        return [result] if result else [], []
    return list(result), []


def report(function: str, /, **given: str | tuple[str, ...]) -> Note:
    """Return what a function reports when it refuses."""
    with pytest.raises(UnreadableValue) as raised:
        call(function, **given)
    return raised.value.note


# --- the registry ----------------------------------------------------------------------------


def test_every_function_is_registered_under_its_name_in_camel_case() -> None:
    for name, entry in FUNCTIONS.items():
        words = entry.call.__name__.split("_")
        assert name == words[0] + "".join(word.capitalize() for word in words[1:])
    assert {"startYear", "authorityNode", "lookup", "paragraphs", "libraryNode"} <= set(FUNCTIONS)


def test_the_registry_says_what_each_parameter_receives() -> None:
    entry = FUNCTIONS["paragraphs"]
    assert entry.parameters == ("value",)
    assert (entry.all_values, entry.optional) == ({"value"}, set())
    assert FUNCTIONS["startYear"].optional == {"normal", "text"}


def test_every_function_is_documented_with_an_example() -> None:
    for entry in FUNCTIONS.values():
        assert ">>>" in (inspect.getdoc(entry.call) or ""), entry.name


@settings(deadline=None, max_examples=40)  # one example draws for every function
@given(st.data())
def test_no_text_upsets_a_function(data: st.DataObject) -> None:
    # Whatever a source holds, a function answers or refuses with a rule.
    awkward = st.text(max_size=20) | st.sampled_from(
        ["", " ", "\u00a0", "1400/9999", "150.195 Psychanalyse", "Volume total : ", " : 3 volumes"]
    )
    for entry in FUNCTIONS.values():
        fixed = {
            "table": "ccfr/document-types.csv", "axis": "lat", "scheme": "label", "kind": "charter"
        }  # fmt: skip
        given_ones = {
            name: fixed.get(name)
            or (tuple(data.draw(st.lists(awkward, max_size=2))) if name in entry.all_values
                else data.draw(awkward))
            for name in entry.parameters
        }  # fmt: skip
        with suppress(UnreadableValue):
            read(entry.call(**given_ones))


# --- the rules and their words ---------------------------------------------------------------

SHAPES = resource_dir("shapes") / "readings.ttl"


def stated_rules() -> dict[str, Store]:
    store = Store()
    store.extend(parse(path=SHAPES, format=RdfFormat.TURTLE))
    namespace = expand("collex-sh:")
    return {
        quad.subject.value.removeprefix(namespace): store
        for quad in store.quads_for_pattern(None, term("rdf:type"), term("collex-sh:ReadingRule"))
        if isinstance(quad.subject, NamedNode)
    }


def test_the_french_words_of_the_rules_have_their_no_break_spaces() -> None:
    french = [
        quad.object.value
        for quad in parse(path=SHAPES, format=RdfFormat.TURTLE)
        if isinstance(quad.object, Literal) and quad.object.language == "fr"
    ]
    assert french
    bad = r" [;:!?»]|« |'|(?<!\u202f)[;!?]|«(?!\u00a0)|(?<!\u00a0)»|(?<!\u00a0):(?!//)"
    assert [text for text in french if re.search(bad, text)] == []


SAYING = (
    "sh:message", "collex-sh:advice", "collex-sh:repair", "collex-sh:inPlaceOf", "collex-sh:beside",
)  # fmt: skip
"""Properties of a rule that hold placeholders for the arguments of its notes."""


def texts_of(rule: str, store: Store, predicate: str) -> dict[str, str]:
    return {
        quad.object.language: quad.object.value  # type: ignore[union-attr]
        for quad in store.quads_for_pattern(term(f"collex-sh:{rule}"), term(predicate), None)
    }


def raised_rules() -> dict[str, set[str]]:
    """Return rule → arguments, as written in the modules of functions."""
    folder = Path(functions.__file__).parent
    found: dict[str, set[str]] = {}
    for node in (
        node
        for path in sorted(folder.glob("[a-z]*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    ):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"(?:[A-Z][a-z0-9]+){2,}", node.value)
            and node.value != "IdRef"
        ):
            # a rule that travels in a variable has no arguments
            found.setdefault(node.value, set())
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "note", "Note", "UnreadableValue",
        ):  # fmt: skip
            rule = node.args[0]
            if isinstance(rule, ast.Constant):
                found.setdefault(rule.value, set()).update(k.arg or "" for k in node.keywords)
    return found


def test_every_rule_that_a_function_reports_is_stated_with_its_placeholders() -> None:
    stated = stated_rules()
    raised = raised_rules()
    assert len(raised) > 35
    for rule, arguments in raised.items():
        assert rule in stated, rule
        used = set()
        for predicate in SAYING:
            for text in texts_of(rule, stated[rule], predicate).values():
                used |= set(re.findall(r"\{(\w+)(?:\|\w+)?\}", text))
        assert used - {"value", "place"} == arguments, rule


def test_every_rule_stated_is_reported_somewhere() -> None:
    package = Path(functions.__file__).parents[2]
    sources = "".join(path.read_text(encoding="utf-8") for path in package.rglob("*.py"))
    for rule in stated_rules():
        assert f'"{rule}"' in sources, rule


def test_every_rule_that_any_reader_reports_is_stated() -> None:
    package = Path(functions.__file__).parents[2]
    stated = stated_rules()
    for path in package.rglob("*.py"):
        for rule in re.findall(
            r'(?:\b[Nn]ote|UnreadableValue)\(\s*"(\w+)"', path.read_text(encoding="utf-8")
        ):
            assert rule in stated, f"{path.name}: {rule}"


def test_the_two_languages_of_a_rule_say_the_same_values() -> None:
    for rule, store in stated_rules().items():
        for predicate in ("sh:message", "collex-sh:advice"):
            texts = texts_of(rule, store, predicate)
            assert set(texts) == {"fr", "en"}, rule
            french, english = (
                set(re.findall(r"\{(\w+)\}", texts[language])) for language in ("fr", "en")
            )
            assert french == english, rule


# --- concordances ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((resource_dir("mappings") / "ccfr").glob("*.csv")))
def test_every_concept_of_a_concordance_is_in_its_vocabulary(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert rows
    for row in rows:
        concept = row["concept"]
        if not concept.startswith("base:"):
            continue
        scheme = concept.split("/")[1]
        vocabulary = resource_dir("ontology") / "vocabularies" / f"{scheme}.ttl"
        assert f"<{concept.removeprefix('base:')}> " in vocabulary.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "scheme"),
    [
        ("fonds-types", "fonds-type"),
        ("document-types", "document-type"),
        ("treatment-statuses", "treatment-status"),
        ("accrual-statuses", "accrual-status"),
        ("disciplines", "discipline"),
    ],
)
def test_a_concept_is_named_after_its_french_label(table: str, scheme: str) -> None:
    with (resource_dir("mappings") / "ccfr" / f"{table}.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            expected = f"base:vocabulary/{scheme}/{slug(row['wording'])}"
            assert row["concept"] == ("" if row["wording"] == "Fonds CollEx" else expected)


@pytest.mark.parametrize(
    ("value", "concept"),
    [
        ("Cartes et plans", "cartes-et-plans"),
        ("CARTES ET  PLANS", "cartes-et-plans"),
        ("Pe\u0301riodiques", "periodiques"),
        ("Tous\u00a0objets", "tous-objets"),
    ],
)
def test_a_wording_is_found_whatever_its_capitals_and_spaces(value: str, concept: str) -> None:
    found = call("lookup", table="ccfr/document-types.csv", value=value)
    assert found == f"base:vocabulary/document-type/{concept}"
    assert call("unlisted", table="ccfr/document-types.csv", value=value) is None


def test_a_wording_that_the_table_lacks_is_reported_and_kept() -> None:
    note = report("lookup", table="ccfr/document-types.csv", value="Phonogrammes")
    assert (note.rule, note.value) == ("UnlistedWording", "Phonogrammes")
    kept = call("unlisted", table="ccfr/document-types.csv", value="Phonogrammes")
    assert kept == "Phonogrammes"


def test_the_label_among_the_types_of_fonds_is_no_type_and_no_problem() -> None:
    assert not call("lookup", table="ccfr/fonds-types.csv", value="Fonds CollEx")
    assert call("unlisted", table="ccfr/fonds-types.csv", value="Fonds CollEx") is None


@pytest.mark.parametrize("table", ["ccfr/absent.csv", "../pyproject.toml", "ccfr/mapping.yml"])
def test_a_table_that_is_no_concordance_is_refused(table: str) -> None:
    with pytest.raises(ResourceFileError):
        call("lookup", table=table, value="x")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("wording,concept\nA,base:x\na,base:y\n", "there twice"),
        ("wording,concept\n,base:x\n", "empty wording"),
        ("wording,concept\nA,nowhere:x\n", "no declared prefix"),
        ("libellé,concept\nA,base:x\n", "expected the columns"),
    ],
)
def test_a_faulty_concordance_is_refused_with_its_line(
    rows: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "faulty.csv").write_text(rows, encoding="utf-8")
    monkeypatch.setattr(registry, "resource_dir", lambda name: tmp_path)
    registry.concordance.cache_clear()
    with pytest.raises(ResourceFileError, match=rf"faulty\.csv:\d: .*{problem}"):
        call("lookup", table="faulty.csv", value="A")


@pytest.mark.parametrize(
    ("code", "term_name", "rules"),
    [
        ("390", "marcrel:fmo", []),
        ("320", "marcrel:dnr", []),
        ("070", "marcrel:aut", []),
        ("producteur", "rico:hasOrganicProvenance", ["RoleInWords"]),
        ("Sujet", "rico:hasOrHadSubject", ["RoleInWords"]),
    ],
)
def test_a_role_is_a_property(code: str, term_name: str, rules: list[str]) -> None:
    assert read(call("role", code=code)) == ([expand(term_name)], rules)


def test_an_unknown_role_is_reported() -> None:
    assert report("role", code="999").rule == "UnknownRole"


# --- texts -----------------------------------------------------------------------------------


def test_conditions_answer_true_or_nothing() -> None:
    assert call("notEmpty", value=("",)) is None


def test_the_first_value_follows_the_order_of_the_parameters() -> None:
    assert call("first", otherwise=("b", "c"), lastly=("d",)) == "b"
    assert call("first") is None


def test_paragraphs_are_joined_by_an_empty_line() -> None:
    assert call("paragraphs", value=("Un.", "", "Deux.")) == "Un.\n\nDeux."
    assert call("paragraphs", value=(" ",)) is None


# --- dates -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("normal", "text", "start", "end", "is_open", "rules"),
    [
        ("1930/1970", "1930/1970", ["1930"], ["1970"], [], []),
        ("2014/2014", "2014", ["2014"], ["2014"], [], []),
        ("0701/1914", "0701-1914", ["701"], ["1914"], [], []),
        ("1400/9999", "1400-9999", ["1400"], [], ["true"], ["OpenEndAs9999"]),
        ("1855/", "", ["1855"], [], ["true"], ["OpenEndUnmarked"]),
        ("1855/..", "", ["1855"], [], ["true"], []),
        ("1701-2000", "1701-2000", ["1701"], ["2000"], [], ["HyphenInterval"]),
        ("1741-9999", "", ["1741"], [], ["true"], ["HyphenInterval"]),
        ("1948/1972", "[1910]-1972", ["1948"], ["1972"], [], ["DatesDisagree"]),
        ("1950/1963", "Années 1960", ["1950"], ["1963"], [], ["DatesDisagree"]),
        ("", "XIXe siècle", ["1801"], ["1900"], [], []),
        ("1863?-1?00", "1863-1900", ["1863"], ["1900"], [], ["UnreadableNormalDate"]),
        ("-0499/-0400", "", ["-499"], ["-400"], [], []),
        ("../1985", "avant 1985", [], ["1985"], [], []),
        ("", "", [], [], [], []),
    ],
)
def test_a_date_gives_years_and_tells_its_defect_once(
    normal: str, text: str, start: list[str], end: list[str], is_open: list[str], rules: list[str]
) -> None:
    results = [
        read(call(name, normal=normal, text=text)) for name in ("startYear", "endYear", "openEnd")
    ]
    assert [values for values, _ in results] == [start, end, is_open]
    agreement = read(call("dateAgreement", normal=normal, text=text))
    assert agreement[0] == []
    assert [rule for _, told in [*results, agreement] for rule in told] == rules
    for year in (*start, *end):
        assert check_literal(year, XSD + "integer") is None


@pytest.mark.parametrize(
    ("normal", "rule"), [("s.d.", "UnreadableDate"), ("1970/1930", "ReversedDates")]
)
def test_a_date_that_cannot_be_used_is_reported_once(normal: str, rule: str) -> None:
    assert report("startYear", normal=normal, text="").rule == rule
    assert call("endYear", normal=normal, text="") is None
    assert call("openEnd", normal=normal, text="") is None


def test_the_repaired_interval_is_quoted_in_the_report() -> None:
    reading = call("startYear", normal="1701-2000", text="")
    assert isinstance(reading, Reading)
    assert reading.notes[0].arguments == (("repaired", "1701/2000"),)


@pytest.mark.parametrize(
    ("value", "day"),
    [("20230309", "2023-03-09"), ("09/03/2023", "2023-03-09"), ("2009/06/25", "2009-06-25")],
)
def test_a_day_is_an_xsd_date(value: str, day: str) -> None:
    assert call("isoDate", value=value) == day
    assert check_literal(day, XSD + "date") is None


def test_an_empty_day_says_nothing_and_the_displayed_one_stands_in_for_it() -> None:
    assert call("isoDate", value="") is None
    assert read(call("isoDate", value="", text="17/07/2015")) == (
        ["2015-07-17"],
        ["EmptyNormalDate"],
    )


def test_a_date_that_says_nothing_is_reported_under_its_name() -> None:
    result = call("isoDate", empty="date_de_la_version_électronique")
    assert isinstance(result, Reading)
    assert read(result) == ([], ["EmptyDate"])
    assert result.notes[0].value == "date de la version électronique"


def test_a_day_of_no_calendar_is_reported() -> None:
    assert report("isoDate", value="20230231").rule == "UnreadableDay"
    assert report("isoDate", text="mars 2023").rule == "UnreadableDay"


@pytest.mark.parametrize(
    ("normal", "text", "year", "day"),
    [
        ("1850-02-30", "", "1850", "1850-02-30"),
        ("18500230", "1850", "1850", "18500230"),
        ("1850-02-28/1851-04-31", "", "1850", "1851-04-31"),
        ("1900-02-29", "", "1900", "1900-02-29"),
        ("-0099-02-29", "", "-99", "-0099-02-29"),
        ("", "1850-02-30", "1850", "1850-02-30"),
    ],
)
def test_a_day_that_does_not_exist_gives_its_year_and_is_reported(
    normal: str, text: str, year: str, day: str
) -> None:
    result = call("startYear", normal=normal, text=text)
    assert isinstance(result, Reading)
    assert read(result) == ([year], ["ImpossibleDay"])
    assert dict(result.notes[0].arguments) == {"day": day}


@pytest.mark.parametrize("normal", ["1904-02-29", "2000-02-29", "-0100-02-28", "1939-09-01"])
def test_a_day_of_the_calendar_says_nothing(normal: str) -> None:
    assert read(call("startYear", normal=normal))[1] == []


# --- languages -------------------------------------------------------------------------------

LANGUAGES = {
    "fre": "fra", "per": "fas", "ger": "deu", "gre": "ell", "chi": "zho", "cze": "ces",
    "arm": "hye", "peo": "peo", "pal": "pal", "ota": "ota", "grc": "grc", "ara": "ara",
    "arc": "arc", "kur": "kur", "bal": "bal", "oci": "oci", "nor": "nor", "aze": "aze",
    "mlt": "mlt", "fra": "fra", "FRE": "fra", "fr": "fra", "el": "ell", "mul": "mul",
}  # fmt: skip


@pytest.mark.parametrize(("code", "expected"), LANGUAGES.items())
def test_a_language_is_named_as_in_iso_639_3(code: str, expected: str) -> None:
    assert call("language", code=code) == expand(f"lexvo:{expected}")


@pytest.mark.parametrize(("code", "expected"), [("scc", "srp"), ("scr", "hrv")])
def test_a_withdrawn_language_code_is_mapped_and_reported(code: str, expected: str) -> None:
    assert read(call("language", code=code)) == (
        [expand(f"lexvo:{expected}")],
        ["ObsoleteLanguageCode"],
    )


@pytest.mark.parametrize("code", ["zzz", "qaa", "français", "f", "fre fre", "12"])
def test_an_unknown_language_code_is_reported(code: str) -> None:
    assert report("language", code=code).rule == "UnknownLanguageCode"


def test_the_code_of_a_group_of_languages_is_reported() -> None:
    assert report("language", code="ber").rule == "CollectiveLanguageCode"


# --- access points ---------------------------------------------------------------------------


def node(
    identifier: str, source: str = "", element: str = "subject", wording: str = "Libellé"
) -> tuple[list[str], list[str]]:
    return read(
        call(
            "authorityNode",
            identifier=identifier,
            source=source,
            element=element,
            wording=wording,
            holder="751132108",
        )
    )


IRAN = "http://www.idref.fr/028056663/id"
LOCAL = "base:id/concept/751132108/libelle"


@pytest.mark.parametrize(
    ("identifier", "source", "nodes", "rules"),
    [
        ("https://www.idref.fr/028056663", "IdRef", [IRAN], []),
        ("http://www.idref.fr/028056663/id", "IdRef", [IRAN], []),
        ("http://www.idref.fr/028056663", "", [IRAN], []),
        ("https://www.idref.fr/028056663", "idref", [IRAN], ["SourceSpelling"]),
        ("https://www.idref.fr/028056663", "Idref", [IRAN], ["SourceSpelling"]),
        ("028056663", "Sudoc", [IRAN], ["SourceSpelling"]),
        ("028056663", "IdRef", [IRAN], []),
        ("https://www.idref.fr/028056663 ", "IdRef", [IRAN], ["IdentifierSpelling"]),
        ("https://www.idref.fr/028056663/id/id", "IdRef", [IRAN], ["IdentifierSpelling"]),
        ("https://www.idref.fr/028056663", "BnF", [IRAN], ["SourceContradicted"]),
        ("https://www.idref.fr/028056663", "RAMEAU", [IRAN], ["SourceSpelling"]),
        ("28056663", "IdRef", [IRAN], ["LostLeadingZero"]),
        ("028056664", "IdRef", [LOCAL], ["WrongCheckCharacter"]),
        ("https://www.idref.fr/028056664", "idref", [LOCAL], ["WrongCheckCharacter"]),
        (
            "ark:/12148/cb11932512b",
            "BnF",
            ["http://data.bnf.fr/ark:/12148/cb11932512b"],
            [],
        ),
        ("ark:/12148/cb11932512c", "BnF", [LOCAL], ["WrongCheckCharacter"]),
        (
            "https://www.sudoc.fr/107996537/id",
            "Sudoc",
            ["https://www.sudoc.fr/107996537/id"],
            [],
        ),
        (
            "https://www.persee.fr/authority/385736",
            "Persée",
            ["http://data.persee.fr/authority/385736#Person"],
            [],
        ),
        ("d3ndezc453--10yui", "FRAN_RI_004", [LOCAL], ["UnknownIdentifier"]),
        ("028056663", "FRAN_RI_004", [LOCAL], ["UnknownIdentifier"]),
        ("ark:/73193/bd25qb", "", [LOCAL], ["UnknownIdentifier"]),
        ("", "", [LOCAL], ["MissingIdentifier"]),
        (" ", "IdRef", [LOCAL], ["MissingIdentifier"]),
        (
            "086908480,193857561",
            "IdRef",
            ["http://www.idref.fr/086908480/id", "http://www.idref.fr/193857561/id"],
            ["JoinedIdentifiers"],
        ),
    ],
)
def test_an_access_point_leads_to_one_node_and_says_what_is_odd(
    identifier: str, source: str, nodes: list[str], rules: list[str]
) -> None:
    assert node(identifier, source) == (nodes, rules)


def test_a_person_of_the_bnf_is_the_person_and_not_the_concept() -> None:
    assert node("ark:/12148/cb109933213", "BnF", "persname")[0] == [
        "http://data.bnf.fr/ark:/12148/cb109933213#foaf:Person"
    ]


@pytest.mark.parametrize(
    ("element", "kind"),
    [
        ("subject", "concept"),
        ("geogname", "place"),
        ("persname", "agent"),
        ("corpname", "agent"),
        ("famname", "agent"),
        ("occupation", "concept"),
    ],
)
def test_a_local_node_is_of_the_kind_of_its_element(element: str, kind: str) -> None:
    assert node("", element=element)[0] == [f"base:id/{kind}/751132108/libelle"]


def test_a_person_and_a_body_of_one_name_are_one_local_node() -> None:
    name = "Abbaye de Prémontré"
    assert node("", element="persname", wording=name) == node("", element="corpname", wording=name)


def test_a_local_node_belongs_to_its_holder() -> None:
    one, other = (
        call("authorityNode", element="subject", wording="Poésie", holder=holder)
        for holder in ("810656201", "870856101")
    )
    assert read(one)[0] != read(other)[0]


def test_an_index_or_an_extent_in_a_label_does_not_change_its_node() -> None:
    assert node("", wording="150.195 Psychanalyse")[0] == node("", wording="Psychanalyse")[0]
    assert (
        node("", wording="Belles-lettres : 91 volumes")[0] == node("", wording="Belles-lettres")[0]
    )


def test_a_wrong_check_character_comes_with_its_correction() -> None:
    result = call("authorityNode", element="subject", wording="x", identifier="028056664")
    assert isinstance(result, Reading)
    assert dict(result.notes[0].arguments)["correction"] == "028056663"


def test_an_access_point_without_label_or_identifier_says_nothing() -> None:
    assert node("", wording=" ") == ([], [])


@pytest.mark.parametrize(
    ("text", "wording", "index", "extent"),
    [
        ("150.195 Psychanalyse", "Psychanalyse", "150.195", None),
        ("150 Psychologie, Psychanalyse", "Psychologie, Psychanalyse", "150", None),
        ("152  Perception sensorielle", "Perception sensorielle", "152", None),
        ("612.8 Psychophysiologie", "Psychophysiologie", "612.8", None),
        ("840 Écrivains", "Écrivains", "840", None),
        ("Belles-lettres : 91 volumes", "Belles-lettres", None, "91 volumes"),
        ("Théologie : 1 204 volume(s).", "Théologie", None, "1 204 volume(s)"),
        ("Histoire (discipline)", "Histoire (discipline)", None, None),
        ("Ethnologie -- Madagascar", "Ethnologie -- Madagascar", None, None),
        ("1945-1975", "1945-1975", None, None),
        ("Guerre : 1939-1945", "Guerre : 1939-1945", None, None),
        ("Paris : 75013", "Paris : 75013", None, None),
        ("200 ans de photographie", "200 ans de photographie", None, None),
        ("1984 Roman", "1984 Roman", None, None),
    ],
)
def test_a_label_is_split_into_index_words_and_extent(
    text: str, wording: str, index: str | None, extent: str | None
) -> None:
    assert call("wordingOf", text=text) == wording
    rules = {"IndexInLabel": index, "ExtentInLabel": extent}
    found = [call("notationOf", text=text), call("extentInLabel", text=text)]
    for (rule, value), result in zip(rules.items(), found, strict=True):
        assert read(result) == (([value], [rule]) if value else ([], []))


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("Histoire (discipline)", "histoire"),
        (
            "Langues, littératures et cultures étrangères (discipline)",
            "langues-litteratures-et-cultures-etrangeres",
        ),
        (
            "Langues, littératures et cultures francophones (discipline)",
            "langues-litteratures-et-cultures-francophones",
        ),
    ],
)
def test_a_discipline_is_a_concept(text: str, concept: str) -> None:
    assert call("discipline", text=text) == f"base:vocabulary/discipline/{concept}"


def test_a_subject_that_is_no_discipline_says_nothing() -> None:
    assert call("discipline", text="Histoire") is None


def test_an_unknown_discipline_is_reported_and_not_forced() -> None:
    assert report("discipline", text="Astrologie (discipline)").rule == "UnknownDiscipline"


# --- extents ---------------------------------------------------------------------------------

UNIT = "base:vocabulary/extent-unit/"


@pytest.mark.parametrize(
    ("text", "quantity", "unit"),
    [
        ("Volume total : 48 livres", "48", "livres"),
        ("Autre volumétrie : 0.1 mètre linéaire", "0.1", "metres-lineaires"),
        ("Volume total : Volume total : 132 volume(s)", "132", "volumes"),
        ("Volume total : 44 000 unités", "44000", "unites"),
        ("Volume total : 44\u202f000 unités", "44000", "unites"),
        ("Volume total : 13500 unité(s)", "13500", "unites"),
        ("Volume total : 1 carton", "1", "cartons"),
        ("19 cartons", "19", "cartons"),
        ("Volume total : 1 boîte", "1", "boites"),
        ("Volume total : 2 895 notice(s)", "2895", "notices"),
        ("Volume total : 7 mètre(s) linéaire(s)", "7", "metres-lineaires"),
        ("Volume total : 5 mètres linéaires", "5", "metres-lineaires"),
        ("0,64 ml", "0.64", "metres-lineaires"),
        ("0,64 ml.", "0.64", "metres-lineaires"),
        ("30 boîtes d'archives", "30", "boites"),
        ("350 titres de périodiques", "350", "titres"),
        ("1 234,5 mètres linéaires", "1234.5", "metres-lineaires"),
        ("1501-1600 : 37 volume(s)", "37", "volumes"),
        ("occitan (après 1500) : 234 volume(s)", "234", "volumes"),
        ("12.50 ml", "12.5", "metres-lineaires"),
    ],
)
def test_an_exact_extent_has_a_number_and_a_unit(text: str, quantity: str, unit: str) -> None:
    assert call("extentQuantity", text=text) == quantity
    assert call("extentUnit", text=text) == UNIT + unit
    assert check_literal(quantity, XSD + "decimal") is None


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("Autre volumétrie : Autre volumétrie : Sans les documents manquants.",
         "ExtentWithoutQuantity"),
        ("Volume total : 28000 monographies, 350 titres de périodiques, 7 manuscrits",
         "SeveralQuantities"),
        ("Autre volumétrie : 500 périodiques, moins de 200 manuscrits.", "SeveralQuantities"),
        ("Autre volumétrie : Livres (1859-1964) : 1120 volumes Archives (1900-1963) : 56 dossiers",
         "SeveralQuantities"),
        ("moins de 200 manuscrits", "InexactQuantity"),
        ("Environ 500 volumes", "InexactQuantity"),
        ("Plus de 500 documents par an.", "InexactQuantity"),
        ("13.500 unités", "AmbiguousNumber"),
        ("13,500 unités", "AmbiguousNumber"),
        ("fonds de 1950", "ExtentWithoutQuantity"),
    ],
)  # fmt: skip
def test_an_extent_that_is_no_exact_quantity_stays_in_words(text: str, rule: str) -> None:
    assert read(call("extentQuantity", text=text)) == ([], [rule])
    assert call("extentUnit", text=text) is None


def test_a_number_without_a_unit_is_kept_and_reported() -> None:
    result = call("extentQuantity", text="Volume total : 28357")
    assert read(result) == (["28357"], ["ExtentWithoutUnit"])
    assert call("extentUnit", text="Volume total : 28357") is None


def test_a_unit_that_is_not_in_the_list_is_reported_and_its_number_kept() -> None:
    assert call("extentQuantity", text="12 rouleaux") == "12"
    note = report("extentUnit", text="12 rouleaux")
    assert (note.rule, dict(note.arguments)["unit"]) == ("UnknownExtentUnit", "rouleaux")


def test_a_repeated_heading_is_said_once() -> None:
    text = "Volume total : Volume total : 30 mètre(s) linéaire(s)"
    assert read(call("extentWording", text=text)) == (
        ["Volume total : 30 mètre(s) linéaire(s)"],
        ["RepeatedHeading"],
    )
    assert call("extentWording", text="19 cartons") == "19 cartons"
    assert call("extentWording", text="Volume total :") == "Volume total"


@pytest.mark.parametrize(
    ("text", "heading", "criterion", "value"),
    [
        ("Volume total : 48 livres", "", "total", None),
        ("Autre volumétrie : 0.1 mètre linéaire", "", "autre", None),
        ("1501-1600 : 37 volume(s)", "Volumétrie par période", "periode", "1501-1600"),
        ("français : 980 volume(s)", "Volumétrie par langue", "langue", "français"),
        ("Thèses : 12 volumes", "Volumétrie par type de document", "type-de-document", "Thèses"),
        ("Droit : 12 volumes", "Volumétrie par thème", "theme", "Droit"),
        ("19 cartons", "", None, None),
        ("x : 12 volumes", "Volumétrie par couleur", None, "x"),
    ],
)
def test_an_extent_says_what_it_measures(
    text: str, heading: str, criterion: str | None, value: str | None
) -> None:
    found = call("extentCriterion", text=text, heading=heading)
    assert found == (f"base:vocabulary/extent-criterion/{criterion}" if criterion else None)
    assert call("extentCriterionValue", text=text, heading=heading) == value


# --- links -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "href",
    [
        "http://www.bulac.fr/node/2646",
        "http://www.calames.abes.fr/pub/#details?id=FileId-470",
        "https://catalogue.bulac.fr/cgi-bin/koha/opac-search.pl?idx=&q=igeo=23IR",
        "http://archives.quaibranly.fr:8990/?id=recherche&doc=ir%2FFonds%206%2Exml",
        "https://fr.wikipedia.org/wiki/Études",
    ],
)
def test_a_good_link_is_kept_as_it_stands(href: str) -> None:
    assert call("webLink", href=href) == href


@pytest.mark.parametrize(
    ("href", "iri"),
    [
        (" http://a.example/b ", "http://a.example/b"),
        ("http://a.example/b c", "http://a.example/b%20c"),
        ("http://a.example/[b]|{c}", "http://a.example/%5Bb%5D%7Cc%7D".replace("c%7D", "%7Bc%7D")),
        ("http://a.example/100%", "http://a.example/100%25"),
        ("http://a.example/b#c#d", "http://a.example/b#c%23d"),
        ("HTTP://a.example/b", "http://a.example/b"),
        ("http://a.example/b\u200bc", "http://a.example/b%E2%80%8Bc"),
        ("http://a.example/<script>", "http://a.example/%3Cscript%3E"),
    ],
)
def test_a_link_is_repaired_and_reported(href: str, iri: str) -> None:
    assert read(call("webLink", href=href)) == ([iri], ["RepairedLink"])
    NamedNode(iri)


@pytest.mark.parametrize(
    ("href", "rule"),
    [
        ("", "EmptyLink"),
        (" ", "EmptyLink"),
        ("www.calames.abes.fr", "RelativeLink"),
        ("/pub/ms/1", "RelativeLink"),
        ("page.html", "RelativeLink"),
        ("localhost:8080/x", "RelativeLink"),
        ("javascript:alert(1)", "UnusableLink"),
        ("JavaScript:alert(1)", "UnusableLink"),
        ("\tjavascript:alert(1)", "UnusableLink"),
        ("data:text/html,x", "UnusableLink"),
        ("mailto:a@b.example", "UnusableLink"),
        ("ftp://a.example/b", "UnusableLink"),
        ("file:///etc/passwd", "UnusableLink"),
        ("http://", "UnusableLink"),
        ("http:///b", "UnusableLink"),
        ("http://user:secret@a.example/", "UnusableLink"),
        ("http://a b.example/", "UnusableLink"),
    ],
)
def test_a_link_that_leads_nowhere_or_does_harm_is_refused(href: str, rule: str) -> None:
    note = report("webLink", href=href)
    assert (note.rule, note.value) == (rule, href)


def test_a_link_element_without_address_is_reported() -> None:
    assert read(call("linkPresence", href="")) == ([], ["EmptyLink"])
    assert call("linkPresence", href="x") is None


@given(st.text(max_size=30))
def test_a_link_is_always_an_iri_that_the_store_accepts(rest: str) -> None:
    try:
        values, _ = read(call("webLink", href=f"http://a.example/{rest}"))
    except UnreadableValue:
        return
    assert all(is_absolute_iri(iri) for iri in values)
    NamedNode(values[0])


@pytest.mark.parametrize(
    ("href", "unit", "rules"),
    [
        (
            "https://ccfr.bnf.fr/portailccfr/ark:/06871/006FRFONDS-751132108-660",
            "FRFONDS-751132108-660",
            [],
        ),
        ("https://ccfr.bnf.fr/portailccfr/ark:/06871/007Fonds_5230", "Fonds_5230", []),
        (
            "https://ccfr.bnf.fr/portailccfr/ark:/16871/007Fonds_5229",
            "Fonds_5229",
            ["MistypedNaan"],
        ),
    ],
)
def test_a_link_to_a_fonds_of_ccfr_is_a_unit(href: str, unit: str, rules: list[str]) -> None:
    assert read(call("ccfrUnit", href=href)) == ([f"base:id/fonds/{unit}"], rules)
    assert call("notCcfrUnit", href=href) is None


@pytest.mark.parametrize(
    "href",
    ["https://ccfr.bnf.fr/portailccfr/ark:/06871/005FRCGMNOV-751135101-D0l", "", "x",
     "https://www.aspi.unimib.it/", "https://bina.bulac.fr/s/bina/ark:/73193/bd25qb"],
)  # fmt: skip
def test_another_link_is_no_unit(href: str) -> None:
    assert call("ccfrUnit", href=href) is None
    assert call("notCcfrUnit", href=href) == "true"


@pytest.mark.parametrize(
    ("href", "platform"),
    [
        ("https://bina.bulac.fr/s/bina/ark:/73193/bd25qb", "bina"),
        ("https://gallica.bnf.fr/ark:/12148/bpt6k5738219s", "gallica"),
        ("http://www.calames.abes.fr/pub/ms/FileId-2384", "calames"),
        ("https://bvmm.irht.cnrs.fr:443/x", "bvmm"),
        ("https://www.persee.fr/collection/ccgg", "persee"),
        ("https://www.aspi.unimib.it/", None),
        ("https://gallica.bnf.fr.example/", None),
        ("", None),
    ],
)
def test_a_platform_is_known_by_its_host(href: str, platform: str | None) -> None:
    found = call("platformOf", href=href)
    assert found == (f"base:vocabulary/platform/{platform}" if platform else None)


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("Don", ["don"]),
        ("Achats, Dons, Legs", ["achat", "don", "legs"]),
        ("Achat(s), Don(s)", ["achat", "don"]),
        ("Legs Jean de Menasce.", ["legs"]),
        ("Don, Claudine Shaffa, 2012", ["don"]),
        ("Don(s) 1984", ["don"]),
        ("Dépôt", ["depot"]),
        ("Dons et achats", ["don", "achat"]),
        ("Confiscations révolutionnaires", ["confiscation"]),
        ("Échanges / dons", ["echange", "don"]),
        ("Inconnues", ["inconnu"]),
        ("Acquisitions, dons", ["don"]),
        ("Acquisitions", []),
        ("Donateur anonyme, professeur qui a fait don de sa bibliothèque", []),
        ("1984", []),
        ("", []),
    ],
)
def test_ways_of_acquisition_are_recognised(text: str, modes: list[str]) -> None:
    expected = [f"base:vocabulary/acquisition-mode/{mode}" for mode in modes]
    assert call("acquisitionModes", text=text) == expected


# --- libraries, institutions, places ---------------------------------------------------------


def test_identifiers_of_institutions_are_read() -> None:
    assert call("rcr", value="751132108") == "751132108"
    assert call("isil", value="751132108") == "FR-751132108"
    assert call("uai", value="0951214D") == "0951214D"
    assert call("siren", value="775663958") == "775663958"
    assert call("ror", value="https://ror.org/02dga6j42") == "https://ror.org/02dga6j42"
    assert call("isni", value="0000 0001 0666 5255") == "https://isni.org/isni/0000000106665255"
    assert call("wikidata", value="Q273642") == "http://www.wikidata.org/entity/Q273642"


@pytest.mark.parametrize("function", ["rcr", "isil", "uai", "siren", "ror", "isni", "wikidata"])
def test_an_empty_cell_says_nothing(function: str) -> None:
    assert call(function, value=" ") is None


@pytest.mark.parametrize(
    ("function", "value", "rule"),
    [
        ("uai", "0951214E", "WrongCheckCharacter"),
        ("siren", "775663959", "WrongCheckCharacter"),
        ("ror", "02dga6j43", "WrongCheckCharacter"),
        ("isni", "0000 0001 0666 5256", "WrongCheckCharacter"),
        ("rcr", "10536101", "MalformedIdentifier"),
        ("wikidata", "P31", "MalformedIdentifier"),
    ],
)
def test_a_wrong_identifier_of_an_institution_is_reported(
    function: str, value: str, rule: str
) -> None:
    assert report(function, value=value).rule == rule


def test_of_several_uais_in_a_cell_the_first_that_is_right_is_used() -> None:
    result = call("uai", value="0753607N;0942340H")
    assert isinstance(result, Reading)
    assert read(result) == (["0753607N"], ["JoinedIdentifiers"])
    assert dict(result.notes[0].arguments) == {"count": "2", "read": "0753607N"}
    assert result.notes[0].value == "0753607N;0942340H"
    assert read(call("uai", value="0951214E, 0951214D"))[0] == ["0951214D"]
    assert report("uai", value="0951214E;0951214F").rule == "WrongCheckCharacter"


@pytest.mark.parametrize("spelling", ["751132108", "FR-751132108", "75113 2108", " 751132108 "])
def test_a_library_is_one_node_however_its_rcr_is_spelt(spelling: str) -> None:
    assert call("libraryNode", value=spelling) == "base:id/library/751132108"


@pytest.mark.parametrize(
    ("value", "rule"),
    [("", "LibraryWithoutRcr"), (" ", "LibraryWithoutRcr"), ("10536101", "UnusableRcr")],
)
def test_a_library_without_a_usable_rcr_is_reported(value: str, rule: str) -> None:
    assert report("libraryNode", value=value, name="Médiathèque").rule == rule


@pytest.mark.parametrize("code", ["67482", "2A004", "2B096", "97411"])
def test_the_code_of_a_commune_is_read(code: str) -> None:
    assert call("inseeCode", value=code) == code
    assert call("inseeCode", value=f" {code.lower()} ") == code


@pytest.mark.parametrize("code", ["PYEan", "6748", "674820", "2C004", "D0674"])
def test_what_is_no_code_of_a_commune_is_left_out_and_reported(code: str) -> None:
    assert read(call("inseeCode", value=code)) == ([], ["NoInseeCode"])
    assert call("inseeCode", value=" ") is None


def test_a_cell_of_ppns_gives_one_node_each() -> None:
    assert read(call("idrefNodes", value="086908480,193857561")) == (
        ["http://www.idref.fr/086908480/id", "http://www.idref.fr/193857561/id"],
        ["JoinedIdentifiers"],
    )
    assert read(call("idrefNodes", value="66951844")) == (
        ["http://www.idref.fr/066951844/id"],
        ["LostLeadingZero"],
    )
    assert read(call("idrefNodes", value="028029428")) == ([], ["WrongCheckCharacter"])
    assert read(call("idrefNodes", value="ABSENT")) == ([], ["UnknownIdentifier"])
    assert call("idrefNodes", value="") is None


@pytest.mark.parametrize(
    ("uai", "siren", "ror", "paysage", "key"),
    [
        ("0951214D", "775663958", "02dga6j42", "5YWUA", "0951214D"),
        ("", "439946427", "02jj4jf83", "cZd69", "ror-02jj4jf83"),
        ("", "439946427", "02jj4jf84", "cZd69", "siren-439946427"),
        ("0753607N;0942340H", "325002111", "", "", "0753607N"),
        ("0951214E;0951214D", "", "", "", "0951214D"),
        ("0951214E", "", "02jj4jf83", "cZd69", "ror-02jj4jf83"),
        ("", "", "", "jkHTu", "paysage-jkHTu"),
        ("", "", "", "", None),
    ],
)
def test_an_establishment_is_named_by_its_best_identifier(
    uai: str, siren: str, ror: str, paysage: str, key: str | None
) -> None:
    given = {"uai": uai, "siren": siren, "ror": ror, "paysage": paysage}
    node = f"base:id/establishment/{key}" if key else None
    assert call("establishmentNode", **given) == node
    assert call("establishmentNode", **given, part="place") == (f"{node}/place" if node else None)


@pytest.mark.parametrize(
    ("value", "lat", "long"),
    [
        ("49.03397,2.078427", "49.03397", "2.078427"),
        ("48.84531, 2.32804", "48.84531", "2.32804"),
        ("48.10,-1.70", "48.1", "-1.7"),
        ("-20.9, 55.4", "-20.9", "55.4"),
        ("-17.5,-149.56", "-17.5", "-149.56"),
    ],
)
def test_a_point_has_canonical_coordinates(value: str, lat: str, long: str) -> None:
    assert call("coordinate", value=value, axis="lat") == lat
    assert call("coordinate", value=value, axis="long") == long
    assert call("wktPoint", value=value) == f"POINT({long} {lat})"
    assert check_literal(lat, XSD + "decimal") is None


@pytest.mark.parametrize("value", ["0,0", "91,2", "48.8,181", "48.8", "Paris", "48,84 2,32"])
def test_an_unusable_point_is_reported_once(value: str) -> None:
    assert report("coordinate", value=value, axis="lat").rule == "UnusableCoordinates"
    assert call("coordinate", value=value, axis="long") is None
    assert call("wktPoint", value=value) is None


@pytest.mark.parametrize(
    ("value", "code"),
    [("R11", "11"), ("11", "11"), ("R01", "01"), ("R94", "94"), ("r75", "75")],
)
def test_a_region_is_a_concept(value: str, code: str) -> None:
    assert call("regionConcept", value=value) == f"base:vocabulary/region/{code}"


@pytest.mark.parametrize(
    ("value", "code"),
    [("D095", "95"), ("D006", "06"), ("D02A", "2A"), ("D02B", "2B"), ("D974", "974"),
     ("75", "75"), ("2A", "2A"), ("971", "971")],
)  # fmt: skip
def test_a_departement_is_a_concept(value: str, code: str) -> None:
    assert call("departementConcept", value=value) == f"base:vocabulary/departement/{code}"


def test_what_is_no_region_or_departement_is_reported() -> None:
    for value in ("R00", "R99", "Bretagne"):
        assert report("regionConcept", value=value).rule == "UnknownRegion"
    for value in ("D987", "D999", "D020", "D096"):
        assert report("departementConcept", value=value).rule == "UnknownDepartement"


@pytest.mark.parametrize(("scheme", "count"), [("region", 18), ("departement", 101)])
def test_the_codes_are_those_of_the_vocabulary(scheme: str, count: int) -> None:
    text = (resource_dir("ontology") / "vocabularies" / f"{scheme}.ttl").read_text("utf-8")
    codes = re.findall(rf"^<vocabulary/{scheme}/(\w+)> a", text, re.MULTILINE)
    assert len(codes) == count
    for code in codes:
        assert call(f"{scheme}Concept", value=code) == f"base:vocabulary/{scheme}/{code}"
