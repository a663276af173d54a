"""What slack_sdk reads back through the stand-in, and how it keeps to the limits."""

import asyncio
import time

from slack_app import ROOM, TOKEN
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient


async def reads_back(prove, room, client):
    """A watermark, pages that go on from it, a thread that grows, and what an app noted down beside its message."""
    mark = room.act("say", person="Elif", text="the last that is known")
    said = [room.act("say", person="Elif", text=f"meanwhile {n}") for n in range(5)]
    pages = []
    async for page in await client.conversations_history(channel=ROOM, oldest=mark, limit=2):
        pages.append([m["ts"] for m in page["messages"]])
    ahead = [said[1::-1], said[3:1:-1], said[4:]]
    prove("after a watermark the pages go ahead, each newest first", pages == ahead)
    answers = [room.act("say", person="Farid", text=f"answer {n}", reply_to=said[0]) for n in range(3)]
    found = await client.conversations_history(channel=ROOM, latest=said[0], inclusive=True, limit=1)
    (root,) = found["messages"]
    prove("a root tells of its answers", (root["reply_count"], root["latest_reply"]) == (3, answers[2]))
    pages = await client.conversations_replies(channel=ROOM, ts=said[0], limit=2)
    thread = [message async for page in pages for message in page["messages"]]
    prove("a thread comes in pages, oldest first", [m["ts"] for m in thread] == [said[0], *answers])
    since = (await client.conversations_replies(channel=ROOM, ts=said[0], oldest=answers[0]))["messages"]
    prove("its root comes always", [m["ts"] for m in since] == [said[0], *answers[1:]])

    noted = {"event_type": "judged", "event_payload": {"key": "k.1"}}
    post = await client.chat_postMessage(channel=ROOM, text="with a note", metadata=noted)
    for everything, told in [(True, noted), (False, {"event_type": "judged"})]:
        found = await client.conversations_history(
            channel=ROOM, latest=post["ts"], inclusive=True, limit=1, include_all_metadata=everything
        )
        how = "when all is asked for" if everything else "by its kind alone else"
        prove(f"metadata is told {how}", found["messages"][0]["metadata"] == told)


async def keeps_limits(prove, room, client):
    """The limits that Slack publishes, on the real clock."""
    room.stand.control("slack/limits", {"scale": 1.0})
    before = room.stand.control("slack/limits")["limited"]
    eager = AsyncWebClient(token=TOKEN, base_url=client.base_url, retry_handlers=[])
    waits = []
    for n in range(6):
        try:
            await eager.chat_postMessage(channel=ROOM, text=f"eager {n}")
        except SlackApiError as error:
            waits.append((error.response["error"], int(error.response.headers["Retry-After"])))
    refused = waits and all(said == "ratelimited" and wait >= 1 for said, wait in waits)
    prove("a short burst is let through, and then a post a second", refused)
    patient = AsyncWebClient(
        token=TOKEN, base_url=client.base_url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=3)]
    )
    started = time.monotonic()
    await patient.chat_postMessage(channel=ROOM, text="patient")
    prove("the client's own retry waits it out", time.monotonic() - started >= 1 and "patient" in room.said())
    prove("and each refusal is counted", room.stand.control("slack/limits")["limited"] >= before + len(waits) + 1)
    pins = (eager.pins_add(channel=ROOM, timestamp="1.000001") for _ in range(22))
    answers = await asyncio.gather(*pins, return_exceptions=True)
    said = [answer.response["error"] for answer in answers]
    prove("a tier 2 method is asked 20 times a minute", (said.count("ratelimited"), len(said)) == (2, 22))
    room.stand.control("slack/limits", {"scale": 100_000.0})  # as good as none
