import re
from html.parser import HTMLParser

from saddle.sweep.comparison import compared
from saddle.sweep.page import page_of
from sweeps import sweep


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def test_a_page_needs_no_other_file_and_escapes_names(tmp_path):
    comparison = compared([sweep(tmp_path / "s", {"hinge": [4.0, 6.0], "minimax": [9.0, 8.0]})])
    figures = [("a < b", b"\x89PNG"), ("curves", "<?xml version='1.0'?><svg><g/></svg>")]
    page = page_of(comparison, "frechet & <more>", {0: figures})
    tags = Tags()
    tags.feed(page)
    sources = [attributes["src"] for _, attributes in tags.seen if "src" in attributes]
    assert [source[:22] for source in sources] == ["data:image/png;base64,"]
    assert not any("href" in attributes for _, attributes in tags.seen)
    assert [tag for tag, _ in tags.seen].count("svg") == 1
    assert "<?xml" not in page
    assert "frechet &amp; &lt;more&gt;" in page
    assert len(re.findall("<tr", page)) == 3
