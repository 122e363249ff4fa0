"""Reads a page strictly: what is not closed, named twice or points nowhere is an error."""

import itertools
from html.parser import HTMLParser

from lxml import html

VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta"}
LANDMARKS = ("header", "nav", "main", "footer")


class _Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []
        self.ids = []
        self.errors = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if len(attributes) != len(attrs):
            self.errors.append(f"<{tag}> has an attribute twice")
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        if "id" in dict(attrs):
            self.ids.append(dict(attrs)["id"])

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.errors.append(f"</{tag}> closes {self.open[-1:]} at {self.getpos()}")
        else:
            self.open.pop()


class Page:
    """A page that was sent, with the questions that tests ask of it."""

    def __init__(self, response):
        self.status = response.status_code
        self.source = response.text
        self.tree = html.fromstring(self.source)

    def all(self, path):
        """Return the elements of an XPath."""
        return self.tree.xpath(path)

    def one(self, path):
        """Return the only element of an XPath."""
        found = self.all(path)
        assert len(found) == 1, f"{len(found)} of {path}"
        return found[0]

    def text(self, path="//main"):
        """Return the text of the elements of an XPath, white space normalised."""
        return " ".join(" ".join(e.text_content().split()) for e in self.all(path))

    def links(self, path="//main//a"):
        """Return link text → address."""
        return {" ".join(a.text_content().split()): a.get("href") for a in self.all(path)}

    @property
    def title(self):
        """The only first heading."""
        return self.text("//h1")

    def faults(self):
        """Return what is wrong with the page's structure; an empty list when nothing is."""
        balance = _Balance()
        balance.feed(self.source)
        faults = balance.errors + [f"<{tag}> stays open" for tag in balance.open]
        faults += [f"id {i!r} twice" for i in set(balance.ids) if balance.ids.count(i) > 1]
        for name in ("aria-labelledby", "aria-describedby", "for"):
            for value in self.all(f"//@{name}"):
                faults += [
                    f"{name} {i!r} points nowhere" for i in value.split() if i not in balance.ids
                ]
        if len(self.all("//h1")) != 1:
            faults.append(f"{len(self.all('//h1'))} first headings")
        faults += [f"no <{tag}>" for tag in LANDMARKS if not self.all(f"//{tag}")]
        levels = [int(e.tag[1]) for e in self.all("//h1|//h2|//h3|//h4")]
        faults += [
            f"h{after} follows h{before}"
            for before, after in itertools.pairwise(levels)
            if after > before + 1
        ]
        for field in self.all("//input[not(@type='hidden')]|//textarea|//select"):
            if not self.all(f"//label[@for='{field.get('id')}']"):
                faults.append(f"field {field.get('name')!r} has no label")
        faults += ["image without alt" for image in self.all("//img[not(@alt)]")]
        faults += ["table without caption" for _ in self.all("//table[not(caption)]")]
        faults += ["heading cell without scope" for _ in self.all("//th[not(@scope)]")]
        faults += [
            "navigation without a name"
            for _ in self.all("//nav[not(@aria-label or @aria-labelledby)]")
        ]
        faults += [
            "empty link"
            for a in self.all("//a[@href]")
            if not a.text_content().strip() and not a.xpath(".//*[local-name()='title']")
        ]
        faults += [
            f"odd address {href}"
            for href in self.all("//@href|//@src|//@action")
            if not href.startswith(("/", "#", "http://", "https://"))
        ]
        faults += ["inline style" for _ in self.all("//@style|//style")]
        return faults
