"""python-telegram-bot against the Telegram stand-in: the official client sees and does what a bot can."""

import asyncio
import time

from news import see
from processes import StandIns
from room import Room
from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats, MessageEntity
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import Application, ChatMemberHandler, CommandHandler, MessageHandler, filters
from telegram_forum import keeps
from telegram_limits import keeps_limits
from telegram_world import CHAT, GROUP, HANA, PROOFS, TOKEN, WORLD, prove, refused


def start_client(base_url, seen, commands):
    """An application that notes every update, and each call of its command."""
    application = Application.builder().token(TOKEN).base_url(f"{base_url}/bot").build()

    async def note(update, _):
        seen.append(update)

    async def called(update, context):
        commands.append((update.effective_user.full_name, context.args))

    application.add_handler(CommandHandler("relay", called))
    application.add_handler(MessageHandler(filters.ALL, note))
    application.add_handler(ChatMemberHandler(note, ChatMemberHandler.ANY_CHAT_MEMBER))
    return application


async def reads(room, bot, seen):
    """What people do reaches the bot."""
    ids = {}
    ids["post"] = room.act("say", person="Hana", text="**hello** 😀 `x` [there](https://a.example) @ivo")
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == ids["post"])
    kinds = update and {e.type: t for e, t in update.message.parse_entities().items()}
    prove("a person's post arrives", update and update.message.text == "hello 😀 x there @ivo")
    prove(
        "with its entities", kinds == {"bold": "hello", "code": "x", "text_link": "there", "mention": "@ivo"}
    )
    prove(
        "in a supergroup, by its author",
        update.effective_chat.type == "supergroup" and update.effective_user.full_name == "Hana",
    )

    room.act("edit", person="Hana", message=ids["post"], text="__changed__")
    update = await see(seen, lambda u: u.edited_message and str(u.edited_message.message_id) == ids["post"])
    prove(
        "an edit arrives",
        update and update.edited_message.text == "changed" and update.edited_message.edit_date,
    )

    own = await bot.send_message(CHAT, "ask me")
    reply = room.act("say", person="Ivo", text="because", reply_to=str(own.message_id))
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == reply)
    prove("a reply arrives with what it answers", update and update.message.reply_to_message.text == "ask me")

    file = room.act("say", person="Ivo", text="a map", files=["map.pdf"])
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == file)
    prove(
        "a document arrives with its caption",
        update and update.message.document.file_name == "map.pdf" and update.message.caption == "a map",
    )
    prove("the bot does not see its own messages", not any(u.effective_user.is_bot for u in seen))
    return ids["post"]


async def writes(room, bot, post):
    """What the bot does reaches the people."""
    html = await bot.send_message(
        CHAT, "<b>Ada</b>: 😀 <i>hi</i> &lt;", parse_mode="HTML", reply_to_message_id=int(post)
    )
    there = room.seen(html.message_id)
    prove(
        "a post with HTML arrives",
        there["text"] == "Ada: 😀 hi <" and [e["type"] for e in there["entities"]] == ["bold", "italic"],
    )
    prove("as a reply", there["reply_to"] == post and html.reply_to_message.message_id == int(post))
    entity = MessageEntity(MessageEntity.BOLD, 0, 3)
    raw = await bot.send_message(CHAT, "Ada: @everyone", entities=[entity])
    there = room.seen(raw.message_id)
    prove(
        "a post with entities arrives and pings nobody",
        there["entities"][0]["type"] == "bold" and there["pinged"] == [],
    )
    await bot.edit_message_text("Ada: better", CHAT, raw.message_id)
    there = room.seen(raw.message_id)
    prove("an edit arrives", there["text"] == "Ada: better" and there["edited"])
    await bot.delete_message(CHAT, raw.message_id)
    prove("a delete arrives", room.seen(raw.message_id)["deleted"])

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
        prove(f"refused: {text}", await refused(kind, text, attempt))
    await bot.send_message(CHAT, "x" * 4_096)
    prove("4,096 units are not too long")


async def survives(room, bot, seen):
    """A cut poll loses nothing; refused requests are told apart."""
    room.fault("disconnect")
    wanted = [room.act("say", person="Hana", text=f"during {n}") for n in range(5)]
    for post in wanted:
        prove(
            f"post {post} arrives though the poll was cut",
            await see(seen, lambda u: u.message and str(u.message.message_id) == post),
        )
    got = [str(u.message.message_id) for u in seen if u.message and str(u.message.message_id) in wanted]
    prove("each once and in order", got == wanted)
    deadline = time.monotonic() + 10
    while wanted[-1] not in room.acknowledged() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    prove("and is confirmed by the offset", set(wanted) <= room.acknowledged())

    room.fault("duplicate")
    post = room.act("say", person="Hana", text="twice")
    await see(seen, lambda u: u.message and str(u.message.message_id) == post)
    await asyncio.sleep(0.5)
    prove(
        "a duplicated update arrives twice",
        sum(1 for u in seen if u.message and str(u.message.message_id) == post) == 2,
    )

    room.fault("rate_limit", only="sendMessage", seconds=1)
    try:
        await bot.send_message(CHAT, "too fast")
        prove("429 is reported", False)
    except RetryAfter as error:
        waited = (
            error.retry_after if isinstance(error.retry_after, int) else error.retry_after.total_seconds()
        )
        prove("429 says how long to wait", waited == 1)
        await asyncio.sleep(waited)
        await bot.send_message(CHAT, "slower")
        prove("and after that the post goes through")
    room.fault("server_error", only="sendMessage")
    prove("502 is an error", await refused(NetworkError, "", bot.send_message(CHAT, "lost")))
    room.fault("cut_after", only="sendMessage")
    prove("a cut answer is an error", await refused(NetworkError, "", bot.send_message(CHAT, "unsure")))
    texts = room.said()
    prove("yet the message is there", "unsure" in texts and "lost" not in texts)
    room.fault("unauthorized", only="sendMessage")
    prove("401 is an error", await refused(InvalidToken, "", bot.send_message(CHAT, "who")))


async def is_commanded(room, bot, commands):
    """The menu is kept, and commands reach their handler."""
    menu = [BotCommand("relay", "Joins chats")]
    await bot.set_my_commands(menu)
    prove("the menu of commands is kept", list(await bot.get_my_commands()) == menu)
    prove("for each scope", list(await bot.get_my_commands(BotCommandScopeAllGroupChats())) == [])
    for text in ("/relay connect lobby", "/relay@JUDGE_BOT connect lobby", "/relay@other_bot connect lobby"):
        room.act("command", person="Ivo", text=text)
    room.act("say", person="Ivo", text="not /relay connect lobby")
    room.act("command", person="Hana", text="/relay")
    await see(commands, lambda call: call[0] == "Hana")
    wanted = ("Ivo", ["connect", "lobby"])
    prove("commands for this bot reach their handler, others don't", commands == [wanted, wanted, ("Hana", [])])


async def talks_alone(room, bot, seen):
    """A private chat begins with the person."""
    prove(
        "a bot cannot begin a private chat",
        await refused(Forbidden, "can't initiate conversation", bot.send_message(HANA, "hello")),
    )
    Room(room.stand, "telegram", "Judge").act("command", person="Hana", text="/start")
    update = await see(seen, lambda u: u.message and u.message.text == "/start")
    prove("a person can", update and update.effective_chat.type == "private" and update.effective_chat.id == HANA)
    await bot.send_message(HANA, "hello")
    prove("and is answered there", Room(room.stand, "telegram", str(HANA)).said() == ["/start", "hello"])


async def moves(room, bot, seen):
    """A new name, a public name, a supergroup."""
    room.act("rename", name="Climbers")
    update = await see(seen, lambda u: u.message and u.message.new_chat_title)
    prove("a new name is told", update and update.effective_chat.title == "Climbers")
    room.act("set_private", private=False)
    prove("a public name shows", (await bot.get_chat(CHAT)).username == "chat_climbers")
    room.act("set_private", private=True)
    prove("and goes again", (await bot.get_chat(CHAT)).username is None)

    new = int(Room(room.stand, "telegram", str(GROUP)).act("close"))
    update = await see(seen, lambda u: u.message and u.message.migrate_to_chat_id)
    prove(
        "the old group tells where it went",
        update and update.message.migrate_to_chat_id == new and update.effective_chat.id == GROUP,
    )
    update = await see(seen, lambda u: u.message and u.message.migrate_from_chat_id)
    prove(
        "the supergroup tells where it came from",
        update and update.message.migrate_from_chat_id == GROUP and update.effective_chat.type == "supergroup",
    )
    for what, attempt in [
        ("a post", bot.send_message(GROUP, "x")),
        ("a count of members", bot.get_chat_member_count(GROUP)),
    ]:
        try:
            await attempt
            prove(f"{what} there is refused", False)
        except ChatMigrated as error:
            prove(f"{what} there is refused with the new id", error.new_chat_id == new)
    prove("the old group can still be looked at", (await bot.get_chat(GROUP)).type == "group")
    prove("the new one takes posts", (await bot.send_message(new, "here")).chat.id == new)


async def stands(room, bot, seen):
    """Removed from the group, and let in again."""
    me = await bot.get_me()
    member = await bot.get_chat_member(CHAT, me.id)
    chat = await bot.get_chat(CHAT)
    prove(
        "chat and membership are told",
        chat.title == "Climbers"
        and member.status == "member"
        and await bot.get_chat_member_count(CHAT) == 3,
    )
    prove("the creator is told", (await bot.get_chat_administrators(CHAT))[0].user.full_name == "Hana")
    room.act("kick", bot="Judge")
    update = await see(seen, lambda u: u.my_chat_member)
    prove("a kick is told", update and update.my_chat_member.new_chat_member.status == "kicked")
    prove(
        "a kicked bot cannot post",
        await refused(Forbidden, "bot was kicked from the supergroup chat", bot.send_message(CHAT, "x")),
    )
    room.act("invite", bot="Judge")
    await bot.send_message(CHAT, "back again")
    prove("an invited bot can post again")


async def judge(stand_ins):
    async with StandIns(stand_ins, WORLD) as stand:
        room, url = Room(stand, "telegram", str(CHAT)), stand.urls["telegram"]["api_url"]
        stranger = Bot("1:wrong", base_url=f"{url}/bot")
        prove("a wrong token is refused", await refused(InvalidToken, "", stranger.initialize()))
        seen, commands = [], []
        client = start_client(url, seen, commands)
        async with client:
            me = client.bot
            prove("the client logs in", me.username == "judge_bot" and me.can_read_all_group_messages)
            await client.start()
            kinds = ["message", "edited_message", "my_chat_member"]
            await client.updater.start_polling(timeout=5, allowed_updates=kinds)
            try:
                post = await reads(room, client.bot, seen)
                await writes(room, client.bot, post)
                await is_commanded(room, client.bot, commands)
                await talks_alone(room, client.bot, seen)
                await moves(room, client.bot, seen)
                await survives(room, client.bot, seen)
                await keeps_limits(room, client.bot)
                await stands(room, client.bot, seen)
            finally:
                await client.updater.stop()
                await client.stop()
        await keeps(stand, url)
