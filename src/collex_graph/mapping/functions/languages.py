"""Languages: codes of ISO 639 to lexvo."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any, Final

from collex_graph.mapping.functions.registry import mapping_function, note
from collex_graph.model import Reading, UnreadableValue
from collex_graph.rdf.namespaces import expand

# ISO 639-2: bibliographic codes that differ from the terminological ones, which ISO 639-3 uses.
_BIBLIOGRAPHIC: Final = {
    "alb": "sqi", "arm": "hye", "baq": "eus", "bur": "mya", "chi": "zho", "cze": "ces",
    "dut": "nld", "fre": "fra", "geo": "kat", "ger": "deu", "gre": "ell", "ice": "isl",
    "mac": "mkd", "mao": "mri", "may": "msa", "per": "fas", "rum": "ron", "slo": "slk",
    "tib": "bod", "wel": "cym",
}  # fmt: skip
# Codes that the ISO 639-2 registration authority withdrew (« Code changes »).
_OBSOLETE: Final = {"scc": "srp", "scr": "hrv", "mol": "ron", "jaw": "jav"}
# Codes of groups of languages (ISO 639-5): ISO 639-3 has none, so Lexvo has no node of that kind.
_COLLECTIVE: Final = frozenset((
    "aav", "afa", "alg", "alv", "apa", "aqa", "aql", "art", "ath", "auf", "aus", "awd", "azc",
    "bad", "bai", "bat", "ber", "bih", "bnt", "btk", "cai", "cau", "cba", "ccn", "ccs", "cdc",
    "cdd", "cel", "cmc", "cpe", "cpf", "cpp", "crp", "csu", "cus", "day", "dmn", "dra", "egx",
    "esx", "euq", "fiu", "fox", "gem", "gme", "gmq", "gmw", "grk", "him", "hmx", "hok", "hyx",
    "iir", "ijo", "inc", "ine", "ira", "iro", "itc", "jpx", "kar", "kdo", "khi", "kro", "map",
    "mkh", "mno", "mun", "myn", "nah", "nai", "ngf", "nic", "nub", "omq", "omv", "oto", "paa",
    "phi", "plf", "poz", "pqe", "pqw", "pra", "qwe", "roa", "sai", "sal", "sdv", "sem", "sgn",
    "sio", "sit", "sla", "smi", "son", "sqj", "ssa", "syd", "tai", "tbq", "trk", "tup", "tut",
    "tuw", "urj", "wak", "wen", "xgn", "xnd", "ypk", "zhx", "zle", "zls", "zlw", "znd",
))  # fmt: skip
_PRIVATE_USE: Final = re.compile("q[a-t][a-z]")


@cache
def _langcodes() -> Any:
    # imported at the first code that needs it: its tables cost 0.1 s
    import langcodes  # noqa: PLC0415

    return langcodes


@lru_cache(maxsize=1024)
def _language(code: str) -> tuple[str, str]:
    """Return (rule, ISO 639-3 code); the rule is ``""`` where there is nothing to say."""
    if code in _OBSOLETE:
        return "ObsoleteLanguageCode", _OBSOLETE[code]
    if code in _COLLECTIVE:
        return "CollectiveLanguageCode", ""
    if len(code) == 3 and code in _BIBLIOGRAPHIC:
        return "", _BIBLIOGRAPHIC[code]
    if re.fullmatch("[a-z]{2,3}", code) and not _PRIVATE_USE.fullmatch(code):
        known = _langcodes().Language.get(code)
        if known.is_valid():
            return "", code if len(code) == 3 else known.to_alpha3()
    return "UnknownLanguageCode", ""


@mapping_function
def language(code: str) -> str | Reading | None:
    """Return the Lexvo IRI of an ISO 639 code: two letters, or three of 639-2/B, 639-2/T, 639-3.

    Lexvo names languages by ISO 639-3. D21: withdrawn codes are mapped and reported.

    >>> language("fre"), language("per")
    ('http://lexvo.org/id/iso639-3/fra', 'http://lexvo.org/id/iso639-3/fas')
    >>> language("scc").values
    ('http://lexvo.org/id/iso639-3/srp',)
    """
    plain = code.strip().lower()
    if not plain:
        return None
    rule, found = _language(plain)
    if not found:
        raise UnreadableValue(rule, code)
    iri = expand("lexvo:") + found
    if rule:
        return Reading((iri,), (note("ObsoleteLanguageCode", code, code=found),))
    return iri


@mapping_function
def language_tag(code: str = "") -> str:
    """Return the tag (BCP 47) of a text in the language of an ISO 639 code; `language` reports.

    >>> language_tag("ara"), language_tag("per"), language_tag("?")
    ('ar', 'fa', 'und')
    """
    _, found = _language(code.strip().lower())
    return str(_langcodes().standardize_tag(found)) if found else "und"


@mapping_function
def language_of(iri: str) -> str | Reading | None:
    """Return the Lexvo IRI of a language that a source names by an address (``…/iso639-2/grc``).

    >>> language_of("http://id.loc.gov/vocabulary/iso639-2/grc")
    'http://lexvo.org/id/iso639-3/grc'
    """
    return language(iri.rstrip("/").rpartition("/")[2])
