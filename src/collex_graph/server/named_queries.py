"""The stored queries that people may ask by name: which they are, and how parameters reach them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from collex_graph.errors import EntityNotFoundError, QuerySyntaxError
from collex_graph.sparql.catalogue import query_names, stored_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.datastructures import MultiDict

    from collex_graph.sparql.catalogue import StoredQuery

FOLDERS = ("examples", "patterns", "interface")

RESERVED = ("format", "page", "page_size", "snapshot", "timeout", "lang")
"""Parameters of the interface itself; no stored query has one of these names."""


@cache
def questions() -> Mapping[str, StoredQuery]:
    """Return the queries that may be asked, by the end of their names, in order."""
    return {
        name.partition("/")[2]: stored_query(name)
        for folder in FOLDERS
        for name in query_names()
        if name.startswith(f"{folder}/")
    }


def find_question(name: str) -> StoredQuery:
    """Return one of them.

    Raises:
        EntityNotFoundError: when there is none of that name.
    """
    found = questions().get(name)
    if found is None:
        raise EntityNotFoundError(
            f"Aucune requête ne s’appelle {name[:80]!r}\u00a0; leur liste est à /api/queries.\n"
            f"No query is called {name[:80]!r}; their list is at /api/queries."
        )
    return found


def given_values(
    query: StoredQuery, arguments: MultiDict[str, str], *, empty_is_none: bool = True
) -> dict[str, list[str]]:
    """Return the values of an address for the parameters of a query.

    Args:
        query: whose parameters.
        arguments: of the address.
        empty_is_none: an empty value is none, as a form sends it; else it is an error.

    Raises:
        QuerySyntaxError: for a parameter that neither the query nor the interface has.
    """
    unknown = sorted(set(arguments) - set(query.parameters) - set(RESERVED))
    if unknown:
        known = ", ".join((*query.parameters, *RESERVED))
        raise QuerySyntaxError(
            f"Il n’y a pas de paramètre {unknown[0][:40]!r}\u00a0; il y a : {known}.\n"
            f"There is no parameter {unknown[0][:40]!r}; there are: {known}."
        )
    found = {}
    for name in query.parameters:
        given = arguments.getlist(name)
        values = [value for value in given if value.strip()]
        if len(values) < len(given) and not empty_is_none:
            raise QuerySyntaxError(f"Le paramètre {name} est vide.\nThe parameter {name} is empty.")
        if values:
            found[name] = values
    return found


def bound_text(query: StoredQuery, values: Mapping[str, list[str]]) -> str:
    """Return the query with its values bound.

    Raises:
        QuerySyntaxError: for a value that is missing, wrong, or one too many.
    """
    return query.text(
        **{name: given if len(given) > 1 else given[0] for name, given in values.items()}
    )
