"""python-telegram-bot against the Telegram stand-in: proves that the official client sees and does what a bot can.

    pip install python-telegram-bot==22.8
    python probe_telegram.py path/to/stand-ins

Prints one line per proof and exits 1 at the first that fails.
"""

import asyncio
import json
import logging
import os
import sys
import tempfile
import time
import urllib.error
import urllib.request

from telegram import Bot, MessageEntity
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import Application, ChatMemberHandler, MessageHandler, filters

TOKEN = "7000000001:judge-telegram-token-of-thirty-five"
CHAT = -1001000000001
WORLD = f"""
[[telegram.spaces]]
name = "Chats"
rooms = [{{ id = "{CHAT}", name = "Sunday hikers" }}]
[[telegram.people]]
name = "Hana"
id = "1000000001"
[[telegram.people]]
name = "Ivo"
id = "1000000002"
[[telegram.bots]]
name = "Judge"
token = "{TOKEN}"
may = ["privacy_off"]
"""


class StandIn:
    """The stand-ins as a process, and their control server."""

    @classmethod
    async def start(cls, program, world):
        self = cls()
        with tempfile.NamedTemporaryFile("w", suffix=".toml", delete=False) as file:
            file.write(world)
        self.process = await asyncio.create_subprocess_exec(
            program, "--world", file.name, stdout=asyncio.subprocess.PIPE
        )
        self.urls = json.loads(await asyncio.wait_for(self.process.stdout.readline(), 10))
        os.unlink(file.name)
        return self

    def control(self, path, body=None):
        request = urllib.request.Request(
            f"{self.urls['control']}/telegram/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def act(self, do, **fields):
        return self.control("act", {"do": do, "room": str(CHAT), **fields})["id"]

    def fault(self, kind, **fields):
        self.control("faults", {"kind": kind, **fields})

    def message(self, message):
        return next(m for m in self.control(f"rooms/{CHAT}/messages") if m["id"] == str(message))

    async def stop(self):
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 10)


def proven(what, condition=True):
    if not condition:
        print(f"FAILED  {what}")
        sys.exit(1)
    print(f"proven  {what}")


async def refused(kind, text, attempt):
    """Answers whether the attempt was refused with this error and text."""
    try:
        await attempt
    except kind as error:
        return text in str(error).lower()
    return False


async def see(seen, wanted, seconds=10):
    """Waits for the update for which `wanted` holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for update in seen:
            if wanted(update):
                return update
        await asyncio.sleep(0.02)
    return None


def start_client(base_url, seen):
    application = Application.builder().token(TOKEN).base_url(f"{base_url}/bot").build()

    async def note(update, _):
        seen.append(update)

    application.add_handler(MessageHandler(filters.ALL, note))
    application.add_handler(ChatMemberHandler(note, ChatMemberHandler.ANY_CHAT_MEMBER))
    return application


async def reads(stand_in, bot, seen):
    ids = {}
    ids["post"] = stand_in.act("say", person="Hana", text="**hello** 😀 `x` [there](https://a.example) @ivo")
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == ids["post"])
    kinds = update and {e.type: t for e, t in update.message.parse_entities().items()}
    proven("a person's post arrives", update and update.message.text == "hello 😀 x there @ivo")
    proven(
        "with its entities",
        kinds == {"bold": "hello", "code": "x", "text_link": "there", "mention": "@ivo"},
    )
    proven(
        "in a supergroup, by its author",
        update.effective_chat.type == "supergroup" and update.effective_user.full_name == "Hana",
    )

    stand_in.act("edit", person="Hana", message=ids["post"], text="__changed__")
    update = await see(seen, lambda u: u.edited_message and str(u.edited_message.message_id) == ids["post"])
    proven(
        "an edit arrives",
        update and update.edited_message.text == "changed" and update.edited_message.edit_date,
    )

    own = await bot.send_message(CHAT, "ask me")
    reply = stand_in.act("say", person="Ivo", text="because", reply_to=str(own.message_id))
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == reply)
    proven(
        "a reply arrives with what it answers", update and update.message.reply_to_message.text == "ask me"
    )

    file = stand_in.act("say", person="Ivo", text="a map", files=["map.pdf"])
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == file)
    proven(
        "a document arrives with its caption",
        update and update.message.document.file_name == "map.pdf" and update.message.caption == "a map",
    )
    proven("the bot does not see its own messages", not any(u.effective_user.is_bot for u in seen))
    return ids["post"]


async def writes(stand_in, bot, post):
    html = await bot.send_message(
        CHAT, "<b>Ada</b>: 😀 <i>hi</i> &lt;", parse_mode="HTML", reply_to_message_id=int(post)
    )
    there = stand_in.message(html.message_id)
    proven(
        "a post with HTML arrives",
        there["text"] == "Ada: 😀 hi <" and [e["type"] for e in there["entities"]] == ["bold", "italic"],
    )
    proven("as a reply", there["reply_to"] == post and html.reply_to_message.message_id == int(post))
    entity = MessageEntity(MessageEntity.BOLD, 0, 3)
    raw = await bot.send_message(CHAT, "Ada: @everyone", entities=[entity])
    there = stand_in.message(raw.message_id)
    proven(
        "a post with entities arrives and pings nobody",
        there["entities"][0]["type"] == "bold" and there["pinged"] == [],
    )
    await bot.edit_message_text("Ada: better", CHAT, raw.message_id)
    there = stand_in.message(raw.message_id)
    proven("an edit arrives", there["text"] == "Ada: better" and there["edited"])
    await bot.delete_message(CHAT, raw.message_id)
    proven("a delete arrives", stand_in.message(raw.message_id)["deleted"])

    for text, kind, attempt in [
        (
            "message is not modified",
            BadRequest,
            bot.edit_message_text("Ada: 😀 hi <", CHAT, html.message_id, entities=html.entities),
        ),
        ("message to edit not found", BadRequest, bot.edit_message_text("x", CHAT, raw.message_id)),
        ("message can't be edited", BadRequest, bot.edit_message_text("x", CHAT, int(post))),
        (
            "message to be replied not found",
            BadRequest,
            bot.send_message(CHAT, "x", reply_to_message_id=999_999),
        ),
        ("message is too long", BadRequest, bot.send_message(CHAT, "😀" * 2_049)),
        ("message text is empty", BadRequest, bot.send_message(CHAT, " \n ")),
        (
            "entity beginning",
            BadRequest,
            bot.send_message(CHAT, "hi", entities=[MessageEntity("bold", 0, 9)]),
        ),
        ("chat not found", BadRequest, bot.send_message(-100999, "x")),
    ]:
        proven(f"refused: {text}", await refused(kind, text, attempt))
    await bot.send_message(CHAT, "x" * 4_096)
    proven("4,096 units are not too long")


async def survives(stand_in, bot, seen):
    stand_in.fault("disconnect")
    wanted = [stand_in.act("say", person="Hana", text=f"during {n}") for n in range(5)]
    for post in wanted:
        proven(
            f"post {post} arrives though the poll was cut",
            await see(seen, lambda u: u.message and str(u.message.message_id) == post),
        )
    got = [str(u.message.message_id) for u in seen if u.message and str(u.message.message_id) in wanted]
    proven("each once and in order", got == wanted)
    deadline = time.monotonic() + 10
    while wanted[-1] not in stand_in.control("acknowledged") and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    proven("and is confirmed by the offset", set(wanted) <= set(stand_in.control("acknowledged")))

    stand_in.fault("duplicate")
    post = stand_in.act("say", person="Hana", text="twice")
    await see(seen, lambda u: u.message and str(u.message.message_id) == post)
    await asyncio.sleep(0.5)
    proven(
        "a duplicated update arrives twice",
        sum(1 for u in seen if u.message and str(u.message.message_id) == post) == 2,
    )

    stand_in.fault("rate_limit", only="sendMessage", seconds=1)
    try:
        await bot.send_message(CHAT, "too fast")
        proven("429 is reported", False)
    except RetryAfter as error:
        waited = (
            error.retry_after if isinstance(error.retry_after, int) else error.retry_after.total_seconds()
        )
        proven("429 says how long to wait", waited == 1)
        await asyncio.sleep(waited)
        await bot.send_message(CHAT, "slower")
        proven("and after that the post goes through")
    stand_in.fault("server_error", only="sendMessage")
    proven("502 is an error", await refused(NetworkError, "", bot.send_message(CHAT, "lost")))
    stand_in.fault("cut_after", only="sendMessage")
    proven("a cut answer is an error", await refused(NetworkError, "", bot.send_message(CHAT, "unsure")))
    texts = [m["text"] for m in stand_in.control(f"rooms/{CHAT}/messages")]
    proven("yet the message is there", "unsure" in texts and "lost" not in texts)
    stand_in.fault("unauthorized", only="sendMessage")
    proven("401 is an error", await refused(InvalidToken, "", bot.send_message(CHAT, "who")))


async def stands(stand_in, bot, seen):
    me = await bot.get_me()
    member = await bot.get_chat_member(CHAT, me.id)
    chat = await bot.get_chat(CHAT)
    proven(
        "chat and membership are told",
        chat.title == "Sunday hikers"
        and member.status == "member"
        and await bot.get_chat_member_count(CHAT) == 3,
    )
    proven("the creator is told", (await bot.get_chat_administrators(CHAT))[0].user.full_name == "Hana")
    stand_in.act("kick", bot="Judge")
    update = await see(seen, lambda u: u.my_chat_member)
    proven("a kick is told", update and update.my_chat_member.new_chat_member.status == "kicked")
    proven(
        "a kicked bot cannot post",
        await refused(Forbidden, "bot was kicked from the supergroup chat", bot.send_message(CHAT, "x")),
    )
    stand_in.act("invite", bot="Judge")
    await bot.send_message(CHAT, "back again")
    proven("an invited bot can post again")


async def main(program):
    stand_in = await StandIn.start(program, WORLD)
    url = stand_in.urls["telegram"]["api_url"]
    try:
        proven(
            "a wrong token is refused",
            await refused(InvalidToken, "", Bot("1:wrong", base_url=f"{url}/bot").initialize()),
        )
        seen = []
        client = start_client(url, seen)
        async with client:
            proven(
                "the client logs in",
                client.bot.username == "judge_bot" and client.bot.can_read_all_group_messages,
            )
            await client.start()
            await client.updater.start_polling(
                timeout=5, allowed_updates=["message", "edited_message", "my_chat_member"]
            )
            try:
                post = await reads(stand_in, client.bot, seen)
                await writes(stand_in, client.bot, post)
                await survives(stand_in, client.bot, seen)
                await stands(stand_in, client.bot, seen)
            finally:
                await client.updater.stop()
                await client.stop()
    finally:
        await stand_in.stop()


if __name__ == "__main__":
    # The cut polls are on purpose; the client reports each with a traceback.
    logging.disable(logging.ERROR)
    asyncio.run(main(sys.argv[1]))
