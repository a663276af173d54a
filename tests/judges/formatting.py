"""Native formatting, as a client receives it, as plain text and spans: `("bold", "its words")`, `("link", "label url")` …"""

from __future__ import annotations

import re
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
