"""discord.py against the Discord stand-in.

The official client logs in, sees a person's post, reply, edit and delete, posts through a webhook under a name and
picture of its own, edits and deletes that, sends and fetches files, reacts, pins, opens threads and forum posts, asks in polls, answers
a command that a person gives, and survives a cut connection without missing what was said meanwhile.
"""

from __future__ import annotations

import asyncio
import datetime
import io
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
rooms = [{ name = "general" }, { name = "random" }, { name = "ideas", forum = true }]
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
        intents.members = True
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

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self._tell("purged", payload)

    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        await self._tell("reacted", payload, payload.message_id)

    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        await self._tell("unreacted", payload, payload.message_id)

    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        await self._tell("cleared", payload, payload.message_id)

    async def on_thread_create(self, thread: discord.Thread) -> None:
        await self._tell("opened", thread, thread.id)

    async def on_guild_channel_pins_update(self, channel: Any, last: Any) -> None:
        await self._tell("pins", last, channel.id)

    async def on_typing(self, channel: Any, user: Any, when: Any) -> None:
        await self._tell("typing", user, channel.id)

    async def on_member_join(self, member: discord.Member) -> None:
        await self._tell("came", member, member.id)

    async def on_member_remove(self, member: discord.Member) -> None:
        await self._tell("went", member, member.id)

    async def on_member_update(self, before: discord.Member, after: discord.Member) -> None:
        await self._tell("renamed", (before, after), after.id)

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


async def files(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """Attachments, both ways, as bytes."""
    given = {"name": "owl.png", "size": 70_000, "alt": "an owl", "spoiler": True}
    post = room.act("say", person="Ada", text="look", files=[given])
    (attached,) = (await client.sees("posted", post)).attachments
    told = (attached.filename, attached.content_type, attached.description, attached.is_spoiler())
    prove("attachment: told", told == ("SPOILER_owl.png", "image/png", "an owl", True))
    prove("attachment: its bytes", len(await attached.read()) == attached.size == 70_000)
    two = [discord.File(io.BytesIO(b"owl"), f"{n}.txt", description=f"number {n}") for n in range(2)]
    sent = await channel.send("two files", files=two)
    shown = room.seen(sent.id)["attachments"]
    told = [(file["name"], file["size"], file["alt"]) for file in shown]
    prove("attachment: sent", told == [("0.txt", 3, "number 0"), ("1.txt", 3, "number 1")])
    await sent.edit(attachments=sent.attachments[1:])
    prove("attachment: taken away", room.seen(sent.id)["files"] == ["1.txt"])
    large = discord.File(io.BytesIO(bytes((10 << 20) + 1)), "large.bin")
    prove("attachment: too large", await refused(40005, channel.send(file=large)))


async def reactions(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """Reactions and pins, both ways."""
    post = room.act("say", person="Ada", text="react to this")
    message = await client.sees("posted", post)
    room.act("react", person="Bruno", message=post, emoji="🦉", on=True)
    told = await client.sees("reacted", post)
    prove("reaction: heard", (told.emoji.name, told.member.display_name) == ("🦉", "Bruno"))
    room.act("react", person="Bruno", message=post, emoji="🦉", on=False)
    prove("reaction: taken back", (await client.sees("unreacted", post)).emoji.name == "🦉")
    (own,) = channel.guild.emojis
    for emoji in ("🎉", own):
        await message.add_reaction(emoji)
    shown = [reaction["emoji"] for reaction in room.seen(post)["reactions"]]
    prove("reaction: put", shown == ["🎉", ":owl:"])
    found = (await channel.fetch_message(int(post))).reactions[0]
    prove("reaction: who", [user.id async for user in found.users()] == [client.user.id])
    await message.remove_reaction("🎉", client.user)
    await message.clear_reactions()
    await client.sees("cleared", post)
    prove("reaction: cleared", room.seen(post)["reactions"] == [])
    prove("reaction: unknown emoji", await refused(10014, message.add_reaction("owls")))

    await message.pin()
    await client.sees("pins", channel.id)
    prove("pin", [pinned.id async for pinned in channel.pins()] == [message.id] and room.seen(post)["pinned"])
    await message.unpin()
    prove("unpin", not room.seen(post)["pinned"])
    client.news.told.clear()
    room.act("type", person="Ada")
    prove("typing: heard", (await client.sees("typing", channel.id)).display_name == "Ada")


async def threads(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """Threads that people and the bot open, and posts of a forum."""
    post = room.act("say", person="Ada", text="owls?")
    message = await client.sees("posted", post)
    id = room.act("open", person="Ada", message=post, name="owls", text="which ones?")
    thread = await client.sees("opened", id)
    prove("thread: told", (thread.parent_id, thread.name, str(thread.id)) == (channel.id, "owls", post))
    prove("thread: once a message", await refused(160004, message.create_thread(name="again")))
    inside = await thread.send("inside")
    prove("thread: posted in", room.seen(inside.id)["thread"] == id)
    hook = await channel.create_webhook(name="Bridge")
    sent = await hook.send("by webhook", username="Elif", thread=thread, wait=True)
    await sent.edit(content="changed")
    seen = room.seen(sent.id)
    prove("thread: a webhook's edit", (seen["thread"], seen["text"]) == (id, "changed"))
    await sent.delete()
    prove("thread: a webhook's delete", room.seen(sent.id)["deleted"])
    copy = await channel.send("a copy")
    opened = await copy.create_thread(name="from a message")
    named = await channel.create_thread(name="only named", type=discord.ChannelType.public_thread)
    listed = {found["id"]: found["root"] for found in room.stand.control("discord/rooms/general/threads")}
    prove("thread: opened", listed[str(opened.id)] == str(copy.id) and listed[str(named.id)] is None)

    ideas = discord.utils.get(channel.guild.forums, name="ideas")
    assert ideas
    forum = Room(room.stand, room.platform, "ideas")
    id = forum.act("open", person="Ada", name="an idea", text="more owls")
    first = await client.sees("posted", id)
    prove("forum: a post", (str(first.channel.id), first.channel.name, first.content) == (id, "an idea", "more owls"))
    begun = await ideas.create_thread(name="another", content="fewer owls")
    prove("forum: begun", forum.seen(begun.message.id)["thread"] == str(begun.thread.id))
    hook = await ideas.create_webhook(name="Bridge")
    sent = await hook.send("by webhook", thread_name="a third", wait=True)
    prove("forum: begun by a webhook", forum.seen(sent.id)["thread"] == str(sent.id))
    prove("forum: nothing outside of posts", await refused(220001, hook.send("where?")))


async def polls(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """Polls of people and of the bot, and how they end."""
    id = room.act("ask", person="Ada", question="Owls?", answers=["Yes", "No"])
    asked = await client.sees("posted", id)
    told = (asked.poll.question, [answer.text for answer in asked.poll.answers], asked.poll.multiple)
    prove("poll: heard", told == ("Owls?", ["Yes", "No"], False))
    room.act("vote", person="Bruno", message=id, answers=[1])
    room.act("end_poll", message=id)
    ended = (await channel.fetch_message(int(id))).poll
    prove("poll: ended", ended.is_finalised() and [answer.vote_count for answer in ended.answers] == [0, 1])
    poll = discord.Poll("More owls?", duration=datetime.timedelta(hours=2), multiple=True)
    sent = await channel.send(poll=poll.add_answer(text="Yes").add_answer(text="Always"))
    shown = room.seen(sent.id)["poll"]
    prove("poll: sent", (shown["answers"], shown["multiple"]) == ([["Yes", 0], ["Always", 0]], True))
    await sent.end_poll()
    prove("poll: ended by the bot", room.seen(sent.id)["poll"]["ended"])


async def others(room: Room, client: Watcher, channel: discord.TextChannel) -> None:
    """Members, forwards, many deleted at once."""
    member = discord.utils.get(channel.guild.members, name="chiara")
    assert member
    room.act("leave", person="Chiara")
    await client.sees("went", member.id)
    room.act("join", person="Chiara")
    await client.sees("came", member.id)
    room.act("call_themselves", person="Chiara", name="Owl")
    _, after = await client.sees("renamed", member.id)
    prove("members: gone, come, renamed", after.display_name == "Owl")
    room.act("call_themselves", person="Chiara", name="Chiara")
    post = room.act("say", person="Ada", text="pass this on")
    passed = await client.sees("posted", room.act("forward", person="Bruno", message=post, to="general"))
    prove("forward", passed.message_snapshots[0].content == "pass this on")
    room.act("purge", messages=[post, str(passed.id)])
    prove("purge: told", {str(id) for id in (await client.sees("purged")).message_ids} == {post, str(passed.id)})


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

    @client.tree.context_menu(name="Look closer")
    async def closer(asked: discord.Interaction, message: discord.Message) -> None:
        await asked.response.send_message(f"about {message.id}", ephemeral=True)

    client.tree.add_command(group)
    synced = await client.tree.sync()
    prove("command: synced", {command.name for command in synced} == {"bridge", "Look closer"})
    known = {it.name for it in await client.tree.fetch_commands()}
    prove("command: read back", known == {"bridge", "Look closer"})

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
    about = room.act("say", person="Bruno", text="look at this")
    prove("command: of a message's menu", await shown("Ada", f"shortcut:Look closer {about}", f"about {about}"))
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


async def history(room: Room, channel: discord.TextChannel) -> None:
    """What was said after a message, page by page, and the threads that went into the archive."""
    mark = await channel.send("the mark")
    words = [str(number) for number in range(120)]
    for text in words:
        room.act("say", person="Ada", text=text)
    told = [it.content async for it in channel.history(after=mark, limit=None, oldest_first=True)]
    prove("history after a message, in order", told == words)
    before = [it.content async for it in channel.history(before=mark, limit=3)]
    prove("history before it, newest first", len(before) == 3 and before[0] == room.said()[-122])
    names = ["first", "second", "third"]
    for name in names:
        thread = await channel.create_thread(name=name, type=discord.ChannelType.public_thread)
        await thread.edit(archived=True)
    asleep = [it.name async for it in channel.archived_threads(limit=3)]
    prove("archived threads, the last one first", asleep == names[::-1])


async def limits(room: Room, channel: discord.TextChannel) -> None:
    """Buckets that are enforced: the client keeps within what it is told, and waits out what no header tells."""
    hook = await channel.create_webhook(name="Flood")
    before = room.stand.control("discord/limits")
    room.stand.control("discord/limits", {"scale": 10.0})
    started = time.monotonic()
    for number in range(11):
        await channel.send(f"bucket {number}")
    # Eleven are two full buckets of 5 in 5 s, on a clock ten times faster.
    prove("a bucket is waited for", 0.9 <= time.monotonic() - started <= 10)
    kept = room.stand.control("discord/limits")
    prove("and not overrun", kept["limited"] == before["limited"])
    for number in range(31):
        await hook.send(f"flood {number}")
    over = room.stand.control("discord/limits")
    prove("a shared limit is met, and waited for", over["limited"] > kept["limited"])
    prove("nobody's fault", over["invalid"] == kept["invalid"])
    said = [text for text in room.said() if text.startswith("flood ")]
    prove("all of it was said once, in order", said == [f"flood {number}" for number in range(31)])
    # As fast as that, they are none.
    room.stand.control("discord/limits", {"scale": 100000.0})


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
            await files(room, client, channel)
            await reactions(room, client, channel)
            await threads(room, client, channel)
            await polls(room, client, channel)
            await others(room, client, channel)
            await commands(room, client)
            await changes(room, client, guild)
            await lost_connections(room, client)
            await requests(room, channel)
            await history(room, channel)
            await limits(room, channel)
            await membership(room, client, channel)
        await asyncio.wait([running], timeout=DEADLINE)
