"""Mapping: from records to quads, as mapping documents say.

``rules`` reads a document in YARRRML, ``rml`` one in RML, ``documents`` either; ``plan`` compiles
it, ``engine`` runs it, ``joins`` keeps what its joins look for; ``export`` writes it as RML,
``check`` finds all its mistakes; ``functions`` are what documents may call.
The readers of ``collex_graph.sources`` are handed in: neither room knows the other.
"""
