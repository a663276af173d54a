"""A small app on slack_bolt in a workspace of its own, which notes everything that it is sent."""

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
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
manages = true
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


async def refused(error, attempt):
    """Answers whether the attempt was refused with this error code."""
    try:
        await attempt
    except SlackApiError as refusal:
        return refusal.response["error"] == error
    return False


def changed(ts):
    """Is it the event of this message's change?"""
    return lambda e: e.get("subtype") == "message_changed" and e["message"]["ts"] == ts


def deleted(ts):
    """Is it the event of this message's deletion?"""
    return lambda e: e.get("subtype") == "message_deleted" and e["deleted_ts"] == ts


def start_client(api, seen, bodies):
    """The app, and its Socket Mode client, not yet connected."""
    app = AsyncApp(
        client=AsyncWebClient(token=TOKEN, base_url=f"{api}/api/"), ignoring_self_events_enabled=False
    )

    @app.middleware
    async def note(body, next):
        bodies.append(body)
        # Commands and shortcuts are no events.
        seen.append(body.get("event", {"type": body.get("command") or body.get("callback_id"), "body": body}))
        await next()

    @app.event("message")
    async def message():
        pass

    async def noted():
        pass

    for event in ("reaction_added", "reaction_removed", "pin_added", "pin_removed", "user_change"):
        app.event(event)(noted)

    @app.event("member_left_channel")
    async def left():
        pass

    @app.event("channel_left")
    async def gone():
        pass

    @app.event("member_joined_channel")
    async def joined():
        pass

    @app.event("channel_rename")
    async def renamed():
        pass

    @app.event("channel_archive")
    async def archived():
        pass

    @app.event("channel_unarchive")
    async def unarchived():
        pass

    @app.command("/relay")
    async def command(ack, respond, command):
        await ack("heard" if command["text"] == "at once" else "")
        await respond(f"{command['user_name']} asks: {command['text']}")

    @app.shortcut("relay_status")
    async def status(ack, respond, shortcut):
        await ack()
        await respond(f"of: {shortcut['message']['text']}", thread_ts=shortcut["message"].get("thread_ts"))

    socket = AsyncSocketModeHandler(
        app, APP_TOKEN, web_client=AsyncWebClient(base_url=f"{api}/api/"), ping_interval=1
    )
    return app, socket
