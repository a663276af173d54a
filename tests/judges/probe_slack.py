"""slack_bolt against the Slack stand-in: proves that the official client sees and does what an app can.

    pip install slack_bolt==1.30.0 slack_sdk==3.47.0 aiohttp==3.14.5
    python probe_slack.py path/to/stand-ins

Prints one line per proof and exits 1 at the first that fails.
"""

import asyncio
import json
import logging
import os
import sys
import tempfile
import time
import urllib.request
import warnings

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

TOKEN, APP_TOKEN = "xoxb-judge", "xapp-judge"
ROOM, PRIVATE = "C0GENERAL", "C0SECRET"
WORLD = f"""
[[slack.spaces]]
id = "T0STUDIO"
name = "Studio"
rooms = [{{ id = "{ROOM}", name = "general" }}, {{ id = "{PRIVATE}", name = "secret", private = true }}]
[[slack.people]]
name = "Elif"
id = "U0ELIF"
[[slack.people]]
name = "Farid"
id = "U0FARID"
[[slack.bots]]
name = "Judge"
id = "U0JUDGE"
token = "{TOKEN}"
app_token = "{APP_TOKEN}"
rooms = ["general"]
[[slack.bots]]
name = "Meek"
id = "U0MEEK"
token = "xoxb-meek"
app_token = "xapp-meek"
may = ["channels:read", "chat:write"]
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
            f"{self.urls['control']}/slack/{path}",
            json.dumps(body).encode() if body is not None else None,
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def act(self, do, **fields):
        return self.control("act", {"do": do, "room": ROOM, **fields})["id"]

    def fault(self, kind, **fields):
        self.control("faults", {"kind": kind, **fields})

    def message(self, ts):
        return next(m for m in self.control(f"rooms/{ROOM}/messages") if m["id"] == ts)

    async def stop(self):
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 10)


def proven(what, condition=True):
    if not condition:
        print(f"FAILED  {what}")
        sys.exit(1)
    print(f"proven  {what}")


async def refused(error, attempt):
    """Answers whether the attempt was refused with this error code."""
    try:
        await attempt
    except SlackApiError as refusal:
        return refusal.response["error"] == error
    return False


async def see(seen, wanted, seconds=15):
    """Waits for the event for which `wanted` holds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for event in list(seen):
            if wanted(event):
                return event
        await asyncio.sleep(0.02)
    return None


def changed(ts):
    return lambda e: e.get("subtype") == "message_changed" and e["message"]["ts"] == ts


def deleted(ts):
    return lambda e: e.get("subtype") == "message_deleted" and e["deleted_ts"] == ts


def start_client(api, seen, bodies):
    app = AsyncApp(
        client=AsyncWebClient(token=TOKEN, base_url=f"{api}/api/"),
        ignoring_self_events_enabled=False,
    )

    @app.middleware
    async def note(body, next):
        bodies.append(body)
        seen.append(body["event"])
        await next()

    @app.event("message")
    async def message():
        pass

    @app.event("member_left_channel")
    async def left():
        pass

    @app.event("channel_left")
    async def gone():
        pass

    @app.event("member_joined_channel")
    async def joined():
        pass

    socket = AsyncSocketModeHandler(
        app, APP_TOKEN, web_client=AsyncWebClient(base_url=f"{api}/api/"), ping_interval=1
    )
    return app, socket


async def reads(stand_in, client, seen):
    post = stand_in.act("say", person="Elif", text="*hello* 😀 a < b & c https://a.example @farid @here `x`")
    event = await see(seen, lambda e: e.get("ts") == post)
    proven(
        "a person's post arrives", event and event["user"] == "U0ELIF" and event["channel_type"] == "channel"
    )
    proven(
        "as mrkdwn", event["text"] == "*hello* 😀 a &lt; b &amp; c <https://a.example> <@U0FARID> <!here> `x`"
    )
    parts = event["blocks"][0]["elements"][0]["elements"]
    proven(
        "and as rich text",
        parts[0] == {"type": "text", "text": "hello", "style": {"bold": True}}
        and [p["type"] for p in parts]
        == ["text", "text", "link", "text", "user", "text", "broadcast", "text", "text"],
    )
    user = (await client.users_info(user=event["user"]))["user"]
    proven(
        "by its author",
        user["profile"]["display_name"] == "Elif" and user["profile"]["image_72"].startswith("http"),
    )

    stand_in.act("edit", person="Elif", message=post, text="_changed_")
    event = await see(seen, changed(post))
    proven(
        "an edit arrives",
        event
        and event["message"]["text"] == "_changed_"
        and event["previous_message"]["text"].startswith("*hello*")
        and event["message"]["edited"]["user"] == "U0ELIF"
        and event["hidden"],
    )
    reply = stand_in.act("say", person="Farid", text="because", reply_to=post)
    event = await see(seen, lambda e: e.get("ts") == reply)
    proven(
        "a reply arrives in its thread",
        event and event["thread_ts"] == post and event["parent_user_id"] == "U0ELIF",
    )
    stand_in.act("delete", person="Farid", message=reply)
    event = await see(seen, deleted(reply))
    proven("a delete arrives", event and event["previous_message"]["text"] == "because")
    stand_in.act("say", person="Farid", text="once more", reply_to=post)
    stand_in.act("delete", person="Elif", message=post)
    event = await see(seen, lambda e: changed(post)(e) and e["message"].get("subtype") == "tombstone")
    proven("the first message of a thread becomes a tombstone", event)
    file = stand_in.act("say", person="Farid", text="a map", files=["map.pdf"])
    event = await see(seen, lambda e: e.get("ts") == file)
    proven(
        "a file arrives by name",
        event and event["files"][0]["name"] == "map.pdf" and event["subtype"] == "file_share",
    )
    return file


async def writes(stand_in, client, seen, other):
    post = await client.chat_postMessage(
        channel=ROOM,
        text="*hi* a &lt; b @here https://a.example",
        username="Ada (Discord)",
        icon_url="http://127.0.0.1/ada.png",
        thread_ts=other,
    )
    there = stand_in.message(post["ts"])
    proven(
        "a post arrives under another name",
        there["author"] == "Ada (Discord)" and there["avatar"] == "http://127.0.0.1/ada.png",
    )
    proven(
        "as a reply that pings nobody",
        there["reply_to"] == other
        and there["pinged"] == []
        and there["text"] == "*hi* a &lt; b @here <https://a.example>",
    )
    event = await see(seen, lambda e: e.get("ts") == post["ts"])
    proven(
        "and comes back as a bot's message",
        event
        and event["subtype"] == "bot_message"
        and event["username"] == "Ada (Discord)"
        and event["bot_id"]
        and "user" not in event,
    )
    await client.chat_update(channel=ROOM, ts=post["ts"], text="better")
    there = stand_in.message(post["ts"])
    proven(
        "an edit arrives and keeps the name",
        there["text"] == "better" and there["edited"] and there["author"] == "Ada (Discord)",
    )
    proven("and comes back", await see(seen, changed(post["ts"])))
    await client.chat_delete(channel=ROOM, ts=post["ts"])
    proven(
        "a delete arrives", stand_in.message(post["ts"])["deleted"] and await see(seen, deleted(post["ts"]))
    )
    plain = await client.chat_postMessage(
        channel=ROOM,
        text="<!channel> <@U0ELIF>",
        blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "<!here>"}}],
    )
    proven(
        "unescaped mentions ping", stand_in.message(plain["ts"])["pinged"] == ["everyone", "U0ELIF", "here"]
    )

    meek = AsyncWebClient(token="xoxb-meek", base_url=client.base_url)
    named = await meek.chat_postMessage(channel=ROOM, text="hi", username="Somebody")
    proven("without the scope the name is not changed", stand_in.message(named["ts"])["author"] == "Meek")
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
        proven(f"refused: {error}", await refused(error, attempt))


async def looks_up(client):
    rooms = (await client.conversations_list(types="public_channel,private_channel"))["channels"]
    proven("channels are listed", [r["name"] for r in rooms] == ["general"] and rooms[0]["is_member"])
    history = await client.conversations_history(channel=ROOM, limit=2)
    older = await client.conversations_history(
        channel=ROOM, limit=200, cursor=history["response_metadata"]["next_cursor"]
    )
    times = [m["ts"] for m in history["messages"] + older["messages"]]
    proven(
        "history comes in pages, newest first",
        history["has_more"] and times == sorted(times, reverse=True) and len(times) > 2,
    )
    after = await client.conversations_history(channel=ROOM, oldest=times[1])
    proven("and after a watermark", [m["ts"] for m in after["messages"]] == times[:1])
    root = next(m["ts"] for m in older["messages"] if m.get("subtype") == "tombstone")
    thread = await client.conversations_replies(channel=ROOM, ts=root)
    proven(
        "threads can be read",
        [m["text"] for m in thread["messages"]] == ["This message was deleted.", "once more"],
    )


async def survives(stand_in, client, seen, bodies):
    for fault in ["disconnect", "reconnect"]:
        stand_in.fault(fault)
        wanted = [stand_in.act("say", person="Elif", text=f"{fault} {n}") for n in range(5)]
        for post in wanted:
            proven(f"post {post} arrives in spite of {fault}", await see(seen, lambda e: e.get("ts") == post))
        got = list(dict.fromkeys(e["ts"] for e in seen if e.get("ts") in wanted))
        proven("in order", got == wanted)
        await asyncio.sleep(0.2)
        proven("and is acknowledged", set(wanted) <= set(stand_in.control("acknowledged")))
    stand_in.fault("duplicate")
    post = stand_in.act("say", person="Elif", text="twice")
    await see(seen, lambda e: e.get("ts") == post)
    await asyncio.sleep(0.5)
    same = [b["event_id"] for b in bodies if b["event"].get("ts") == post]
    proven("a duplicated event arrives twice with one id", len(same) == 2 and same[0] == same[1])

    stand_in.fault("rate_limit", only="chat.postMessage", seconds=1)
    started = time.monotonic()
    proven(
        "429 is reported",
        await refused("ratelimited", client.chat_postMessage(channel=ROOM, text="too fast")),
    )
    patient = AsyncWebClient(
        token=TOKEN,
        base_url=client.base_url,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
    )
    stand_in.fault("rate_limit", only="chat.postMessage", seconds=1)
    await patient.chat_postMessage(channel=ROOM, text="slower")
    proven("and obeyed by the client's own retry", time.monotonic() - started >= 1)
    stand_in.fault("cut_after", only="chat.postMessage")
    try:
        # The client asks once more by itself when a connection breaks.
        await AsyncWebClient(token=TOKEN, base_url=client.base_url, retry_handlers=[]).chat_postMessage(
            channel=ROOM, text="unsure"
        )
        proven("a cut answer is an error", False)
    except Exception as error:
        proven("a cut answer is an error", not isinstance(error, SlackApiError))
    stand_in.fault("server_error", only="chat.postMessage")
    try:
        await client.chat_postMessage(channel=ROOM, text="lost")
        proven("502 is an error", False)
    except SlackApiError as error:
        proven("502 is an error", error.response.status_code == 502)
    texts = [m["text"] for m in stand_in.control(f"rooms/{ROOM}/messages")]
    proven("the cut post is there, the failed one is not", texts.count("unsure") == 1 and "lost" not in texts)
    stand_in.fault("unauthorized", only="auth.test")
    proven("invalid_auth on demand", await refused("invalid_auth", client.auth_test()))


async def stands(stand_in, client, seen):
    stand_in.act("kick", bot="Judge")
    proven(
        "a kick is told",
        await see(seen, lambda e: e["type"] == "member_left_channel" and e["user"] == "U0JUDGE"),
    )
    proven(
        "a kicked app cannot post",
        await refused("not_in_channel", client.chat_postMessage(channel=ROOM, text="x")),
    )
    stand_in.act("invite", bot="Judge")
    await client.chat_postMessage(channel=ROOM, text="back again")
    proven("an invited app can post again")


async def main(program):
    stand_in = await StandIn.start(program, WORLD)
    seen, bodies = [], []
    app, socket = start_client(stand_in.urls["slack"]["api_url"], seen, bodies)
    try:
        me = await app.client.auth_test()
        proven(
            "the client logs in",
            me["team"] == "Studio" and me["user_id"] == "U0JUDGE" and me["bot_id"] == "B0JUDGE",
        )
        proven("and learns its scopes", "chat:write.customize" in me.headers["x-oauth-scopes"])
        await socket.connect_async()
        other = await reads(stand_in, app.client, seen)
        await writes(stand_in, app.client, seen, other)
        await looks_up(app.client)
        await survives(stand_in, app.client, seen, bodies)
        await stands(stand_in, app.client, seen)
    finally:
        await socket.close_async()
        await stand_in.stop()


if __name__ == "__main__":
    # The cut connections and the missing text are on purpose; the client reports each.
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    asyncio.run(main(sys.argv[1]))
