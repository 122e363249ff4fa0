"""The validator, the reading rules and the report."""

import csv
import io
import json
import re
from datetime import date

import pyoxigraph
import pytest
import rdflib
from pyoxigraph import BlankNode, Dataset, Literal, NamedNode, Quad, RdfFormat

from collex_graph.errors import ResourceFileError
from collex_graph.mapping.functions.rule_names import rule_names
from collex_graph.model import (
    Note,
    Position,
    Problem,
    Severity,
    ValidationReport,
    ValidationResult,
)
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir
from collex_graph.validation.paths import Path, read_path
from collex_graph.validation.readings import ReadingRules
from collex_graph.validation.report import (
    known_rules,
    report_by_place,
    report_quads,
    report_text,
    report_turtle,
    write_csv,
)
from collex_graph.validation.report_files import report_json
from collex_graph.validation.scores import own_criteria
from collex_graph.validation.shapes import Announcement, read_shapes, shapes, written_rules
from collex_graph.validation.terms import to_pyoxigraph, to_rdflib
from collex_graph.validation.validator import validate

BASE = "https://w3id.org/collex-graph/"
UNIT = f"{BASE}id/fonds/FRFONDS-674821001-xBW"
NOTICE = f"{BASE}id/notice/FRFONDS-674821001-xBW"

PREFIXES = "".join(
    f"@prefix {name}: <{expand(name + ':')}> .\n"
    for name in ("collex", "collex-sh", "dcterms", "foaf", "rdfs", "rico", "sh", "wgs84", "xsd")
)


def read(turtle):
    return list(pyoxigraph.parse(PREFIXES + turtle, format=RdfFormat.TURTLE, base_iri=BASE))


def report_csv(*given, **more):
    table = io.StringIO(newline="")
    write_csv(table, *given, **more)
    return table.getvalue()


def rules_of(results):
    return [result.rule.removeprefix(expand("collex-sh:")) for result in results]


BARE_UNIT = (
    "<id/fonds/FRFONDS-674821001-xBW> a collex:DescribedUnit , collex:Fonds ;"
    ' rico:identifier "xBW" .'
)


class TestValidator:
    def test_a_result_names_node_rule_component_path_and_both_messages(self):
        (result,) = [r for r in validate(read(BARE_UNIT)) if r.rule.endswith("-holder")]
        assert result.focus_node == UNIT
        assert result.severity is Severity.VIOLATION
        assert result.source_constraint_component == expand("sh:MinCountConstraintComponent")
        assert result.path == "rico:isDirectlyIncludedIn*/rico:hasOrHadHolder"
        assert list(result.messages) == ["fr", "en"]
        assert "détient" in result.messages["fr"]
        assert "holds" in result.messages["en"]
        assert (result.value, result.value_term) == (None, None)

    def test_a_path_of_one_predicate_is_its_iri(self):
        (result,) = [r for r in validate(read(BARE_UNIT)) if r.rule.endswith("-language")]
        assert result.path == expand("dcterms:language")

    def test_two_runs_say_the_same_in_the_same_order(self):
        data = read(BARE_UNIT + "<id/library/674821001> a collex:Library .")
        assert validate(data) == validate(list(reversed(data)))
        order = [(r.focus_node, r.rule) for r in validate(data)]
        assert order == sorted(order)

    def test_results_can_be_told_apart_in_a_set(self):
        results = validate(read(BARE_UNIT))
        assert len(dict.fromkeys([*results, *results])) == len(results)

    def test_no_statement_gives_no_result(self):
        assert validate([]) == []

    def test_statements_of_several_graphs_are_one_graph(self):
        label = '<id/fonds/FRFONDS-674821001-xBW> rdfs:label "Fonds Emile Erckmann"@fr .'
        quads = [
            Quad(q.subject, q.predicate, q.object, NamedNode(f"{BASE}graph/source/ccfr/xBW"))
            for q in read(BARE_UNIT)
        ] + [
            Quad(q.subject, q.predicate, q.object, NamedNode(f"{BASE}graph/derived"))
            for q in read(label)
        ]
        assert "DescribedUnit-title" not in rules_of(validate(quads))

    def test_triples_are_accepted_too(self):
        triples = [quad.triple for quad in read(BARE_UNIT)]
        assert validate(triples) == validate(read(BARE_UNIT))

    def test_only_the_focus_nodes_given_are_checked(self):
        data = read(BARE_UNIT + "<id/library/674821001> a collex:Library .")
        found = validate(data, focus_nodes=[f"{BASE}id/library/674821001"])
        assert {result.focus_node for result in found} == {f"{BASE}id/library/674821001"}
        assert validate(data, focus_nodes=[]) == []

    def test_nested_shapes_still_look_at_values_when_focus_nodes_are_given(self):
        """With pySHACL's own option, sh:or would pass and sh:not would fail on every value."""
        data = read(
            '<id/fonds/FRFONDS-674821001-xBW> collex:treatmentNote "Catalogué"@fr ;'
            " rdfs:seeAlso <https://www.bnu.fr/> ; a collex:DescribedUnit ."
            "<id/notice/x/point/1> collex:refersTo <https://www.idref.fr/028056663> ."
        )
        found = validate(data, focus_nodes=[UNIT, f"{BASE}id/notice/x/point/1"])
        assert "Value-idref-iri" in rules_of(found)
        assert not {"DescribedUnit-staff-mail", "Dataset-mailto"} & set(rules_of(found))

    def test_a_value_is_given_in_words_and_as_a_term(self):
        data = read(
            '<id/library/674821001> collex:rcr "674 821 001" .'
            "<id/fonds/FRFONDS-674821001-xBW> a collex:DescribedUnit ;"
            " rico:isRecordResourceAssociatedWithRecordResource <id/fonds/Fonds_5228> ."
            '<id/fonds/Fonds_5228> rdfs:label "Imprimés anciens"@fr , "Early prints"@en .'
        )
        by_rule = dict(zip(rules_of(validate(data)), validate(data), strict=True))
        assert by_rule["Value-rcr"].value == "674 821 001"
        assert by_rule["Value-rcr"].value_term == '"674 821 001"'
        assert by_rule["DescribedUnit-linked-unit"].value == "Imprimés anciens"
        assert by_rule["DescribedUnit-linked-unit"].value_term == f"<{BASE}id/fonds/Fonds_5228>"

    def test_too_many_values_are_all_named_and_none_is_the_value(self):
        data = read(
            '<id/notice/x/point/1> rdfs:label "Études turques"@fr ;'
            ' collex:normalForm "Turcologues"@fr ;'
            " collex:refersTo <http://www.idref.fr/072643730/id> ."
        )
        (result,) = validate(data)
        assert result.value == "Turcologues | Études turques"
        assert result.value_term is None

    def test_a_long_list_of_values_is_cut_and_says_how_long_it_is(self):
        data = read(
            "".join(
                f'<id/notice/x/point/{n}> rdfs:label "forme {n}"@fr ;'
                " collex:refersTo <http://www.idref.fr/028056663/id> ."
                for n in range(1, 9)
            )
        )
        (result,) = validate(data)
        assert result.value == "forme 1 | forme 2 | forme 3 | forme 4 | forme 5 | … (8)"

    @pytest.mark.parametrize(
        ("text", "betrays"),
        [
            ("Responsable du fonds : Nom", True),
            ("Catalogué.\n Responsables du fonds :\nNom", True),
            ("Responsable(s) du fonds\nNom", True),
            ("RESPONSABLE DU FONDS", True),
            ("Statut de la notice : à relire", True),
            ("Conservateur responsable du fonds oriental de 1920 à 1950.", False),
            ("Responsable du fonds oriental de 1920 à 1950, il l’a classé.", False),
            ("Le statut de la notice d’origine n’est pas connu.", False),
        ],
    )
    def test_only_a_heading_betrays_an_internal_section(self, text, betrays):
        graph = read("<id/fonds/f> a collex:DescribedUnit .")
        history = Literal(text, language="fr")
        graph.append(Quad(NamedNode(f"{BASE}id/fonds/f"), term("rico:history"), history))
        assert ("DescribedUnit-staff-text" in rules_of(validate(graph))) is betrays

    def test_words_of_staff_set_aside_their_record_and_stop_no_other(self):
        data = read(
            '<id/fonds/f> a collex:DescribedUnit ; collex:treatmentNote "a@x.example"@fr ;'
            ' rico:history "Responsable du fonds : Nom"@fr .'
        )
        found = [r for r in validate(data) if "-staff-" in r.rule]
        assert len(found) == 2
        assert {r.severity for r in found} == {Severity.VIOLATION}
        assert not any(r.of_dataset for r in found)

    def test_an_address_in_the_conditions_of_access_is_a_warning(self):
        data = read(
            "<id/fonds/f> a collex:DescribedUnit ;"
            ' rico:conditionsOfAccess "Écrire à salle@bibliotheque.example"@fr .'
        )
        (result,) = [r for r in validate(data) if r.rule.endswith("-mail")]
        assert result.severity is Severity.WARNING

    def test_wordings_of_one_identifier_are_all_named(self):
        data = read(
            "".join(
                f'<id/notice/x/point/{n}> rdfs:label "{label}"@fr ;'
                " collex:refersTo <http://www.idref.fr/028056663/id> ."
                for n, label in enumerate(("Iranologie", "Études iraniennes", "iranologie"))
            )
        )
        (result,) = validate(data)
        assert result.value == "Iranologie | iranologie | Études iraniennes"
        assert result.value_term is None

    @pytest.mark.parametrize("difference", ["rdfs:label", "collex:element"])
    def test_what_two_entries_disagree_about_is_named(self, difference):
        data = read(
            '<http://www.idref.fr/026498987/id> rdfs:label "BIULO"@fr .'
            + "".join(
                f'<id/notice/x/point/{n}> {difference} "{said}" ;'
                " collex:refersTo <http://www.idref.fr/026498987/id> ."
                for n, said in enumerate(("persname", "corpname"))
            )
        )
        (result,) = validate(data)
        assert "« BIULO »".replace(" ", "\u00a0") in result.messages["fr"]
        assert "“BIULO”" in result.messages["en"]

    def test_a_local_node_of_two_kinds_cites_the_defect_of_a_name_given_twice(self):
        rule = shapes().rules[expand("collex-sh:ReferredNode-one-kind")]
        assert rule.codes == ("CG-D2", "CG-D3", "CG-D22")

    def test_a_missing_holder_is_said_of_a_fonds_and_of_a_sub_fonds(self):
        for name in ("holder", "access"):
            rule = shapes().rules[expand(f"collex-sh:DescribedUnit-{name}")]
            assert "ce fonds ou sous-fonds" in rule.messages["fr"]
            assert "this fonds or sub-fonds" in rule.messages["en"]

    def test_a_position_far_from_its_departement_names_the_departement(self):
        data = read(
            "<id/place/p> wgs84:lat 7.75 ; wgs84:long 48.58 ; collex:positionPrecision"
            " <vocabulary/position-precision/exact> ;"
            " collex:inDepartement <vocabulary/departement/67> ."
            '<vocabulary/departement/67> rdfs:label "Bas-Rhin"@fr ; wgs84:lat 48.67 ;'
            " wgs84:long 7.55 ;"
            " collex:positionPrecision <vocabulary/position-precision/departement> ."
        )
        (result,) = validate(data)
        assert rules_of([result]) == ["Place-near-departement"]
        assert (result.focus_node, result.value) == (f"{BASE}id/place/p", "Bas-Rhin")

    def test_a_violation_of_the_data_set_says_so(self):
        data = read('<id/notice/FRFONDS-674821001-xBW> collex:noticeStatus "interne" .')
        (result,) = validate(data)
        assert result.of_dataset
        assert not any(r.of_dataset for r in validate(read(BARE_UNIT)))

    @pytest.mark.parametrize(
        "turtle",
        [
            '<id/notice/n> collex:noticeStatus "canari-7319" .',
            '<id/fonds/f> rico:history "Responsable du fonds : canari-7319"@fr .',
            '<id/fonds/f> collex:treatmentNote "canari-7319@x.example"@fr .',
            '<id/fonds/f> rico:history "canari-7319@x.example"@fr .',
            "<id/fonds/f> rdfs:seeAlso <mailto:canari-7319@x.example> .",
            '<id/agent/a> a foaf:Person ; rdfs:label "n"@fr ; foaf:phone "canari-7319" .',
        ],
    )  # fmt: skip
    def test_private_values_are_never_quoted(self, turtle):
        found = validate(read(f"{turtle} <id/fonds/f> a collex:DescribedUnit ."))
        assert {
            r for r in rules_of(found) if r.startswith("Dataset-") or r.endswith(("-mail", "-text"))
        }
        report = ValidationReport(tuple(found))
        written = report_turtle(report, BASE) + report_text(report) + report_csv(report)
        assert "canari" not in repr(found) + written

    def test_values_that_cannot_be_compared_are_a_result_and_not_a_crash(self):
        data = read(
            "<id/fonds/a> a collex:DescribedUnit ; collex:startYear 1839 ; collex:endYear 'vers' ."
            "<id/fonds/b> a collex:DescribedUnit ; collex:startYear 1839 ; collex:endYear 1936 ."
        )
        found = [r for r in validate(data) if r.rule.endswith("DescribedUnit-years")]
        assert [r.focus_node for r in found] == [f"{BASE}id/fonds/a"]

    def test_a_node_without_iri_is_reported_without_its_label_of_the_day(self):
        data = read('[] a collex:Place ; rdfs:label "Ici"@fr .')
        (result,) = validate(data)
        assert rules_of([result]) == ["PublishedNodeShape"]
        assert (result.focus_node, result.value, result.value_term) == (None, "Ici", None)

    def test_no_message_is_the_same_in_both_languages(self):
        for rule in shapes().rules.values():
            assert rule.messages["fr"] != rule.messages["en"]


class TestPositions:
    HERE = Position("FRFONDS-674821001-xBW.xml", line=12, component="FRFONDS-674821001-xBW")

    def test_a_node_of_a_record_has_the_place_of_the_record(self):
        (first, *_) = validate(read(BARE_UNIT), positions={UNIT: self.HERE})
        assert first.position == self.HERE

    def test_a_node_under_another_has_the_place_of_its_owner(self):
        data = read("<id/notice/FRFONDS-674821001-xBW/point/3> a collex:AccessPoint .")
        found = validate(data, positions={NOTICE: self.HERE})
        assert {result.position for result in found} == {self.HERE}

    def test_a_node_of_others_has_the_place_of_a_node_that_refers_to_it(self):
        data = read(
            "<id/notice/FRFONDS-674821001-xBW/point/3>"
            " collex:refersTo <http://www.idref.fr/026852071/id> ."
            "<http://www.idref.fr/026852071/id> a foaf:Person ."
        )
        (result,) = validate(data, positions={NOTICE: self.HERE})
        assert result.focus_node == "http://www.idref.fr/026852071/id"
        assert result.position == self.HERE

    def test_without_positions_there_is_none(self):
        assert {result.position for result in validate(read(BARE_UNIT))} == {None}


GOOD_SHAPE = """
collex-sh:ThingShape a sh:NodeShape ;
  rdfs:label "Chose"@fr , "Thing"@en ;
  sh:targetClass collex:Thing ;
  sh:property collex-sh:Thing-name .

collex-sh:Thing-name a sh:PropertyShape ;
  sh:path rdfs:label ;
  sh:minCount 1 ;
  sh:severity sh:Warning ;
  rdfs:label "Chose sans nom"@fr , "Thing without a name"@en ;
  sh:name "nom"@fr , "name"@en ;
  sh:message "La chose n’a pas de nom."@fr , "The thing has no name."@en ;
  collex-sh:rule collex-sh:CG-M7 .
"""


class TestLoadingShapes:
    def load(self, tmp_path, turtle):
        (tmp_path / "thing.ttl").write_text(PREFIXES + turtle, encoding="utf-8")
        return read_shapes(tmp_path)

    def test_a_folder_of_shapes_can_stand_in_for_the_projects_own(self, tmp_path):
        own = self.load(tmp_path, GOOD_SHAPE)
        (result,) = validate(read("<id/thing/1> a collex:Thing ."), against=own)
        assert result.messages == {
            "fr": "La chose n’a pas de nom.",
            "en": "The thing has no name.",
        }

    @pytest.mark.parametrize(
        ("old", "new", "problem"),
        [
            ("sh:severity sh:Warning ;", "", "sh:severity"),
            ("sh:Warning", "sh:Grave", "sh:severity"),
            (' , "The thing has no name."@en', "", "sh:message"),
            ('"nom"@fr , "name"@en', '"nom"@fr , "nom"@de', "sh:name"),
            ('  rdfs:label "Chose sans nom"@fr , "Thing without a name"@en ;', "", "rdfs:label"),
            (" ;\n  collex-sh:rule collex-sh:CG-M7", "", "collex-sh:rule"),
            ("collex-sh:CG-M7", "collex-sh:CG-M99", "CG-M99 is not in rulebook"),
            ("sh:Warning ;", "sh:Warning ; collex-sh:announcedSeverity sh:Info ;", "graver"),
            ("sh:Warning ;", "sh:Warning ; collex-sh:announcedSeverity sh:Violation ;", "xsd:date"),
            (
                "sh:Warning ;",
                "sh:Warning ; collex-sh:inForceFrom '2027-01-01'^^xsd:date ;",
                "graver",
            ),
            ("sh:path rdfs:label", "sh:path [ rdfs:comment 'x' ]", "sh:path"),
            ("  sh:path rdfs:label ;\n", "", "sh:path"),
            ("sh:minCount 1 ;", 'sh:pattern "(" ;', "sh:pattern"),
            ("sh:minCount 1 ;", "sh:minCount 1 ; collex-sh:ofDataset true ;", "data set"),
            ("  sh:property collex-sh:Thing-name .", '  rdfs:comment "x" .', "never runs"),
            ("property collex-sh:Thing-name", "property collex-sh:Thing-nom", "not stated"),
            ("property collex-sh:Thing-name", "property [ sh:minCount 1 ]", "by its IRI"),
            ("targetClass collex:Thing ;", "targetClass collex:Thing ; sh:closed true ;", "sever"),
        ],
    )
    def test_a_rule_that_breaks_the_contract_is_refused_with_its_place(
        self, tmp_path, old, new, problem
    ):
        assert old in GOOD_SHAPE
        with pytest.raises(ResourceFileError, match=problem) as error:
            self.load(tmp_path, GOOD_SHAPE.replace(old, new))
        assert "thing.ttl:" in str(error.value)
        assert error.value.line is not None

    def test_a_rule_can_announce_what_it_will_become(self, tmp_path):
        announced = (
            "sh:severity sh:Warning ; collex-sh:announcedSeverity sh:Violation ;"
            ' collex-sh:inForceFrom "2027-09-01"^^xsd:date ;'
        )
        own = self.load(tmp_path, GOOD_SHAPE.replace("sh:severity sh:Warning ;", announced))
        rule = own.rules[expand("collex-sh:Thing-name")]
        assert rule.announced == Announcement(Severity.VIOLATION, date(2027, 9, 1))
        (result,) = validate(read("<id/thing/1> a collex:Thing ."), against=own)
        assert result.severity is Severity.WARNING  # until somebody changes sh:severity

    def test_turtle_that_cannot_be_read_is_refused_with_its_line(self, tmp_path):
        with pytest.raises(ResourceFileError, match=r"thing\.ttl:\d+: not well-formed"):
            self.load(tmp_path, GOOD_SHAPE + "\ncollex-sh:x a ;\n")

    def test_a_rule_without_iri_is_refused(self, tmp_path):
        with pytest.raises(ResourceFileError, match="needs an IRI"):
            self.load(tmp_path, GOOD_SHAPE + "[] a sh:PropertyShape ; sh:path rdfs:label .")

    def test_a_rule_stated_in_two_files_is_refused(self, tmp_path):
        (tmp_path / "other.ttl").write_text(PREFIXES + GOOD_SHAPE, encoding="utf-8")
        with pytest.raises(ResourceFileError, match=r"already stated in other\.ttl"):
            self.load(tmp_path, GOOD_SHAPE)

    def test_a_folder_without_shapes_is_refused(self, tmp_path):
        with pytest.raises(ResourceFileError, match="no shape file"):
            read_shapes(tmp_path)

    def test_every_written_rule_is_checked_by_a_rule(self):
        checked = {code for rule in known_rules().values() for code in rule.codes}
        for metric in own_criteria().metrics:
            checked |= {*metric.codes, *(c for one in metric.criteria for c in one.rule.codes)}
        assert set(written_rules()) == checked

    def test_our_own_shapes_name_no_minted_iri_and_use_declared_prefixes_only(self):
        for path in resource_dir("shapes").glob("*.ttl"):
            text = path.read_text(encoding="utf-8")
            assert f"<{BASE}id/" not in text
            assert f"<{BASE}vocabulary/" not in text
            for line in text.splitlines():
                if line.startswith("@prefix"):
                    _, name, iri, _ = line.split()
                    assert iri == f"<{expand(name)}>", f"{path.name}: {line}"

    def test_every_violation_of_a_record_is_one_the_severity_contract_allows(self):
        """The list is short on purpose: each entry sets records aside."""
        allowed = {
            "AcquiredResource-name", "Document-title", "Holding-document", "PackagedTitle-name",
            "PackagedTitle-package", "TitlePackage-name", "AccessPoint-unit", "Concept-label",
            "CorporateBodyShape", "Corpus-name", "DescribedUnit-holder",
            "DescribedUnit-identifier", "DescribedUnit-staff-mail", "DescribedUnit-staff-text",
            "DescribedUnit-title", "Establishment-identifier", "Establishment-name",
            "Labelling-concerns", "Labelling-concerns-unit", "Labelling-label", "Library-name",
            "Library-rcr", "Notice-identifier", "Notice-primary-topic",
            "Notice-primary-topic-unit", "Notice-title", "Person-name", "Place-name",
            "UsageObservation-metric", "UsageObservation-report", "UsageReport-name",
            "UsageReport-observation", "Value-name-not-blank", "ArchiveService-institution",
            "Named-mailbox", "ConservationCommitment-conserves", "Named-name",
            "SurveyObservation-value",
        }  # fmt: skip
        found = {
            iri.removeprefix(expand("collex-sh:"))
            for iri, rule in shapes().rules.items()
            if rule.severity is Severity.VIOLATION and not rule.of_dataset
        }
        assert found == allowed


class TestPaths:
    A = Path("predicate", expand("rico:title"))
    B = Path("predicate", expand("rdfs:label"))

    @pytest.mark.parametrize(
        ("turtle", "text"),
        [
            ("rdfs:label", "rdfs:label"),
            ("<http://example.org/p>", "<http://example.org/p>"),
            ("( rico:title rdfs:label )", "rico:title/rdfs:label"),
            ("[ sh:alternativePath ( rico:title rdfs:label ) ]", "rico:title|rdfs:label"),
            ("[ sh:inversePath rdfs:label ]", "^rdfs:label"),
            (
                "([ sh:zeroOrMorePath [ sh:alternativePath (rico:title rdfs:label) ] ] rdfs:label)",
                "(rico:title|rdfs:label)*/rdfs:label",
            ),
            ("[ sh:oneOrMorePath [ sh:inversePath rdfs:label ] ]", "(^rdfs:label)+"),
            ("[ sh:inversePath [ sh:zeroOrOnePath rdfs:label ] ]", "^rdfs:label?"),
            (
                "[ sh:inversePath ( rico:title rdfs:label ) ]",
                "^(rico:title/rdfs:label)",
            ),
        ],
    )
    def test_a_path_is_read_said_and_written_again(self, turtle, text):
        path = self._read(read(f"<urn:x:shape> sh:path {turtle} ."))
        assert path.text == text
        mint = "https://x.example/.well-known/genid/{}".format
        graph = NamedNode("urn:x:g")
        quads = list(path.quads(mint, graph))
        assert not [q for q in quads if isinstance(q.subject, BlankNode)]
        again = [Quad(NamedNode("urn:x:shape"), term("sh:path"), path.node(mint)), *quads]
        if quads:
            assert self._read(again, minted=True) == path

    @pytest.mark.parametrize("turtle", ["[]", "( rdfs:label )", '"x"', "[ rdf:first rdfs:label ]"])
    def test_what_is_no_path_is_refused(self, turtle):
        turtle = turtle.replace("rdf:", f"rdf{'':s}:")
        data = f"@prefix rdf: <{expand('rdf:')}> . <urn:x:shape> sh:path {turtle} ."
        with pytest.raises(ValueError, match="path"):
            self._read(read(data))

    def _read(self, quads, *, minted=False):
        def objects(subject, predicate):
            return [q.object for q in quads if (q.subject, q.predicate) == (subject, predicate)]

        (node,) = objects(NamedNode("urn:x:shape"), term("sh:path"))
        if minted:
            # Skolemised paths are IRIs, which SHACL would read as predicates: back to blank nodes.
            def blank(value):
                is_minted = isinstance(value, NamedNode) and "genid" in value.value
                return BlankNode(value.value.rpartition("/")[2]) if is_minted else value

            back = [Quad(blank(q.subject), q.predicate, blank(q.object)) for q in quads]
            return self._read(back)
        return read_path(node, objects)


READINGS = """
collex-sh:ObsoleteCode a collex-sh:ReadingRule ;
  sh:severity sh:Warning ;
  rdfs:label "Code périmé"@fr , "Obsolete code"@en ;
  sh:message "« {value} » a été lu {code} ({place})."@fr ,
    "“{value}” was read as {code} ({place})."@en ;
  collex-sh:advice "Écrire {code}, rangée {row}."@fr , "Write {code}, row {row}."@en ;
  collex-sh:rule collex-sh:CG-D21 .

collex-sh:NoticeInProgress a collex-sh:ReadingRule ;
  sh:severity sh:Info ;
  collex-sh:internal true ;
  collex-sh:withholdsValue true ;
  rdfs:label "Notice en cours"@fr , "Notice in progress"@en ;
  sh:message "Notice en cours : {value}."@fr , "Notice in progress: {value}."@en ;
  collex-sh:rule collex-sh:CG-D23 .

collex-sh:TwiceIdentified a collex-sh:ReadingRule ;
  sh:severity sh:Violation ;
  collex-sh:ofDataset true ;
  rdfs:label "Identifiant double"@fr , "Identifier twice"@en ;
  sh:message "Deux fois {value}."@fr , "{value} twice."@en ;
  collex-sh:rule collex-sh:CG-M5 .
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "readings.ttl"
    path.write_text(PREFIXES + READINGS, encoding="utf-8")
    return ReadingRules(path)


def problem(rule, value, position=None, subject=UNIT, **arguments):
    return Problem(
        note=Note(rule, value, tuple(sorted(arguments.items()))),
        position=position or Position("f.xml", line=12, component="Fonds_5230", column="did"),
        record="f.xml#Fonds_5230",
        subject=subject,
        mapping="unit",
        predicate=expand("dcterms:language"),
    )


class TestReadingRules:
    def test_a_problem_is_said_in_both_languages_with_its_values_and_its_place(self, rules):
        result = rules.result(problem("ObsoleteCode", "scc", code="srp"))
        assert result.messages == {
            "fr": "« scc » a été lu srp (f.xml, ligne 12, composant Fonds_5230, did).",
            "en": "“scc” was read as srp (f.xml, line 12, component Fonds_5230, did).",
        }
        assert result.severity is Severity.WARNING
        assert result.rule == expand("collex-sh:ObsoleteCode")
        assert result.path == expand("dcterms:language")
        assert result.value == "scc"
        assert result.focus_node == UNIT
        assert result.source_constraint_component is None

    def test_advice_names_the_row_of_a_table(self, rules):
        place = Position("etab.csv", row=7, column="uai")
        result = rules.result(problem("ObsoleteCode", "scr", place, code="hrv"))
        assert result.advice == {"fr": "Écrire hrv, rangée 7.", "en": "Write hrv, row 7."}
        assert "(etab.csv, rangée 7, colonne uai)" in result.messages["fr"]

    def test_a_value_with_braces_is_not_filled_in(self, rules):
        result = rules.result(problem("ObsoleteCode", "{code} {0} {}", code="srp"))
        assert result.messages["fr"].startswith("« {code} {0} {} » a été lu srp")

    def test_an_argument_that_was_not_given_shows_as_an_ellipsis(self, rules):
        result = rules.result(problem("ObsoleteCode", "scc"))
        assert "a été lu … (" in result.messages["fr"]

    def test_an_internal_rule_is_internal_and_quotes_nothing(self, rules):
        result = rules.result(problem("NoticeInProgress", "canari-7319"))
        assert result.internal
        assert "canari" not in repr(result)

    def test_a_rule_of_the_data_set_says_so(self, rules):
        assert rules.result(problem("TwiceIdentified", "x")).of_dataset

    def test_an_unknown_rule_is_refused_with_the_file_to_mend(self, rules):
        with pytest.raises(ResourceFileError, match=r"readings\.ttl.*NoSuchRule"):
            rules.result(problem("NoSuchRule", "x"))

    def test_a_rule_without_english_is_refused_with_its_line(self, tmp_path):
        path = tmp_path / "readings.ttl"
        path.write_text(PREFIXES + READINGS.replace(', "Obsolete code"@en', ""), encoding="utf-8")
        with pytest.raises(ResourceFileError, match=r"readings\.ttl:11: .*ObsoleteCode"):
            ReadingRules(path)

    def test_a_file_without_rules_is_refused(self, tmp_path):
        path = tmp_path / "readings.ttl"
        path.write_text(PREFIXES, encoding="utf-8")
        with pytest.raises(ResourceFileError, match="ReadingRule"):
            ReadingRules(path)

    def test_the_projects_own_rules_load(self):
        assert ReadingRules.load() is ReadingRules.load()
        assert not set(ReadingRules.load().rules) & set(shapes().rules)


@pytest.fixture
def results(rules):
    data = read(
        "<id/fonds/FRFONDS-674821001-xBW> a collex:DescribedUnit , collex:Fonds ;"
        " rico:identifier 'xBW' ;"
        " rico:isRecordResourceAssociatedWithRecordResource <id/fonds/Fonds_5228> ."
        '<id/library/674821001> collex:rcr "674 821 001" .'
    )
    positions = {UNIT: Position("f.xml", line=12, component="FRFONDS-674821001-xBW")}
    return (
        *validate(data, positions=positions),
        rules.result(problem("ObsoleteCode", "scc", code="srp")),
        rules.result(problem("NoticeInProgress", "canari-7319")),
        rules.result(problem("TwiceIdentified", "=1+1", Position("e.csv", row=3), subject=None)),
    )


@pytest.fixture
def known(rules):
    return {**shapes().rules, **rules.rules}


class TestReport:
    def graph(self, turtle):
        return Dataset(pyoxigraph.parse(turtle, format=RdfFormat.TURTLE))

    def test_every_result_has_what_shacl_demands_exactly_once(self, results, known):
        quads = list(report_quads(ValidationReport(results), BASE, rules=known))
        nodes = {q.object for q in quads if q.predicate == term("sh:result")}
        assert len(nodes) == len(results) - 1
        for node in nodes:
            said = [q.predicate for q in quads if q.subject == node]
            for name in ("focusNode", "resultSeverity", "sourceShape", "sourceConstraintComponent"):
                assert said.count(term(f"sh:{name}")) == 1, name
            assert said.count(term("sh:resultPath")) <= 1
            assert said.count(term("sh:value")) <= 1
            messages = [
                q.object.language
                for q in quads
                if q.subject == node and q.predicate == term("sh:resultMessage")
            ]
            assert messages == ["fr", "en"]

    def test_there_is_no_blank_node_and_one_graph(self, results, known):
        quads = list(report_quads(ValidationReport(results), BASE, rules=known))
        for quad in quads:
            assert not isinstance(quad.subject, BlankNode)
            assert not isinstance(quad.object, BlankNode)
        assert {quad.graph_name for quad in quads} == {NamedNode(f"{BASE}graph/report")}

    def test_every_node_of_the_report_is_labelled_in_both_languages(self, results, known):
        quads = list(report_quads(ValidationReport(results), BASE, rules=known))
        typed = {q.subject for q in quads if q.predicate == term("rdf:type")}
        for node in typed:
            labels = [
                q.object.language
                for q in quads
                if q.subject == node and q.predicate == term("rdfs:label")
            ]
            assert labels == ["fr", "en"]

    def test_no_statement_is_said_twice(self, results, known):
        quads = list(report_quads(ValidationReport(results), BASE, rules=known))
        assert len(quads) == len(set(quads))

    def test_the_turtle_says_the_same_as_the_quads(self, results, known):
        report = ValidationReport(results)
        turtle = report_turtle(report, BASE, rules=known)
        quads = Dataset(
            Quad(q.subject, q.predicate, q.object) for q in report_quads(report, BASE, rules=known)
        )
        assert self.graph(turtle) == quads

    def test_the_turtle_is_the_report_that_shacl_describes(self, known):
        report = ValidationReport(
            tuple(validate(read('<id/library/674821001> collex:rcr "674 821 001" .')))
        )
        found = self.graph(report_turtle(report, BASE, rules=known))
        (node,) = {q.object for q in found if q.predicate == term("sh:result")}
        expected = Dataset(
            read(
                "<id/report> a sh:ValidationReport ; sh:conforms false ;"
                ' rdfs:label "Rapport de contrôle"@fr , "Validation report"@en ;'
                f" sh:result {node} ."
                f"{node} a sh:ValidationResult ;"
                ' rdfs:label "Numéro RCR mal formé"@fr , "Malformed RCR number"@en ;'
                " sh:focusNode <id/library/674821001> ; sh:resultPath collex:rcr ;"
                ' sh:value "674 821 001" ; collex-sh:found "674 821 001" ;'
                " sh:sourceShape collex-sh:Value-rcr ; collex-sh:rule collex-sh:CG-M5 ;"
                " sh:resultSeverity sh:Warning ;"
                " sh:sourceConstraintComponent sh:PatternConstraintComponent ;"
                ' collex-sh:repaired "674821001" ; collex-sh:certain false ;'
                " sh:resultMessage"
                + " , ".join(
                    f' "{text}"@{language}'
                    for language, text in known[expand("collex-sh:Value-rcr")].messages.items()
                )
                + " ; collex-sh:repairReason"
                ' "Les neuf chiffres seuls, zéro initial compris."@fr ,'
                ' "The nine digits alone, with the leading zero."@en .'
            )
        )
        assert found == expected

    def test_the_iri_of_a_result_stays_when_the_rest_of_the_report_changes(self, results, known):
        def iris(some):
            quads = report_quads(ValidationReport(tuple(some)), BASE, rules=known)
            return {q.object.value for q in quads if q.predicate == term("sh:result")}

        assert iris(results[2:]) < iris(results)
        assert iris(results) == iris(reversed(results))

    def test_the_iri_of_a_result_is_pinned(self, known):
        results = validate(read('<id/library/674821001> collex:rcr "674 821 001" .'))
        turtle = report_turtle(ValidationReport(tuple(results)), BASE, rules=known)
        assert f"{BASE}id/result/757f2d7df57a7911" in turtle

    def test_the_turtle_is_the_same_each_time(self, results, known):
        first, second = (report_turtle(ValidationReport(results), BASE, rules=known) for _ in "12")
        assert first == second
        assert first.startswith("@prefix adms:")

    def test_two_results_alike_in_node_rule_path_and_value_are_both_kept(self, rules, known):
        twice = tuple(
            rules.result(problem("ObsoleteCode", "scc", Position("f.xml", line=line), code="srp"))
            for line in (12, 40)
        )
        quads = list(report_quads(ValidationReport(twice), BASE, rules=known))
        one, other = sorted(q.object.value for q in quads if q.predicate == term("sh:result"))
        assert other == f"{one}-2"

    def test_the_place_is_said_part_by_part(self, results, known):
        turtle = report_turtle(ValidationReport(results), BASE, rules=known)
        assert 'collex-sh:file "f.xml"' in turtle
        assert "collex-sh:line 12" in turtle
        assert 'collex-sh:component "Fonds_5230"' in turtle
        assert 'collex-sh:column "did"' in turtle
        assert "collex-sh:row 3" in turtle

    def test_a_problem_about_no_node_is_about_its_place_in_the_source_file(self, results, known):
        source = f"{BASE}id/source-file/esr/0123456789ab"
        turtle = report_turtle(
            ValidationReport(results), BASE, source_files={"e.csv": source}, rules=known
        )
        assert f"sh:focusNode <{source}#row=3>" in turtle
        without = report_turtle(ValidationReport(results), BASE, rules=known)
        assert f"sh:focusNode <{BASE}id/report>" in without

    def test_internal_results_are_in_no_published_form(self, results, known):
        report = ValidationReport(results)
        for written in (
            report_turtle(report, BASE, rules=known),
            report_csv(report, rules=known),
        ):
            assert "NoticeInProgress" not in written
        assert "interne, non publié" in report_text(report, rules=known)

    def test_a_report_with_nothing_to_say_conforms(self):
        turtle = report_turtle(ValidationReport(()), BASE)
        assert "sh:conforms true" in turtle

    def test_a_report_of_notes_alone_does_not_conform_in_the_sense_of_shacl(self, results, known):
        notes = tuple(r for r in results if r.severity is Severity.INFO and not r.internal)
        assert notes
        assert ValidationReport(notes).conforms
        assert "sh:conforms false" in report_turtle(ValidationReport(notes), BASE, rules=known)

    def test_a_literal_that_no_store_should_hold_is_quoted_in_words_only(self, known):
        found = validate(
            read('<id/notice/x/point/1> collex:position "premier"^^xsd:integer .'),
        )
        quads = list(report_quads(ValidationReport(tuple(found)), BASE, rules=known))
        assert not [q for q in quads if q.predicate == term("sh:value")]
        assert Literal("premier") in [q.object for q in quads]

    def test_a_rule_that_is_no_longer_known_is_still_reported(self):
        result = ValidationResult(
            focus_node=UNIT,
            severity=Severity.INFO,
            rule=expand("collex-sh:Gone"),
            messages={"fr": "Ancienne règle", "en": "Old rule"},
            path="rico:title/rdfs:label",
        )
        report = ValidationReport((result,))
        assert "Ancienne règle" in report_turtle(report, BASE)
        assert "Ancienne règle" in report_text(report)
        assert "Old rule" in report_text(report, "en")
        assert "collex-sh:Gone" not in report_csv(report)


class TestSummary:
    def test_each_rule_stands_once_with_its_count_gravest_first(self, results, known):
        text = report_text(ValidationReport(results * 2), rules=known)
        lines = text.splitlines()
        assert lines[0] == "Contrôle : 6 violations, 14 avertissements, 8 informations"
        headings = [line for line in lines if line in ("Violations", "Avertissements")]
        assert headings == ["Violations", "Avertissements"]
        assert "     2  Fonds ou sous-fonds sans titre (DescribedUnit-title, CG-M7)" in lines
        assert lines[lines.index("     2  Identifiant double (TwiceIdentified, CG-M5)") + 1] == (
            "        concerne tout le jeu de données : rien n’est publié"
        )
        assert "        par exemple f.xml, ligne 12, composant FRFONDS-674821001-xBW" in lines

    def test_every_form_of_report_cites_the_written_rules(self, results, known):
        report = ValidationReport(results)
        for language in ("fr", "en"):
            assert "CG-D21" in report_text(report, language, rules=known)
            assert "CG-D21]" in report_by_place(report, language, rules=known)
            assert "CG-D21" in report_csv(report, language, rules=known)
        assert "collex-sh:rule collex-sh:CG-D21" in report_turtle(report, BASE, rules=known)
        told = json.loads(report_json(report, rules=known))
        assert ["CG-D21"] in [result["codes"] for result in told["results"]]

    def test_an_example_has_its_place_its_message_and_its_advice(self, results, known):
        warnings = tuple(r for r in results if r.severity is Severity.WARNING)
        text = " ".join(report_text(ValidationReport(warnings), rules=known).split())
        assert (
            "1 Code périmé (ObsoleteCode, CG-D21)"
            " par exemple : « scc » a été lu srp (f.xml, ligne 12, composant Fonds_5230, did)."
            " À faire : Écrire srp, rangée …."
        ) in text
        assert (
            "1 Langues non renseignées (DescribedUnit-language, CG-D16)"
            " par exemple f.xml, ligne 12, composant FRFONDS-674821001-xBW"
            " La notice ne dit pas dans quelles langues sont les documents."
        ) in text

    def test_every_violation_is_listed_under_its_message(self, known):
        data = read(
            "".join(
                f"<id/fonds/{name}> a collex:DescribedUnit ; rico:identifier '{name}' ;"
                " rico:hasOrHadHolder <id/library/674821001> ."
                for name in "abc"
            )
        )
        places = {
            f"{BASE}id/fonds/{name}": Position(f"{name}.xml", component=name) for name in "ab"
        }
        report = ValidationReport(tuple(validate(data, positions=places)))
        lines = report_text(report, rules=known).splitlines()
        start = lines.index("     3  Fonds ou sous-fonds sans titre (DescribedUnit-title, CG-M7)")
        assert lines[start + 1].startswith("        Ce fonds ou sous-fonds n’a pas de titre")
        listed = [line.strip() for line in lines[start:] if line.startswith("        –")]
        assert listed == [
            "– a.xml, composant a",
            "– b.xml, composant b",
            f"– {BASE}id/fonds/c",
        ]

    def test_violations_alike_in_place_are_counted(self, known, rules):
        twice = tuple(
            rules.result(problem("TwiceIdentified", "x", Position("e.csv", row=3)))
            for _ in range(2)
        )
        lines = report_text(ValidationReport(twice), rules=known).splitlines()
        assert lines[-2:] == ["        Deux fois x.", "        – e.csv, rangée 3 (2 fois)"]

    def test_a_violation_quotes_the_value_that_its_message_does_not(self, known):
        data = read('<id/library/674821001> a collex:Library ; collex:rcr "674821001" .')
        data += read(
            "<id/labelling/l> a collex:Labelling ; collex:concerns <id/library/674821001> ."
        )
        text = report_text(ValidationReport(tuple(validate(data))), rules=known)
        assert f"– {BASE}id/labelling/l : {BASE}id/library/674821001" in " ".join(text.split())

    def test_the_lines_fit_a_plain_terminal(self, results, known):
        for language in ("fr", "en"):
            text = report_text(ValidationReport(results), language, rules=known)
            for line in text.splitlines():
                assert len(line) < 80 or not re.match(r" {8}(?!par exemple|for instance|–)", line)

    def test_no_line_parts_a_quotation_from_its_marks(self, results, known):
        for line in report_text(ValidationReport(results), rules=known).splitlines():
            assert not line.endswith("«")
            assert not line.lstrip().startswith(("»", ":", ";"))

    def test_the_english_summary_says_the_same(self, results, known):
        text = report_text(ValidationReport(results), "en", rules=known)
        assert text.startswith("Validation: 3 violations, 7 warnings, 4 remarks")
        assert "     1  Fonds or sub-fonds without a title (DescribedUnit-title, CG-M7)" in text

    def test_french_counts_nought_in_the_singular(self, results, known):
        notes = tuple(r for r in results if r.severity is Severity.INFO)
        text = report_text(ValidationReport(notes[:1]), rules=known)
        assert text.startswith("Contrôle : 0 violation, 0 avertissement, 1 information")

    def test_an_empty_report_says_so(self):
        assert report_text(ValidationReport(())) == "Contrôle : rien à signaler."

    def test_the_table_has_one_row_per_result_and_no_formula(self, results, known):
        rows = list(csv.reader(io.StringIO(report_csv(ValidationReport(results), rules=known))))
        assert len(rows) == len(results)
        assert rows[0][0] == "gravité"
        assert {len(row) for row in rows} == {len(rows[0])}
        values = [row[rows[0].index("valeur")] for row in rows]
        assert "'=1+1" in values
        assert "=1+1" not in values

    def test_the_table_names_properties_in_words(self, results, known):
        text = report_csv(ValidationReport(results), "en", rules=known)
        (row,) = [r for r in csv.DictReader(io.StringIO(text)) if r["rule"] == "Value-rcr"]
        assert row["property"] == "RCR number"
        assert row["severity"] == "warning"
        assert row["finding"] == "Malformed RCR number"


class TestTerms:
    @pytest.mark.parametrize(
        "value",
        [
            NamedNode("http://www.idref.fr/028056663/id"),
            BlankNode("b0"),
            Literal("a"),
            Literal("a", language="fr-fr"),
            Literal("01", datatype=term("xsd:integer")),
            Literal("1.50", datatype=term("xsd:decimal")),
            Literal("2024-09-07BST21:13:02", datatype=term("xsd:dateTime")),
            Literal("", language="fr"),
        ],
    )
    def test_a_term_goes_to_rdflib_and_back_unchanged(self, value):
        assert to_pyoxigraph(to_rdflib(value)) == value

    def test_plain_strings_are_one_kind_of_term(self):
        typed = Literal("subject", datatype=term("xsd:string"))
        assert to_rdflib(typed) == rdflib.Literal("subject")


OVER = (
    "a collex:Labelling ; collex:validUntil '2024-12-31'^^xsd:date ; collex:concerns <id/fonds/x> ;"
    " collex:status <vocabulary/label-status/labelled> ;"
    " collex:awardedLabel <vocabulary/label/collex> ."
)


@pytest.mark.parametrize("labelling", ["<id/labelling/2023/x>", "[]"], ids=["in-place", "pyshacl"])
@pytest.mark.parametrize(("day", "is_over"), [("2024-12-31", False), ("2025-01-01", True)])
def test_a_label_is_over_on_the_day_that_the_report_is_for(labelling, day, is_over):
    data = read(f"{labelling} {OVER}")
    rules = [result.rule for result in validate(data, against=shapes().on(day))]
    assert (expand("collex-sh:Labelling-over") in rules) is is_over


def test_no_rule_of_ours_asks_for_another_day_than_that_of_the_report():
    queries = [t for t in shapes().on("2026-11-26").graph.triples() if "NOW" in str(t.object)]
    assert queries == []
    assert shapes().on("2026-11-26") is shapes().on("2026-11-26")


def test_a_commitment_can_name_every_rule_and_criterion_and_nothing_else():
    rules = {*shapes().rules, *ReadingRules.load().rules}
    rules |= {one.rule.iri for metric in own_criteria().metrics for one in metric.criteria}
    assert {expand(f"collex-sh:{name}") for name in rule_names()} == rules


@pytest.mark.parametrize("iri", ["https://ror.org/00x", "urn:x", f"{BASE}id/notice/x/point/1"])
def test_a_result_has_the_place_of_its_node_or_of_the_node_that_it_is_part_of(iri):
    place = Position("a.ttl", 3)
    owner = f"{BASE}id/notice/x" if iri.startswith(BASE) else iri
    found = validate(read(f"<{iri}> a collex:Notice ."), positions={owner: place})
    assert {result.position for result in found} == {place}
