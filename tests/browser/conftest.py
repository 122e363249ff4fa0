"""The bundled sample, served as in production, and a headless Chromium that looks at it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
SERVED = Path(__file__).parents[1] / "server" / "served.py"


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.fspath).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium(request):
    """The browser; absent, tests are skipped, or fail where a browser is required."""
    if not CHROMIUM.exists():
        if request.config.getoption("--require-browser"):
            pytest.fail(f"{CHROMIUM} is required and absent: apt-get install chromium")
        pytest.skip(f"{CHROMIUM} is absent")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def site(chromium, ccfr_and_esr):
    """The address of a server that serves two of the bundled samples."""
    folder = str(ccfr_and_esr.directory)
    command = [sys.executable, str(SERVED), folder, '{"query_workers": 1}']
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        address = server.stdout.readline().strip().rstrip("/")
        yield address
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(15)


class Visit:
    """A tab, and everything that went wrong in it."""

    def __init__(self, context, site):
        self.site = site
        self.context = context
        self.tab = context.new_page()
        self.errors = []
        self.elsewhere = []
        self.tab.on("console", self._heard)
        self.tab.on("pageerror", lambda error: self.errors.append(str(error)))
        self.tab.on("request", self._asked)

    def _heard(self, message):
        # a status is not an error of the page, which shows it in words
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.errors.append(message.text)

    def _asked(self, request):
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.elsewhere.append(request.url)

    def to(self, path):
        """Go to a page of the site."""
        self.tab.goto(self.site + path, wait_until="load")
        return self.tab

    @property
    def focused(self):
        """The text, or the label, of what has the focus."""
        return self.tab.evaluate(
            "(document.activeElement.innerText || document.activeElement.ariaLabel"
            " || document.activeElement.id || '').trim()"
        )

    def press(self, key, times=1):
        """Press a key."""
        for _ in range(times):
            self.tab.keyboard.press(key)


WINDOW = {"width": 1280, "height": 900}


@contextlib.contextmanager
def contexts(chromium):
    """Yield what opens a context: a wide one in French in daylight, unless told otherwise."""
    with contextlib.ExitStack() as opened:

        def open_context(**options):
            context = chromium.new_context(**{"viewport": WINDOW, "locale": "fr-FR", **options})
            opened.callback(context.close)
            return context

        yield open_context


@pytest.fixture
def visit(chromium, site):
    """Open a tab in a context of its own."""
    with contexts(chromium) as open_context:

        def open_tab(width=WINDOW["width"], height=WINDOW["height"], **options):
            viewport = {"width": width, "height": height}
            return Visit(open_context(viewport=viewport, **options), site)

        yield open_tab
