"""Shapes and graphs made at random, to compare two validators on."""

PREFIXES = """
@prefix ex: <http://example.org/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
NODES = [f"ex:n{number}" for number in range(6)]
BLANKS = ["_:x", "_:y"]
PREDICATES = ["ex:p", "ex:q", "ex:r"]
NUMBERS = ["1", "2", "5", "-3", "1.5"]
# With those that Oxigraph rewrites, and those that are ill-formed.
ODD = [
    '"a"', '"b"', '""', '"ab"', '"a"@fr', '"b"@fr', '"a"@en', '"c"@en-GB', *NUMBERS, "true",
    '"01"^^xsd:integer', '"1.50"^^xsd:decimal', '"x"^^xsd:integer', '"1"^^xsd:boolean',
    '"2020-01-01"^^xsd:date', '"2021-13-01"^^xsd:date', '"5"^^xsd:byte', '"300"^^xsd:byte',
    '"7"^^xsd:nonNegativeInteger', '"2020"^^xsd:gYear', '"http://x/"^^xsd:anyURI', '"q"^^ex:own',
]  # fmt: skip
TARGETS = [
    "sh:targetClass ex:C",
    "sh:targetClass ex:D , ex:E",
    "sh:targetSubjectsOf ex:p",
    "sh:targetObjectsOf ex:q",
    'sh:targetNode ex:n0 , ex:n1 , "a" , 5',
    "sh:targetSubjectsOf ex:p , ex:q , ex:r",
    "sh:targetClass ex:C ; sh:targetObjectsOf ex:r",
]
FIXED = {
    "nodeKind": [
        f"sh:{kind}"
        for kind in ("IRI", "BlankNode", "Literal", "BlankNodeOrIRI", "IRIOrLiteral")
    ],
    "datatype": [
        "xsd:integer", "xsd:string", "xsd:date", "xsd:boolean", "rdf:langString", "xsd:decimal",
        "xsd:byte", "ex:own", "xsd:gYear", "xsd:anyURI",
    ],
    "class": ["ex:C", "ex:D", "ex:E"],
    "minLength": ["1", "2", "11"],
    "maxLength": ["0", "1", "11"],
    "pattern": ['"a"', '"^n"', '"[0-9]$"', '"^A" ; sh:flags "i"', '"^(?!a)"'],
    "languageIn": ["( 'en' 'de' )", "( 'fr' )"],
    "equals": PREDICATES,
    "disjoint": PREDICATES,
    "minCount": ["0", "1", "2", "3"],
    "maxCount": ["0", "1", "2", "3"],
    "uniqueLang": ["true"],
    "minInclusive": ["1", "1.5"],
    "maxExclusive": ["2", "5.0"],
    "closed": [f"true ; sh:ignoredProperties ( rdf:type {one} )" for one in PREDICATES],
}  # fmt: skip
RANGES = ("minInclusive", "maxExclusive")
OF_PROPERTIES = ("minCount", "maxCount", "uniqueLang", "qualifiedMinCount", "qualifiedMaxCount")


class Generator:
    """Makes shapes and data.

    Args:
        random: a source of choices.
        odd: literals of all kinds, and no comparison; else numbers, and comparisons too. pySHACL
            compares what SPARQL and SHACL call incomparable, such as ``true`` and 2.
    """

    def __init__(self, random, *, odd):
        self.random = random
        self.literals = ODD if odd else NUMBERS
        names = [name for name in FIXED if not (odd and name in RANGES)]
        self.names = [*names, "in", "hasValue"]

    def one(self, *choices):
        return self.random.choice(choices)

    def path(self, depth):
        kind = self.one("", "", "", "inverse", "sequence", "alternative", "repeated")
        if depth == 0 or not kind:
            return self.one(*PREDICATES)
        if kind == "inverse":
            # of one step: pySHACL follows the steps of an inverse sequence in the wrong order
            return f"[ sh:inversePath {self.path(0)} ]"
        if kind == "sequence":
            return f"( {self.path(depth - 1)} {self.path(depth - 1)} )"
        if kind == "alternative":
            parts = [self.path(depth - 1) for _ in range(self.one(2, 3, 4))]
            return f"[ sh:alternativePath ( {' '.join(parts)} ) ]"
        name = self.one("zeroOrMorePath", "oneOrMorePath", "zeroOrOnePath")
        return f"[ sh:{name} {self.path(depth - 1)} ]"

    def shape(self, depth, *, is_property=None):
        if is_property is None:
            is_property = self.one(True, False)
        said = self.constraints(max(depth, 0), is_property=is_property)
        kind = "PropertyShape" if is_property else "NodeShape"
        path = f"sh:path {self.path(1)} ;" if is_property else ""
        return f"[ a sh:{kind} ; {path} {' ; '.join(said)} ]"

    def constraints(self, depth, *, is_property):
        names = [name for name in self.names if name not in OF_PROPERTIES and name != "closed"]
        names += OF_PROPERTIES if is_property else ["closed"]
        if depth:
            names += ["node", "not", "and", "or", "xone"] * 2
        chosen = dict.fromkeys(self.random.sample(names, self.one(1, 1, 2, 3)))
        if "qualifiedMinCount" in chosen:
            chosen.pop("qualifiedMaxCount", None)
        said = [self.constraint(name, depth) for name in chosen]
        if depth and not is_property and self.one(True, False):
            said.append(f"sh:property {self.shape(depth - 1, is_property=True)}")
        return said

    def constraint(self, name, depth):
        if name in FIXED:
            return f"sh:{name} {self.one(*FIXED[name])}"
        terms = [*self.literals, *NODES]
        if name == "hasValue":
            return f"sh:hasValue {self.one(*terms)}"
        if name == "in":
            return f"sh:in ( {' '.join(self.one(*terms) for _ in range(4))} )"
        if name.startswith("qualified"):
            disjoint = self.one("", "sh:qualifiedValueShapesDisjoint true ;")
            shape, number = self.shape(depth - 1), self.one(1, 2, 3)
            return f"sh:qualifiedValueShape {shape} ; {disjoint} sh:{name} {number}"
        if name == "node":
            return f"sh:node {self.shape(depth - 1, is_property=False)}"
        if name == "not":
            return f"sh:not {self.shape(depth - 1)}"
        return f"sh:{name} ( {self.shape(depth - 1)} {self.shape(depth - 1)} )"

    def root(self):
        """Return a shape with targets, in Turtle."""
        is_property = self.one(True, False)
        said = [self.one(*TARGETS), *self.constraints(2, is_property=is_property)]
        if is_property:
            said.append(f"sh:path {self.path(2)}")
        said += [f"sh:property {self.shape(2, is_property=True)}" for _ in range(self.one(0, 1, 2))]
        kind = "PropertyShape" if is_property else "NodeShape"
        return f"{PREFIXES} ex:S a sh:{kind} ; {' ; '.join(said)} ."

    def data(self):
        """Return a graph in Turtle."""
        said = [PREFIXES, "ex:D rdfs:subClassOf ex:C ."]
        for node in [*NODES, *BLANKS]:
            if self.one(True, True, False):
                said.append(f"{node} a {self.one('ex:C', 'ex:D', 'ex:E')} .")
            for _ in range(self.one(0, 1, 2, 3, 5)):
                value = self.one(*self.literals, *NODES, *BLANKS)
                said.append(f"{node} {self.one(*PREDICATES)} {value} .")
        return "\n".join(said)
