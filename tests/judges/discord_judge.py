"""discord.py against the Discord stand-in.

The official client logs in, sees a person's post, reply, edit and delete, posts through a webhook under a name and
picture of its own, edits and deletes that, answers a command that a person gives, and survives a cut connection without
missing what was said meanwhile.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from news import DEADLINE, News, Told
from processes import StandIns
from proofs import Proofs
from room import Room

PROOFS = Proofs(f"discord.py {discord.__version__}")
prove = PROOFS.prove

WORLD = """
[[discord.spaces]]
name = "Night Owls"
rooms = [{ name = "general" }, { name = "random" }]
[[discord.people]]
name = "Ada"
manages = true
[[discord.people]]
name = "Bruno"
[[discord.people]]
name = "Chiara"
[[discord.bots]]
name = "Relay"
token = "discord-judge"
"""


class Watcher(discord.Client):
    """Keeps what the gateway told, in order."""

    def __init__(self) -> None:
        intents = discord.Intents.default()
        intents.message_content = True
        super().__init__(intents=intents)
        self.news = News()
        self.tree = app_commands.CommandTree(self)

    async def _tell(self, what: str, payload: Any = None, id: object = "") -> None:
        await self.news.add(Told(what, str(id), raw=payload))

    async def on_message(self, message: discord.Message) -> None:
        await self._tell("posted", message, message.id)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        await self._tell("edited", payload, payload.message_id)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._tell("deleted", payload, payload.message_id)

    async def on_resumed(self) -> None:
        await self._tell("resumed")

    async def on_disconnect(self) -> None:
        await self._tell("disconnected")

    async def on_webhooks_update(self, channel: discord.abc.GuildChannel) -> None:
        await self._tell("webhooks", channel, channel.id)

    async def on_guild_channel_update(self, before: Any, after: Any) -> None:
        await self._tell("changed", (before, after), after.id)

    async def on_guild_channel_delete(self, channel: discord.abc.GuildChannel) -> None:
        await self._tell("closed", channel, channel.id)

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        await self._tell("out", guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._tell("back", guild)

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self._tell("left", guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        await self._tell("joined", guild)

    async def sees(self, what: str, id: object = None) -> Any:
        """Waits for something that was told or will be."""
        return (await self.news.first(what, lambda told: id is None or told.id == str(id))).raw

    def times(self, what: str, message: object) -> int:
        return len(self.news.every(lambda told: told.what == what and told.id == str(message)))


async def people(room: Room, client: Watcher) -> None:
    """What people do reaches the official client."""
    post = room.act("say", person="Ada", text="**hello** 🦉")
    message = await client.sees("posted", post)
    prove("post: content", message.content == "**hello** 🦉")
    prove("post: author", message.author.display_name == "Ada" and not message.author.bot)
    prove("post: guild and channel", (message.guild.name, message.channel.name) == ("Night Owls", "general"))

    reply = room.act("say", person="Bruno", text="hi @Ada", reply_to=post)
    message = await client.sees("posted", reply)
    prove("reply: refers to the post", str(message.reference.message_id) == post)
    prove("reply: carries what it answers", message.reference.resolved.content == "**hello** 🦉")
    prove(
        "reply: type and mention",
        message.type == discord.MessageType.reply and message.mentions[0].name == "ada",
    )

    room.act("edit", person="Ada", message=post, text="goodbye")
    edit = await client.sees("edited", post)
    prove("edit: content and time", edit.message.content == "goodbye" and edit.message.edited_at is not None)
    prove("edit: read back over REST", (await message.channel.fetch_message(int(post))).content == "goodbye")

    room.act("delete", person="Bruno", message=reply)
    await client.sees("deleted", reply)
    prove("delete: gone over REST", await refused(10008, message.channel.fetch_message(int(reply))))


async def refused(code: int, attempt: Any) -> bool:
    """Was the attempt refused with this error code of Discord's?"""
    try:
        await attempt
    except discord.HTTPException as error:
        return error.code == code
    return False


async def webhook(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """A webhook posts under any name, edits and deletes; the echo can be recognised."""
    hook = await channel.create_webhook(name="Bridge")
    await client.sees("webhooks", channel.id)
    listed = [(known.id, known.token) for known in await channel.webhooks()]
    prove("webhook: listed with its token", listed == [(hook.id, hook.token)])

    sent = await hook.send(
        "hello @everyone",
        username="Chiara · Slack",
        avatar_url="http://127.0.0.1/chiara.png",
        allowed_mentions=discord.AllowedMentions.none(),
        wait=True,
    )
    seen = room.seen(sent.id)
    shown = (seen["author"], seen["avatar"])
    prove("webhook post: name and picture", shown == ("Chiara · Slack", "http://127.0.0.1/chiara.png"))
    prove("webhook post: pings nobody", seen["pinged"] == [])
    echo = await client.sees("posted", sent.id)
    prove("webhook post: echo", (echo.webhook_id, echo.application_id) == (hook.id, client.application_id))
    prove("webhook post: echo has a picture", echo.author.avatar is not None)

    await sent.edit(content="changed")
    await client.sees("edited", sent.id)
    seen = room.seen(sent.id)
    prove(
        "webhook edit", (seen["text"], seen["edited"], seen["author"]) == ("changed", True, "Chiara · Slack")
    )
    await sent.delete()
    await client.sees("deleted", sent.id)
    prove("webhook delete", room.seen(sent.id)["deleted"])

    pinging = await hook.send("@everyone", wait=True, file=discord.File(__file__, "judge.py"))
    prove("webhook pings unless told not to", room.seen(pinging.id)["pinged"] == ["everyone"])
    files = [attachment.filename for attachment in pinging.attachments]
    prove("webhook files", files == ["judge.py"] == room.seen(pinging.id)["files"])

    for name, content, code in [("Discord", "x", 50035), ("x", "y" * 2001, 50035), ("x", " ", 50006)]:
        prove(f"webhook refused: {code}", await refused(code, hook.send(content, username=name)))
    room.act("delete_webhooks")
    prove("webhook deleted", await refused(10015, hook.send("too late")))


async def bot(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """The bot itself."""
    sent = await channel.send("from the bot")
    await client.sees("posted", sent.id)
    answer = await sent.reply("and its answer")
    prove("bot reply", room.seen(answer.id)["reply_to"] == str(sent.id))
    await sent.edit(content="edited by the bot")
    await answer.delete()
    history = [message.id async for message in channel.history(limit=3)]
    prove("history: newest first", history == sorted(history, reverse=True) and history[0] == sent.id)
    may = channel.permissions_for(channel.guild.me)
    prove("permissions", may.manage_webhooks and may.send_messages and not may.administrator)
    async with channel.typing():
        prove("typing")


async def commands(room: Room, client: Watcher) -> None:
    """A command is offered, completed, given, deferred to its asker alone, and answered in two messages."""
    group = app_commands.Group(name="bridge", description="What the bridge does", guild_only=True)

    @group.command(name="connect", description="Join this channel")
    async def connect(asked: discord.Interaction, channel: str, sure: bool = False) -> None:
        await asked.response.defer(ephemeral=True)
        manages = asked.permissions.manage_channels
        await asked.edit_original_response(content=f"{channel} {sure} {manages}")
        await asked.followup.send("and more", ephemeral=True)

    @connect.autocomplete("channel")
    async def names(_: discord.Interaction, begun: str) -> list[app_commands.Choice[str]]:
        known = ["lobby", "lounge", "owls"]
        return [app_commands.Choice(name=name, value=name) for name in known if name.startswith(begun)]

    @group.command(name="loud", description="Answer everybody, at once")
    async def loud(asked: discord.Interaction) -> None:
        await asked.response.send_message("for everybody")

    client.tree.add_command(group)
    synced = await client.tree.sync()
    prove("command: synced", [command.name for command in synced] == ["bridge"])
    prove("command: read back", [it.name for it in await client.tree.fetch_commands()] == ["bridge"])

    async def shown(person: str, text: str, words: str) -> dict[str, Any]:
        answer = room.act("command", person=person, text=text)
        for _ in range(200):
            if any(seen["id"] == answer and seen["text"] == words for seen in room.messages()):
                return room.seen(answer)
            await asyncio.sleep(0.02)
        raise AssertionError(f"{text}: not {words}")

    for times, (person, manages) in enumerate([("Ada", True), ("Bruno", False)], 1):
        seen = await shown(person, "/bridge connect lobby yes", f"lobby True {manages}")
        prove(f"command of {person}: answered to the asker alone", seen["only_for"] and not seen["edited"])
        await said(room, "and more", times)
    followed = [seen for seen in room.messages() if seen["text"] == "and more"]
    prove("command: followed up to the asker alone", all(seen["only_for"] for seen in followed))
    prove("command: completed", await shown("Ada", "/bridge connect lo\t", "lobby\nlounge"))
    loud = await shown("Ada", "/bridge loud", "for everybody")
    echo = await client.sees("posted", loud["id"])
    prove("command: an answer to everybody", loud["only_for"] is None and echo.author == client.user)
    prove("command: its kind", echo.type == discord.MessageType.chat_input_command)
    alone = [told for told in client.news.told if told.what == "posted" and told.raw.content == "and more"]
    prove("command: what is for one is told to no gateway", not alone)


async def said(room: Room, words: str, times: int) -> None:
    """Waits until so many messages say this."""
    for _ in range(200):
        if room.said().count(words) == times:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"{words}: not said {times} times")


async def changes(room: Room, client: Watcher, guild: discord.Guild) -> None:
    """A channel is renamed, hidden, shown and deleted; the guild has an outage and comes back."""
    other = Room(room.stand, room.platform, "random")
    channel = discord.utils.get(guild.text_channels, name="random")
    assert channel
    other.act("rename", name="lounge")
    before, after = await client.sees("changed", channel.id)
    prove("renamed", (before.name, after.name) == ("random", "lounge"))
    other = Room(room.stand, room.platform, str(channel.id))
    for private in (True, False):
        client.news.told.clear()
        other.act("set_private", private=private)
        _, after = await client.sees("changed", channel.id)
        everyone = after.permissions_for(guild.default_role)
        prove(f"private: {private}", everyone.view_channel is not private)
    other.act("close")
    await client.sees("closed", channel.id)
    prove("deleted", await refused(10003, client.fetch_channel(channel.id)))
    client.news.told.clear()
    room.fault("unavailable", seconds=0.5)
    await client.sees("out")
    prove("outage: not left", not client.news.every(lambda told: told.what == "left"))
    await client.sees("back")
    prove("outage: over")


async def lost_connections(room: Room, client: Watcher) -> None:
    """Lost connections are resumed, and nothing said meanwhile is lost or doubled."""
    room.fault("disconnect")
    await client.sees("disconnected")
    missed = [room.act("say", person="Chiara", text=f"meanwhile {n}") for n in range(3)]
    await client.sees("resumed")
    for message in missed:
        await client.sees("posted", message)
    await asyncio.sleep(0.2)
    prove("resume: each missed message once", [client.times("posted", m) for m in missed] == [1, 1, 1])

    client.news.told.clear()
    room.fault("reconnect")
    await client.sees("resumed")
    prove("op 7: resumed")

    client.news.told.clear()
    room.fault("refuse_resume")
    room.fault("disconnect")
    post = None
    for attempt in range(30):
        post = room.act("say", person="Ada", text=f"anybody? {attempt}")
        await asyncio.sleep(0.5)
        if client.times("posted", post):
            break
    prove(
        "refused resume: a new session", client.times("posted", post) == 1 and not client.times("resumed", "")
    )

    room.fault("duplicate")
    post = room.act("say", person="Ada", text="twice")
    await client.sees("posted", post)
    await asyncio.sleep(0.2)
    prove("duplicate: dispatched twice", client.times("posted", post) == 2)


async def requests(room: Room, channel: discord.TextChannel) -> None:
    """Requests that go wrong: what the client repeats is sent once."""
    for kind, seconds in [("rate_limit", 0.5), ("server_error", 0.0), ("slow", 0.2)]:
        room.fault(kind, only="POST", seconds=seconds)
        started = time.monotonic()
        await channel.send(f"after {kind}")
        prove(f"{kind}: waited for", time.monotonic() - started >= seconds)
    sent = [room.said().count(f"after {kind}") for kind in ("rate_limit", "server_error", "slow")]
    prove("429, 502, slow: sent once each", sent == [1, 1, 1])

    room.fault("cut_after", only="POST")
    try:
        await channel.send("was it sent?")
    except Exception:  # discord.py repeats a request only for some kinds of cut connection
        pass
    prove("cut_after: carried out before the cut", "was it sent?" in room.said())


async def membership(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """Removed from the guild, and let in again."""
    room.act("kick", bot="Relay")
    await client.sees("left")
    prove("kicked: no access", await refused(50001, channel.send("from outside")))
    room.act("invite", bot="Relay")
    await client.sees("joined")
    prove("invited again")


async def judge(stand_ins: str) -> None:
    async with StandIns(stand_ins, WORLD) as stand:
        room, where = Room(stand, "discord", "general"), stand.urls["discord"]
        Route.BASE = where["api_url"] + "/api/v10"
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(where["gateway_url"])
        async with Watcher() as stranger:
            try:
                await stranger.login("wrong")
                prove("wrong token", False)
            except discord.LoginFailure:
                prove("wrong token")
        async with Watcher() as client:
            await client.login("discord-judge")
            running = asyncio.create_task(client.connect())
            await asyncio.wait_for(client.wait_until_ready(), DEADLINE)
            (guild,) = client.guilds
            channel = discord.utils.get(guild.text_channels, name="general")
            prove("guilds and channels", channel is not None)
            assert channel
            await people(room, client)
            await webhook(room, client, channel)
            await bot(room, client, channel)
            await commands(room, client)
            await changes(room, client, guild)
            await lost_connections(room, client)
            await requests(room, channel)
            await membership(room, client, channel)
        await asyncio.wait([running], timeout=DEADLINE)
