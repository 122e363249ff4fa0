"""Prefixes and namespaces, read from ``ontology/prefixes.ttl`` and from nowhere else."""

from __future__ import annotations

import re
from functools import cache

from pyoxigraph import NamedNode

from collex_graph.errors import ResourceFileError
from collex_graph.resources import resource_dir

_DECLARATION = re.compile(r"@prefix\s+([A-Za-z][\w-]*):\s+<([^<>\s]+)>\s*\.")
_LOCAL_NAME = re.compile(r"[A-Za-z_0-9](?:[\w.-]*[\w-])?", re.ASCII)


@cache
def prefixes() -> dict[str, str]:
    """Return prefix → namespace, in the file's order.

    Raises:
        ResourceFileError: for a line that declares nothing readable, or a prefix declared twice.
    """
    path = resource_dir("ontology") / "prefixes.ttl"
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        declaration = _DECLARATION.fullmatch(line.strip())
        if declaration is None:
            raise ResourceFileError(path, "expected `@prefix name: <iri> .`", line=number)
        prefix, namespace = declaration.groups()
        if prefix in found:
            raise ResourceFileError(path, f"prefix {prefix!r} is declared twice", line=number)
        found[prefix] = namespace
    return found


@cache
def expand(name: str) -> str:
    """Return the IRI of a prefixed name.

    >>> expand("skos:Concept")
    'http://www.w3.org/2004/02/skos/core#Concept'

    Raises:
        KeyError: when the prefix is not declared.
    """
    prefix, _, local = name.partition(":")
    return prefixes()[prefix] + local


@cache
def term(name: str) -> NamedNode:
    """Return the node of a prefixed name, as in ``term("rdf:type")``."""
    return NamedNode(expand(name))


@cache
def _namespaces_longest_first() -> list[tuple[str, str]]:
    return sorted(((ns, p) for p, ns in prefixes().items()), key=lambda pair: -len(pair[0]))


def compact(iri: str) -> str | None:
    """Return the prefixed name of an IRI, or None where no declared prefix gives a plain one.

    >>> compact("http://www.w3.org/2004/02/skos/core#Concept")
    'skos:Concept'
    >>> compact("http://example.org/x") is None
    True
    """
    for namespace, prefix in _namespaces_longest_first():
        if iri.startswith(namespace):
            local = iri[len(namespace) :]
            return f"{prefix}:{local}" if _LOCAL_NAME.fullmatch(local) else None
    return None
