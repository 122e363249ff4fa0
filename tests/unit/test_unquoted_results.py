"""A result about a record that holds private data keeps none of its words."""

from collex_graph.build.aside import unquoted
from collex_graph.model import Position, Repair, Severity, ValidationResult


def test_neither_the_value_nor_what_to_write_instead_is_left():
    place = Position("f.csv", row=2)
    result = ValidationResult(
        None, Severity.WARNING, "urn:x:rule", {"fr": "« canari » est à revoir"},
        value="canari", value_term='"canari"', advice={"fr": "Écrire canari"}, position=place,
        repair=Repair(place, "canari", "canari corrigé", True, "urn:x:rule", {"fr": "canari"}),
    )  # fmt: skip
    assert "canari" not in repr(unquoted(result))
