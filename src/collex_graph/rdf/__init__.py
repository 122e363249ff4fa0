"""Terms, names and literals of RDF: everything above speaks through these."""
