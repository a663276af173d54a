"""Who acts at the origin, and how each says the same thing on a platform of their own."""

from __future__ import annotations

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

    async def say(self, text: str, answered: str | None = None) -> str: ...
    async def edit(self, message: str, text: str) -> None: ...
    async def delete(self, message: str) -> None: ...


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

    async def say(self, text: str, answered: str | None = None) -> str:
        return self._act(do="say", text=text, reply_to=answered)

    async def edit(self, message: str, text: str) -> None:
        self._act(do="edit", message=message, text=text)

    async def delete(self, message: str) -> None:
        self._act(do="delete", message=message)


class SlackPerson:
    """A person through slack_sdk, with the session token that Slack's own client has."""

    how = f"slack_sdk {slack_sdk_version} as a person"

    def __init__(self, urls: dict[str, str], room: str, name: str, token: str, picture: str) -> None:
        self.client = AsyncWebClient(token=token, base_url=urls["api_url"] + "/api/")
        self.room, self.name, self.picture = room, name, picture

    async def say(self, text: str, answered: str | None = None) -> str:
        return (await self.client.chat_postMessage(channel=self.room, text=text, thread_ts=answered))["ts"]

    async def edit(self, message: str, text: str) -> None:
        await self.client.chat_update(channel=self.room, ts=message, text=text)

    async def delete(self, message: str) -> None:
        await self.client.chat_delete(channel=self.room, ts=message)
