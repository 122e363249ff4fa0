"""What a sheet of channels says of people goes nowhere."""

import pytest

from collex_graph.pipeline import map_source
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings


@pytest.mark.parametrize("folder", ["sample", "mailbox"])
def test_contacts_and_mailboxes_are_neither_published_nor_quoted(folder, tmp_path):
    source = resource_dir("mappings") / "channels" / "sample"
    if folder == "mailbox":
        source = tmp_path / "source"
        source.mkdir()
        (source / "canaux.csv").write_text(
            "Intitulé;Page;Courriel\nListe;canari@example.invalid;canari@example.invalid\n",
            encoding="utf-8",
        )
    spool = tmp_path / "mapped.nq"
    mapped = map_source("channels", source, base_iri=Settings().base_iri, spool=spool)
    said = spool.read_text(encoding="utf-8") + repr(list(mapped.problems)) + repr(mapped.left_out)
    assert "<https://w3id.org/collex-graph/ontology#Channel>" in said
    assert "canari" not in said.casefold()
