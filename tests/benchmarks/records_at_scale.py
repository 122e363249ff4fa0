"""Records of fonds with planted defects, for `bench_validation.py`; the same for the same number.

A record has fifteen or sixteen statements; one record in fifty has one of twenty defects, each
against one constraint of `records.ttl`. Identifiers of authorities are made up: their check
characters are wrong on purpose.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from graph_at_scale import wrong_ppn

from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterator

SHAPES = Path(__file__).with_name("records.ttl")
INSTITUTIONS = 200
ID = "https://bench.example/id/"
WORDS = (
    "archives", "fonds", "manuscrits", "correspondance", "photographies", "cartes", "thèses",
    "revues", "herbier", "estampes", "géologie", "égyptologie", "mission", "relevés", "cours",
    "laboratoire", "enquête", "dossiers", "savants", "école",
)  # fmt: skip

Found = tuple[str, str, str, str]
"""Focus node, constraint component (local name), path, severity (local name)."""

# The defect, the component that finds it, the path; "" for the node's own constraint.
DEFECTS = (
    ("no title", "MinCount", "dcterms:title"),
    ("two identifiers", "MaxCount", "dcterms:identifier"),
    ("odd identifier", "Pattern", "dcterms:identifier"),
    ("creator elsewhere", "Pattern", "dcterms:creator"),
    ("creator as text", "NodeKind", "dcterms:creator"),
    ("beginning in words", "Datatype", "rico:beginningDate"),
    ("no such day", "Datatype", "rico:beginningDate"),
    ("ends before it begins", "SPARQL", ""),
    ("odd language", "In", "dcterms:language"),
    ("two French titles", "UniqueLang", "dcterms:title"),
    ("German title", "LanguageIn", "dcterms:title"),
    ("held by a contact", "Class", "rico:hasOrHadHolder"),
    ("place is a number", "Or", "dcterms:spatial"),
    ("odd contact", "Node", "schema:contactPoint"),
    ("extent below nothing", "MinInclusive", "dcterms:extent"),
    ("short abstract", "MinLength", "dcterms:abstract"),
    ("no abstract", "MinCount", "dcterms:abstract"),
    ("no level", "MinCount", "collex:level"),
    ("included in a library", "Class", "rico:isDirectlyIncludedIn"),
    ("modified on a day", "Datatype", "dcterms:modified"),
)  # fmt: skip

_KINDS = ("rico:CorporateBody", "collex:Library", "collex:UniversityLibrary")
_A = expand("rdf:type")
_XSD = expand("xsd:")


def _defect(number: int) -> int:
    """Return which defect a record has; -1 for none."""
    return (number // 50) % len(DEFECTS) if number % 50 == 7 else -1


def planted(count: int) -> set[Found]:
    """Return the result that each defect of so many records is to have."""
    found = set()
    for number in range(count):
        if (which := _defect(number)) >= 0:
            _, component, path = DEFECTS[which]
            severity = "Warning" if path == "dcterms:abstract" else "Violation"
            iri = expand(path) if path else ""
            found.add(
                (f"{ID}fonds/{number}", f"{component}ConstraintComponent", iri, severity)
            )  # fmt: skip
    return found


def write_records(path: Path, count: int) -> None:
    """Write so many records in N-Triples, after the institutions that hold them."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(around())
        for number in range(count):
            file.write(record(number))


def around() -> Iterator[str]:
    """Yield the classes and the institutions that records refer to, in N-Triples."""
    yield classes()
    for number in range(INSTITUTIONS):
        yield institution(number)[1]


def classes() -> str:
    """Return the classes, each below another, in N-Triples."""
    pairs = (
        ("collex:Fonds", "rico:RecordSet"),
        ("collex:Subfonds", "collex:Fonds"),
        (_KINDS[1], _KINDS[0]),
        (_KINDS[2], _KINDS[1]),
    )
    sub = expand("rdfs:subClassOf")
    return "".join(f"<{expand(below)}> <{sub}> <{expand(above)}> .\n" for below, above in pairs)


def institution(number: int) -> tuple[str, str]:
    """Return the IRI of an institution, and it in N-Triples."""
    iri = f"{ID}institution/{number}"
    kind = f"<{iri}> <{_A}> <{expand(_KINDS[number % 3])}> .\n"
    return iri, f'{kind}<{iri}> <{expand("rdfs:label")}> "Établissement {number}"@fr .\n'


def record(number: int) -> str:
    """Return one record in N-Triples."""
    chance = random.Random(number)
    which = _defect(number)
    defect = DEFECTS[which][0] if which >= 0 else ""
    node = f"<{ID}fonds/{number}>"
    contact = f"<{ID}contact/{number}>"
    lines: list[str] = []

    def say(predicate: str, value: str, subject: str = node) -> None:
        lines.append(f"{subject} <{_IRIS[predicate]}> {value} .\n")

    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    def authority() -> str:
        return f"http://www.idref.fr/{wrong_ppn(chance.randrange(10**8))}/id"

    below = number % 10 == 3
    lines.append(f"{node} <{_A}> <{_IRIS['collex:Subfonds' if below else 'collex:Fonds']}> .\n")
    if defect != "no title":
        say("dcterms:title", f'"{words(5)} {number}"@fr')
        if number % 3 == 0:
            say("dcterms:title", f'"{words(5)} {number}"@en')
    if defect == "two French titles":
        say("dcterms:title", f'"Autre titre {number}"@fr')
    if defect == "German title":
        say("dcterms:title", f'"Nachlass {number}"@de')
    usual = f"FR-{750000000 + number % 1000:09d}-{number % 10**7:07d}"
    say("dcterms:identifier", f'"FR/{number}"' if defect == "odd identifier" else f'"{usual}"')
    if defect == "two identifiers":
        say("dcterms:identifier", f'"FR-999999999-{number % 10**7:07d}"')
    creator = {"creator as text": f'"{authority()}"', "creator elsewhere": f"<{ID}agent/{number}>"}
    say("dcterms:creator", creator.get(defect, f"<{authority()}>"))
    held = f"<{ID}institution/{chance.randrange(INSTITUTIONS)}>"
    say("rico:hasOrHadHolder", contact if defect == "held by a contact" else held)
    year, day = chance.randrange(1500, 1980), f"{1 + number % 12:02d}-{1 + number % 28:02d}"
    begin = {
        "beginning in words": f'"vers {year}"',
        "no such day": f'"{year}-13-45"^^<{_XSD}date>',
        "ends before it begins": f'"{year + 40}-{day}"^^<{_XSD}date>',
    }
    say("rico:beginningDate", begin.get(defect, f'"{year}-{day}"^^<{_XSD}date>'))
    say("rico:endDate", f'"{year + 1 + chance.randrange(38)}-{day}"^^<{_XSD}date>')
    say("dcterms:language", '"xxx"' if defect == "odd language" else '"fre"')
    if number % 4 == 0:
        say("dcterms:language", '"lat"')
    extent = "-1.5" if defect == "extent below nothing" else f"{chance.randrange(1, 400)}.5"
    say("dcterms:extent", f'"{extent}"^^<{_XSD}decimal>')
    if defect != "no level":
        say("collex:level", f"<{_IRIS['collex:subfonds' if below else 'collex:fonds']}>")
    instant = f'"2024-{day}T10:00:00Z"^^<{_XSD}dateTime>'
    say("dcterms:modified", f'"2024-{day}"' if defect == "modified on a day" else instant)
    if defect != "no abstract":
        say("dcterms:abstract", '"court"@fr' if defect == "short abstract" else f'"{words(15)}"@fr')
    if defect == "place is a number":
        say("dcterms:spatial", f'"42"^^<{_XSD}integer>')
    elif number % 2:
        say("dcterms:spatial", f'"{words(1)}"@fr')
    else:
        say("dcterms:spatial", f"<https://sws.geonames.org/{chance.randrange(10**6)}/>")
    if number % 3 == 1 or defect in {"odd contact", "held by a contact"}:
        say("schema:contactPoint", contact)
        mail = "nulle part" if defect == "odd contact" else f"service{number}@bibliotheque.example"
        say("schema:email", f'"{mail}"', contact)
        say("schema:contactType", '"archives"', contact)
    if below:
        say("rico:isDirectlyIncludedIn", f"<{ID}fonds/{number - 1}>")
    if defect == "included in a library":
        say("rico:isDirectlyIncludedIn", f"<{ID}institution/1>")
    for _ in range(number % 3):
        say("dcterms:subject", f"<{authority()}>")
    return "".join(lines)


_NAMES = {path for _, _, path in DEFECTS if path} | {
    "collex:Fonds", "collex:Subfonds", "collex:fonds", "collex:subfonds",
    "dcterms:subject", "rico:endDate", "schema:contactType", "schema:email",
}  # fmt: skip
_IRIS = {name: expand(name) for name in _NAMES}
