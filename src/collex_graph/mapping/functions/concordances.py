"""Concordances: from the wordings of a source to concepts."""

from __future__ import annotations

import re
from typing import Final

from collex_graph.mapping.functions.registry import (
    concordance,
    folded,
    mapping_function,
    near_wording,
    note,
    squeeze,
)
from collex_graph.model import Reading, UnreadableValue


@mapping_function
def lookup(table: str, value: str) -> str | None:
    """Return the concept that a concordance gives for a wording, and report one it lacks.

    Args:
        table: path of the CSV in ``mappings/`` (columns wording, concept, note). A row without a
            concept is a wording that has none on purpose.
        value: the wording; capitals, accents' encoding and spaces do not matter.

    >>> lookup("ccfr/document-types.csv", "cartes  et plans")
    'base:vocabulary/document-type/cartes-et-plans'
    """
    if not value.strip():
        return None
    concept = concordance(table).get(folded(value))
    if concept is None:
        raise UnreadableValue(
            "UnlistedWording", value, near=near_wording(table, value), table=table
        )
    return concept


@mapping_function
def unlisted(table: str, value: str) -> str | None:
    """Return the wording that a concordance lacks, to be kept as text; `lookup` reports it.

    >>> unlisted("ccfr/document-types.csv", "Phonogrammes")
    'Phonogrammes'
    """
    return None if folded(value) in concordance(table) else squeeze(value)


@mapping_function
def listed(table: str, value: str) -> str | None:
    """Return the concept of a wording where a concordance has it, and report nothing.

    For wordings that are free text, of which a few happen to be concepts of ours.

    >>> listed("theses/disciplines.csv", "Physique") is None
    True
    """
    return concordance(table).get(folded(value)) or None


@mapping_function
def role(code: str) -> str | Reading | None:
    """Return the property of a role: UNIMARC code (``mappings/ccfr/roles.csv``) or word.

    UNIMARC Bibliographic, appendix C, has the codes; D25: the sources mix them with words. A word
    that the table gives no property on purpose (« pas_sujet ») says nothing.

    >>> role("390")
    'http://id.loc.gov/vocabulary/relators/fmo'
    >>> role("producteur").values
    ('https://www.ica.org/standards/RiC/ontology#hasOrganicProvenance',)
    """
    term = concordance("ccfr/roles.csv").get(folded(code))
    if term is None:
        # a code that looks like another one is another one
        near = "" if code.strip().isdecimal() else near_wording("ccfr/roles.csv", code)
        raise UnreadableValue("UnknownRole", code, near=near)
    if not term:
        return None
    if not code.strip().isdigit():
        return Reading((term,), (note("RoleInWords", code, role=term),))
    return term


@mapping_function
def discipline(text: str) -> str | None:
    """Return the concept of a discipline, for a subject that ends with « (discipline) ».

    >>> discipline("Histoire (discipline)")
    'base:vocabulary/discipline/histoire'
    >>> discipline("Histoire") is None
    True
    """
    found = _DISCIPLINE.fullmatch(squeeze(text))
    if found is None:
        return None
    concept = concordance("ccfr/disciplines.csv").get(folded(found[1]))
    if not concept:
        near = near_wording("ccfr/disciplines.csv", found[1]).capitalize()
        repaired = f"{near} (discipline)" if near else ""
        raise UnreadableValue("UnknownDiscipline", text, repaired=repaired)
    return concept


_DISCIPLINE: Final = re.compile(r"(.+?) ?\(discipline\)", re.IGNORECASE)


@mapping_function
def acquisition_modes(text: str) -> list[str]:
    """Return the ways of acquisition that a text names at the start of one of its parts.

    A part begins the text or follows a comma, a semicolon, a full stop or « et »; so the donor's
    story that follows « Don de… » is not searched for other words.

    >>> acquisition_modes("Achat(s), Don(s)")
    ['base:vocabulary/acquisition-mode/achat', 'base:vocabulary/acquisition-mode/don']
    >>> acquisition_modes("Acquisitions")
    []
    """
    modes = concordance("ccfr/acquisition-modes.csv")
    found: dict[str, None] = {}
    for part in re.split(r"[,;./\n]|\bet\b", text):
        word = re.match(r"\s*([^\W\d_]+)", part)
        if word is not None and (mode := by_either_number(modes, word[1])):
            found[mode] = None
    return list(found)


def by_either_number(concepts: dict[str, str], words: str) -> str:
    """Return the concept of a wording, in the plural (« (s) » included) or in the singular."""
    plain = folded(words).replace("(s)", "s").replace("(x)", "x")
    singular = " ".join(re.sub(r"(?<=\w\w\w)[sx]$", "", word) for word in plain.split())
    return concepts.get(plain) or concepts.get(singular, "")
