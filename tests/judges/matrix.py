"""Three origins × eight operations × two destinations, through Relay, as the official clients see it.

Here: post, edit, delete and reply; beside.py has what people do beside talking."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

import beside
from bridge import ROOMS, Bridge
from cell import IMPOSSIBLE, MEMBERS, OPERATIONS, UNOBSERVED, Cell, same
from news import DEADLINE, Told
from people import CHANGED, CHANGED_SPANS, CHANGED_TEXT, FORMATTED, SPANS, TEXT, Person, StandInPerson

# Where a character of a name would be read as markup, one that looks like it stands in its place.
LOOKALIKES = str.maketrans({"＜": "<", "＞": ">", "＠": "@", "＆": "&"})


class Matrix:
    """The cells, filled in origin by origin."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.cells = {
            (origin, destination, operation): Cell(
                origin,
                destination,
                operation,
                bridge.people[origin][0].how,
                bridge.observers[destination].vendor,
            )
            for origin in ROOMS
            for destination in ROOMS
            if origin != destination
            for operation in OPERATIONS
        }
        for (origin, destination, operation), cell in self.cells.items():
            cell.impossible = IMPOSSIBLE.get((origin, operation))
            if (destination, operation) == UNOBSERVED:
                cell.observes = MEMBERS
            if operation in ("reaction", "attachment"):
                cell.acts = StandInPerson.how

    async def judge(self) -> None:
        for origin in ROOMS:
            if self.bridge.relay.ended():
                return
            await self.post_and_edit(origin)
            await self.delete(origin)
            await self.reply(origin)
            await beside.thread(self, origin)
            await beside.reaction(self, origin)
            await beside.attachment(self, origin)
            await beside.poll(self, origin)
        await asyncio.sleep(0.5)
        self.nothing_twice()

    async def fill(self, cell: Cell, started: float, seen: Awaitable[Told]) -> None:
        """Runs what watches one cell; keeps the longest time and the first thing that was wrong."""
        try:
            took = round(((await seen).at - started) * 1000)
            cell.milliseconds = max(took, cell.milliseconds or 0)
            if took > DEADLINE * 1000:
                raise AssertionError(f"after {took} ms")
        except AssertionError as error:
            cell.wrong = cell.wrong or str(error)
        except Exception as error:  # whatever it is, this cell is wrong and the others go on
            cell.wrong = cell.wrong or f"{type(error).__name__}: {error}"

    async def fill_all(
        self, origin: str, operation: str, started: float, seen: dict[str, Awaitable[Told]]
    ) -> None:
        await asyncio.gather(
            *(
                self.fill(self.cells[origin, there, operation], started, watch)
                for there, watch in seen.items()
            )
        )

    def others(self, origin: str) -> list[str]:
        return [platform for platform in ROOMS if platform != origin]

    def is_by(self, origin: str, person: Person, platform: str, told: Told) -> None:
        """Under the author's name and where they write, with their picture where there is one, and nobody was pinged."""
        same("author", told.author.translate(LOOKALIKES), f"{person.name} ‹{origin.capitalize()}›")
        seen = self.bridge.stand.seen(platform, ROOMS[platform], told.id)
        if platform == "slack":
            same("picture", told.picture, person.picture)
        elif platform == "discord":
            same("has a picture", told.picture is not None, person.picture is not None)
            same("picture as given", seen["avatar"], person.picture)
        same("pinged", seen["pinged"], [])
        same("mentions", told.alarming, False)

    async def post_and_edit(self, origin: str) -> None:
        person, _ = self.bridge.people[origin]
        word = f"post-{origin}"
        copies: dict[str, str] = {}

        async def posted(there: str) -> Told:
            told = await self.bridge.observers[there].posted(word)
            copies[there] = told.id
            self.is_by(origin, person, there, told)
            same("text", told.text, TEXT.format(word))
            same("formatting", set(told.spans), set(SPANS))
            same("answers", told.answers, None)
            return told

        started = time.monotonic()
        message = await person.say(FORMATTED[origin].format(word))
        await self.fill_all(origin, "post", started, {there: posted(there) for there in self.others(origin)})

        word = f"edit-{origin}"

        async def edited(there: str) -> Told:
            if there not in copies:
                raise AssertionError("there is no post to edit")
            told = await self.bridge.observers[there].edited(copies[there], word)
            self.is_by(origin, person, there, told)
            same("text", told.text, CHANGED_TEXT.format(word))
            same("formatting", set(told.spans), set(CHANGED_SPANS))
            return told

        started = time.monotonic()
        await person.edit(message, CHANGED[origin].format(word))
        await self.fill_all(origin, "edit", started, {there: edited(there) for there in self.others(origin)})

    async def delete(self, origin: str) -> None:
        if (origin, "delete") in IMPOSSIBLE:
            return
        person, _ = self.bridge.people[origin]
        word = f"short-lived-{origin}"
        message = await person.say(word)
        copies = dict(zip(self.others(origin), await self.arrivals(self.others(origin), word), strict=True))

        async def deleted(there: str) -> Told:
            if copies[there] is None:
                raise AssertionError("there is no post to delete")
            told = await self.bridge.observers[there].deleted(copies[there])
            seen = self.bridge.stand.seen(there, ROOMS[there], copies[there])
            same("deleted", seen["deleted"], True)
            return told

        started = time.monotonic()
        await person.delete(message)
        await self.fill_all(
            origin, "delete", started, {there: deleted(there) for there in self.others(origin)}
        )

    async def arrivals(self, platforms: list[str], word: str) -> list[str | None]:
        """The ids under which a message with this word is in each of the rooms; none where it did not arrive."""
        seen = [self.bridge.observers[platform].posted(word) for platform in platforms]
        told = await asyncio.gather(*seen, return_exceptions=True)
        return [t.id if isinstance(t, Told) else None for t in told]

    async def reply(self, origin: str) -> None:
        """To what was first said at the origin, and to what was first said in each of the other rooms."""
        for first in ROOMS:
            asker, (_, answerer) = self.bridge.people[first][0], self.bridge.people[origin]
            question, word = f"question-{first}-{origin}", f"answer-{first}-{origin}"
            await asker.say(question)
            ids = dict(zip(ROOMS, await self.arrivals(list(ROOMS), question), strict=True))

            async def replied(there: str, word: str = word, ids: dict[str, str | None] = ids) -> Told:
                if ids[origin] is None or ids[there] is None:
                    raise AssertionError("what is to be answered did not arrive")
                told = await self.bridge.observers[there].posted(word)
                self.is_by(origin, answerer, there, told)
                same("text", told.text, f"{word} @everyone")
                same("answers", told.answers, ids[there])
                return told

            started = time.monotonic()
            text = f"{word} <!everyone>" if origin == "slack" else f"{word} @everyone"
            await answerer.say(text, ids[origin])
            await self.fill_all(
                origin, "reply", started, {there: replied(there) for there in self.others(origin)}
            )

    def nothing_twice(self) -> None:
        """Each message arrived once, and none came back to where it was written."""
        for cell in self.cells.values():
            words = {"post": [f"post-{cell.origin}"], "delete": [f"short-lived-{cell.origin}"]}
            words["reply"] = [f"answer-{first}-{cell.origin}" for first in ROOMS]
            words["thread"] = [f"aside-{n}-{cell.origin}" for n in (1, 2)]
            words["reaction"] = [f"react-{first}-{cell.origin}" for first in ROOMS]
            words["attachment"] = [f"picture-{cell.origin}"]
            words["poll"] = [f"When-{cell.origin}?"]
            for word in words.get(cell.operation, []) if not cell.impossible else []:
                for place in (cell.origin, cell.destination):
                    observer = self.bridge.observers[place]
                    times = len(observer.every(lambda told, w=word: told.what == "posted" and told.says(w)))
                    if times != 1:
                        cell.wrong = cell.wrong or f"`{word}` is {times} times in {place}'s room"
