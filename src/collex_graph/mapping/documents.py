"""A mapping document in either of its two languages: YARRRML, or RML in Turtle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collex_graph.mapping.rml import is_turtle, read_rml
from collex_graph.mapping.rules import document_text, read_mapping

if TYPE_CHECKING:
    from pathlib import Path

    from collex_graph.errors import ResourceFileError
    from collex_graph.mapping.rules import MappingDocument


def read_document(
    path: Path,
    base_iri: str | None,
    default_base_iri: str,
    mistakes: list[ResourceFileError] | None = None,
) -> tuple[MappingDocument, str]:
    """Read a mapping document, whichever language it is written in.

    Args:
        path: its file.
        base_iri: base of the IRIs it mints, where the caller names one.
        default_base_iri: the same where neither the caller nor the document does.
        mistakes: where given, what is not understood is added to it and left out.

    Returns:
        The document and the base.

    Raises:
        ResourceFileError: with the line and the name of what is not understood.
    """
    text = document_text(path)
    if is_turtle(text):
        return read_rml(path, base_iri, default_base_iri, mistakes), base_iri or default_base_iri
    return read_mapping(path, mistakes), base_iri or default_base_iri
