"""Check every link of the documents and notebooks: `python .github/check_links.py [--external]`.

Links to files and headings of this tree are looked up offline. Links to elsewhere are listed, and
asked for only with `--external`. Exits with 1 if a link leads nowhere, with one line for each.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import requests
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[1]
WHERE = ("*.md", "docker/**/*.md", ".github/**/*.md", "binder/**/*.md", "notebooks/*.ipynb")
_PATIENCE_S = 20.0
_MARKDOWN = MarkdownIt("commonmark").enable("table")
_HTML_LINK = re.compile(r"""<(?:a|img)\b[^>]*?\b(?:href|src)=["']([^"']+)""")
_HTML_ANCHOR = re.compile(r"""<\w+\b[^>]*?\b(?:id|name)=["']([^"']+)""")


class Link(NamedTuple):
    """Where a link stands, and where it leads."""

    document: Path
    target: str

    @property
    def is_external(self) -> bool:
        """Whether it leads out of this tree."""
        return bool(urlsplit(self.target).scheme)


def main(words: list[str]) -> int:
    """Look at every link; print what is wrong, and the links to elsewhere."""
    links = [link for document in documents(ROOT) for link in links_of(document)]
    wrong = [f"{place(link)}: {why}" for link in links if (why := broken(link))]
    elsewhere = sorted({link.target for link in links if link.is_external})
    for target in elsewhere:
        refused = asked(target) if "--external" in words else None
        wrong += [f"{target}: {refused}"] if refused else []
        print(f"elsewhere: {target}")  # noqa: T201
    for line in wrong:
        print(line)  # noqa: T201
    print(f"{len(links)} links, {len(elsewhere)} of them elsewhere; {len(wrong)} lead nowhere.")  # noqa: T201
    return 1 if wrong else 0


def documents(root: Path) -> list[Path]:
    """Every document and notebook of a tree; copies that editors keep are left out."""
    found = {path for pattern in WHERE for path in root.glob(pattern)}
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def place(link: Link) -> str:
    """Say where a link stands and where it leads."""
    document = link.document
    shown = document.relative_to(ROOT) if document.is_relative_to(ROOT) else document
    return f"{shown}: {link.target}"


def links_of(document: Path) -> Iterator[Link]:
    """Yield the links and pictures of a document; what stands in code is none."""
    for token in _tokens(_prose(document)):
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield Link(document, str(target))
        if token.type in ("html_inline", "html_block"):
            yield from (Link(document, found) for found in _HTML_LINK.findall(token.content))


def broken(link: Link) -> str | None:
    """Say what is wrong with a link into this tree; None if it leads somewhere."""
    if link.is_external:
        return None
    parts = urlsplit(link.target)
    file = link.document.parent / unquote(parts.path) if parts.path else link.document
    if not file.exists():
        return "there is no such file"
    if not parts.fragment:
        return None
    if file.suffix not in (".md", ".ipynb"):
        return "only a document has headings"
    return None if unquote(parts.fragment) in anchors(file) else "there is no such heading"


def anchors(document: Path) -> set[str]:
    """Name everything in a document that a link can lead to."""
    text = _prose(document)
    titles = list(_titles(text))
    names = (
        {title.replace(" ", "-") for title in titles}  # as JupyterLab makes them
        if document.suffix == ".ipynb"
        else set(_slugs(titles))
    )
    return names | set(_HTML_ANCHOR.findall(text))


def _slugs(titles: Iterable[str]) -> Iterator[str]:
    """Make anchors as the pages of a repository do: a heading that comes again gets a number."""
    seen: dict[str, int] = {}
    for title in titles:
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        seen[slug] = seen.get(slug, -1) + 1
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug


def _titles(text: str) -> Iterator[str]:
    tokens = _MARKDOWN.parse(text)
    for before, token in pairwise(tokens):
        if before.type == "heading_open":
            inner = token.children or []
            yield "".join(t.content for t in inner if t.type in ("text", "code_inline"))


def _tokens(text: str) -> Iterator[Token]:
    for token in _MARKDOWN.parse(text):
        yield token
        yield from token.children or []


def _prose(document: Path) -> str:
    text = document.read_text(encoding="utf-8")
    if document.suffix != ".ipynb":
        return text
    cells = (cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "markdown")
    return "\n\n".join("".join(cell["source"]) for cell in cells)


def asked(address: str) -> str | None:
    """Ask for a page elsewhere; say what is wrong if it cannot be had."""
    if urlsplit(address).scheme not in ("http", "https"):
        return None
    try:
        with requests.get(address, timeout=_PATIENCE_S, stream=True) as answer:
            return None if answer.ok else f"answers {answer.status_code}"
    except requests.RequestException as error:
        return f"does not answer ({type(error).__name__})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
