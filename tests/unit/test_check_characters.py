"""The rules on check characters say of an identifier what the readers of identifiers say.

Identifiers are made up while the tests run and written nowhere: one that a registry may have given
to somebody would else stand here for something it does not name.
"""

import random
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyoxigraph
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from stdnum import ean, luhn
from stdnum.iso7064 import mod_11_2

from collex_graph.rdf import identifiers
from collex_graph.rdf.identifiers import Identified
from collex_graph.rdf.namespaces import expand, term
from collex_graph.resources import resource_dir
from collex_graph.validation.shapes import read_shapes
from collex_graph.validation.validator import validate

FILES = ("check-characters.ttl", "values.ttl", "about.ttl")
DIGITS = "0123456789"
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"


def digits(draw, count):
    return "".join(draw.choice(DIGITS) for _ in range(count))


def ppn(draw):
    body = digits(draw, 8)
    return body + identifiers.ppn_check(body)


def issn(draw):
    body = digits(draw, 7)
    total = sum(int(digit) * weight for digit, weight in zip(body, range(8, 1, -1), strict=True))
    check = -total % 11
    return f"{body[:4]}-{body[4:]}{'X' if check == 10 else check}"


def isbn(draw):
    body = draw.choice(("978", "979")) + str(draw.randint(1, 9)) + digits(draw, 8)
    return body + ean.calc_check_digit(body)


def uai(draw):
    body = digits(draw, 7)
    return body + identifiers.uai_letter(body)


def siren(draw):
    body = digits(draw, 8)
    return body + luhn.calc_check_digit(body)


def bnf(draw):
    body = "cb" + digits(draw, 8)
    return body + identifiers.noid_check(body)


def isni(draw):
    body = digits(draw, 15)
    return body + mod_11_2.calc_check_digit(body)


def orcid(draw):
    body = f"{draw.randint(15_000_000, 35_000_000):015d}"
    whole = body + mod_11_2.calc_check_digit(body)
    return "-".join(whole[i : i + 4] for i in range(0, 16, 4))


def ror(draw):
    body = "0" + "".join(draw.choice(CROCKFORD) for _ in range(6))
    return body + identifiers.ror_check(body)


def rcr(draw):
    return digits(draw, 9)


# scheme: how one is made, how it is read, the property that says it, how it begins as an IRI
SCHEMES = {
    "ppn": (ppn, identifiers.read_sudoc, "collex:ppn", ""),
    "issn": (issn, identifiers.read_issn, "bibo:issn", ""),
    "isbn": (isbn, identifiers.read_isbn, "bibo:isbn", ""),
    "uai": (uai, identifiers.read_uai, "collex:uai", ""),
    "siren": (siren, identifiers.read_siren, "collex:siren", ""),
    "rcr": (rcr, identifiers.read_rcr, "collex:rcr", ""),
    "idref": (ppn, identifiers.read_idref, "skos:exactMatch", "http://www.idref.fr/{}/id"),
    "bnf": (bnf, identifiers.read_bnf, "skos:exactMatch", "http://data.bnf.fr/ark:/12148/{}"),
    "isni": (isni, identifiers.read_isni, "skos:exactMatch", "https://isni.org/isni/{}"),
    "orcid": (orcid, identifiers.read_orcid, "skos:exactMatch", "https://orcid.org/{}"),
    "ror": (ror, identifiers.read_ror, "skos:exactMatch", "https://ror.org/{}"),
}
# where a digit can be another without the identifier becoming malformed
PLACES = {
    "ppn": range(8),
    "issn": (0, 1, 2, 3, 5, 6, 7),
    "isbn": range(3, 12),
    "uai": range(7),
    "siren": range(8),
    "idref": range(8),
    "bnf": range(2, 10),
    "isni": range(15),
    "orcid": (12, 13, 15, 16, 17),
    "ror": range(1, 7),
}


@cache
def rules():
    """The rules on values alone."""
    with TemporaryDirectory() as folder:
        for name in FILES:
            shutil.copy(resource_dir("shapes") / name, folder)
        return read_shapes(Path(folder))


def altered(draw, scheme, identifier):
    """One digit is another; for an RCR, which has no check, one is lost."""
    if scheme == "rcr":
        return identifier[:-1]
    place = draw.choice(PLACES[scheme])
    others = [digit for digit in DIGITS if digit != identifier[place]]
    return identifier[:place] + draw.choice(others) + identifier[place + 1 :]


def kept(identifiers_by_scheme):
    """Scheme → the identifiers that the rules have nothing to say of."""
    quads, nodes = [], {}
    for scheme, values in identifiers_by_scheme.items():
        _, _, predicate, form = SCHEMES[scheme]
        for number, value in enumerate(values):
            node = pyoxigraph.NamedNode(f"urn:x:{scheme}-{number}")
            nodes[node.value] = (scheme, value)
            named = pyoxigraph.NamedNode(form.format(value)) if form else None
            quads.append(pyoxigraph.Quad(node, term(predicate), named or pyoxigraph.Literal(value)))
    for result in validate(quads, against=rules()):
        nodes.pop(result.focus_node, None)
    found = {scheme: [] for scheme in identifiers_by_scheme}
    for scheme, value in nodes.values():
        found[scheme].append(value)
    return found


def read_as_they_are(identifiers_by_scheme):
    """Scheme → the identifiers that its reader takes as they stand."""
    found = {}
    for scheme, values in identifiers_by_scheme.items():
        _, reader, _, form = SCHEMES[scheme]
        read = [(value, reader(form.format(value) if form else value)) for value in values]
        found[scheme] = [v for v, one in read if isinstance(one, Identified) and one.value == v]
    return found


@settings(max_examples=2, deadline=None, database=None, phases=(Phase.generate,))
@given(seed=st.integers(0, 2**32))
def test_readers_and_rules_agree_on_right_and_wrong_identifiers(seed):
    draw = random.Random(seed)
    right = {scheme: [make(draw) for _ in range(15)] for scheme, (make, *_) in SCHEMES.items()}
    wrong = {
        scheme: [altered(draw, scheme, value) for value in values]
        for scheme, values in right.items()
    }
    assert read_as_they_are(right) == right
    assert kept(right) == right
    nothing = {scheme: [] for scheme in SCHEMES}
    assert read_as_they_are(wrong) == nothing
    assert kept(wrong) == nothing


def test_every_rule_on_a_check_character_is_compared():
    checks = {
        iri.removeprefix(expand("collex-sh:Value-")).removesuffix("-check")
        for iri in rules().rules
        if iri.endswith("-check")
    }
    assert checks < set(SCHEMES)
