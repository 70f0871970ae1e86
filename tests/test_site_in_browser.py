"""The built site in a browser: every page fits a phone, and search finds settings."""

import functools
import http.server
import subprocess
import sys
import threading

import pytest

from browser import CHROMIUM, opened_page
from helpers import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="it needs chromium")]

PHONE = 390  # pixels


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments) -> None:
        """Print nothing."""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder and the address of the site, built strictly."""
    pytest.importorskip("mkdocs")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder]
    built = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def go_to(page, address: str) -> None:
    page.call("Page.navigate", url=address)
    page.wait(f"document.readyState === 'complete' && location.href === {address!r}")


def test_every_page_fits_a_phone(site, tmp_path):
    folder, address = site
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))
    assert len(names) > 40
    with opened_page(tmp_path) as page:
        page.call("Emulation.setDeviceMetricsOverride", width=PHONE, height=800, deviceScaleFactor=1, mobile=True)
        wide = {}
        for name in names:
            go_to(page, f"{address}/{name}")
            width = page.run("document.documentElement.scrollWidth")
            if width > PHONE:
                wide[name] = width
    assert wide == {}


def test_search_finds_a_setting(site, tmp_path):
    _, address = site
    with opened_page(tmp_path) as page:
        page.call("Page.navigate", url=f"{address}/index.html?q=label_smoothing")
        page.wait("document.querySelectorAll('.md-search-result__link').length > 0")
        found = page.run("[...document.querySelectorAll('.md-search-result__link')].map(one => one.href).join(' ')")
    assert "reference/loss.html" in found
