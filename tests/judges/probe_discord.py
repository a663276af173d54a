"""discord.py against the Discord stand-in.

The official client logs in, sees a person's post, reply, edit and delete, posts through a webhook under a name and
picture of its own, edits and deletes that, and survives a cut connection without missing what was said meanwhile.

    cargo build -p stand-ins
    python tests/judges/probe_discord.py target/debug/stand-ins

Needs discord.py 2.7.1. Prints one line a check; exits 1 at the first that fails.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any, Callable

import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

PATIENCE = 15.0  # seconds


class StandIns:
    """The stand-ins as a process, and the people in them through the control API."""

    def __init__(self, program: str, *arguments: str) -> None:
        self.process = subprocess.Popen([program, *arguments], stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.urls = json.loads(self.process.stdout.readline())
        self.world = self.call("GET", "/world")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.urls["control"] + path, data, {"content-type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def act(self, **act: Any) -> int:
        """Somebody does something; answers the id of the message."""
        return int(self.call("POST", "/discord/act", act)["id"])

    def fault(self, **fault: Any) -> None:
        self.call("POST", "/discord/faults", fault)

    def seen(self, room: str, message: int) -> dict[str, Any]:
        """A message as the members of the room see it."""
        (found,) = [m for m in self.call("GET", f"/discord/rooms/{room}/messages") if m["id"] == str(message)]
        return found

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)


class Watcher(discord.Client):
    """Keeps what the gateway told, in order."""

    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self.told: list[tuple[str, Any]] = []
        self.news = asyncio.Condition()

    async def _tell(self, what: str, payload: Any) -> None:
        async with self.news:
            self.told.append((what, payload))
            self.news.notify_all()

    async def on_message(self, message: discord.Message) -> None:
        await self._tell("posted", message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        await self._tell("edited", payload)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._tell("deleted", payload)

    async def on_resumed(self) -> None:
        await self._tell("resumed", None)

    async def on_disconnect(self) -> None:
        await self._tell("disconnected", None)

    async def on_webhooks_update(self, channel: discord.abc.GuildChannel) -> None:
        await self._tell("webhooks", channel)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._tell("left", guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._tell("joined", guild)

    async def sees(self, what: str, which: Callable[[Any], bool] = lambda _: True) -> Any:
        """Waits for something that was told or will be."""

        def found() -> list[Any]:
            return [payload for w, payload in self.told if w == what and which(payload)]

        async with self.news:
            try:
                await asyncio.wait_for(self.news.wait_for(found), PATIENCE)
            except TimeoutError:
                raise AssertionError(f"never saw `{what}`; saw {[w for w, _ in self.told]}") from None
            return found()[0]

    def times(self, what: str, message: int) -> int:
        return sum(w == what and message_id(payload) == message for w, payload in self.told)


def message_id(payload: Any) -> int | None:
    return getattr(payload, "message_id", None) or getattr(payload, "id", None)


def of(message: int) -> Callable[[Any], bool]:
    return lambda payload: message_id(payload) == message


def check(what: str, holds: bool) -> None:
    print("ok  " if holds else "FAIL", what, flush=True)
    if not holds:
        raise AssertionError(what)


async def people(stand: StandIns, client: Watcher) -> None:
    """What people do reaches the official client."""
    post = stand.act(do="say", person="Ada", room="general", text="**hello** 🦉")
    message = await client.sees("posted", of(post))
    check("post: content", message.content == "**hello** 🦉")
    check("post: author", message.author.display_name == "Ada" and not message.author.bot)
    check("post: guild and channel", (message.guild.name, message.channel.name) == ("Night Owls", "general"))

    reply = stand.act(do="say", person="Bruno", room="general", text="hi @Ada", reply_to=str(post))
    message = await client.sees("posted", of(reply))
    check("reply: refers to the post", message.reference.message_id == post)
    check("reply: carries what it answers", message.reference.resolved.content == "**hello** 🦉")
    check("reply: type and mention", message.type == discord.MessageType.reply and message.mentions[0].name == "ada")

    stand.act(do="edit", person="Ada", room="general", message=str(post), text="goodbye")
    edit = await client.sees("edited", of(post))
    check("edit: content and time", edit.message.content == "goodbye" and edit.message.edited_at is not None)
    fetched = await message.channel.fetch_message(post)
    check("edit: read back over REST", fetched.content == "goodbye")

    stand.act(do="delete", person="Bruno", room="general", message=str(reply))
    await client.sees("deleted", of(reply))
    try:
        await message.channel.fetch_message(reply)
        check("delete: gone over REST", False)
    except discord.NotFound as error:
        check("delete: gone over REST", error.code == 10008)


async def webhook(stand: StandIns, client: Watcher, channel: discord.TextChannel) -> None:
    """A webhook posts under any name, edits and deletes; the echo can be recognised."""
    hook = await channel.create_webhook(name="Bridge")
    await client.sees("webhooks", lambda c: c.id == channel.id)
    check("webhook: listed with its token", [(h.id, h.token) for h in await channel.webhooks()] == [(hook.id, hook.token)])

    sent = await hook.send(
        "hello @everyone",
        username="Chiara · Slack",
        avatar_url="http://127.0.0.1/chiara.png",
        allowed_mentions=discord.AllowedMentions.none(),
        wait=True,
    )
    seen = stand.seen("general", sent.id)
    check("webhook post: name and picture", (seen["author"], seen["avatar"]) == ("Chiara · Slack", "http://127.0.0.1/chiara.png"))
    check("webhook post: pings nobody", seen["pinged"] == [])
    echo = await client.sees("posted", of(sent.id))
    check("webhook post: echo", (echo.webhook_id, echo.application_id) == (hook.id, client.application_id))

    await sent.edit(content="changed")
    await client.sees("edited", of(sent.id))
    seen = stand.seen("general", sent.id)
    check("webhook edit", (seen["text"], seen["edited"], seen["author"]) == ("changed", True, "Chiara · Slack"))
    await sent.delete()
    await client.sees("deleted", of(sent.id))
    check("webhook delete", stand.seen("general", sent.id)["deleted"])

    pinging = await hook.send("@everyone", wait=True, file=discord.File(__file__, "probe.py"))
    check("webhook pings unless told not to", stand.seen("general", pinging.id)["pinged"] == ["everyone"])
    check("webhook files", [a.filename for a in pinging.attachments] == ["probe.py"] == stand.seen("general", pinging.id)["files"])

    for name, content, code in [("Discord", "x", 50035), ("x", "y" * 2001, 50035), ("x", " ", 50006)]:
        try:
            await hook.send(content, username=name)
            check(f"refused: {code}", False)
        except discord.HTTPException as error:
            check(f"refused: {error}".replace("\n", " "), (error.status, error.code) == (400, code))

    stand.act(do="delete_webhooks", room="general")
    try:
        await hook.send("too late")
        check("webhook deleted", False)
    except discord.NotFound as error:
        check("webhook deleted", error.code == 10015)


async def bot(stand: StandIns, client: Watcher, channel: discord.TextChannel) -> None:
    """The bot itself."""
    sent = await channel.send("from the bot")
    await client.sees("posted", of(sent.id))
    answer = await sent.reply("and its answer")
    check("bot reply", stand.seen("general", answer.id)["reply_to"] == str(sent.id))
    await sent.edit(content="edited by the bot")
    await answer.delete()
    history = [m.id async for m in channel.history(limit=3)]
    check("history: newest first", history == sorted(history, reverse=True) and history[0] == sent.id)
    may = channel.permissions_for(channel.guild.me)
    check("permissions", may.manage_webhooks and may.send_messages and not may.administrator)
    async with channel.typing():
        pass


async def faults(stand: StandIns, client: Watcher, channel: discord.TextChannel) -> None:
    """Lost connections are resumed, and nothing said meanwhile is lost or doubled."""
    stand.fault(kind="disconnect")
    await client.sees("disconnected")
    missed = [stand.act(do="say", person="Chiara", room="general", text=f"meanwhile {n}") for n in range(3)]
    await client.sees("resumed")
    for message in missed:
        await client.sees("posted", of(message))
    await asyncio.sleep(0.2)
    check("resume: each missed message once", [client.times("posted", m) for m in missed] == [1, 1, 1])

    client.told.clear()
    stand.fault(kind="reconnect")
    await client.sees("resumed")
    check("op 7: resumed", True)

    client.told.clear()
    stand.fault(kind="refuse_resume")
    stand.fault(kind="disconnect")
    post = None
    for attempt in range(30):
        post = stand.act(do="say", person="Ada", room="general", text=f"anybody? {attempt}")
        await asyncio.sleep(0.5)
        if client.times("posted", post):
            break
    check("refused resume: a new session", client.times("posted", post) == 1 and not client.times("resumed", post))

    stand.fault(kind="duplicate")
    post = stand.act(do="say", person="Ada", room="general", text="twice")
    await client.sees("posted", of(post))
    await asyncio.sleep(0.2)
    check("duplicate: dispatched twice", client.times("posted", post) == 2)

    for fault in [
        {"kind": "rate_limit", "seconds": 0.5},
        {"kind": "server_error"},
        {"kind": "slow", "seconds": 0.2},
    ]:
        stand.fault(only="POST", **fault)
        await channel.send(f"after {fault['kind']}")
    said = [m["text"] for m in stand.call("GET", "/discord/rooms/general/messages")]
    check("429, 502, slow: sent once each", [said.count(f"after {k}") for k in ("rate_limit", "server_error", "slow")] == [1, 1, 1])

    stand.fault(kind="cut_after", only="POST")
    try:
        await channel.send("was it sent?")
    except Exception as error:  # discord.py repeats a request only for some kinds of cut connection
        print("     cut_after:", type(error).__name__)
    said = [m["text"] for m in stand.call("GET", "/discord/rooms/general/messages")]
    check("cut_after: carried out before the cut", said.count("was it sent?") >= 1)

    stand.act(do="kick", bot="Relay", room="general")
    await client.sees("left")
    try:
        await channel.send("from outside")
        check("kicked: no access", False)
    except discord.Forbidden as error:
        check("kicked: no access", error.code == 50001)
    stand.act(do="invite", bot="Relay", room="general")
    await client.sees("joined")
    check("invited again", True)


async def wrong_token() -> None:
    async with Watcher() as client:
        try:
            await client.login("wrong")
            check("wrong token", False)
        except discord.LoginFailure:
            check("wrong token", True)


async def main(program: str) -> None:
    stand = StandIns(program)
    try:
        where = stand.urls["discord"]
        Route.BASE = where["api_url"] + "/api/v10"
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(where["gateway_url"])
        await wrong_token()
        async with Watcher() as client:
            await client.login(stand.world["discord"]["bots"][0]["token"])
            running = asyncio.create_task(client.connect())
            await asyncio.wait_for(client.wait_until_ready(), PATIENCE)
            (guild,) = client.guilds
            channel = discord.utils.get(guild.text_channels, name="general")
            await people(stand, client)
            await webhook(stand, client, channel)
            await bot(stand, client, channel)
            await faults(stand, client, channel)
        await running
    finally:
        stand.stop()


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except AssertionError as error:
        sys.exit(f"failed: {error}")
