"""A world with three rooms and a Relay channel between them; in each room two people, Relay, and the judge's observer."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from observers import DiscordObserver, SlackObserver, TelegramObserver
from people import Person, SlackPerson, StandInPerson
from processes import Relay, StandIns
from slack_sdk.web.async_client import AsyncWebClient

ROOMS = {"discord": "4001", "slack": "C0LOBBY", "telegram": "-1001000000001"}
DESK = "-1001000000002"
# Two people in each room; the second has a name that would be markup or a mention if anything read it as such.
PEOPLE = {
    "discord": ("Ada", "Bruno **_`<@4>"),
    "slack": ("Elif", "Farid <!here> *x*"),
    "telegram": ("Hana", "Ivo [a](https://b.example) @here"),
}
WORLD = f"""
[[discord.spaces]]
name = "Night Owls"
rooms = [{{ id = "{ROOMS["discord"]}", name = "general" }}]
[[discord.people]]
name = "{PEOPLE["discord"][0]}"
[[discord.people]]
name = "{PEOPLE["discord"][1]}"
[[discord.bots]]
name = "Relay"
token = "discord-relay"
[[discord.bots]]
name = "Observer"
token = "discord-observer"
may = ["VIEW_CHANNEL", "READ_MESSAGE_HISTORY", "MESSAGE_CONTENT"]

[[slack.spaces]]
name = "Studio"
rooms = [{{ id = "{ROOMS["slack"]}", name = "general" }}]
[[slack.people]]
name = "{PEOPLE["slack"][0]}"
id = "U0FIRST"
token = "xoxc-first"
[[slack.people]]
name = "{PEOPLE["slack"][1]}"
id = "U0SECOND"
token = "xoxc-second"
[[slack.bots]]
name = "Relay"
token = "xoxb-relay"
app_token = "xapp-relay"
[[slack.bots]]
name = "Observer"
token = "xoxb-observer"
app_token = "xapp-observer"
may = ["channels:read", "channels:history", "users:read", "reactions:read", "files:read"]

[[telegram.spaces]]
name = "Chats"
rooms = [{{ id = "{ROOMS["telegram"]}", name = "Sunday hikers" }}, {{ id = "{DESK}", name = "The judge's desk" }}]
[[telegram.people]]
name = "{PEOPLE["telegram"][0]}"
[[telegram.people]]
name = "{PEOPLE["telegram"][1]}"
[[telegram.bots]]
name = "Relay"
token = "7000000001:relay-telegram-token-of-thirty-five"
may = ["privacy_off", "admin"]
rooms = ["{ROOMS["telegram"]}"]
[[telegram.bots]]
name = "Observer"
token = "7000000002:observer-telegram-token-of-thirty-five"
may = ["privacy_off", "admin", "bot_to_bot"]
"""
# Only Relay gets its own tokens, and only the judge the observers'.
TOKENS = {
    "JUDGED_DISCORD": "discord-relay",
    "JUDGED_SLACK_BOT": "xoxb-relay",
    "JUDGED_SLACK_APP": "xapp-relay",
    "JUDGED_TELEGRAM": "7000000001:relay-telegram-token-of-thirty-five",
}


def config(urls: dict[str, Any]) -> str:
    """Relay's `bridges.toml`. Its own ceilings are for the real platforms, and off here."""
    return f"""
[relay]
data_dir = "state"
flood = "off"
tell_rooms = false
listen = "{{listen}}"
[accounts.owls]
platform = "discord"
token = {{ env = "JUDGED_DISCORD" }}
api_url = "{urls["discord"]["api_url"]}"
gateway_url = "{urls["discord"]["gateway_url"]}"
ceilings = false
[accounts.studio]
platform = "slack"
bot_token = {{ env = "JUDGED_SLACK_BOT" }}
app_token = {{ env = "JUDGED_SLACK_APP" }}
api_url = "{urls["slack"]["api_url"]}"
ceilings = false
[accounts.hikers]
platform = "telegram"
token = {{ env = "JUDGED_TELEGRAM" }}
api_url = "{urls["telegram"]["api_url"]}"
ceilings = false
[channels.lobby]
links = ["owls:{ROOMS["discord"]}", "studio:{ROOMS["slack"]}", "hikers:{ROOMS["telegram"]}"]
"""


@dataclass
class Bridge:
    """Everything that a bridged conversation needs, running."""

    stand: StandIns
    relay: Relay
    observers: dict[str, Any]
    people: dict[str, tuple[Person, Person]]


async def build(stack: AsyncExitStack, relay: str, stand_ins: str) -> Bridge:
    """Starts the stand-ins, the observers and Relay; the stack ends them."""
    stand = await stack.enter_async_context(StandIns(stand_ins, WORLD))
    urls = stand.urls
    observers: dict[str, Any] = {
        "discord": DiscordObserver(urls["discord"], "discord-observer"),
        "slack": SlackObserver(urls["slack"], "xoxb-observer", "xapp-observer"),
        "telegram": TelegramObserver(
            urls["telegram"], "7000000002:observer-telegram-token-of-thirty-five", ROOMS["telegram"], DESK
        ),
    }
    for observer in observers.values():
        await stack.enter_async_context(observer)
    running = await stack.enter_async_context(Relay(relay, config(urls), TOKENS))
    people: dict[str, Any] = {
        platform: tuple(StandInPerson(stand, platform, ROOMS[platform], name) for name in PEOPLE[platform])
        for platform in ("discord", "telegram")
    }
    people["slack"] = tuple([await slack_person(stand, place) for place in ("first", "second")])
    return Bridge(stand, running, observers, people)


async def slack_person(stand: StandIns, place: str) -> SlackPerson:
    urls = stand.urls["slack"]
    look_up = AsyncWebClient(token="xoxb-observer", base_url=urls["api_url"] + "/api/")
    profile = (await look_up.users_info(user=f"U0{place.upper()}"))["user"]["profile"]
    name, picture = profile["display_name"], profile["image_72"]
    return SlackPerson(stand, ROOMS["slack"], name, f"xoxc-{place}", picture)
