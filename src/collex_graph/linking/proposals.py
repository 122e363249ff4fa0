"""Alignments for a person to judge: what the same words already mean elsewhere in the graph.

A library that gives « Écriture cunéiforme » without an identifier means, most likely, what others
mean by the same words with one. That is a proposal with its reasons, never a merge: nothing here is
accepted by itself.
"""

from __future__ import annotations

import unicodedata
from collections import Counter, defaultdict
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Final

from collex_graph.linking.alignments import Alignment
from collex_graph.rdf.namespaces import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_METHOD: Final = expand("semapv:LexicalMatching")
_TYPES: Final = {
    "subject": "sujet", "persname": "personne", "corpname": "collectivité", "famname": "famille",
    "geogname": "lieu", "genreform": "genre", "function": "fonction", "occupation": "métier",
    "title": "titre", "name": "nom",
}  # fmt: skip


def propose(
    uses: Iterable[Mapping[str, str]], *, base_iri: str, judged: Iterable[Alignment] = ()
) -> list[Alignment]:
    """Propose an authority for each node of ours whose wording and type is aligned elsewhere.

    Args:
        uses: rows ``element``, ``wording``, ``node``, ``uses`` (how many access points) of all
            access points, and ``name``, the authority's form where it is known.
        base_iri: start of our own IRIs.
        judged: alignments that a person accepted or rejected: these are not proposed again.

    Returns:
        Proposals in the order of their subjects and targets. Where n access points of a wording
        are aligned with an authority, out of N aligned ones, the confidence is n/N × n/(n + 1):
        more uses and less ambiguity give more, and nothing reaches 1.
    """
    known = {(one.subject, one.target) for one in judged if one.status != "proposed"}
    settled = {one.subject for one in judged if one.makes_one_node}
    ours: dict[tuple[str, str], set[str]] = defaultdict(set)
    words: dict[tuple[str, str], str] = {}
    aligned: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    names: dict[str, str] = {}
    for row in uses:
        key = (row["element"], _folded(row["wording"]))
        if row["node"].startswith(f"{base_iri}id/"):
            ours[key].add(row["node"])
            words[key] = min(row["wording"], words.get(key, row["wording"]))
        else:
            aligned[key][row["node"]] += int(row["uses"])
            names[row["node"]] = row.get("name", "")
    proposals = []
    for key in ours.keys() & aligned.keys():
        total = aligned[key].total()
        for target, count in aligned[key].items():
            confidence = Decimal(count) / total * count / (count + 1)
            kind = _TYPES.get(key[0], key[0])
            proposals += [
                Alignment(
                    subject=subject,
                    predicate=expand("skos:exactMatch"),
                    target=target,
                    justification=_METHOD,
                    subject_label=words[key],
                    target_label=names[target],
                    confidence=_decimal(confidence),
                    comment=f"Même forme et même type ({kind}), alignée sur cette autorité par "
                    f"{count} point{'s' if count > 1 else ''} d’accès sur {total}.",
                )
                for subject in ours[key] - settled
                if (subject, target) not in known
            ]
    return sorted(proposals)


def _folded(wording: str) -> str:
    normal = unicodedata.normalize("NFC", wording).replace("’", "'")
    return " ".join(normal.split()).casefold()


def _decimal(value: Decimal) -> str:
    """Return two decimals in the canonical form of xsd:decimal.

    >>> _decimal(Decimal("0.5")), _decimal(Decimal("0.6666"))
    ('0.5', '0.66')
    """
    return str(value.quantize(Decimal("0.01"), ROUND_DOWN).normalize())
