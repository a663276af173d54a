"""What an official client was told, in one shape for all three."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

DEADLINE = 10.0  # seconds: later than this is not delivered


@dataclass(frozen=True)
class File:
    """An attached file, with what fetches its bytes as the client does."""

    name: str
    alt: str
    fetch: Callable[[], Awaitable[bytes]]


@dataclass(frozen=True)
class Told:
    """One event, in the words of the client that heard it."""

    what: str  # posted, edited, deleted, reacted, unreacted
    id: str
    author: str = ""
    picture: str | None = None
    text: str = ""  # plain, runs of white space as one space
    spans: frozenset[tuple[str, str]] = frozenset()  # native formatting: ("bold", "its words") …
    answers: str | None = None  # the id of the message that it answers
    thread: str | None = None  # the id of the message from which the thread hangs that it stands in
    files: tuple[File, ...] = ()
    poll: tuple[str, ...] = ()  # a native one: its question and its answers
    alarming: bool = False  # the client says that it mentions somebody
    raw: Any = None
    at: float = field(default_factory=time.monotonic)

    def says(self, words: str) -> bool:
        """In its text, or as what its poll asks."""
        return any(words in text for text in (self.text, *self.poll))


class News:
    """Everything that was told, in order; one can wait for what is still to come."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._changed = asyncio.Condition()

    async def add(self, told: Told) -> None:
        async with self._changed:
            self.told.append(told)
            self._changed.notify_all()

    def every(self, wanted: Callable[[Told], bool]) -> list[Told]:
        return [told for told in self.told if wanted(told)]

    async def first(self, what: str, wanted: Callable[[Told], bool], seconds: float = DEADLINE) -> Told:
        """The first event of that kind for which `wanted` holds, within the deadline."""

        def found() -> list[Told]:
            return self.every(lambda told: told.what == what and wanted(told))

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(found), seconds)
            except TimeoutError:
                raise AssertionError(f"not {what} within {seconds:.0f} s") from None
            return found()[0]

    async def posted(self, words: str) -> Told:
        return await self.first("posted", lambda told: told.says(words))

    async def edited(self, id: str, words: str) -> Told:
        return await self.first("edited", lambda told: told.id == id and words in told.text)

    async def reacted(self, id: str, emoji: str, on: bool) -> Told:
        what = "reacted" if on else "unreacted"
        return await self.first(what, lambda told: told.id == id and told.text == emoji)

    async def deleted(self, id: str) -> Told:
        return await self.first("deleted", lambda told: told.id == id)


def plain(text: str) -> str:
    """On one line."""
    return " ".join(text.split())


async def see(seen: list[Any], wanted: Callable[[Any], Any], seconds: float = DEADLINE) -> Any:
    """The first of a growing list for which `wanted` holds; none within the deadline is `None`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for one in list(seen):
            if wanted(one):
                return one
        await asyncio.sleep(0.02)
    return None
