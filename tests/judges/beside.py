"""What people do beside talking, through Relay: threads, reactions, attachments and polls."""

from __future__ import annotations

import asyncio
import struct
import time
import zlib
from typing import TYPE_CHECKING

from bridge import ROOMS
from cell import IMPOSSIBLE, same
from news import DEADLINE, Told
from people import Person

if TYPE_CHECKING:
    from matrix import Matrix

EMOJI = "👍"
ANSWERS = ["Saturday", "Sunday"]
ALT = "a red square"


def png(side: int) -> bytes:
    """A red square without metadata, so that nothing has to be stripped from it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = (b"\0" + b"\xd0\x20\x20" * side) * side
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


PICTURE = png(24)


async def thread(matrix: Matrix, origin: str) -> None:
    """Two people answer in a thread; both answers are in the thread of the copy."""
    if (origin, "thread") in IMPOSSIBLE:
        return
    first, second = matrix.bridge.people[origin]
    root = await first.say(f"root-{origin}")
    there = matrix.others(origin)
    copies = dict(zip(there, await matrix.arrivals(there, f"root-{origin}"), strict=True))
    id = await first.open(root, "Owls at noon")
    for number, person in ((1, first), (2, second)):
        word = f"aside-{number}-{origin}"

        async def threaded(there: str, word: str = word, person: Person = person) -> Told:
            if copies[there] is None:
                raise AssertionError("the thread's first message did not arrive")
            told = await matrix.bridge.observers[there].posted(word)
            matrix.is_by(origin, person, there, told)
            same("text", told.text, word)
            same("thread", told.thread, copies[there])
            return told

        started = time.monotonic()
        await person.say(word, thread=id)
        seen = {place: threaded(place) for place in there}
        await matrix.fill_all(origin, "thread", started, seen)


async def reaction(matrix: Matrix, origin: str) -> None:
    """To what was first said at the origin, and to the copies of what was first said in the other rooms: somebody reacts and takes it
    back, and Relay does so in the others, and there alone."""
    _, reader = matrix.bridge.people[origin]
    there = matrix.others(origin)
    for first in ROOMS:
        word = f"react-{first}-{origin}"
        await matrix.bridge.people[first][0].say(word)
        ids = dict(zip(ROOMS, await matrix.arrivals(list(ROOMS), word), strict=True))

        async def reacted(there: str, on: bool, ids: dict[str, str | None] = ids) -> Told:
            here, message = ids[origin], ids[there]
            if here is None or message is None:
                raise AssertionError("what is to be reacted to did not arrive")
            if there == "telegram":
                told = await as_members_see(matrix, message, on)
            else:
                told = await matrix.bridge.observers[there].reacted(message, EMOJI, on)
                same("who reacts", told.author, "Relay")
            seen = matrix.bridge.stand.seen(origin, ROOMS[origin], here)["reactions"]
            same("reactions at the origin", [len(one["people"]) for one in seen], [1] if on else [])
            return told

        for on in (True, False):
            started = time.monotonic()
            # What did not arrive makes the cells wrong below.
            if message := ids[origin]:
                await reader.react(message, EMOJI, on)
            seen = {place: reacted(place, on) for place in there}
            await matrix.fill_all(origin, "reaction", started, seen)


async def as_members_see(matrix: Matrix, copy: str, on: bool) -> Told:
    """What nobody tells the observer: who reacted to Relay's message, from the side of the group's members."""
    wanted = [(EMOJI, ["7000000001"])] if on else []
    reactions = []
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        reactions = matrix.bridge.stand.seen("telegram", ROOMS["telegram"], copy)["reactions"]
        if [(one["emoji"], one["people"]) for one in reactions] == wanted:
            return Told("reacted" if on else "unreacted", copy, text=EMOJI)
        await asyncio.sleep(0.02)
    raise AssertionError(f"the reactions are {reactions} after {DEADLINE:.0f} s, instead of {wanted}")


async def attachment(matrix: Matrix, origin: str) -> None:
    """A picture arrives byte for byte, with its name and with what it shows in words where both platforms know them."""
    person, _ = matrix.bridge.people[origin]
    word = f"picture-{origin}"

    async def attached(there: str) -> Told:
        told = await matrix.bridge.observers[there].posted(word)
        matrix.is_by(origin, person, there, told)
        same("text", told.text, word)
        same("files", len(told.files), 1)
        (file,) = told.files
        same("the bytes are the same", await file.fetch() == PICTURE, True)
        # Telegram's pictures have neither.
        if "telegram" not in (origin, there):
            same("name", file.name, "square.png")
            same("in words", file.alt, ALT)
        return told

    started = time.monotonic()
    await person.attach(word, "square.png", ALT, PICTURE)
    seen = {place: attached(place) for place in matrix.others(origin)}
    await matrix.fill_all(origin, "attachment", started, seen)


async def poll(matrix: Matrix, origin: str) -> None:
    """A poll is one there as well, or (Slack) its question and answers in words."""
    if (origin, "poll") in IMPOSSIBLE:
        return
    person, _ = matrix.bridge.people[origin]
    question = f"When-{origin}?"

    async def asked(there: str) -> Told:
        observer = matrix.bridge.observers[there]
        told = await observer.posted(question)
        if there == "telegram":
            # A poll of a bot shows no other author: the name stands in a message of its own before it.
            before = [other.text for other in observer.told if other.id == str(int(told.id) - 1)]
            same("before it", before, [f"{person.name} ‹{origin.capitalize()}› asks:"])
        else:
            matrix.is_by(origin, person, there, told)
        if there == "slack":
            same("in words", told.text, f"📊 {question} {' '.join(ANSWERS)}")
            same("formatting", told.spans, {("bold", question)})
        else:
            same("poll", told.poll, (question, *ANSWERS))
        return told

    started = time.monotonic()
    await person.ask(question, ANSWERS)
    seen = {place: asked(place) for place in matrix.others(origin)}
    await matrix.fill_all(origin, "poll", started, seen)
