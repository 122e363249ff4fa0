"""A build that starts from the former snapshot publishes what a full build would, line for line."""

import gzip
import os
import random
import shutil
import signal
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from types import SimpleNamespace

import pytest
from pyoxigraph import DefaultGraph, NamedNode, Store

import collex_graph.build as build_module
from collex_graph.build import build, is_data, verdicts
from collex_graph.build.contents import _sharing_graphs, open_former
from collex_graph.errors import UnreadableSourceError
from collex_graph.model import SourceFile
from collex_graph.pipeline import MappedSource, PartShelf, map_sources
from collex_graph.pipeline import sources as sources_module
from collex_graph.pipeline.part import make_part
from collex_graph.rdf.iris import Iris
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.sources.files import find_source_files
from collex_graph.store.builder import StoreBuilder
from collex_graph.store.snapshot import current_snapshot, prune_snapshots

SETTINGS = Settings()
LISTS = resource_dir("mappings") / "kbart" / "sample"
JOURNALS = "RSC_FRANCE_LN-ISTEX-JOURNALS-PFEDITEUR_2021-01-22.txt"
SAME_JOURNALS = "RSC_FRANCE_LN-ISTEX-JOURNALS-PFISTEX_2021-09-23.txt"


def notice(number, words="Un fonds", parts=("Un sous-fonds",)):
    """A notice whose library and region other notices have too."""
    source = "Répertoire_des_Centres_de_Ressources"
    inside = "".join(
        f'<c id="T{number}_{place}" level="subfonds"><did>{f"<unittitle>{part}</unittitle>"}</did>'
        "<controlaccess><subject>Géologie</subject></controlaccess></c>"
        if part
        else f'<c id="T{number}_{place}" level="subfonds"><did/></c>'
        for place, part in enumerate(parts)
    )
    named = f"<unittitle>{words}</unittitle>" if words else ""
    identifier = f"FRFONDS-751132108-t{number}"
    return (
        f'<ead><eadheader><eadid identifier="{identifier}">{identifier}.xml</eadid></eadheader>'
        f'<archdesc level="fonds"><did><repository><corpname source="{source}" '
        f'authfilenumber="751132108">Bibliothèque</corpname></repository>{named}</did>'
        f"<dsc>{inside}</dsc></archdesc></ead>"
    )


class Sources:
    """Files that are changed step by step."""

    def __init__(self, folder):
        self.folder = folder
        self.notices, self.lists = folder / "notices", folder / "lists"
        if self.notices.exists():
            return
        self.notices.mkdir(parents=True)
        self.lists.mkdir()
        for number in range(4):
            self.write(number)
        for name in (JOURNALS, SAME_JOURNALS):
            shutil.copy(LISTS / name, self.lists / name)

    @property
    def inputs(self):
        return [("ccfr", self.notices), ("kbart", self.lists)]

    def copy(self, folder):
        """Return the same files in another folder."""
        shutil.copytree(self.folder, folder)
        return Sources(folder)

    def content(self):
        """Return what tells these files from others."""
        paths = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return tuple((path.relative_to(self.folder), path.read_bytes()) for path in paths)

    def write(self, number, **said):
        (self.notices / f"n{number}.xml").write_text(notice(number, **said), encoding="utf-8")

    def change(self):
        self.write(1, words="Un autre fonds", parts=("Un sous-fonds", "Un second"))

    def change_back(self):
        self.write(1)

    def add(self):
        self.write(7, words="Un fonds de plus")

    def remove(self):
        (self.notices / "n2.xml").unlink(missing_ok=True)

    def rename(self):
        (self.notices / "n3.xml").rename(self.notices / "renamed.xml")

    def rename_back(self):
        (self.notices / "renamed.xml").rename(self.notices / "n3.xml")

    def spoil_a_part(self):
        self.write(0, parts=("Un sous-fonds", ""))

    def spoil_the_whole(self):
        self.write(0, words="")

    def mend(self):
        self.write(0)

    def say_twice(self):
        (self.notices / "zz.xml").write_text(notice(0, words="Le même"), encoding="utf-8")

    def say_once(self):
        (self.notices / "zz.xml").unlink()

    def cut(self):
        text = notice(1)
        (self.notices / "n1.xml").write_text(text[: len(text) * 2 // 3], encoding="utf-8")

    def lose_a_list(self):
        (self.lists / SAME_JOURNALS).unlink()

    def find_the_list(self):
        shutil.copy(LISTS / SAME_JOURNALS, self.lists / SAME_JOURNALS)

    def retitle(self):
        path = self.lists / JOURNALS
        path.write_text(path.read_text("utf-8").replace("Chem", "Kem"), encoding="utf-8")


PAIRS = [
    ("change", "change_back"), ("rename", "rename_back"), ("spoil_a_part", "mend"),
    ("spoil_the_whole", "mend"), ("say_twice", "say_once"), ("cut", "change_back"),
    ("lose_a_list", "find_the_list"), ("add", "remove"), ("retitle", "change"),
]  # fmt: skip


def content(snapshot):
    """What must be equal: the dump, the default graph, the report; and what must hold of them."""
    lines = gzip.decompress(snapshot.dump.read_bytes()).decode().splitlines()
    assert len(lines) == len(set(lines)) == snapshot.counts["quads"]
    store = Store.read_only(str(snapshot.store))
    named = [quad for quad in store if isinstance(quad.graph_name, NamedNode)]
    assert sorted(f"{quad} ." for quad in named) == sorted(lines)
    default = {
        str(quad.triple) for quad in store.quads_for_pattern(None, None, None, DefaultGraph())
    }
    wanted = is_data(Iris(SETTINGS.base_iri))
    assert default == {str(quad.triple) for quad in named if wanted(quad.graph_name.value)}
    assert len(default) == snapshot.counts["triples"]
    said = [line for line in lines if "/graph/description> ." not in line]
    return said, default, snapshot.report.read_text(encoding="utf-8")


def aside(found):
    """The records that a build set aside, by source."""
    return {dataset: keys for dataset, keys in found.set_aside.items() if keys}


@pytest.fixture(autouse=True)
def worth_it_for_small_graphs_too(monkeypatch):
    monkeypatch.setattr(build_module, "_JUDGED_ANEW", 0)
    monkeypatch.setattr(build_module, "_JUDGED_FOR_A_CHANGE", 0)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    sources = Sources(folder / "sources")
    found = build(sources.inputs, replace(SETTINGS, var=folder / "var"))
    assert not aside(found)
    return folder / "var", sources, content(found.snapshot)


@pytest.fixture
def made(made_once, tmp_path):
    """Files, a folder of data with one snapshot of them to start from or damage, its content."""
    former, sources, whole = made_once
    var = tmp_path / "var"
    shutil.copytree(former, var, symlinks=True, copy_function=os.link)
    return sources.copy(tmp_path / "sources"), var, whole


@pytest.fixture(scope="module")
def in_full(made_once, tmp_path_factory):
    """What a full build makes of files, and what it sets aside; of the same files once."""
    _, files, whole = made_once
    known = {files.content(): (whole, {})}

    def find(sources):
        key = sources.content()
        if key not in known:
            var = tmp_path_factory.mktemp("full")
            found = build(sources.inputs, replace(SETTINGS, var=var), full=True)
            assert found.started_from is None
            known[key] = content(found.snapshot), aside(found)
            shutil.rmtree(var)
        return known[key]

    return find


@pytest.mark.parametrize("seed", [6, 8])
def test_a_second_build_is_the_same_as_a_full_one_whatever_happened(made, in_full, seed):
    sources, var, _ = made
    pairs = random.Random(seed).sample(PAIRS, 2)
    for step in (step for pair in pairs for step in pair):
        getattr(sources, step)()
        found = build(sources.inputs, replace(SETTINGS, var=var))
        assert found.started_from, step
        assert found.mapped <= 2, step
        whole, set_aside = in_full(sources)
        for ours, theirs in zip(content(found.snapshot), whole, strict=True):
            assert ours == theirs, step
        assert aside(found) == set_aside, step


def test_nothing_is_mapped_when_nothing_has_changed_and_one_file_when_one_has(made):
    sources, var, whole = made
    settings = replace(SETTINGS, var=var)
    first = current_snapshot(var)
    second = build(sources.inputs, settings)
    assert (second.mapped, second.started_from) == (0, first.identifier)
    assert content(second.snapshot) == whole
    sources.change()
    third = build(sources.inputs, settings)
    assert (third.mapped, third.started_from) == (1, second.snapshot.identifier)
    assert prune_snapshots(settings.var, 1) == [
        first.identifier, second.snapshot.identifier
    ]  # fmt: skip
    # what the last one shares with those that are gone is still whole
    assert build(sources.inputs, settings).mapped == 0
    sources.spoil_a_part()
    spoiled = build(sources.inputs, settings)
    # whole, and again without what is set aside of it
    assert (spoiled.mapped, sum(map(len, spoiled.set_aside.values()))) == (1, 1)


def test_only_what_a_change_touches_is_judged_while_the_rules_and_the_day_are_the_same(
    made, monkeypatch
):
    sources, var, _ = made
    on_a_day = replace(SETTINGS, var=var, as_of="2026-01-01")
    runs = []
    for name in ("validate_store", "validate_changes"):
        run = getattr(build_module, name)

        def noted(*given, _name=name, _run=run, **told):
            runs.append(_name)
            return _run(*given, **told)

        monkeypatch.setattr(build_module, name, noted)
    build(sources.inputs, on_a_day)
    assert runs == ["validate_store"]  # what was known was of another day
    sources.spoil_the_whole()
    assert build(sources.inputs, on_a_day).set_aside["ccfr"]
    # the notice without a title, then the graph without the notice
    assert runs[1:] == ["validate_changes", "validate_changes"]
    sources.mend()
    monkeypatch.setattr(verdicts, "software", lambda *_: "another version")
    assert build(sources.inputs, on_a_day).exit_code == 0
    assert runs[3:] == ["validate_store"]


def test_a_triple_that_another_source_still_states_stays_in_the_default_graph(made):
    sources, var, _ = made
    sources.remove()
    found = build(sources.inputs, replace(SETTINGS, var=var))
    assert found.started_from
    store = Store.read_only(str(found.snapshot.store))
    library = NamedNode(f"{SETTINGS.base_iri}id/library/751132108")
    assert list(store.quads_for_pattern(library, None, None, DefaultGraph()))


def alter(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.unlink()  # the file is shared with its other names
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("patterns", "words"),
    [(["members/*.nq.gz"], ["altered"]), (["members/members.json"], ["members.json"]),
     (["members/marks"], ["marks was altered"]),
     # the lines of every second part, the summary of every other
     (["parts/*/lines.nq.gz", "parts/*/summary.json"], ["lines.nq.gz", "summary"])],
)  # fmt: skip
def test_what_was_kept_and_is_damaged_is_not_used_and_said(made, patterns, words):
    sources, var, whole = made
    folder = current_snapshot(var).directory
    for number, pattern in enumerate(patterns):
        for path in sorted(folder.glob(pattern))[number :: len(patterns)]:
            alter(path)
    said = []
    second = build(
        sources.inputs, replace(SETTINGS, var=var), lambda *words: said.append(" ".join(words))
    )
    assert content(second.snapshot) == whole
    assert any("not used" in line or "a full build" in line for line in said), said
    for word in words:
        assert word in " ".join(said)


def test_another_base_of_iris_is_a_full_build(made):
    sources, var, _ = made
    other = build(sources.inputs, replace(SETTINGS, var=var, base_iri="https://example.org/kg/"))
    assert other.started_from is None
    assert (
        "https://example.org/kg/id/" in gzip.decompress(other.snapshot.dump.read_bytes()).decode()
    )


def test_processes_in_any_order_make_the_parts_of_one_process(tmp_path, monkeypatch):
    sources = Sources(tmp_path)

    def parts(name):
        shelf = PartShelf(tmp_path / name, tmp_path / "unpacked")
        mapped = map_sources(sources.inputs, base_iri=SETTINGS.base_iri, shelf=shelf)
        return {
            (part.key, path.name): path.read_bytes()
            for source in mapped
            for part in source.parts
            for path in part.folder.iterdir()
        }

    alone = parts("alone")
    monkeypatch.setattr(sources_module, "ENOUGH_FOR_PROCESSES", 0)
    monkeypatch.setattr(sources_module, "_cores", lambda: 2)
    assert parts("together") == alone


def die(_request, _folder):
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_dies_is_said_with_its_file_and_nothing_is_published(tmp_path, monkeypatch):
    sources = Sources(tmp_path)
    monkeypatch.setattr(sources_module, "ENOUGH_FOR_PROCESSES", 0)
    monkeypatch.setattr(sources_module, "_cores", lambda: 2)
    monkeypatch.setattr(sources_module, "make_part", die)
    with pytest.raises(UnreadableSourceError, match="the process that mapped it died"):
        build(sources.inputs, replace(SETTINGS, var=tmp_path / "var"))
    with pytest.raises(Exception, match="no snapshot"):
        current_snapshot(tmp_path / "var")


def cut_in_two(path):
    data = path.read_bytes()
    path.unlink()  # the file is shared with its other names
    path.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize("damage", [cut_in_two, lambda path: path.unlink()])
@pytest.mark.parametrize("pattern", ["*.sst", "MANIFEST-*", "CURRENT"])
def test_a_damaged_former_store_is_not_started_from(made, tmp_path, pattern, damage):
    _, var, _ = made
    first = current_snapshot(var)
    former = open_former(first, SETTINGS.base_iri)
    for path in sorted(first.store.glob(pattern)):
        damage(path)
    with pytest.raises(ValueError, match="the former store"):
        StoreBuilder(
            tmp_path / "store",
            SETTINGS.base_iri,
            is_data(Iris(SETTINGS.base_iri)),
            copy_of=former.store,
            held=dict(former.held),
            statements=former.statements,
        )


def test_a_damaged_former_store_makes_a_full_build_and_is_said(made):
    sources, var, whole = made
    for path in sorted(current_snapshot(var).store.glob("*.sst")):
        cut_in_two(path)
    said = []
    second = build(
        sources.inputs, replace(SETTINGS, var=var), lambda *words: said.append(" ".join(words))
    )
    assert second.started_from is None
    assert content(second.snapshot) == whole
    assert any("a full build: the former store" in line for line in said), said


def test_a_part_half_written_when_a_process_died_is_mapped_again(tmp_path, monkeypatch):
    sources = Sources(tmp_path)
    monkeypatch.setattr(sources_module, "ENOUGH_FOR_PROCESSES", 0)
    monkeypatch.setattr(sources_module, "_cores", lambda: 2)

    def make(_shelf, requests, processes):
        folders = [_shelf._folder / request.key for request, _ in requests]
        for (request, _), folder in zip(requests, folders, strict=True):
            make_part(request, folder)
        if processes > 1:
            for folder, name in zip(folders, ("summary.json", "lines.nq.gz"), strict=False):
                cut_in_two(folder / name)
            raise BrokenProcessPool

    monkeypatch.setattr(PartShelf, "_make_in_processes", make)
    shelf = PartShelf(tmp_path / "parts", tmp_path / "unpacked")
    for source in map_sources(sources.inputs, base_iri=SETTINGS.base_iri, shelf=shelf):
        for part in source.parts:
            part.check()


def test_files_left_alone_are_found_in_one_pass(tmp_path, monkeypatch):
    for number in range(30):
        (tmp_path / f"{number}.nt").write_text(f"<urn:{number}> <urn:p> <urn:o> .\n")
        (tmp_path / f"{number}.txt").write_text("x")
    compared = []
    monkeypatch.setattr(sources_module, "reads", lambda *said: said[3].path.suffix == ".txt")
    monkeypatch.setattr(SourceFile, "__eq__", lambda *both: compared.append(both) or False)
    source = MappedSource("kbart")
    source.files, source.ignored = find_source_files("kbart", tmp_path, tmp_path / "unpacked")
    sources_module._leave_others_alone(source, SETTINGS.base_iri, "")
    assert {path.suffix for path in source.ignored} == {".nt"}
    assert len(source.files) == 30
    assert not compared


def test_parts_that_share_graphs_however_indirectly_stand_together_in_their_order():
    said = [{"a"}, {"b"}, set(), {"a", "c"}, {"d"}, {"b", "c"}, set(), {"d", "e"}]
    parts = [SimpleNamespace(lines=SimpleNamespace(graphs=frozenset(one))) for one in said]
    places = {id(part): place for place, part in enumerate(parts)}
    groups = [[places[id(part)] for part in group] for group in _sharing_graphs(parts)]
    assert groups == [[0, 1, 3, 5], [2], [4, 7], [6]]
