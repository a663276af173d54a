"""Native formatting, as a client receives it, as plain text and spans: `("bold", "its words")`, `("link", "label url")` …"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

from news import plain

Spans = frozenset[tuple[str, str]]

# Discord's markdown as far as the judge's own texts go. In this order: code protects what is in it.
MARKS = [
    ("pre", re.compile(r"```(?:[\w+#-]*\n)?(.*?)```", re.S)),
    ("code", re.compile(r"`([^`\n]+)`")),
    ("link", re.compile(r"\[([^\]]+)\]\(<?([^)>]+)>?\)")),
    ("bold", re.compile(r"\*\*(.+?)\*\*", re.S)),
    ("strike", re.compile(r"~~(.+?)~~", re.S)),
    ("italic", re.compile(r"\*([^*]+)\*|\b_([^_]+)_\b")),
]


def of_discord(markdown: str) -> tuple[str, Spans]:
    """Discord keeps markdown in the text; its client draws it."""
    spans: set[tuple[str, str]] = set()
    text = markdown
    for kind, pattern in MARKS:

        def shown(found: re.Match[str], kind: str = kind) -> str:
            words = [group for group in found.groups() if group]
            spans.add((kind, " ".join(word.strip() for word in words)))
            return f" {words[0]} " if kind == "pre" else words[0]

        text = pattern.sub(shown, text)
    return plain(re.sub(r"\\([*_~`|>\\\[\]()#@:.-])", r"\1", text)), frozenset(spans)


def of_slack(blocks: list[dict[str, Any]]) -> tuple[str, Spans]:
    """Slack's own clients and Relay both send `rich_text` blocks."""
    spans: set[tuple[str, str]] = set()
    text: list[str] = []

    def walk(element: dict[str, Any], kind: str) -> None:
        for inner in element.get("elements", []):
            walk(inner, kind if kind == "rich_text_preformatted" else element["type"])
        words = element.get("text") or element.get("url")
        if not isinstance(words, str):
            if element["type"] in ("user", "broadcast", "usergroup"):
                spans.add(("mention", str(element)))
            elif element["type"] == "rich_text_section" or element["type"] == "rich_text_preformatted":
                text.append("\n")
            return
        text.append(words)
        if kind == "rich_text_preformatted":
            spans.add(("pre", words.strip()))
        elif element["type"] == "link":
            spans.add(("link", f"{words} {element['url']}"))
        for style, on in element.get("style", {}).items():
            if on:
                spans.add((style, words.strip()))

    for block in blocks:
        if block["type"] == "rich_text":
            walk(block, "")
    return plain("".join(text)), frozenset(spans)


# Telegram has no way to say "mention nobody": Relay breaks a name with an invisible word joiner, which a reader does not see.
UNSEEN = "\u2060"
TELEGRAM = {"bold": "bold", "italic": "italic", "strikethrough": "strike", "code": "code", "pre": "pre"}


def of_telegram(message: Any) -> tuple[str, Spans]:
    """Telegram has plain text and entities; the client cuts the words out by UTF-16 offsets."""
    spans: set[tuple[str, str]] = set()
    entities = message.parse_entities() if message.text else message.parse_caption_entities()
    for entity, words in entities.items():
        words = words.replace(UNSEEN, "")
        if entity.type == "text_link":
            spans.add(("link", f"{words} {entity.url}"))
        elif entity.type in TELEGRAM:
            spans.add((TELEGRAM[entity.type], words.strip()))
        elif entity.type in ("mention", "text_mention"):
            spans.add(("mention", words))
    return plain((message.text or message.caption or "").replace(UNSEEN, "")), frozenset(spans)


# Matrix's clients write HTML.
MATRIX = {"strong": "bold", "b": "bold", "em": "italic", "i": "italic", "del": "strike", "code": "code"}


class _Html(HTMLParser):
    """Words and spans; in `pre`, code is no span of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.spans: set[tuple[str, str]] = set()
        self.open: list[tuple[str, int, str]] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p", "pre", "li", "blockquote"):
            self.text.append("\n")
        if tag != "br":
            self.open.append((tag, len(self.text), dict(attributes).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            name, at, url = self.open.pop()
            words = "".join(self.text[at:]).strip()
            in_pre = any(outer == "pre" for outer, *_ in self.open)
            if name == "a":
                self.spans.add(("link", f"{words} {url}"))
            elif name == "pre":
                self.spans.add(("pre", words))
            elif name in MATRIX and not in_pre:
                self.spans.add((MATRIX[name], words))
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def of_matrix(content: dict[str, Any]) -> tuple[str, Spans]:
    """Its HTML, or its plain words where there is none."""
    if "formatted_body" not in content:
        return plain(content.get("body", "")), frozenset()
    html = _Html()
    html.feed(content["formatted_body"])
    html.close()
    return plain("".join(html.text)), frozenset(html.spans)
