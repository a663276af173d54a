"""Who acts at the origin, and how each says the same thing on a platform of their own."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any, Protocol

from processes import StandIns
from slack_sdk.version import __version__ as slack_sdk_version
from slack_sdk.web.async_client import AsyncWebClient

# Formatted text as people type it: everything that each platform has natively, and a ping that must stay inert.
FORMATTED = {
    "discord": "{} **bold** *italic* ~~strike~~ `code` [label](https://example.org/a) @everyone\n```\nlet a = 1;\n```",
    "slack": "{} *bold* _italic_ ~strike~ `code` <https://example.org/a|label> <!everyone>\n```let a = 1;```",
    "telegram": "{} **bold** __italic__ ~~strike~~ `code` [label](https://example.org/a) @everyone\n```let a = 1;```",
}
TEXT = "{} bold italic strike code label @everyone let a = 1;"
SPANS = frozenset(
    [
        ("bold", "bold"),
        ("italic", "italic"),
        ("strike", "strike"),
        ("code", "code"),
        ("link", "label https://example.org/a"),
        ("pre", "let a = 1;"),
    ]
)
CHANGED = {
    "discord": "{} **better** now @here",
    "slack": "{} *better* now <!here>",
    "telegram": "{} **better** now @here",
}
CHANGED_TEXT = "{} better now @here"
CHANGED_SPANS = frozenset([("bold", "better")])


class Person(Protocol):
    """Somebody at an origin."""

    name: str
    picture: str | None
    how: str  # by what means they act

    async def say(self, text: str, answered: str | None = None, thread: str | None = None) -> str: ...
    async def edit(self, message: str, text: str) -> None: ...
    async def delete(self, message: str) -> None: ...
    async def open(self, message: str, name: str) -> str: ...
    async def react(self, message: str, emoji: str, on: bool) -> None: ...
    async def attach(self, text: str, name: str, alt: str, picture: bytes) -> str: ...
    async def ask(self, question: str, answers: list[str]) -> str: ...


@dataclass
class StandInPerson:
    """A person in a stand-in, through the control API: Discord's and Telegram's official clients can only be bots, which a
    bridge ignores."""

    stand: StandIns
    platform: str
    room: str
    name: str
    picture: str | None = None
    how = "a stand-in's person"

    def _act(self, **act: Any) -> str:
        return self.stand.act(self.platform, person=self.name, room=self.room, **act)

    async def say(self, text: str, answered: str | None = None, thread: str | None = None) -> str:
        return self._act(do="say", text=text, reply_to=answered, thread=thread)

    async def edit(self, message: str, text: str) -> None:
        self._act(do="edit", message=message, text=text)

    async def delete(self, message: str) -> None:
        self._act(do="delete", message=message)

    async def open(self, message: str, name: str) -> str:
        """A thread that hangs from a message; answers its id."""
        return self._act(do="open", message=message, name=name)

    async def react(self, message: str, emoji: str, on: bool) -> None:
        self._act(do="react", message=message, emoji=emoji, on=on)

    async def attach(self, text: str, name: str, alt: str, picture: bytes) -> str:
        content = base64.b64encode(picture).decode()
        file = {"name": name, "kind": "image", "alt": alt, "content": content}
        return self._act(do="say", text=text, files=[file])

    async def ask(self, question: str, answers: list[str]) -> str:
        return self._act(do="ask", question=question, answers=answers)


class SlackPerson(StandInPerson):
    """A person whose words go through slack_sdk, with the session token that Slack's own client has."""

    how = f"slack_sdk {slack_sdk_version} as a person"

    def __init__(self, stand: StandIns, room: str, name: str, token: str, picture: str) -> None:
        super().__init__(stand, "slack", room, name, picture)
        self.client = AsyncWebClient(token=token, base_url=stand.urls["slack"]["api_url"] + "/api/")

    async def say(self, text: str, answered: str | None = None, thread: str | None = None) -> str:
        posted = await self.client.chat_postMessage(channel=self.room, text=text, thread_ts=thread or answered)
        return posted["ts"]

    async def edit(self, message: str, text: str) -> None:
        await self.client.chat_update(channel=self.room, ts=message, text=text)

    async def delete(self, message: str) -> None:
        await self.client.chat_delete(channel=self.room, ts=message)

    async def open(self, message: str, name: str) -> str:
        """A thread is there with its first answer, and has no name."""
        return message
