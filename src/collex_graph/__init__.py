"""collex-graph: the linked-data knowledge graph of French research collections."""

from importlib.metadata import version

__version__ = version("collex-graph")
