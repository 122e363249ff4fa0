import bz2
import errno
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from collex_graph.errors import UnreadableSourceError
from collex_graph.sources import archives, find_source_files
from collex_graph.sources.files import is_pattern

LINKS = [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
XML = b"<list><item>one</item></list>"


def tarred(path, members, mode="w:gz"):
    """Members are (name, bytes), or (name, type of a tar member)."""
    with tarfile.open(path, mode) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if content in LINKS:
                info.type, info.linkname = content, "/etc/passwd"
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content[: info.size]))
    return path


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def found(path, tmp_path):
    files, ignored = find_source_files("test", path, tmp_path / "unpacked")
    return files, ignored


def outcome(path, tmp_path):
    """Name → content, or why there is none."""
    files, _ = found(path, tmp_path)
    return {file.name: file.problem or file.path.read_bytes() for file in files}


# --- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".zip"])
def test_members_are_source_files_under_the_name_of_their_archive(tmp_path, ending):
    members = [("d/b.xml", XML), ("a.rdf", b"<rdf/>"), ("README.md", b"x")]
    mode = {".tar": "w", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}.get(ending, "w:gz")
    make = zipped if ending == ".zip" else lambda path, files: tarred(path, files, mode)
    path = make(tmp_path / f"people{ending}", members)
    files, ignored = found(path, tmp_path)
    assert [file.name for file in files] == [f"people{ending}/a.rdf", f"people{ending}/d/b.xml"]
    assert [file.path.name for file in files] == ["a.rdf", "b.xml"]
    assert [file.media_type for file in files] == ["application/rdf+xml", "application/xml"]
    assert files[1].path.read_bytes() == XML
    assert files[0].sha256 != files[1].sha256
    assert [file.name for file in ignored] == ["README.md"]


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip), ("bz2", bz2), ("xz", lzma)])
def test_a_compressed_file_keeps_its_name_and_digest(tmp_path, ending, pack):
    path = tmp_path / f"notice.xml.{ending}"
    path.write_bytes(pack.compress(XML))
    (file,), _ = found(path, tmp_path)
    assert (file.name, file.path.name) == (path.name, "notice.xml")
    assert file.path.read_bytes() == XML
    assert file.size_bytes == path.stat().st_size


def test_a_folder_that_cannot_be_listed_is_not_passed_over(tmp_path, monkeypatch):
    (tmp_path / "lists" / "closed").mkdir(parents=True)
    (tmp_path / "lists" / "a.csv").write_text("a", encoding="utf-8")
    scandir = os.scandir

    def refusing(path):
        if Path(path).name == "closed":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("os.scandir", refusing)
    with pytest.raises(UnreadableSourceError, match="closed: cannot be listed: Permission denied"):
        find_source_files("kbart", tmp_path / "lists")


def test_archives_in_a_folder_are_read_with_the_files_beside_them(tmp_path):
    folder = tmp_path / "data"
    (folder / "sub").mkdir(parents=True)
    (folder / "b.xml").write_bytes(XML)
    tarred(folder / "sub" / "a.tar.gz", [("x.xml", XML)])
    tarred(folder / "a.tar.gz", [("x.xml", XML)])
    files, _ = found(folder, tmp_path)
    labels = ["a.tar.gz/x.xml", "b.xml", "sub/a.tar.gz/x.xml"]
    assert [file.label for file in files] == labels


def test_a_pattern_chooses_files(tmp_path):
    for name in ("A_FRANCE_1.txt", "B_GLOBAL.txt", "C_FRANCE_2.txt", "C_FRANCE_2.md"):
        (tmp_path / name).write_text("x")
    files, ignored = find_source_files("test", tmp_path / "*FRANCE*.txt")
    assert [file.label for file in files] == ["A_FRANCE_1.txt", "C_FRANCE_2.txt"]
    assert not ignored


def test_a_pattern_that_fits_nothing_is_refused(tmp_path):
    with pytest.raises(UnreadableSourceError, match="no file has such a name"):
        find_source_files("test", tmp_path / "*.txt")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path):
    path = tmp_path / "list[1].xml"
    path.write_bytes(XML)
    assert not is_pattern(path)
    (file,), _ = find_source_files("test", path)
    assert file.name == "list[1].xml"


def test_what_macos_adds_to_archives_is_no_source_file(tmp_path):
    path = zipped(
        tmp_path / "a.zip", [("__MACOSX/._x.xml", b"x"), ("._x.xml", b"x"), ("x.xml", XML)]
    )
    assert outcome(path, tmp_path) == {"a.zip/x.xml": XML}


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../out.xml", "/out.xml", "a/../../out.xml", "..\\out.xml"])
@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
def test_a_path_that_leads_out_of_the_archive_is_refused(tmp_path, name, ending):
    make = zipped if ending == ".zip" else tarred
    path = make(tmp_path / f"a{ending}", [(name, XML), ("x.xml", XML)])
    said = outcome(path, tmp_path)
    assert said.pop(f"a{ending}/x.xml") == XML
    assert list(said.values()) == ["its path leads out of the archive"]
    assert not list(tmp_path.rglob("out.xml"))
    assert not (tmp_path.parent / "out.xml").exists()
    assert not Path("/out.xml").exists()


@pytest.mark.parametrize("kind", LINKS)
def test_links_and_devices_of_a_tar_are_refused(tmp_path, kind):
    path = tarred(tmp_path / "a.tar.gz", [("l.xml", kind), ("x.xml", XML)])
    said = outcome(path, tmp_path)
    assert "link or a device" in said["a.tar.gz/l.xml"]
    assert said["a.tar.gz/x.xml"] == XML


def test_links_of_a_zip_are_refused(tmp_path):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        info = zipfile.ZipInfo("l.xml")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    assert "link or a device" in outcome(path, tmp_path)["a.zip/l.xml"]


@pytest.mark.parametrize("inner", ["b.zip", "b.tar.gz", "b.xml.gz"])
def test_what_is_packed_twice_is_refused(tmp_path, inner):
    path = zipped(tmp_path / "a.zip", [(inner, b"x"), ("x.xml", XML)])
    said = outcome(path, tmp_path)
    assert "packed twice" in said[f"a.zip/{inner}"]
    assert said["a.zip/x.xml"] == XML


def test_two_members_of_one_path_are_not_mixed_up(tmp_path):
    path = tarred(tmp_path / "a.tar.gz", [("x.xml", XML), ("x.xml", b"<other/>")])
    files, _ = found(path, tmp_path)
    assert [file.problem for file in files] == ["", "the archive holds two files of this path"]


@pytest.mark.parametrize("ending", [".tar.gz", ".zip", ".xml.gz"])
def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch, ending):
    monkeypatch.setattr(archives, "FREE_BYTES", 1 << 20)
    content = bytes(40 << 20)
    path = tmp_path / f"a{ending}"
    if ending == ".xml.gz":
        path.write_bytes(gzip.compress(content))
    else:
        (zipped if ending == ".zip" else tarred)(path, [("x.xml", content)])
    (problem,) = outcome(path, tmp_path).values()
    assert "more than 250 times its size" in problem
    assert sum(f.stat().st_size for f in (tmp_path / "unpacked").rglob("*") if f.is_file()) == 0


def test_an_archive_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    path = zipped(tmp_path / "a.zip", [(f"{n}.xml", XML) for n in range(5)])
    assert "more than 3 files" in outcome(path, tmp_path)["a.zip"]


def test_an_archive_that_is_too_large_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_UNPACKED_BYTES", 40)
    path = zipped(tmp_path / "a.zip", [("a.xml", XML), ("b.xml", XML)])
    said = outcome(path, tmp_path)
    assert said["a.zip/a.xml"] == XML
    assert "unpacks to more than" in said["a.zip"]


def test_the_members_before_a_break_are_read(tmp_path):
    whole = tarred(
        tmp_path / "whole.tar", [("a.xml", XML), ("b.xml", XML * 1000)], "w"
    ).read_bytes()
    path = tmp_path / "a.tar"
    path.write_bytes(whole[:5000])
    said = outcome(path, tmp_path)
    assert said["a.tar/a.xml"] == XML
    assert "damaged or breaks off" in said["a.tar"]


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz", "a.xml.gz", "a.xml.xz", "a.xml.bz2"])
@pytest.mark.parametrize("content", [b"", b"no archive at all"])
def test_what_is_no_archive_is_said_and_raises_nothing(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    said = outcome(tmp_path / name, tmp_path)
    assert all("damaged or breaks off" in str(problem) for problem in said.values() if problem)


def test_a_zip_with_a_password_is_refused(tmp_path):
    path = zipped(tmp_path / "a.zip", [("x.xml", XML)])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    assert "password" in outcome(path, tmp_path)["a.zip/x.xml"]


@pytest.mark.real_data
def test_the_real_archive_of_idref_records_is_read(shared_data, tmp_path):
    path = shared_data / "idref" / "idref-people-700.tar.gz"
    files, _ = found(path, tmp_path)
    assert len(files) == 700
    assert not [file.problem for file in files if file.problem]
    assert all(file.name.startswith("idref-people-700.tar.gz/") for file in files)
