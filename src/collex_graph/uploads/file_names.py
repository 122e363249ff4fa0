"""What to call a file of a stranger: its own name, made harmless, with an ending that fits.

Readers and mappings look at the ending of a name, and « which source is this » also at its words.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from collex_graph.sources.files import MEDIA_TYPES, inner_name, is_archive

if TYPE_CHECKING:
    from pathlib import Path

LONGEST_NAME: Final = 120
_HARMLESS: Final = re.compile(r"[^\w .()+=@-]+")
_HEAD_BYTES: Final = 4096
_OLD_OFFICE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_OPEN_DOCUMENT: Final = b"mimetypeapplication/vnd.oasis.opendocument."
_MIMETYPE_BYTES: Final = 120
"""The first member of an OpenDocument archive, uncompressed, says what it is."""
_LIST_BYTES: Final = 1 << 20
_BY_MEDIA_TYPE: Final = {
    **{media_type: ending for ending, media_type in reversed(MEDIA_TYPES.items())},
    "text/xml": ".xml",
    "application/ead+xml": ".xml",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/gzip": ".tar.gz",
    "application/x-tar": ".tar",
}
_SAYS_NOTHING: Final = frozenset({
    "", "application/octet-stream", "text/plain", "application/x-www-form-urlencoded",
    "multipart/form-data",
})  # fmt: skip


def harmless_name(given: str) -> str:
    r"""Return the last part of a name or path, without what could lead or look elsewhere.

    >>> harmless_name("../../etc/passwd"), harmless_name("C:\\lists\\a<b>.csv")
    ('passwd', 'a_b_.csv')
    >>> harmless_name("\u202eexe.csv"), harmless_name(".."), harmless_name("Labels été.xlsx")
    ('_exe.csv', '', 'Labels été.xlsx')
    """
    last = PurePosixPath(unicodedata.normalize("NFC", given).replace("\\", "/")).name
    name = _HARMLESS.sub("_", last).strip(" .")
    if len(name) > LONGEST_NAME:
        ending = "".join(PurePosixPath(name).suffixes[-2:])[:20]
        name = name[: LONGEST_NAME - len(ending)] + ending
    return name


def fitting_name(given: str, media_type: str, path: Path) -> str:
    """Return a harmless name whose ending tells what a file is.

    Args:
        given: what its sender calls it; may be empty.
        media_type: what its sender says it is, without parameters; may be empty.
        path: the file, whose first bytes decide where neither tells anything.
    """
    name = harmless_name(given)
    if is_archive(name) or (PurePosixPath(inner_name(name) or name).suffix.lower() in MEDIA_TYPES):
        return name
    ending = "" if media_type in _SAYS_NOTHING else _BY_MEDIA_TYPE.get(media_type, "")
    return f"{PurePosixPath(name).stem or 'fichier'}{ending or _ending_of(path)}"


def is_office_document(path: Path) -> bool:
    """Return whether a file is of an office suite and no workbook that a reader takes.

    A document is an archive too (ODS, ODT, DOCX), whose parts would be judged as files of somebody.
    """
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    return (
        head.startswith(_OLD_OFFICE)
        or _OPEN_DOCUMENT in head[:_MIMETYPE_BYTES]
        or (head.startswith(b"PK") and _holds(path, "word/document.xml", "ppt/presentation.xml"))
    )


def _ending_of(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith(b"PK"):
        return ".xlsx" if _holds(path, "xl/workbook.xml") else ".zip"
    if head.startswith(b"\x1f\x8b"):
        return ".tar.gz"
    # UTF-16 has a zero beside each letter of a mark-up
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if re.match(rb"<(?:https?|urn):", text) or re.match(rb"@?(?:prefix|base)\b", text, re.I):
        return ".ttl"
    if text.startswith(b"<"):
        return ".rdf" if b":RDF" in text or b"<RDF" in text else ".xml"
    if text.startswith((b"{", b"[")):
        return ".jsonld" if b'"@' in text else ".json"
    first = text.partition(b"\n")[0]
    return ".txt" if first.count(b"\t") > max(first.count(b";"), first.count(b",")) else ".csv"


def _holds(path: Path, *members: str) -> bool:
    """Say whether an archive has a member of such a name.

    The end of its list of members is looked at as bytes: a list of a million members, which takes
    seconds and hundreds of megabytes to read, is for the process that is shut in.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, os.SEEK_END) - _LIST_BYTES))
        end = stream.read()
    return any(
        # APPNOTE.TXT, section 4.3.12: 46 bytes, then the name
        re.search(rb"PK\x01\x02.{42}" + re.escape(member.encode()), end, re.DOTALL)
        for member in members
    )
