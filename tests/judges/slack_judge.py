"""slack_bolt against the Slack stand-in: the official client sees and does what an app can."""

import asyncio
import time

import slack_bolt
from news import see
from processes import StandIns
from proofs import Proofs
from room import Room
from slack_app import PRIVATE, ROOM, TOKEN, WORLD, changed, deleted, refused, start_client
from slack_features import files, marks
from slack_looking_back import keeps_limits, reads_back
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

PROOFS = Proofs(f"slack_bolt {slack_bolt.version.__version__}")
prove = PROOFS.prove


async def reads(room, client, seen):
    """What people do reaches the app."""
    post = room.act("say", person="Elif", text="*hello* 😀 a < b & c https://a.example @farid @here `x`")
    event = await see(seen, lambda e: e.get("ts") == post)
    prove(
        "a person's post arrives", event and event["user"] == "U0ELIF" and event["channel_type"] == "channel"
    )
    prove(
        "as mrkdwn", event["text"] == "*hello* 😀 a &lt; b &amp; c <https://a.example> <@U0FARID> <!here> `x`"
    )
    parts = event["blocks"][0]["elements"][0]["elements"]
    prove(
        "and as rich text",
        parts[0] == {"type": "text", "text": "hello", "style": {"bold": True}}
        and [p["type"] for p in parts]
        == ["text", "text", "link", "text", "user", "text", "broadcast", "text", "text"],
    )
    user = (await client.users_info(user=event["user"]))["user"]
    prove(
        "by its author",
        user["profile"]["display_name"] == "Elif" and user["profile"]["image_72"].startswith("http"),
    )

    room.act("edit", person="Elif", message=post, text="_changed_")
    event = await see(seen, changed(post))
    prove(
        "an edit arrives",
        event
        and event["message"]["text"] == "_changed_"
        and event["previous_message"]["text"].startswith("*hello*")
        and event["message"]["edited"]["user"] == "U0ELIF"
        and event["hidden"],
    )
    reply = room.act("say", person="Farid", text="because", reply_to=post)
    event = await see(seen, lambda e: e.get("ts") == reply)
    prove(
        "a reply arrives in its thread",
        event and event["thread_ts"] == post and event["parent_user_id"] == "U0ELIF",
    )
    room.act("delete", person="Farid", message=reply)
    event = await see(seen, deleted(reply))
    prove("a delete arrives", event and event["previous_message"]["text"] == "because")
    room.act("say", person="Farid", text="once more", reply_to=post)
    room.act("delete", person="Elif", message=post)
    event = await see(seen, lambda e: changed(post)(e) and e["message"].get("subtype") == "tombstone")
    prove("the first message of a thread becomes a tombstone", event)
    file = room.act("say", person="Farid", text="a map", files=["map.pdf"])
    event = await see(seen, lambda e: e.get("ts") == file)
    prove(
        "a file arrives by name",
        event and event["files"][0]["name"] == "map.pdf" and event["subtype"] == "file_share",
    )
    return file


async def writes(room, client, seen, other):
    """What the app does reaches the people."""
    post = await client.chat_postMessage(
        channel=ROOM,
        text="*hi* a &lt; b @here https://a.example",
        username="Ada (Discord)",
        icon_url="http://127.0.0.1/ada.png",
        thread_ts=other,
    )
    there = room.seen(post["ts"])
    prove(
        "a post arrives under another name",
        there["author"] == "Ada (Discord)" and there["avatar"] == "http://127.0.0.1/ada.png",
    )
    prove(
        "as a reply that pings nobody",
        there["reply_to"] == other
        and there["pinged"] == []
        and there["text"] == "*hi* a &lt; b @here <https://a.example>",
    )
    event = await see(seen, lambda e: e.get("ts") == post["ts"])
    prove(
        "and comes back as a bot's message",
        event
        and event["subtype"] == "bot_message"
        and event["username"] == "Ada (Discord)"
        and event["bot_id"]
        and "user" not in event,
    )
    await client.chat_update(channel=ROOM, ts=post["ts"], text="better")
    there = room.seen(post["ts"])
    prove(
        "an edit arrives and keeps the name",
        there["text"] == "better" and there["edited"] and there["author"] == "Ada (Discord)",
    )
    prove("and comes back", await see(seen, changed(post["ts"])))
    await client.chat_delete(channel=ROOM, ts=post["ts"])
    prove("a delete arrives", room.seen(post["ts"])["deleted"] and await see(seen, deleted(post["ts"])))
    plain = await client.chat_postMessage(
        channel=ROOM,
        text="<!channel> <@U0ELIF>",
        blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}],
    )
    prove("unescaped mentions ping", room.seen(plain["ts"])["pinged"] == ["everyone", "U0ELIF", "here"])

    meek = AsyncWebClient(token="xoxb-meek", base_url=client.base_url)
    named = await meek.chat_postMessage(channel=ROOM, text="hi", username="Somebody")
    prove("without the scope the name is not changed", room.seen(named["ts"])["author"] == "Meek")
    for error, attempt in [
        ("channel_not_found", client.chat_postMessage(channel="C0NOWHERE", text="x")),
        ("channel_not_found", client.chat_postMessage(channel=PRIVATE, text="x")),
        ("no_text", client.chat_postMessage(channel=ROOM, text="")),
        ("msg_too_long", client.chat_postMessage(channel=ROOM, text="x" * 40_001)),
        ("cant_update_message", client.chat_update(channel=ROOM, ts=other, text="x")),
        ("cant_delete_message", client.chat_delete(channel=ROOM, ts=other)),
        ("message_not_found", client.chat_update(channel=ROOM, ts=post["ts"], text="x")),
        ("invalid_auth", AsyncWebClient(token="xoxb-wrong", base_url=client.base_url).auth_test()),
        (
            "not_allowed_token_type",
            AsyncWebClient(token=TOKEN, base_url=client.base_url).apps_connections_open(app_token=TOKEN),
        ),
        ("missing_scope", meek.conversations_history(channel=ROOM)),
    ]:
        prove(f"refused: {error}", await refused(error, attempt))


async def looks_up(client):
    """Channels, history, threads."""
    rooms = (await client.conversations_list(types="public_channel,private_channel"))["channels"]
    prove("channels are listed", [r["name"] for r in rooms] == ["general"] and rooms[0]["is_member"])
    history = await client.conversations_history(channel=ROOM, limit=2)
    older = await client.conversations_history(
        channel=ROOM, limit=200, cursor=history["response_metadata"]["next_cursor"]
    )
    times = [m["ts"] for m in history["messages"] + older["messages"]]
    prove(
        "history comes in pages, newest first",
        history["has_more"] and times == sorted(times, reverse=True) and len(times) > 2,
    )
    after = await client.conversations_history(channel=ROOM, oldest=times[1])
    prove("and after a watermark", [m["ts"] for m in after["messages"]] == times[:1])
    root = next(m["ts"] for m in older["messages"] if m.get("subtype") == "tombstone")
    thread = await client.conversations_replies(channel=ROOM, ts=root)
    prove(
        "threads can be read",
        [m["text"] for m in thread["messages"]] == ["This message was deleted.", "once more"],
    )


async def commands(room, client, seen, bodies):
    """A slash command and a shortcut, answered to whoever gave them."""

    def there(text):
        return [m for m in room.stand.messages("slack", ROOM) if m["text"] == text]

    async def whispered(text):
        return await see([text], there)

    def theirs(text):
        return [m["only_for"] for m in there(text)]

    label = room.act("command", person="Elif", text="/relay connect lobby")
    given = await see(seen, lambda e: e.get("type") == "/relay")
    prove(
        "a slash command arrives",
        given and given["body"]["text"] == "connect lobby" and given["body"]["channel_name"] == "general",
    )
    prove("and its answer too", await whispered("elif asks: connect lobby"))
    prove("for its asker alone", theirs("elif asks: connect lobby") == ["U0ELIF"])
    prove("it is acknowledged", label in room.acknowledged())
    room.act("command", person="Farid", text="/relay at once")
    prove("an acknowledgement can answer", await whispered("heard") and theirs("heard") == ["U0FARID"])

    root = room.act("say", person="Elif", text="a question")
    inside = room.act("say", person="Farid", text="in its thread", reply_to=root)
    room.act("command", person="Farid", text=f"shortcut:relay_status {inside}")
    prove("a shortcut arrives with its message", await whispered("of: in its thread"))
    (answer,) = there("of: in its thread")
    prove("and is answered in the thread", answer["only_for"] == "U0FARID" and answer["reply_to"] == root)
    sent = await client.chat_postEphemeral(channel=ROOM, user="U0ELIF", text="psst")
    prove("a whisper arrives", room.seen(sent["message_ts"])["only_for"] == "U0ELIF")
    history = await client.conversations_history(channel=ROOM, limit=200)
    hidden = {"psst", "heard", "of: in its thread", "elif asks: connect lobby"}
    prove("none of these is in the history", not hidden & {m["text"] for m in history["messages"]})
    events = [b["event"].get("text") for b in bodies if "event" in b]
    prove("or an event", not hidden & set(events))
    stranger = client.chat_postEphemeral(channel=ROOM, user="U0NOBODY", text="x")
    prove("but only to people in the channel", await refused("user_not_in_channel", stranger))
    admins = [(await client.users_info(user=u))["user"]["is_admin"] for u in ("U0ELIF", "U0FARID")]
    prove("admins are told apart", admins == [True, False])


async def survives(room, client, seen, bodies):
    """Lost connections lose no event; refused requests are told apart."""
    for fault in ["disconnect", "reconnect"]:
        room.fault(fault)
        wanted = [room.act("say", person="Elif", text=f"{fault} {n}") for n in range(5)]
        for post in wanted:
            prove(f"post {post} arrives in spite of {fault}", await see(seen, lambda e: e.get("ts") == post))
        got = list(dict.fromkeys(e["ts"] for e in seen if e.get("ts") in wanted))
        prove("in order", got == wanted)
        await asyncio.sleep(0.2)
        prove("and is acknowledged", set(wanted) <= room.acknowledged())
    room.fault("duplicate")
    post = room.act("say", person="Elif", text="twice")
    await see(seen, lambda e: e.get("ts") == post)
    await asyncio.sleep(0.5)
    same = [b["event_id"] for b in bodies if b.get("event", {}).get("ts") == post]
    prove("a duplicated event arrives twice with one id", len(same) == 2 and same[0] == same[1])

    room.fault("rate_limit", only="chat.postMessage", seconds=1)
    started = time.monotonic()
    prove(
        "429 is reported",
        await refused("ratelimited", client.chat_postMessage(channel=ROOM, text="too fast")),
    )
    patient = AsyncWebClient(
        token=TOKEN,
        base_url=client.base_url,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )
    room.fault("rate_limit", only="chat.postMessage", seconds=1)
    await patient.chat_postMessage(channel=ROOM, text="slower")
    prove("and obeyed by the client's own retry", time.monotonic() - started >= 1)
    room.fault("cut_after", only="chat.postMessage")
    # The client would ask once more by itself when a connection breaks.
    once = AsyncWebClient(token=TOKEN, base_url=client.base_url, retry_handlers=[])
    try:
        await once.chat_postMessage(channel=ROOM, text="unsure")
        broken = False
    except SlackApiError:
        broken = False
    except Exception:
        broken = True
    prove("a cut answer is an error", broken)
    room.fault("server_error", only="chat.postMessage")
    try:
        await client.chat_postMessage(channel=ROOM, text="lost")
        prove("502 is an error", False)
    except SlackApiError as error:
        prove("502 is an error", error.response.status_code == 502)
    texts = room.said()
    prove("the cut post is there, the failed one is not", texts.count("unsure") == 1 and "lost" not in texts)
    room.fault("unauthorized", only="auth.test")
    prove("invalid_auth on demand", await refused("invalid_auth", client.auth_test()))


async def stands(room, client, seen):
    """Removed from the channel, and let in again."""
    room.act("kick", bot="Judge")
    prove(
        "a kick is told",
        await see(seen, lambda e: e["type"] == "member_left_channel" and e["user"] == "U0JUDGE"),
    )
    prove(
        "a kicked app cannot post",
        await refused("not_in_channel", client.chat_postMessage(channel=ROOM, text="x")),
    )
    room.act("invite", bot="Judge")
    await client.chat_postMessage(channel=ROOM, text="back again")
    prove("an invited app can post again")


async def changes(room, client, seen):
    """The channel is renamed, hidden, archived and opened again."""
    room.act("rename", name="plaza")
    event = await see(seen, lambda e: e["type"] == "channel_rename")
    prove("a rename is told", event and event["channel"]["name"] == "plaza")
    for private, subtype in [(True, "channel_convert_to_private"), (False, "channel_convert_to_public")]:
        room.act("set_private", private=private)
        prove(f"{subtype} is told", await see(seen, lambda e: e.get("subtype") == subtype))
        info = (await client.conversations_info(channel=ROOM))["channel"]
        prove("and the channel says so", info["is_private"] == private and info["id"] == ROOM)
    room.act("close")
    prove("an archived channel is told", await see(seen, lambda e: e["type"] == "channel_archive"))
    prove("it takes no post", await refused("is_archived", client.chat_postMessage(channel=ROOM, text="x")))
    listed = (await client.conversations_list(exclude_archived=True))["channels"]
    prove("and is not listed", listed == [])
    room.act("invite", bot="Judge")
    prove("its return is told", await see(seen, lambda e: e["type"] == "channel_unarchive"))
    listed = (await client.conversations_list(exclude_archived=True))["channels"]
    prove("with its members", [(r["name"], r["num_members"]) for r in listed] == [("plaza", 4)])


async def judge(stand_ins):
    async with StandIns(stand_ins, WORLD) as stand:
        room = Room(stand, "slack", ROOM)
        seen, bodies = [], []
        app, socket = start_client(stand.urls["slack"]["api_url"], seen, bodies)
        me = await app.client.auth_test()
        who = (me["team"], me["user_id"], me["bot_id"])
        prove("the client logs in", who == ("Studio", "U0JUDGE", "B0JUDGE"))
        prove("and learns its scopes", "chat:write.customize" in me.headers["x-oauth-scopes"])
        await socket.connect_async()
        try:
            other = await reads(room, app.client, seen)
            await writes(room, app.client, seen, other)
            await files(prove, room, app.client, seen)
            await marks(prove, room, app.client, seen)
            await looks_up(app.client)
            await reads_back(prove, room, app.client)
            await survives(room, app.client, seen, bodies)
            await keeps_limits(prove, room, app.client)
            await stands(room, app.client, seen)
            await commands(room, app.client, seen, bodies)
            await changes(room, app.client, seen)
        finally:
            await socket.close_async()
