"""python-telegram-bot against the Telegram stand-in: the official client sees and does what a bot can."""

import asyncio
import time

import telegram
from news import see
from processes import StandIns
from proofs import Proofs
from room import Room
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    InputMediaPhoto,
    InputMediaVideo,
    MessageEntity,
    ReactionTypeEmoji,
    Update,
)
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import (
    Application,
    ChatMemberHandler,
    CommandHandler,
    MessageHandler,
    TypeHandler,
    filters,
)

PROOFS = Proofs(f"python-telegram-bot {telegram.__version__}")
prove = PROOFS.prove

TOKEN = "7000000001:judge-telegram-token-of-thirty-five"
CHAT = -1001000000001
GROUP = -4002  # no supergroup yet
HANA = 1000000001
FORUM = -1001000000003
KEEPER = "7000000009:keeper-telegram-token-of-thirty-five"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000008000000080802000000")
WORLD = f"""
[[telegram.spaces]]
name = "Chats"
rooms = [{{ id = "{CHAT}", name = "Sunday hikers" }}, {{ id = "{GROUP}", name = "Trail crew" }}]
[[telegram.spaces]]
name = "Forums"
rooms = [{{ id = "{FORUM}", name = "Boathouse", forum = true }}]
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
rooms = ["{CHAT}", "{GROUP}"]
[[telegram.bots]]
name = "Keeper"
token = "{KEEPER}"
rooms = ["{FORUM}"]
"""


async def refused(kind, text, attempt):
    """Answers whether the attempt was refused with this error and text."""
    try:
        await attempt
    except kind as error:
        return text in str(error).lower()
    return False


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


def start_keeper(url, seen):
    """An administrator's application, which notes every update of whatever kind."""
    application = Application.builder().token(KEEPER).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot").build()

    async def note(update, _):
        seen.append(update)

    application.add_handler(TypeHandler(Update, note))
    return application


async def brings_files(room, bot, seen):
    """Files come with their bytes, and go out with theirs."""
    post = room.act("say", person="Hana", text="a map", files=[{"name": "map.pdf", "size": 200_000}])
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == post)
    file = await update.message.document.get_file()
    there = room.seen(post)["attachments"][0]
    prove("a file can be fetched", len(await file.download_as_bytearray()) == there["size"] == 200_000)
    large = room.act("say", person="Hana", text="", files=[{"name": "film.mkv", "size": 21 << 20}])
    update = await see(seen, lambda u: u.message and str(u.message.message_id) == large)
    prove("a large one cannot", await refused(BadRequest, "file is too big", update.message.document.get_file()))
    both = [{"name": f"{n}.png", "kind": "image", "size": 9, "spoiler": True} for n in "ab"]
    room.act("say", person="Hana", text="two", files=both)
    first = await see(seen, lambda u: u.message and u.message.caption == "two")
    album = first and first.message.media_group_id
    second = await see(
        seen, lambda u: u.message and u.message.media_group_id == album and u.message.caption is None
    )
    prove("an album arrives, hidden", album and second and second.message.has_media_spoiler)

    photo = await bot.send_photo(FORUM, PNG, caption="<b>Ada</b>", parse_mode="HTML", has_spoiler=True)
    there = room.seen(photo.message_id)
    shown = there["attachments"][0]
    prove(
        "a photo goes out with its caption",
        (there["text"], shown["kind"], shown["size"], shown["spoiler"]) == ("Ada", "image", len(PNG), True),
    )
    await bot.edit_message_caption(FORUM, photo.message_id, caption="better")
    prove("its caption is edited", room.seen(photo.message_id)["text"] == "better")
    media = [InputMediaPhoto(PNG, caption="look"), InputMediaVideo(b"no film", filename="straße.mp4")]
    album = [room.seen(m.message_id) for m in await bot.send_media_group(FORUM, media)]
    kinds = [m["attachments"][0]["kind"] for m in album]
    prove("an album goes out", (kinds, album[0]["text"]) == (["image", "video"], "look"))
    prove("under its names", album[1]["attachments"][0]["name"] == "straße.mp4")
    for method, field in [
        (bot.send_document, "document"),
        (bot.send_video, "video"),
        (bot.send_animation, "animation"),
        (bot.send_audio, "audio"),
        (bot.send_voice, "voice"),
        (bot.send_video_note, "video_note"),
        (bot.send_sticker, "sticker"),
    ]:
        sent = await method(FORUM, b"bytes")
        prove(f"{field} goes out", getattr(sent, field).file_size == 5)
        again = await method(FORUM, getattr(sent, field).file_id)
        prove(f"{field} goes out by its id", getattr(again, field).file_size == 5)
    for text, attempt in [
        ("image_process_failed", bot.send_photo(FORUM, b"no picture")),
        ("caption is too long", bot.send_photo(FORUM, PNG, caption="x" * 1_025)),
        ("no text in the message", bot.edit_message_text("x", FORUM, photo.message_id)),
    ]:
        prove(f"refused: {text}", await refused(BadRequest, text, attempt))


async def reacts(room, bot, seen):
    """Reactions, which administrators hear of."""
    post = room.act("say", person="Hana", text="look")
    room.act("react", person="Hana", message=post, emoji="❤️", on=True)
    update = await see(seen, lambda u: u.message_reaction)
    change = update and update.message_reaction
    prove(
        "a reaction arrives",
        change and str(change.message_id) == post and change.new_reaction == (ReactionTypeEmoji("❤"),),
    )
    room.act("react", person="Hana", message=post, emoji=":owl:", on=True)
    update = await see(
        seen, lambda u: u.message_reaction and u.message_reaction.new_reaction[:1] != change.new_reaction
    )
    custom = update.message_reaction.new_reaction[0].custom_emoji_id
    stickers = await bot.get_custom_emoji_stickers([custom])
    prove("a custom one too, and what stands for it", stickers[0].emoji == "⭐")
    await bot.set_message_reaction(FORUM, int(post), "👍")
    emoji = {one["emoji"]: one["people"] for one in room.seen(post)["reactions"]}
    prove("a bot reacts", set(emoji) == {":owl:", "👍"} and emoji["👍"] == [str(bot.id)])
    await bot.set_message_reaction(FORUM, int(post), [])
    prove("and takes it back", len(room.seen(post)["reactions"]) == 1)
    for text, reaction in [("reaction_invalid", "🦉"), ("reactions_too_many", ["👍", "👎"])]:
        prove(
            f"refused: {text}", await refused(BadRequest, text, bot.set_message_reaction(FORUM, int(post), reaction))
        )


async def keeps_topics(room, bot, seen):
    """Topics of people, and of the bot."""
    topic = room.act("open", person="Hana", name="Boats", text="first")
    update = await see(seen, lambda u: u.message and u.message.text == "first")
    message = update and update.message
    prove(
        "what is said in a topic arrives in it",
        message
        and message.is_topic_message
        and str(message.message_thread_id) == topic
        and message.reply_to_message.forum_topic_created.name == "Boats",
    )
    opened = await bot.create_forum_topic(FORUM, "Oars")
    sent = await bot.send_message(FORUM, "ahoy", message_thread_id=opened.message_thread_id)
    prove("a bot opens one and writes in it", room.seen(sent.message_id)["thread"] == str(opened.message_thread_id))
    answer = await bot.send_message(FORUM, "aye", reply_to_message_id=message.message_id)
    prove("an answer goes into the topic of what it answers", answer.message_thread_id == message.message_thread_id)
    await bot.edit_message_text("ahoy there", FORUM, sent.message_id)
    prove("what stands there is edited", room.seen(sent.message_id)["text"] == "ahoy there")
    await bot.delete_message(FORUM, sent.message_id)
    prove("and deleted", room.seen(sent.message_id)["deleted"])
    lost = bot.send_message(FORUM, "x", message_thread_id=999_999)
    prove("refused: no such topic", await refused(BadRequest, "message thread not found", lost))


async def asks(room, bot, seen):
    """Polls, pins, and people who come and go."""
    asked = room.act("ask", person="Hana", question="When?", answers=["Sat", "Sun"])
    update = await see(seen, lambda u: u.message and u.message.poll)
    prove("a poll arrives", update and [o.text for o in update.message.poll.options] == ["Sat", "Sun"])
    room.act("vote", person="Ivo", message=asked, answers=[1])
    room.act("end_poll", message=asked)
    update = await see(seen, lambda u: u.poll and u.poll.is_closed)
    prove("its end arrives", update and [o.voter_count for o in update.poll.options] == [0, 1])
    own = await bot.send_poll(FORUM, "Where?", ["Here", "There"], allows_multiple_answers=True)
    room.act("vote", person="Ivo", message=str(own.message_id), answers=[0, 1])
    update = await see(seen, lambda u: u.poll and u.poll.id == own.poll.id)
    prove("a vote in the bot's own arrives", update and update.poll.total_voter_count == 1)
    ended = await bot.stop_poll(FORUM, own.message_id)
    prove("the bot ends its own", ended.is_closed and room.seen(own.message_id)["poll"]["ended"])

    room.act("pin", person="Hana", message=asked, on=True)
    update = await see(seen, lambda u: u.message and u.message.pinned_message)
    prove("a pin arrives", update and str(update.message.pinned_message.message_id) == asked)
    await bot.unpin_chat_message(FORUM, int(asked))
    await bot.pin_chat_message(FORUM, own.message_id, disable_notification=True)
    pinned = [m["id"] for m in room.messages() if m["pinned"]]
    prove("a bot pins and unpins", pinned == [str(own.message_id)])

    room.act("leave", person="Ivo")
    update = await see(seen, lambda u: u.chat_member)
    prove("who leaves is told", update and update.chat_member.new_chat_member.status == "left")
    prove("to all", await see(seen, lambda u: u.message and u.message.left_chat_member))
    room.act("join", person="Ivo")
    prove("who joins as well", await see(seen, lambda u: u.message and u.message.new_chat_members))
    post = room.act("say", person="Hana", text="whose?")
    room.act("forward", person="Ivo", message=post, to=str(FORUM))
    update = await see(seen, lambda u: u.message and u.message.forward_origin)
    prove("what is passed on arrives with its origin", update.message.forward_origin.sender_user.full_name == "Hana")
    await bot.send_chat_action(FORUM, "typing")
    prove("the sign of typing is seen", room.stand.control(f"telegram/rooms/{FORUM}/typed") == 1)


async def keeps(stand, url):
    """What an administrator can do in a forum."""
    room, seen = Room(stand, "telegram", str(FORUM)), []
    keeper = start_keeper(url, seen)
    async with keeper:
        await keeper.start()
        await keeper.updater.start_polling(timeout=5, allowed_updates=Update.ALL_TYPES)
        try:
            await brings_files(room, keeper.bot, seen)
            await reacts(room, keeper.bot, seen)
            await keeps_topics(room, keeper.bot, seen)
            await asks(room, keeper.bot, seen)
        finally:
            await keeper.updater.stop()
            await keeper.stop()


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
                await stands(room, client.bot, seen)
            finally:
                await client.updater.stop()
                await client.stop()
        await keeps(stand, url)
