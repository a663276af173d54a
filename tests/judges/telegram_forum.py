"""python-telegram-bot as an administrator of a forum: files, reactions, topics, polls, pins, people who come and go."""

from news import see
from room import Room
from telegram import InputMediaPhoto, InputMediaVideo, ReactionTypeEmoji, Update
from telegram.error import BadRequest
from telegram.ext import Application, TypeHandler
from telegram_world import FORUM, KEEPER, PNG, prove, refused


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
