"""matrix-nio as judge of Relay as a Matrix application service, on a real homeserver that this starts.

    python tests/judges/nio_judge.py --relay target/debug/relay --stand-ins target/debug/stand-ins --synapse target/synapse/bin/python

What is done in a Discord room (the stand-in's, watched by discord.py) appears in a Matrix room (Synapse's, watched by matrix-nio), and the
other way round: 16 cells. Exits 1 if one is wrong, blank or later than ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
import warnings
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import nio
import table
from beside import ALT, ANSWERS, EMOJI, PICTURE
from bridge import PEOPLE, ROOMS, TOKENS, WORLD
from cell import OPERATIONS, Cell, same
from matrix import LOOKALIKES
from news import DEADLINE, Told
from nio_people import MatrixObserver, MatrixPerson, joined
from observers import DiscordObserver
from people import CHANGED, CHANGED_SPANS, CHANGED_TEXT, FORMATTED, SPANS, TEXT, StandInPerson
from processes import Relay, StandIns
from synapse import BOT, Synapse

WHOLE = 180.0  # seconds
PAIR = {"discord": "matrix", "matrix": "discord"}
MARKUP = {
    **FORMATTED,
    "matrix": "{} <strong>bold</strong> <em>italic</em> <del>strike</del> <code>code</code> "
    '<a href="https://example.org/a">label</a> @everyone<pre><code>let a = 1;\n</code></pre>',
}
MARKUP_CHANGED = {**CHANGED, "matrix": "{} <strong>better</strong> now @here"}
# The second has a name that would be markup or a mention if anything read it as such.
NAMES = {"discord": PEOPLE["discord"], "matrix": ("Greta", "Jonas <b>@room</b>")}


def config(urls: dict[str, Any], synapse: Synapse, room: str) -> str:
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
[accounts.mx]
platform = "matrix"
homeserver = "{synapse.url}"
registration = {{ file = "{synapse.registration}" }}
[channels.lobby]
links = ["owls:{ROOMS["discord"]}", "mx:{room}"]
"""


class Judge:
    """The cells, filled in origin by origin."""

    def __init__(self, observers: dict[str, Any], people: dict[str, Any]) -> None:
        self.observers, self.people = observers, people
        self.cells = {
            (origin, operation): Cell(
                origin, PAIR[origin], operation, people[origin][0].how, observers[PAIR[origin]].vendor
            )
            for origin in PAIR
            for operation in OPERATIONS
        }

    async def cell(self, origin: str, operation: str, seen: Awaitable[Told]) -> Told | None:
        """Runs what watches one cell; keeps the longest time and the first thing that was wrong."""
        cell, started = self.cells[origin, operation], time.monotonic()
        try:
            told = await seen
            took = round((told.at - started) * 1000)
            cell.milliseconds = max(took, cell.milliseconds or 0)
            if took > DEADLINE * 1000:
                raise AssertionError(f"after {took} ms")
            return told
        except Exception as error:  # whatever it is, this cell is wrong and the others go on
            cell.wrong = cell.wrong or f"{type(error).__name__}: {error}"
            return None

    def is_by(self, origin: str, at: int, told: Told) -> None:
        name = f"{NAMES[origin][at]} ‹{origin.capitalize()}›"
        same("author", told.author.translate(LOOKALIKES), name)
        same("mentions", told.alarming, False)

    async def judge(self) -> None:
        for origin in PAIR:
            for act in (self.post_and_edit, self.delete, self.reply, self.thread, self.reaction):
                await act(origin, self.observers[PAIR[origin]])
            await self.attachment(origin, self.observers[PAIR[origin]])
            await self.poll(origin, self.observers[PAIR[origin]])
        await asyncio.sleep(0.5)
        self.nothing_twice()

    async def post_and_edit(self, origin: str, there: Any) -> None:
        person, word = self.people[origin][0], f"post-{origin}"

        async def posted() -> Told:
            told = await there.posted(word)
            self.is_by(origin, 0, told)
            same("text", told.text, TEXT.format(word))
            same("formatting", set(told.spans), set(SPANS))
            return told

        message = await person.say(MARKUP[origin].format(word))
        copy = await self.cell(origin, "post", posted())

        async def edited() -> Told:
            assert copy, "there is no post to edit"
            told = await there.edited(copy.id, f"edit-{origin}")
            self.is_by(origin, 0, told)
            same("text", told.text, CHANGED_TEXT.format(f"edit-{origin}"))
            same("formatting", set(told.spans), set(CHANGED_SPANS))
            return told

        await person.edit(message, MARKUP_CHANGED[origin].format(f"edit-{origin}"))
        await self.cell(origin, "edit", edited())

    async def delete(self, origin: str, there: Any) -> None:
        person, word = self.people[origin][0], f"short-lived-{origin}"
        message = await person.say(word)
        copy = await self.cell(origin, "delete", there.posted(word))
        await person.delete(message)
        if copy:
            await self.cell(origin, "delete", there.deleted(copy.id))

    async def both(self, first: str, word: str) -> dict[str, str]:
        """What somebody says on one side, by its ids on both."""
        id = await self.people[first][0].say(word)
        return {first: id, PAIR[first]: (await self.observers[PAIR[first]].posted(word)).id}

    async def reply(self, origin: str, there: Any) -> None:
        """To what was first said here, and to what was first said there."""
        for first in PAIR:
            ids, word = await self.both(first, f"question-{first}-{origin}"), f"answer-{first}-{origin}"

            async def replied(ids: dict[str, str] = ids, word: str = word) -> Told:
                told = await there.posted(word)
                self.is_by(origin, 1, told)
                same("text", told.text, f"{word} @everyone")
                same("answers", told.answers, ids[PAIR[origin]])
                return told

            await self.people[origin][1].say(f"{word} @everyone", ids[origin])
            await self.cell(origin, "reply", replied())

    async def thread(self, origin: str, there: Any) -> None:
        ids = await self.both(origin, f"root-{origin}")
        id = await self.people[origin][0].open(ids[origin], "Owls at noon")
        for at, person in enumerate(self.people[origin]):
            word = f"aside-{at}-{origin}"

            async def threaded(at: int = at, word: str = word) -> Told:
                told = await there.posted(word)
                self.is_by(origin, at, told)
                same("text", told.text, word)
                same("thread", told.thread, ids[PAIR[origin]])
                return told

            await person.say(word, thread=id)
            await self.cell(origin, "thread", threaded())

    async def reaction(self, origin: str, there: Any) -> None:
        for first in PAIR:
            ids = await self.both(first, f"react-{first}-{origin}")
            for on in (True, False):

                async def reacted(on: bool = on, ids: dict[str, str] = ids) -> Told:
                    told = await there.reacted(ids[PAIR[origin]], EMOJI, on)
                    # On Matrix whoever reacted does so there; on Discord Relay does for all.
                    reacts = f"{NAMES[origin][1]} ‹{origin.capitalize()}›" if origin == "discord" else "Relay"
                    same("who reacts", told.author, reacts)
                    return told

                await self.people[origin][1].react(ids[origin], EMOJI, on)
                await self.cell(origin, "reaction", reacted())

    async def attachment(self, origin: str, there: Any) -> None:
        word = f"picture-{origin}"

        async def attached() -> Told:
            # Not what the other direction has sent, which is seen where it was written, too.
            by = f"‹{origin.capitalize()}›"
            told = await there.first("posted", lambda told: bool(told.files) and by in told.author)
            self.is_by(origin, 0, told)
            (file,) = told.files
            same("the bytes are the same", await file.fetch() == PICTURE, True)
            same("name", file.name, "square.png")
            # The words stand with the picture on Discord, and in a message before it on Matrix.
            said = await there.posted(word)
            self.is_by(origin, 0, said)
            return told

        await self.people[origin][0].attach(word, "square.png", ALT, PICTURE)
        await self.cell(origin, "attachment", attached())

    async def poll(self, origin: str, there: Any) -> None:
        question = f"When-{origin}?"

        async def asked() -> Told:
            told = await there.first("posted", lambda told: bool(told.poll) and told.says(question))
            self.is_by(origin, 0, told)
            same("poll", told.poll, (question, *ANSWERS))
            return told

        await self.people[origin][0].ask(question, ANSWERS)
        await self.cell(origin, "poll", asked())

    def nothing_twice(self) -> None:
        """Each message arrived once, and none came back to where it was written."""
        for (origin, operation), cell in self.cells.items():
            words = {
                "post": [f"post-{origin}"],
                "delete": [f"short-lived-{origin}"],
                "reply": [f"answer-{first}-{origin}" for first in PAIR],
                "thread": [f"aside-{at}-{origin}" for at in (0, 1)],
                "reaction": [f"react-{first}-{origin}" for first in PAIR],
                "attachment": [f"picture-{origin}"],
                "poll": [f"When-{origin}?"],
            }
            for word in words.get(operation, []):
                for place in PAIR:
                    # On Matrix the words of a picture are its caption.
                    says: Callable[[Told], bool] = lambda told, w=word: (  # noqa: E731
                        told.what == "posted" and (told.says(w) or any(file.alt == w for file in told.files))
                    )
                    times = len(self.observers[place].every(says))
                    if times != 1:
                        cell.wrong = cell.wrong or f"`{word}` is {times} times in {place}'s room"


async def judged(relay: str, stand_ins: str, python: str) -> tuple[list[Cell], list[str]]:
    """The cells, and which of Relay's tokens its log gives away."""
    async with AsyncExitStack() as stack:
        synapse = await stack.enter_async_context(Synapse(python, relay))
        stand = await stack.enter_async_context(StandIns(stand_ins, WORLD))
        clients = {}
        for name, shown in (("observer", "Observer"), ("first", NAMES["matrix"][0]), ("second", NAMES["matrix"][1])):
            clients[name] = await joined(synapse.url, name, shown)
            stack.push_async_callback(clients[name].close)
        made = await clients["observer"].room_create(
            name="The yard",
            preset=nio.RoomPreset.private_chat,
            invite=[BOT, *(clients[name].user_id for name in ("first", "second"))],
        )
        for name in ("first", "second"):
            await clients[name].join(made.room_id)
        observers = {
            "discord": DiscordObserver(stand.urls["discord"], "discord-observer"),
            "matrix": MatrixObserver(clients["observer"], made.room_id),
        }
        for observer in observers.values():
            await stack.enter_async_context(observer)
        tokens = {"JUDGED_DISCORD": TOKENS["JUDGED_DISCORD"]}
        running = await stack.enter_async_context(Relay(relay, config(stand.urls, synapse, made.room_id), tokens))
        for line in synapse.registration.read_text().splitlines():
            key, _, value = line.partition(": ")
            if key in ("as_token", "hs_token"):
                running.env[key] = value.strip("'\"")
        people = {
            "discord": [StandInPerson(stand, "discord", ROOMS["discord"], name) for name in NAMES["discord"]],
            "matrix": [
                MatrixPerson(clients[name], made.room_id, shown)
                for name, shown in zip(("first", "second"), NAMES["matrix"], strict=True)
            ],
        }
        judge = Judge(observers, people)
        try:
            async with asyncio.timeout(WHOLE):
                await judge.judge()
        except TimeoutError:
            print(f"The cells were not filled within {WHOLE:.0f} s.")
        cells, leaked = list(judge.cells.values()), running.secrets_in_log()
        if not all(cell.holds() for cell in cells):
            print("The end of Relay's log:", running.log(60), sep="\n")
        return cells, leaked


async def main() -> bool:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relay", required=True, help="the binary `relay`")
    parser.add_argument("--stand-ins", required=True, help="the binary `stand-ins`")
    parser.add_argument("--synapse", required=True, help="the Python that has Synapse")
    given = parser.parse_args()
    cells, leaked = await judged(given.relay, given.stand_ins, given.synapse)
    print("Relay as an application service, seen by matrix-nio and discord.py", table.matrix(cells), sep="\n\n")
    print(f"Relay's log gives away {', '.join(leaked) or 'no token'}", flush=True)
    return all(cell.holds() for cell in cells) and not leaked


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    try:
        sys.exit(0 if asyncio.run(main()) else 1)
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("stopped before the end")
    except Exception as error:  # nothing came up, or nothing in time
        sys.exit(f"{type(error).__name__}: {error}")
