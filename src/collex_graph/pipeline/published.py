"""What a published snapshot knows of the things that checked files refer to.

A sheet of labels names fonds that it does not describe. What is said of them is read from the
snapshot, node by node: their own statements, and those of what these lead to and of the units
above, as far as shapes and derivations look at them. The rest of the snapshot is not read, nor what
it says of things that the files describe themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyoxigraph import DefaultGraph, NamedNode, Store, Triple

from collex_graph.errors import ConfigurationError
from collex_graph.rdf.namespaces import term
from collex_graph.validation.compiler import WHOLE_NODES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from collex_graph.model import Snapshot, ValidationResult
    from collex_graph.validation.compiler import Part

_ABOVE = term("rico:isDirectlyIncludedIn")
_REPRESENTED = term("collex:representedBy")
_MOST_STEPS = 2


class Published:
    """A snapshot, as a check looks at it.

    Args:
        snapshot: the snapshot.
        base_iri: start of our own IRIs in the files.

    Attributes:
        identifier: its identifier.
        known: IRIs that were asked for and that it says something of.

    Raises:
        ConfigurationError: when its own IRIs start otherwise.
    """

    def __init__(self, snapshot: Snapshot, base_iri: str) -> None:
        theirs = snapshot.manifest.get("base_iri")
        if theirs != base_iri:
            raise ConfigurationError(
                f"the snapshot {snapshot.identifier} has {theirs} as the base of its IRIs, and "
                f"this check {base_iri}: set COLLEX_GRAPH_BASE_IRI, or check with --alone"
            )
        self.identifier = snapshot.identifier
        self.known: set[str] = set()
        self._store = Store.read_only(str(snapshot.store))

    def about(
        self,
        iris: Iterable[str],
        names: frozenset[str] | None,
        is_described: Callable[[str], bool],
    ) -> Iterator[Triple]:
        """Yield what is said of some nodes, of the nodes that this leads to, and of units above.

        Args:
            iris: the nodes.
            names: the predicates that matter of the others; None for all.
            is_described: whether the files describe a node themselves: what they say stands in
                place of what the snapshot says.
        """
        seen: set[NamedNode] = set()
        todo: list[NamedNode] = []

        def reach(node: object) -> None:
            if isinstance(node, NamedNode) and node not in seen:
                seen.add(node)
                if not is_described(node.value):
                    todo.append(node)

        for iri in iris:
            reach(NamedNode(iri))
        asked, todo = todo, []
        for name in asked:
            statements = list(self._of(name))
            if not statements:
                # one of several names of a node
                statements = [
                    Triple(name, quad.predicate, quad.object)
                    for same in self._store.quads_for_pattern(
                        name, _REPRESENTED, None, DefaultGraph()
                    )
                    if isinstance(same.object, NamedNode)
                    for quad in self._of(same.object)
                ]
            if any(one.predicate == term("rdf:type") for one in statements):
                self.known.add(name.value)
            yield from statements
            for one in statements:
                if one.predicate != term("rdf:type"):
                    reach(one.object)
        while todo:
            for one in self._of(todo.pop()):
                if one.predicate == _ABOVE:
                    # a sub-fonds has what its fonds has, however far above it stands
                    reach(one.object)
                if names is None or one.predicate.value in names:
                    yield one

    def _of(self, node: NamedNode) -> Iterator[Triple]:
        for quad in self._store.quads_for_pattern(node, None, None, DefaultGraph()):
            yield Triple(quad.subject, quad.predicate, quad.object)

    def without_its_own(
        self, results: Iterable[ValidationResult], parts: Iterable[Part]
    ) -> Iterator[ValidationResult]:
        """Leave out what is the business of the snapshot.

        That is what its own report says already of a node that it describes, and what it takes more
        of the snapshot to judge than was read: who refers to the node, or what is far from it.

        Args:
            results: of nodes that the files describe, or refer to.
            parts: the shapes that were run.
        """
        near = {
            part.shape.value
            for part in parts
            if isinstance(part.shape, NamedNode)
            and len(part.steps) <= _MOST_STEPS
            and not any(inverse for _, inverse in part.steps)
            and WHOLE_NODES not in part.steps
        }
        for result in results:
            focus = result.focus_node
            is_own = focus is None or focus not in self.known
            if is_own or (result.rule in near and result.rule not in self._reported(focus or "")):
                yield result

    def _reported(self, focus: str) -> set[str]:
        """Return the rules of the results that the snapshot's report has of a node."""
        return {
            stated.object.value
            for found in self._store.quads_for_pattern(
                None, term("sh:focusNode"), NamedNode(focus), None
            )
            for stated in self._store.quads_for_pattern(
                found.subject, term("sh:sourceShape"), None, found.graph_name
            )
            if isinstance(stated.object, NamedNode)
        }


def looked_for(beside: Published | None) -> dict[str, str]:
    """Return where a thing was looked for that was not found, as a sentence (fr, en)."""
    if beside is None:
        return {
            "fr": "Cherché dans les seuls fichiers contrôlés, et dans aucun instantané publié.",
            "en": "Looked for in the checked files alone, and in no published snapshot.",
        }
    return {
        "fr": f"Cherché dans les fichiers contrôlés et dans l’instantané {beside.identifier}.",
        "en": f"Looked for in the checked files and in the snapshot {beside.identifier}.",
    }
