"""XML in a namespace that a mapping reads as none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import etree

from collex_graph.errors import UnreadableSourceError
from collex_graph.pipeline import map_source
from collex_graph.resources import resource_dir
from collex_graph.settings import Settings
from collex_graph.sources.markup import plain_chunks

EAD = "urn:isbn:1-931666-22-9"
XLINK = "http://www.w3.org/1999/xlink"
LINKS = ("href", "title", "role", "actuate", "show")
OF_LINKS = {"dao", "daogrp", "daoloc", "extref", "archref", "ref", "bibref"}
MAPPINGS = resource_dir("mappings")
SAMPLES = [
    path
    for source in ("ccfr", "archives-nationales", "calames")
    for path in sorted((MAPPINGS / source / "sample").glob("*.xml"))
]


def _mapped(source, path, spool):
    mapped = map_source(source, path, base_iri=Settings().base_iri, spool=spool)
    problems = [
        (problem.note.rule, problem.note.value, problem.position.component)
        for problem in mapped.problems
    ]
    return sorted(spool.read_bytes().splitlines()), problems, mapped.left_out


def _in_the_schema(text, *, prefix):
    """Write an EAD file as the version of 2002 with a schema does."""
    root = etree.fromstring(text)
    for element in root.iter(etree.Element):
        if element.tag in OF_LINKS:
            for name in LINKS:
                if name in element.attrib:
                    element.set(f"{{{XLINK}}}{name}", element.attrib.pop(name))
        if "}" not in element.tag:
            element.tag = f"{{{EAD}}}{element.tag}"
    made = etree.Element(root.tag, root.attrib, nsmap={prefix: EAD, "xlink": XLINK, **root.nsmap})
    made.text = root.text
    made.extend(list(root))
    return b"<!-- \n -->" + etree.tostring(made, encoding="utf-8")


@pytest.mark.parametrize("prefix", [None, "ead"])
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_a_finding_aid_says_the_same_in_its_namespace_as_without(sample, prefix, tmp_path):
    source = sample.parent.parent.name
    again = tmp_path / sample.name
    again.write_bytes(_in_the_schema(sample.read_bytes(), prefix=prefix))
    expected = _mapped(source, sample, tmp_path / "without.nq")
    assert len(expected[0]) > 10
    assert _mapped(source, again, tmp_path / "within.nq") == expected


def _plain(text, folder, without=(EAD, XLINK)):
    path = folder / "a.xml"
    path.write_text(text, encoding="utf-8")
    return b"".join(plain_chunks(path, frozenset(without))).decode()


def test_names_lose_their_namespace_and_every_line_stays_where_it_is(tmp_path):
    text = f"""<?xml version="1.0"?>
<!-- a
     comment -->
<e:ead xmlns:e="{EAD}" xmlns:x="{XLINK}"
   xml:lang="fr"
   id="1">
  <e:c x:href="a&amp;b&quot;" x:type="simple" o:k="v" xmlns:o="urn:other">A &lt; B<!--
  --><![CDATA[ <&> ]]></e:c><o:d xmlns:o="urn:other"/>
  <e:c>last</e:c></e:ead>
"""
    plain = _plain(text, tmp_path)
    root = etree.fromstring(plain, etree.XMLParser(remove_comments=True))
    (first, last) = root.findall("c")
    assert root.tag == "ead"
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    assert dict(first.attrib) == {"href": 'a&b"', "type": "simple", "{urn:other}k": "v"}
    assert first.text == "A < B <&> "
    assert root.find("{urn:other}d") is not None
    before = etree.fromstring(text.encode())
    assert [last.sourceline, first.sourceline] == [
        element.sourceline for element in reversed(before.findall(f"{{{EAD}}}c"))
    ]


def test_an_attribute_that_is_there_twice_is_the_one_without_namespace(tmp_path):
    text = f'<ead xmlns="{EAD}" xmlns:x="{XLINK}"><dao x:href="a" href="b"/></ead>'
    assert _plain(text, tmp_path) == '<ead><dao href="b"></dao></ead>'


def test_a_file_in_another_namespace_is_passed_as_it_is(tmp_path):
    text = '<ead xmlns="urn:other">\n<!-- --><c x="1"/></ead>'
    assert _plain(text, tmp_path) == text


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (f'<ead xmlns="{EAD}">\n<c/>\n<d></ead>', "not well-formed", 3),
        (
            f'<!DOCTYPE e [<!ENTITY a "CANARI">]>\n<ead xmlns="{EAD}">&a;</ead>',
            "declares the entity",
            1,
        ),
    ],
)
def test_what_is_refused_is_refused_at_its_line_and_what_came_before_is_read(
    text, reason, line, tmp_path
):
    path = tmp_path / "a.xml"
    path.write_text(text, encoding="utf-8")
    read = []
    with pytest.raises(UnreadableSourceError, match=reason) as refused:
        read += plain_chunks(path, frozenset({EAD}))
    assert refused.value.line == line
    assert b"CANARI" not in b"".join(read)


def test_a_broken_file_keeps_what_came_before_the_break(tmp_path):
    sample = SAMPLES[0]
    text = _in_the_schema(sample.read_bytes(), prefix=None).decode()
    cut = tmp_path / "a.xml"
    cut.write_text(re.sub(r"</ead>\s*$", "", text), encoding="utf-8")
    assert Path(cut).read_text(encoding="utf-8") != text
    _, problems, _ = _mapped("ccfr", cut, tmp_path / "cut.nq")
    assert "BrokenFile" in [rule for rule, _, _ in problems]
