"""What derivations say, on a few statements."""

from pyoxigraph import RdfFormat, Store

from collex_graph.rdf.namespaces import prefixes
from collex_graph.resources import resource_dir


def test_a_library_is_called_by_a_name_rather_than_by_its_number():
    declared = "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in prefixes().items())
    query = (resource_dir("queries") / "derivations" / "42-label-of-library.rq").read_text("utf-8")
    store = Store()
    store.load(
        (
            declared
            + '<urn:x:a> a collex:Library ; collex:rcr "751059806" ;'
            + ' rico:name "751059806"@fr , "Bibliothèque Sainte-Geneviève"@fr .\n'
            + '<urn:x:b> a collex:Library ; collex:rcr "751132108" ; rico:name "751132108"@fr .\n'
        ).encode(),
        format=RdfFormat.TURTLE,
    )
    labels = {t.subject.value: t.object.value for t in store.query(declared + query)}
    assert labels == {"urn:x:a": "Bibliothèque Sainte-Geneviève", "urn:x:b": "751132108"}
