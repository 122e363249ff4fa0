"""Code to copy: how a query is asked from other programs, and how its answer is cited.

Texts of a query are written as literals of each language, never pasted between its quotes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import date

_BIBTEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$",
    "#": r"\#", "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_NOT_KEY = re.compile(r"[^A-Za-z0-9-]+")


def snippets(endpoint: str, text: str, *, is_graph: bool) -> tuple[tuple[str, str], ...]:
    """Return the name of each language and the code that asks a query in it.

    Args:
        endpoint: address of the SPARQL endpoint.
        text: the query.
        is_graph: whether its result is triples rather than rows or a truth value.
    """
    accept = "text/turtle" if is_graph else "text/csv"
    return (
        ("curl", _curl(endpoint, text, accept)),
        ("Python", _python(endpoint, text, is_graph=is_graph)),
        ("R", _r(endpoint, text, accept)),
        ("JavaScript", _javascript(endpoint, text, is_graph=is_graph)),
    )


def _curl(endpoint: str, text: str, accept: str) -> str:
    quoted = text.strip().replace("'", r"'\''")
    return f"curl {_shell(endpoint)} -H 'Accept: {accept}' --data-urlencode 'query={quoted}'\n"


def _shell(word: str) -> str:
    return "'" + word.replace("'", r"'\''") + "'"


def _python(endpoint: str, text: str, *, is_graph: bool) -> str:
    stripped = text.strip()
    plain = "\\" not in stripped and '"""' not in stripped and not stripped.endswith('"')
    query = f'"""\n{stripped}\n"""' if plain else repr(stripped)
    kind = "TURTLE" if is_graph else "JSON"
    read = (
        "print(endpoint.query().convert().decode())\n"
        if is_graph
        else 'for row in endpoint.query().convert()["results"]["bindings"]:\n'
        '    print({name: term["value"] for name, term in row.items()})\n'
    )
    return (
        f"from SPARQLWrapper import {kind}, POST, SPARQLWrapper\n\n"
        f"endpoint = SPARQLWrapper({endpoint!r})\n"
        f"endpoint.setMethod(POST)\nendpoint.setReturnFormat({kind})\n"
        f"endpoint.setQuery({query})\n{read}"
    )


def _r(endpoint: str, text: str, accept: str) -> str:
    dashes = "-"
    while f'){dashes}"' in text:
        dashes += "-"
    read = (
        "cat(resp_body_string(answer))\n"
        if accept == "text/turtle"
        else "rows <- read.csv(text = resp_body_string(answer))\nprint(rows)\n"
    )
    return (
        "library(httr2)\n\n"
        f'query <- r"{dashes}(\n{text.strip()}\n){dashes}"\n'
        f"answer <- request({json.dumps(endpoint)}) |>\n"
        f'  req_headers(Accept = "{accept}") |>\n'
        f"  req_body_form(query = query) |>\n  req_perform()\n{read}"
    )


def _javascript(endpoint: str, text: str, *, is_graph: bool) -> str:
    escaped = text.strip().replace("\\", "\\\\").replace("`", "\\`").replace("${", "\\${")
    accept = "text/turtle" if is_graph else "application/sparql-results+json"
    read = (
        "console.log(await answer.text());\n"
        if is_graph
        else "const { results } = await answer.json();\n"
        "for (const row of results.bindings) {\n"
        "  console.log(Object.fromEntries(\n"
        "    Object.entries(row).map(([name, term]) => [name, term.value])));\n}\n"
    )
    return (
        f"const query = `\n{escaped}\n`;\n"
        f"const answer = await fetch({json.dumps(endpoint)}, {{\n"
        f'  method: "POST",\n  headers: {{ Accept: "{accept}" }},\n'
        "  body: new URLSearchParams({ query }),\n});\n"
        f"if (!answer.ok) throw new Error(await answer.text());\n{read}"
    )


# --- citation ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Citation:
    """What a citation of an answer says.

    Attributes:
        name: of the query.
        title: of the query, for people.
        snapshot: the data that answered.
        published: when they were published.
        accessed: when the answer was looked at.
        iri: the address of the answer, with the snapshot.
    """

    name: str
    title: str
    snapshot: str
    published: date
    accessed: date
    iri: str

    @property
    def key(self) -> str:
        """What a bibliography calls it."""
        return _NOT_KEY.sub("-", f"collex-graph-{self.name}-{self.snapshot}")

    def bibtex(self) -> str:
        """Return it in BibTeX."""
        title = "".join(_BIBTEX.get(character, character) for character in self.title)
        return (
            f"@misc{{{self.key},\n  title = {{{{{title}}}}},\n  author = {{{{collex-graph}}}},\n"
            f"  year = {{{self.published.year}}},\n  month = {{{self.published.month}}},\n"
            f"  version = {{{self.snapshot}}},\n  howpublished = {{\\url{{{self.iri}}}}},\n"
            f"  urldate = {{{self.accessed.isoformat()}}}\n}}\n"
        )

    def csl(self) -> list[dict[str, Any]]:
        """Return it in CSL-JSON (Citation Style Language 1.0.2)."""
        return [
            {
                "id": self.key,
                "type": "dataset",
                "title": self.title,
                "author": [{"literal": "collex-graph"}],
                "issued": {"date-parts": [_parts(self.published)]},
                "accessed": {"date-parts": [_parts(self.accessed)]},
                "version": self.snapshot,
                "URL": self.iri,
            }
        ]


def _parts(day: date) -> list[int]:
    return [day.year, day.month, day.day]
