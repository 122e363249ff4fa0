"""What is said beside a report: what each file was read as, and what was not looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from collex_graph.pipeline.checking import Checked
    from collex_graph.repair import Corrected


def compared_with(identifier: str | None) -> Mapping[str, str]:
    """Say, in each language, where a check looked for what the files refer to.

    Args:
        identifier: of the snapshot; None for none.
    """
    if identifier is None:
        return {
            "fr": "Contrôle sans instantané\u00a0: ce que les fichiers citent n’est cherché "
            "qu’en eux.",
            "en": "Checked without a snapshot: what the files refer to is sought in them alone.",
        }
    return {
        "fr": f"Ce que les fichiers citent est aussi cherché dans l’instantané {identifier}.",
        "en": f"What the files refer to is also looked for in the snapshot {identifier}.",
    }


def check_in_words(checked: Checked, language: str) -> Iterator[str]:
    """Yield the lines that the command says of a check, apart from its report."""
    french = language == "fr"
    yield compared_with(checked.beside)[language]
    for one in checked.files:
        others = ", ".join(one.alike)
        if french:
            alike = f" (ressemble aussi à {others}\u00a0: voir --source)" if others else ""
            read = _counted(one.records, "enregistrement lu", "enregistrements lus", language)
            yield f"{one.name}\u00a0: {one.source}, {read}{alike}"
        else:
            alike = f" (it also looks like {others}: see --source)" if others else ""
            read = _counted(one.records, "record read", "records read", language)
            yield f"{one.name}: {one.source}, {read}{alike}"
    for name in checked.unknown:
        if french:
            yield (
                f"{name}\u00a0: ne ressemble à aucune source, n’est pas contrôlé. Vérifier "
                "son en-tête, ou le donner seul et dire ce que c’est avec --source."
            )
        else:
            yield (
                f"{name}: looks like no source, not checked. Check its header, or give it alone "
                "and say with --source what it is."
            )
    if checked.ignored:
        names = ", ".join(path.name for path in checked.ignored)
        yield f"Laissé de côté\u00a0: {names}" if french else f"Left alone: {names}"


def corrected_in_words(
    corrected: Sequence[Corrected], changes: Path, language: str
) -> Iterator[str]:
    """Yield the lines that the command says of corrected files.

    Args:
        corrected: the files.
        changes: the list of what was changed.
        language: ``fr`` or ``en``.
    """
    french = language == "fr"
    for file in corrected:
        if french:
            made = _counted(len(file.applied), "réparation faite", "réparations faites", language)
            left = f", {len(file.left)} qui n’ont pas pu l’être" if file.left else ""
            yield f"{file.name}\u00a0: {made}{left}"
        else:
            made = _counted(len(file.applied), "repair made", "repairs made", language)
            left = f", {len(file.left)} that could not be made" if file.left else ""
            yield f"{file.name}: {made}{left}"
    yield f"Ce qui a été changé\u00a0: {changes}" if french else f"What was changed: {changes}"


def _counted(count: int, one: str, several: str, language: str) -> str:
    """Return a count with its noun.

    >>> _counted(0, "repair", "repairs", "en"), _counted(0, "réparation", "réparations", "fr")
    ('0 repairs', '0 réparation')
    >>> _counted(1200, "réparation", "réparations", "fr")
    '1\u202f200 réparations'
    """
    is_one = count < 2 if language == "fr" else count == 1
    shown = f"{count:,}".replace(",", "\u202f") if language == "fr" else f"{count:,}"
    return f"{shown} {one if is_one else several}"
