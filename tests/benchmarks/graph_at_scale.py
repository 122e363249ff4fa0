"""A graph of a chosen size in this project's model, made up, always the same for the same size.

What a national directory, curators' tables, lists, theses, usage reports and a validation leave in
the default graph, in proportions seen in the sources: four units a notice, three access points a
unit of which two in three are aligned, few subjects used very often and many once, six units in ten
without discipline. The graphs that questions name (derived, report, mapping, provenance,
description) hold their own statements. What stands in source graphs stands in the default graph
too, and is left out there: no question asks for it by name. No identifier is of a real thing: those
that have a check character have a wrong one.
"""

from __future__ import annotations

import io
import random
from bisect import bisect
from itertools import accumulate
from typing import TYPE_CHECKING

import pyoxigraph as ox

from collex_graph.rdf.namespaces import prefixes
from collex_graph.resources import resource_dir

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BASE = "https://w3id.org/collex-graph/"
TRIPLES_PER_NOTICE = 480
"""Of everything, for each notice: what the counts below are derived from."""

_XSD = "http://www.w3.org/2001/XMLSchema#"
_YES = f'"true"^^<{_XSD}boolean>'
_NO = f'"false"^^<{_XSD}boolean>'
_SEED = 20261126


def wrong_ppn(number: int) -> str:
    """Return nine characters that look like a PPN and fail its check.

    >>> wrong_ppn(2737044)
    '002737044'
    """
    digits = f"{number % 100_000_000:08d}"
    weighted = sum(
        weight * int(digit) for weight, digit in zip(range(9, 1, -1), digits, strict=True)
    )
    right = (11 - weighted % 11) % 11
    return f"{digits}{(right + 5) % 10 if right < 10 else 5}"


def _text(words: str, language: str = "fr") -> str:
    return f'"{words}"@{language}' if language else f'"{words}"'


def _number(value: int) -> str:
    return f'"{value}"^^<{_XSD}integer>'


def _decimal(value: float) -> str:
    return f'"{value:.3f}"^^<{_XSD}decimal>'.replace('.000"', '"')


def _day(year: int, month: int = 1, day: int = 1) -> str:
    return f'"{year}-{month:02}-{day:02}"^^<{_XSD}date>'


class Skewed:
    """Picks among many: the n-th is picked in proportion to 1/n."""

    def __init__(self, items: Sequence[str], chance: random.Random) -> None:
        self._items = items
        self._chance = chance
        self._bounds = list(accumulate(1 / n for n in range(1, len(items) + 1)))

    def pick(self) -> str:
        """Return one."""
        point = self._chance.random() * self._bounds[-1]
        return self._items[bisect(self._bounds, point)]


class _Graph:
    """Collects statements as N-Quads lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, str] = {}
        self.default = 0

    def name(self, curie: str) -> str:
        """Return an IRI in angle brackets, of a prefixed name or of a path of ours."""
        if curie not in self._names:
            prefix, _, local = curie.partition(":")
            known = prefixes().get(prefix) if local else None
            iri = known + local if known else BASE + curie
            self._names[curie] = f"<{iri}>"
        return self._names[curie]

    def say(self, subject: str, *pairs: tuple[str, str | None], graph: str = "") -> None:
        """State the pairs of predicate (prefixed) and object; a None is left out."""
        where = f" {self.name(graph)}" if graph else ""
        for predicate, value in pairs:
            if value is not None:
                line = f"{subject} {self.name(predicate)} {value}"
                self._lines.append(f"{line}{where} .\n")
                self.default += not graph
                if graph == "graph/derived":
                    self._lines.append(f"{line} .\n")
                    self.default += 1

    def load_into(self, store: ox.Store) -> None:
        """Hand the lines over to a store and forget them."""
        lines, self._lines = "".join(self._lines).encode(), []
        store.bulk_load(io.BytesIO(lines), format=ox.RdfFormat.N_QUADS)


class _Maker:
    """Makes one kind of thing after the other; later ones refer to earlier ones."""

    def __init__(self, store: ox.Store, notices: int) -> None:
        self.store = store
        self.notices = notices
        self.chance = random.Random(_SEED)
        self.graph = _Graph()
        self.name = self.graph.name

    def concepts(self, scheme: str) -> list[str]:
        """Return the concepts of one of our schemes, in angle brackets."""
        member = ox.NamedNode(prefixes()["skos"] + "inScheme")
        home = ox.NamedNode(f"{BASE}vocabulary/{scheme}")
        found = self.store.quads_for_pattern(None, member, home, ox.DefaultGraph())
        return sorted(f"<{quad.subject.value}>" for quad in found)

    def are(self, *classes: str) -> list[tuple[str, str]]:
        """Return the pairs that give a thing its classes."""
        return [("rdf:type", self.name(each)) for each in classes]

    def maybe(self, share: float, value: str) -> str | None:
        """Return a value so many times of one, else None."""
        return value if self.chance.random() < share else None

    def make(self) -> int:
        """Make everything; return the number of statements in the default graph."""
        for step in (
            self._vocabularies,
            self._institutions,
            self._authorities,
            self._units,
            self._labels,
            self._corpora,
            self._documents,
            self._acquisitions,
            self._archives,
            self._community,
            self._machinery,
        ):
            step()
            self.graph.load_into(self.store)
        return self.graph.default

    def _vocabularies(self) -> None:
        folder = resource_dir("ontology")
        for path in [*sorted((folder / "vocabularies").glob("*.ttl")), folder / "collex.ttl"]:
            triples = ox.parse(path.read_bytes(), ox.RdfFormat.TURTLE, base_iri=BASE)
            quads = [ox.Quad(t.subject, t.predicate, t.object) for t in triples]
            self.store.extend(quads)
            self.graph.default += len(quads)
        self.disciplines = Skewed(self.concepts("discipline"), self.chance)
        self.platforms = Skewed(self.concepts("platform"), self.chance)
        self.licences = Skewed(self.concepts("licence"), self.chance)
        self.competences = self.concepts("competence")

    def _institutions(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        regions, departements = self.concepts("region"), self.concepts("departement")
        self.establishments = [
            name(f"id/establishment/E{n}") for n in range(max(40, self.notices // 8))
        ]
        for n, node in enumerate(self.establishments):
            say(
                node,
                *self.are("collex:Establishment", "rico:CorporateBody"),
                ("rdfs:label", _text(f"Université {n}")),
                ("collex:uai", _text(f"{n:07}Z", "")),
                ("collex:inRegion", chance.choice(regions)),
                ("foaf:homepage", f"<https://example.org/etablissement/{n}>"),
            )
        self.libraries = [
            name(f"id/library/{900_000_000 + n}") for n in range(max(60, self.notices // 4))
        ]
        self.region_of = {}
        for n, node in enumerate(self.libraries):
            place = name(f"id/place/insee-{n}")
            region, departement = chance.choice(regions), chance.choice(departements)
            self.region_of[node] = (place, region, departement)
            say(
                place,
                *self.are("rico:Place"),
                ("rdfs:label", _text(f"Commune {n}")),
                ("wgs84:lat", _decimal(43 + n % 7)),
                ("wgs84:long", _decimal(n % 8 - 1)),
                ("collex:positionPrecision", name("vocabulary/position-precision/commune")),
            )
            say(
                node,
                *self.are("collex:Library", "rico:CorporateBody"),
                ("rdfs:label", _text(f"Bibliothèque {n}")),
                ("collex:rcr", _text(str(900_000_000 + n), "")),
                ("collex:hasPlace", place),
                ("org:unitOf", self.maybe(0.7, chance.choice(self.establishments))),
            )
            self._derive(node, ("collex:inRegion", region), ("collex:inDepartement", departement))

    def _derive(self, subject: str, *pairs: tuple[str, str | None]) -> None:
        self.graph.say(subject, *pairs, graph="graph/derived")

    def _authorities(self) -> None:
        say = self.graph.say
        count = self.notices * 3
        self.people = [f"<http://www.idref.fr/{wrong_ppn(n * 37)}/id>" for n in range(count)]
        for n, node in enumerate(self.people):
            say(
                node,
                *self.are("foaf:Person", "rico:Person"),
                ("skos:prefLabel", _text(f"Personne, Prénom ({n})")),
                ("rdfs:label", _text(f"Personne, Prénom ({n})")),
            )
        self.subjects = [f"<http://www.idref.fr/{wrong_ppn(n * 41 + 7)}/id>" for n in range(count)]
        words = (
            "Histoire",
            "Linguistique",
            "Psychologie",
            "Chimie",
            "Manuscrits persans",
            "Droit",
            "Art",
        )
        for n, node in enumerate(self.subjects):
            label = _text(f"{words[n % len(words)]} -- aspect {n}")
            say(
                node,
                *self.are("skos:Concept"),
                ("skos:prefLabel", label),
                ("rdfs:label", label),
            )
        self.any_person = Skewed(self.people, self.chance)
        self.any_subject = Skewed(self.subjects, self.chance)

    def _units(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        types, statuses = self.concepts("document-type"), self.concepts("treatment-status")
        measures = self.concepts("extent-unit")
        languages = [name(f"lexvo:{code}") for code in ("fra", "eng", "deu", "lat", "fas", "ara")]
        self.units: list[str] = []
        self.fonds: list[str] = []
        points = 0
        for number in range(self.notices):
            top = name(f"id/fonds/F{number}")
            notice = name(f"id/notice/F{number}")
            library = chance.choice(self.libraries)
            place, region, departement = self.region_of[library]
            self.fonds.append(top)
            say(
                notice,
                *self.are("collex:Notice"),
                ("rdfs:label", _text(f"Notice F{number}")),
                ("dcterms:identifier", _text(f"F{number}", "")),
                ("foaf:primaryTopic", top),
                ("dcterms:isPartOf", name("id/dataset/ccfr")),
            )
            for part in range(4):
                unit = top if part == 0 else name(f"id/fonds/F{number}-{part}")
                self.units.append(unit)
                start = chance.randrange(1400, 2000)
                extent = f"{unit[:-1]}/extent/1>"
                copy = self.maybe(0.12, f"{unit[:-1]}/digital/1>")
                say(
                    unit,
                    *self.are("collex:DescribedUnit"),
                    ("rdf:type", name("collex:Fonds" if part == 0 else "collex:SousFonds")),
                    *self.are("rico:RecordSet"),
                    ("rdfs:label", _text(f"Fonds {number}, partie {part}")),
                    ("rico:title", _text(f"Fonds {number}, partie {part}")),
                    ("rico:identifier", _text(f"F{number}-{part}", "")),
                    ("rico:scopeAndContent", _text("Ce que ce fonds contient, en quelques mots.")),
                    ("collex:startYear", _number(start)),
                    ("collex:endYear", self.maybe(0.7, _number(start + chance.randrange(200)))),
                    ("collex:discipline", self.maybe(0.4, self.disciplines.pick())),
                    ("collex:documentType", chance.choice(types)),
                    ("collex:documentType", self.maybe(0.6, chance.choice(types))),
                    ("collex:treatmentStatus", self.maybe(0.7, chance.choice(statuses))),
                    ("dcterms:language", chance.choice(languages)),
                    ("rico:conditionsOfAccess", self.maybe(0.5, _text("Sur rendez-vous"))),
                    ("rico:recordResourceExtent", _text(f"Volume total : {number} volumes")),
                    ("rico:hasExtent", extent),
                    ("rico:hasOrHadDigitalInstantiation", copy),
                )
                say(
                    extent,
                    *self.are("rico:RecordResourceExtent"),
                    ("rico:quantity", self.maybe(0.9, _decimal(number % 500 + 1))),
                    ("rico:hasUnitOfMeasurement", self.maybe(0.9, chance.choice(measures))),
                    ("collex:extentCriterion", name("vocabulary/extent-criterion/total")),
                )
                if copy:
                    say(
                        copy,
                        *self.are("collex:DigitalReproduction"),
                        ("rdfs:label", _text("Reproduction numérique")),
                        ("dcat:accessURL", f"<https://example.org/vue/{number}-{part}>"),
                        ("collex:platform", self.maybe(0.7, self.platforms.pick())),
                    )
                if part:
                    say(top, ("rico:directlyIncludes", unit))
                    say(unit, ("rico:isDirectlyIncludedIn", top))
                    say(notice, ("foaf:topic", unit))
                    self._derive(unit, ("rico:hasOrHadHolder", library))
                else:
                    say(unit, ("rico:hasOrHadHolder", library))
                self._derive(
                    unit,
                    ("collex:hasPlace", place),
                    ("collex:inRegion", region),
                    ("collex:inDepartement", departement),
                )
                for _ in range(3):
                    points += 1
                    self._point(notice, unit, library, points)

    def _point(self, notice: str, unit: str, library: str, number: int) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        is_person = number % 3 == 0
        is_aligned = chance.random() < 0.67
        if is_aligned:
            node = (self.any_person if is_person else self.any_subject).pick()
        else:
            node = name(
                f"id/{'agent' if is_person else 'concept'}/{library[-10:-1]}/n{number % 5000}"
            )
            say(node, ("rdfs:label", _text(f"Forme locale {number % 5000}")))
        say(
            name(f"id/point/{number}"),
            *self.are("collex:AccessPoint"),
            ("rdfs:label", _text(f"Forme {number}")),
            ("collex:wording", _text(f"Forme {number}", "")),
            ("collex:element", _text("persname" if is_person else "subject", "")),
            ("collex:pointOf", unit),
            ("collex:refersTo", node),
            ("dcterms:isPartOf", notice),
            ("collex:position", _number(number % 30)),
            ("collex:rawIdentifier", _text("x", "") if is_aligned else None),
        )
        if is_person:
            self._derive(unit, ("collex:linkedAgent", node))
            say(
                unit,
                ("marcrel:fmo", self.maybe(0.3, node)),
                ("rico:hasOrganicProvenance", self.maybe(0.1, node)),
            )
        else:
            say(unit, ("rico:hasOrHadSubject", node))

    def _labels(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        statuses = self.concepts("label-status")
        label = name("vocabulary/label/collex")
        campaigns = [name(f"id/campaign/{year}") for year in range(2017, 2027)]
        for campaign in campaigns:
            year = campaign[-5:-1]
            say(
                campaign,
                *self.are("collex:LabellingCampaign"),
                ("rdfs:label", _text(f"Campagne {year}")),
                ("collex:year", _number(int(year))),
            )
            for n, discipline in enumerate(self.concepts("discipline")):
                say(
                    name(f"id/campaign/{year}/target/{n}"),
                    *self.are("collex:DisciplineTarget"),
                    ("collex:campaign", campaign),
                    ("collex:discipline", discipline),
                    ("collex:targetCount", _number(n % 9 + 1)),
                )
        charters = [name("id/charter/1"), name("id/charter/2")]
        for number, charter in enumerate(charters):
            say(
                charter,
                *self.are("collex:Charter"),
                ("rdfs:label", _text(f"Charte {number}")),
                ("collex:charterKind", name("vocabulary/charter-kind/engagement")),
                ("dcterms:replaces", charters[0] if number else None),
            )
            for n, rule in enumerate(self._rules()):
                say(
                    name(f"id/charter/{number}/commitment/{n}"),
                    *self.are("collex:Commitment"),
                    ("collex:charter", charter),
                    ("collex:checkedBy", rule),
                    ("rdfs:label", _text(f"Engagement {n}")),
                )
        for n, signatory in enumerate(self.establishments):
            say(
                name(f"id/signature/{n}"),
                *self.are("collex:CharterSignature"),
                ("collex:charter", chance.choice(charters)),
                ("collex:signatory", signatory),
                ("collex:signatureDate", _day(2018 + n % 8)),
            )
        self.labelled = [fonds for fonds in self.fonds if chance.random() < 0.6]
        for n, unit in enumerate(self.labelled):
            for turn in range(1 + n % 2):
                year = 2017 + (n + 4 * turn) % 10
                status = (
                    chance.choice(statuses) if turn else name("vocabulary/label-status/labelled")
                )
                say(
                    name(f"id/labelling/{year}/{n}"),
                    *self.are("collex:Labelling", "prov:Activity"),
                    ("rdfs:label", _text("Labellisation")),
                    ("collex:concerns", unit),
                    ("collex:awardedLabel", label),
                    ("collex:status", status),
                    ("collex:campaign", name(f"id/campaign/{year}")),
                    ("collex:decisionDate", _day(year, 6)),
                    ("collex:validFrom", _day(year, 7)),
                    ("collex:validUntil", _day(year + 5, 6, 30)),
                    ("collex:discipline", self.maybe(0.5, self.disciplines.pick())),
                    ("prov:used", f"<https://example.org/decision/{year}>"),
                )
            self._derive(unit, ("collex:hasCurrentLabel", label), ("collex:countsAsLabelled", _YES))
        roles = self.concepts("gis-role")
        for n in range(len(self.establishments) * 2):
            say(
                name(f"id/gis-role/{n}"),
                *self.are("collex:GisRole", "org:Membership"),
                ("org:member", chance.choice(self.establishments)),
                ("org:role", chance.choice(roles)),
                ("collex:discipline", self.maybe(0.5, self.disciplines.pick())),
                ("collex:validFrom", _day(2014 + n % 12)),
                ("collex:validUntil", self.maybe(0.4, _day(2018 + n % 12))),
            )

    def _corpora(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        texts, statuses = self.concepts("text-status"), self.concepts("legal-status")
        self.journals = [
            f"<https://www.sudoc.fr/{wrong_ppn(n * 43 + 3)}/id>" for n in range(self.notices * 2)
        ]
        self.corpora = []
        for n in range(self.notices // 2):
            corpus = name(f"id/corpus/c{n}")
            self.corpora.append(corpus)
            text = chance.choice(texts)
            say(
                corpus,
                *self.are("collex:Corpus", "dcat:Dataset"),
                ("rdfs:label", _text(f"Corpus {n}")),
                ("collex:digitises", chance.choice(self.units)),
                ("collex:digitises", self.maybe(0.3, chance.choice(self.journals))),
                ("collex:platform", self.platforms.pick()),
                ("collex:platform", self.maybe(0.2, self.platforms.pick())),
                ("collex:discipline", self.maybe(0.6, self.disciplines.pick())),
                ("dcterms:license", self.maybe(0.6, self.licences.pick())),
                ("collex:legalStatus", self.maybe(0.7, chance.choice(statuses))),
                ("collex:miningAllowed", self.maybe(0.5, chance.choice([_YES, _NO]))),
                ("collex:textStatus", text),
                ("collex:textQuality", _decimal(0.9)),
                ("collex:groundTruth", self.maybe(0.2, f"<https://example.org/verite/{n}>")),
            )
            say(
                name(f"id/research-data/{n}"),
                *self.are("collex:ResearchDataset"),
                ("rdfs:label", _text(f"Données {n}")),
                ("prov:wasDerivedFrom", chance.choice([corpus, chance.choice(self.units)])),
                ("collex:platform", self.platforms.pick()),
                ("dcterms:license", self.licences.pick()),
            )
        kinds = self.concepts("capability-kind")
        for n, establishment in enumerate(self.establishments):
            say(
                name(f"id/capability/{n}"),
                *self.are("collex:DigitisationCapability"),
                ("collex:institution", establishment),
                ("collex:capabilityKind", chance.choice(kinds)),
                ("collex:yearlyCapacity", _number(1000 * n)),
                ("collex:openToPartners", _YES),
            )

    def _documents(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        for n, journal in enumerate(self.journals):
            say(
                journal,
                *self.are("bibo:Journal", "bibo:Document"),
                ("rdfs:label", _text(f"Revue {n}")),
                ("dcterms:title", _text(f"Revue {n}")),
                ("bibo:issn", _text(f"{n:08}"[:4] + "-" + f"{n:08}"[4:], "")),
            )
        articles = [
            f"<http://data.persee.fr/doc/essai_0000-0001_{n}#Web>" for n in range(self.notices * 6)
        ]
        for n, article in enumerate(articles):
            say(
                article,
                *self.are("bibo:Article", "bibo:Document"),
                ("rdfs:label", _text(f"Article {n}")),
                ("dcterms:isPartOf", chance.choice(self.journals)),
                ("collex:publicationYear", _number(1900 + n % 120)),
                ("cito:cites", self.maybe(0.5, chance.choice(articles))),
                ("collex:inCorpus", self.maybe(0.3, chance.choice(self.corpora))),
                ("marcrel:aut", self.any_person.pick()),
            )
        labels = [f"Discipline {n}" for n in range(300)] + ["Histoire", "Chimie", "Archéologie"]
        for n in range(self.notices * 7):
            say(
                name(f"id/document/nnt-{n}"),
                *self.are("bibo:Thesis", "bibo:Document"),
                ("rdfs:label", _text(f"Thèse {n}")),
                ("collex:publicationYear", _number(1850 + n % 175)),
                ("collex:disciplineWording", self.maybe(0.9, _text(chance.choice(labels)))),
                ("collex:accessibleOnline", self.maybe(0.7, chance.choice([_YES, _NO]))),
                ("marcrel:aut", self.any_person.pick()),
            )
        for n in range(self.notices):
            holding = name(f"id/holding/{n}")
            say(
                holding,
                *self.are("collex:Holding"),
                ("collex:holdingOf", chance.choice(self.journals)),
                ("rico:hasOrHadHolder", chance.choice(self.libraries)),
                ("collex:conservationPlan", self.maybe(0.3, _text("PCLor", ""))),
            )

    def _acquisitions(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        metrics = [
            name("vocabulary/usage-metric/total-item-requests"),
            name("vocabulary/usage-metric/unique-item-requests"),
        ]
        kinds = self.concepts("authentication")
        for n in range(max(20, self.notices // 20)):
            package = name("id/package/persee") if n == 0 else name(f"id/package/P{n}")
            resource = name(f"id/resource/r{n}")
            contract = name(f"id/contract/{n}")
            say(
                package,
                *self.are("collex:TitlePackage"),
                ("rdfs:label", _text(f"Liste {n}", "")),
                ("dcterms:identifier", _text("persee" if n == 0 else f"P{n}", "")),
                ("dcterms:issued", _day(2024)),
                (
                    "collex:platform",
                    name("vocabulary/platform/" + ("istex" if n % 2 else "editeur")),
                ),
            )
            say(
                resource,
                *self.are("collex:AcquiredResource", "dcat:Dataset"),
                ("rdfs:label", _text(f"Ressource {n}")),
                ("collex:hasPackage", package),
                ("collex:discipline", self.maybe(0.6, self.disciplines.pick())),
                ("collex:perpetualAccess", _YES),
                ("collex:miningAllowed", self.maybe(0.5, _YES)),
                ("collex:authentication", chance.choice(kinds)),
                ("collex:contract", contract),
                ("collex:provider", _text(f"Éditeur {n}", "")),
            )
            say(
                contract,
                *self.are("collex:AcquisitionContract"),
                ("rdfs:label", _text(f"Contrat {n}")),
                ("collex:signatory", chance.choice(self.establishments)),
                ("collex:validUntil", _day(2020 + n % 10)),
            )
            for key, beneficiary in enumerate(chance.sample(self.establishments, 30)):
                say(
                    name(f"id/contract/{n}/beneficiary/{key}"),
                    *self.are("collex:Entitlement"),
                    ("collex:contract", contract),
                    ("collex:beneficiary", beneficiary),
                )
            for row in range(200):
                start = chance.randrange(1850, 2010)
                say(
                    f"{package[:-1]}/title/{row}>",
                    *self.are("collex:PackagedTitle"),
                    ("rdfs:label", _text(f"Titre {row}", "")),
                    ("dcterms:isPartOf", package),
                    ("collex:givesAccessTo", chance.choice(self.journals)),
                    ("collex:startYear", _number(start)),
                    ("collex:endYear", self.maybe(0.6, _number(start + chance.randrange(60)))),
                    ("dcterms:identifier", _text(f"t{row}", "")),
                )
        for n in range(self.notices * 3):
            say(
                name(f"id/usage/o{n}"),
                *self.are("collex:UsageObservation", "qb:Observation"),
                ("collex:usageOf", chance.choice(self.journals)),
                ("collex:usageCount", _number(n % 97)),
                ("collex:metric", metrics[n % 2]),
                ("collex:periodStart", _day(2023, n % 12 + 1)),
            )

    def _archives(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        stages, formats = self.concepts("deposit-stage"), ("fmt/18", "fmt/95", "fmt/353")
        for n in range(self.notices // 10):
            deposit, fonds = name(f"id/deposit/{n}"), name(f"id/component/d{n}/top")
            say(
                deposit,
                *self.are("collex:Deposit"),
                ("rdfs:label", _text(f"Versement {n}")),
                ("collex:depositedFonds", fonds),
                ("collex:depositStage", self.maybe(0.8, chance.choice(stages))),
                ("collex:originatingAgency", self.maybe(0.8, chance.choice(self.establishments))),
                ("collex:archivalAgency", self.maybe(0.8, chance.choice(self.establishments))),
                ("collex:controlAuthority", self.maybe(0.5, chance.choice(self.establishments))),
                ("collex:depositDate", self.maybe(0.9, _day(2015 + n % 11))),
            )
            say(
                fonds,
                *self.are("collex:DescribedUnit", "collex:ArchiveFonds"),
                ("rdfs:label", _text(f"Archives {n}")),
                ("rico:hasOrHadHolder", chance.choice(self.libraries)),
                ("collex:accessRule", self.maybe(0.7, _text("ACC-00001", ""))),
            )
            for m in range(20):
                unit, file = name(f"id/component/d{n}/{m}"), name(f"id/deposit/{n}/object/{m}")
                say(
                    unit,
                    *self.are("collex:DescribedUnit", "collex:Component"),
                    ("rdfs:label", _text(f"Pièce {m}")),
                    ("rico:isDirectlyIncludedIn", fonds),
                    ("collex:partOfDeposit", deposit),
                    ("rico:hasOrHadInstantiation", file),
                )
                say(fonds, ("rico:directlyIncludes", unit))
                say(
                    file,
                    *self.are("collex:DataFile"),
                    ("rdfs:label", _text(f"fichier-{m}.pdf", "")),
                    ("collex:puid", _text(formats[m % 3], "")),
                    ("dcterms:format", _text("PDF", "")),
                    ("collex:sizeBytes", _number(1000 * m)),
                )
        models, services = self.concepts("organisation-model"), self.concepts("service-kind")
        for n, establishment in enumerate(self.establishments):
            say(
                name(f"id/archive-service/{n}"),
                *self.are("collex:ArchiveService"),
                ("rdfs:label", _text(f"Archives de l'université {n}")),
                ("collex:institution", establishment),
                ("collex:organisationModel", chance.choice(models)),
                ("collex:serviceKind", chance.choice(services)),
                ("collex:serviceKind", self.maybe(0.5, chance.choice(services))),
                ("collex:controlAuthority", chance.choice(self.establishments)),
                ("collex:responsibleFor", chance.choice(self.fonds)),
            )
        plan, poles = name("id/conservation-plan/1"), self.concepts("conservation-role")
        say(plan, *self.are("collex:SharedConservationPlan"), ("rdfs:label", _text("Plan")))
        for n in range(self.notices // 2):
            say(
                name(f"id/conservation-plan/1/commitment/{n}"),
                *self.are("collex:ConservationCommitment"),
                ("collex:plan", plan),
                (
                    "collex:conserves",
                    chance.choice([chance.choice(self.units), chance.choice(self.journals)]),
                ),
                ("collex:institution", chance.choice(self.establishments)),
                ("collex:conservationRole", chance.choice(poles)),
            )

    def _community(self) -> None:
        say, name, chance = self.graph.say, self.name, self.chance
        programmes, kinds = self.concepts("programme"), self.concepts("need-kind")
        for n in range(max(20, self.notices // 50)):
            network = name(f"id/network/{n}")
            say(
                network,
                *self.are("collex:ThematicNetwork"),
                ("rdfs:label", _text(f"Réseau {n}")),
            )
            for _ in range(10):
                say(
                    network,
                    ("collex:coversUnit", chance.choice(self.fonds)),
                    ("collex:networkMember", chance.choice(self.establishments)),
                )
            say(
                name(f"id/community/{n}"),
                *self.are("collex:ResearchCommunity"),
                ("rdfs:label", _text(f"Société {n}")),
                ("collex:associatedWith", network),
            )
            for kind in ("Training", "Guide", "Event", "Tool", "Channel", "WorkingGroup"):
                say(
                    name(f"id/{kind.lower()}/{n}"),
                    ("rdf:type", name(f"collex:{kind}")),
                    ("rdfs:label", _text(f"{kind} {n}")),
                    ("collex:competence", chance.choice(self.competences[2:])),
                    ("collex:programme", chance.choice(programmes)),
                    ("dcterms:license", self.licences.pick()),
                    ("collex:openSource", _YES if kind == "Tool" else None),
                )
        for n in range(self.notices // 5):
            say(
                name(f"id/need/{n}"),
                *self.are("collex:Need"),
                ("rdfs:label", _text(f"Besoin {n}")),
                ("collex:discipline", self.disciplines.pick()),
                ("collex:needKind", chance.choice(kinds)),
                ("collex:requestCount", _number(n % 40)),
                ("collex:expressedBy", chance.choice(self.establishments)),
            )
        survey, indicators = name("id/survey/ere"), self.concepts("survey-indicator")
        say(survey, *self.are("collex:Survey"), ("rdfs:label", _text("Enquête")))
        for n, establishment in enumerate(self.establishments):
            for year in range(2015, 2026):
                say(
                    name(f"id/survey/ere/{n}/{year}"),
                    *self.are("collex:SurveyObservation"),
                    ("qb:dataSet", survey),
                    ("collex:institution", establishment),
                    ("collex:year", _number(year)),
                    ("collex:indicator", indicators[year % len(indicators)]),
                    ("collex:value", _decimal(1000 * n)),
                )

    def _rules(self) -> list[str]:
        return [self.name(f"collex-sh:Rule{n}") for n in range(10)]

    def _machinery(self) -> None:
        """What a build says of itself: report, alignments, provenance, description."""
        say, name, chance = self.graph.say, self.name, self.chance
        severities, rules = (
            [name(f"sh:{level}") for level in ("Violation", "Warning", "Info")],
            self._rules(),
        )
        for n in range(self.notices * 4):
            say(
                name(f"id/result/{n}"),
                *self.are("sh:ValidationResult"),
                ("sh:focusNode", chance.choice(self.units)),
                ("sh:sourceShape", chance.choice(rules)),
                ("sh:resultSeverity", chance.choice(severities)),
                ("sh:resultMessage", _text("Ce qui ne va pas.")),
                ("rdfs:label", _text("Règle")),
                ("collex-sh:file", _text(f"F{n % self.notices}.xml", "")),
                graph="graph/report",
            )
        for n in range(self.notices):
            status = ("proposed", "accepted", "rejected")[n % 3]
            say(
                name(f"id/mapping/{n}"),
                *self.are("sssom:Mapping"),
                ("owl:annotatedSource", name(f"id/concept/900000000/n{n}")),
                ("owl:annotatedProperty", name("skos:exactMatch")),
                ("owl:annotatedTarget", chance.choice(self.subjects)),
                ("sssom:confidence", _decimal(0.5)),
                ("sssom:subject_label", _text("Forme", "")),
                ("sssom:mapping_justification", name("semapv:LexicalMatching")),
                ("collex:mappingStatus", _text(status, "")),
                graph="graph/mapping/accepted"
                if status == "accepted"
                else "graph/mapping/proposed",
            )
            say(
                name(f"id/source-file/{n}"),
                ("collex:sha256", _text(f"{n:064x}", "")),
                ("dcterms:title", _text(f"F{n}.xml", "")),
                ("dcterms:isPartOf", name("id/dataset/ccfr")),
                graph="graph/provenance",
            )
        say(
            name("id/dataset/collex-graph"),
            *self.are("collex:Dataset"),
            ("dcterms:title", _text("collex-graph")),
            ("dcat:version", _text("2026-11-26T000000Z", "")),
            ("dcterms:valid", _day(2026, 11, 26)),
            ("prov:generatedAtTime", f'"2026-11-26T00:00:00Z"^^<{_XSD}dateTime>'),
            ("void:triples", _number(self.graph.default)),
            graph="graph/description",
        )
        say(
            name("id/dataset/ccfr"),
            *self.are("collex:Dataset"),
            ("dcterms:title", _text("CCFr")),
            ("collex:recordsRead", _number(self.notices)),
            ("collex:knownRecordCount", _number(self.notices * 2)),
            graph="graph/description",
        )


def write_graph(folder: Path, triples: int = 1_000_000) -> tuple[Path, int]:
    """Write a store of about so many statements in its default graph.

    Returns:
        The store's folder, and how many statements its default graph was given.
    """
    path = folder / "store"
    store = ox.Store(str(path))
    count = _Maker(store, max(50, triples // TRIPLES_PER_NOTICE)).make()
    store.optimize()
    store.flush()
    return path, count
