"""collex-graph: the linked-data knowledge graph of French research collections."""

__version__: str


def __getattr__(name: str) -> str:
    """Look the version up once somebody asks: the library that knows it takes long to import."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415

    return version("collex-graph")
