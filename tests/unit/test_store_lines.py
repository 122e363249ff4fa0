"""Files of sorted lines: whatever the order and the memory, the same file."""

import gzip
import random
import resource
from itertools import pairwise
from pathlib import Path

import pytest

from collex_graph.store import lines as lines_module
from collex_graph.store.lines import (
    LinesWriter,
    difference,
    merged,
    read_chunks,
    read_lines,
    with_others,
    write_lines,
)


def some_lines(seed, count=400):
    number = random.Random(seed)
    return [b'<s%d> <p> "%d" <g> .\n' % (number.randrange(60), number.randrange(9))
            for _ in range(count)]  # fmt: skip


@pytest.mark.parametrize("run_bytes", [30, 500, 1 << 20])
def test_lines_are_written_once_and_sorted_however_little_memory_there_is(
    tmp_path, monkeypatch, run_bytes
):
    monkeypatch.setattr(lines_module, "_RUN_BYTES", run_bytes)
    monkeypatch.setattr(lines_module, "_CHUNK_BYTES", 200)
    given = some_lines(1)
    writer = LinesWriter(tmp_path / "a.nq.gz")
    for start in range(0, len(given), 7):
        writer.add(b"".join(given[start : start + 7]))
    found = writer.finish()
    wanted = sorted(set(given))
    assert gzip.decompress(found.path.read_bytes()) == b"".join(wanted)
    assert found.count == len(wanted)
    assert list(read_lines(found.path)) == wanted
    assert [path.name for path in tmp_path.iterdir()] == ["a.nq.gz"]
    assert write_lines(tmp_path / "b.nq.gz", wanted).digest == found.digest


def test_files_merge_and_differ_as_sets_do(tmp_path):
    sets = [set(some_lines(seed, 80)) for seed in (1, 2)]
    paths = []
    for place, some in enumerate(sets):
        paths.append(tmp_path / f"{place}.nq.gz")
        write_lines(paths[-1], sorted(some))
    assert list(merged(paths, tmp_path)) == sorted(sets[0] | sets[1])
    told = list(difference(*map(read_lines, paths)))
    assert {line for line, is_new in told if is_new} == sets[1] - sets[0]
    assert {line for line, is_new in told if not is_new} == sets[0] - sets[1]


def test_files_one_after_the_other_are_one_file_and_a_cut_one_is_none(tmp_path):
    first = write_lines(tmp_path / "1.nq.gz", [b"<a> .\n"]).path.read_bytes()
    second = write_lines(tmp_path / "2.nq.gz", [b"<b> .\n"]).path.read_bytes()
    both = tmp_path / "both.nq.gz"
    both.write_bytes(first + second)
    assert b"".join(read_chunks(both)) == b"<a> .\n<b> .\n"
    both.write_bytes(first + second[:-9])
    with pytest.raises(EOFError, match="cut short"):
        list(read_chunks(both))


def test_more_files_than_may_be_open_merge_in_rounds(tmp_path):
    given = some_lines(3, 2000)
    paths = []
    for place in range(0, len(given), 4):
        paths.append(tmp_path / f"{place}.nq.gz")
        write_lines(paths[-1], sorted(set(given[place : place + 4])))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    # other tests of this process may hold files open
    most = len(list(Path("/proc/self/fd").iterdir())) + 300
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, limits[1]))
    try:
        assert list(merged(paths, scratch)) == sorted(set(given))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert list(scratch.iterdir()) == []


def test_a_damaged_file_is_said_with_its_name(tmp_path):
    path = write_lines(tmp_path / "a.nq.gz", [b"<a> .\n", b"<b> .\n"]).path
    data = bytearray(path.read_bytes())
    data[10:14] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    with pytest.raises(OSError, match=r"a\.nq\.gz is damaged"):
        list(read_chunks(path))


@pytest.mark.parametrize("bytes_for_one", [1, 1 << 20])
def test_other_lines_are_put_in_their_places_once(monkeypatch, bytes_for_one):
    monkeypatch.setattr(lines_module, "_BYTES_FOR_ONE", bytes_for_one)
    for seed in range(40):
        there, others = (sorted(set(some_lines(seed + more, 60))) for more in (0, 100))
        cuts = [0, *sorted(random.Random(seed).sample(range(1, len(there)), 4)), len(there)]
        chunks = [b"".join(there[a:b]) for a, b in pairwise(cuts)]
        found = b"".join(with_others(chunks, iter(others)))
        assert found == b"".join(sorted({*there, *others}))


def test_a_file_holds_the_same_bytes_however_its_lines_are_given(tmp_path, monkeypatch):
    monkeypatch.setattr(lines_module, "_CHUNK_BYTES", 700)
    lines = sorted(set(some_lines(5, 300)))
    whole = write_lines(tmp_path / "1.nq.gz", [b"".join(lines)])
    pieces = [b"".join(lines[start : start + 17]) for start in range(0, len(lines), 17)]
    assert write_lines(tmp_path / "2.nq.gz", pieces).digest == whole.digest
    assert write_lines(tmp_path / "3.nq.gz", lines).digest == whole.digest
    assert whole.count == len(lines)
