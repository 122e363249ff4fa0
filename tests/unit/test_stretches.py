"""A table mapped in stretches gives the part, byte for byte, that it gives in one go."""

import gzip
import json
from dataclasses import replace

import pytest

from collex_graph.pipeline import stretches as stretches_module
from collex_graph.pipeline.part import (
    Part,
    PartRequest,
    finish_part,
    make_part,
    read_stretch,
    stretches,
    tables,
)
from collex_graph.pipeline.stretches import WHOLE, Stretch
from collex_graph.sources.files import find_source_files

BASE = "https://w3id.org/collex-graph/"
TITLES = (
    "publication_title\tprint_identifier\tonline_identifier\tdate_first_issue_online\t"
    "num_first_vol_online\tnum_first_issue_online\tdate_last_issue_online\tnum_last_vol_online\t"
    "num_last_issue_online\ttitle_url\tfirst_author\ttitle_id\tembargo_info\tcoverage_depth\t"
    "notes\tpublisher_name\tpublication_type\tdate_monograph_published_print\t"
    "date_monograph_published_online\tmonograph_volume\tmonograph_edition\tfirst_editor\t"
    "parent_publication_title_id\tpreceding_publication_title_id\taccess_type\tnowhere_read\n"
)
LABELS = (
    "Campagne;Fonds;Label;État;Date de décision;Début;Fin;Charte;Discipline;Preuve;Remarque;Avis\n"
)


def title(number, name="", first="1999-01-01"):
    return (
        f"{name or f'Revue {number}'}\t0014-2809\t\t{first}\t1\t1\t\t\t\t"
        f"https://example.org/{number}\t\tj{number}\t3 ans\tfulltext\tnote\tÉditeur\tserial"
        f"\t\t\t\t\t\t\t\tF\tx\n"
    )


def label(number, fonds="", until="31/12/2023"):
    return (
        f"2018;{fonds or f'FRFONDS-751132108-{number}'};CollEx;Labellisée;12/09/2018;01/01/2019;"
        f"{until};engagement-1;Études aréales;https://www.collexpersee.eu/;n/a;avis\n"
    )


TABLES = {
    "titles-with-defects": (
        "PUB_FRANCE_ESSAI_2024-01-01.txt",
        "kbart",
        TITLES + title(1) + "\n" + title(2, first="demain") + title(1) + "seul\n" + title(3)
        + title(2) + title(4).rstrip("\n") + "\tde trop\n" + title(1) + title(5),
    ),
    "labels-filled-in-by-hand": (
        "labels.csv",
        "labels",
        LABELS + label(1) + '2018;"deux\nlignes\n;";CollEx;;;;;;;;;\n' + label(2, until="jamais")
        + "[exemple] 2018;;;;;;;;;;;\n" + label(1) + label(3) + label(2) + ";;;;;;;;;;;\n"
        + label(4, fonds="FRFONDS-751132108-1"),
    ),
    "a-quotation-mark-never-closed": (
        "labels.csv", "labels", LABELS + label(1) + label(2) + '2018;"ouvert;CollEx\n' + label(3),
    ),
    "no-row-of-use": ("labels.csv", "labels", LABELS + ";;;;;;;;;;;\n" * 9),
    "no-table": ("labels.csv", "labels", "Campagne;Fonds\n\0"),
}  # fmt: skip


def request_for(folder, name, dataset, text):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    (file,), _ = find_source_files(dataset, path, folder / "unpacked")
    (table,) = tables(dataset, BASE, "", file)
    return PartRequest(table, name, BASE, "")


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("cuts", [(5,), (2, 4, 6), (3, 99)])
def test_stretches_make_the_part_that_one_pass_makes(tmp_path, table, cuts):
    request = request_for(tmp_path, *TABLES[table])
    make_part(request, tmp_path / "whole")
    starts, ends = (0, *cuts), (*cuts, None)
    (tmp_path / "cut").mkdir()
    read = [
        read_stretch(request, tmp_path / "cut", Stretch(number, start, end))
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]
    finish_part(request, tmp_path / "cut", read)
    assert content(tmp_path / "cut") == content(tmp_path / "whole")
    Part(tmp_path / "cut", request.file).check()


def test_the_tables_above_have_what_stretches_might_lose(tmp_path):
    rules = {}
    for table, told in TABLES.items():
        (tmp_path / table).mkdir()
        make_part(request_for(tmp_path / table, *told), tmp_path / table / "part")
        text = gzip.decompress((tmp_path / table / "part" / "problems.json.gz").read_bytes())
        rules[table] = [json.loads(line)["note"]["rule"] for line in text.splitlines()]
    assert rules["titles-with-defects"].count("SameIdentifierInTwoRows") == 2
    assert {"ShortRow", "LongRow"} <= set(rules["titles-with-defects"])
    assert rules["labels-filled-in-by-hand"].count("SameIdentifierInTwoRows") == 3
    assert {"ExampleRows", "NothingInWords"} <= set(rules["labels-filled-in-by-hand"])
    assert "BrokenFile" in rules["a-quotation-mark-never-closed"]
    assert "EmptySheet" in rules["no-row-of-use"]
    assert "UnreadableFile" in rules["no-table"]


def test_large_tables_of_text_alone_are_cut(tmp_path, monkeypatch):
    request = request_for(tmp_path, *TABLES["titles-with-defects"])
    assert stretches(request, 4) == [WHOLE]
    monkeypatch.setattr(stretches_module, "_ENOUGH", 100)
    found = stretches(request, 4)
    assert [one.number for one in found] == [0, 1, 2, 3]
    assert [one.start for one in found[1:]] == [one.end for one in found[:-1]]
    assert found[-1].end is None
    assert stretches(request, 1) == [WHOLE]
    workbook = replace(request.file, path=tmp_path / "labels.xlsx")
    assert stretches(replace(request, file=workbook), 4) == [WHOLE]
