"""matrix-nio as observer and as people of a room."""

from __future__ import annotations

import asyncio
import io
from functools import partial
from importlib.metadata import version
from typing import Any

import nio
from formatting import of_matrix
from news import DEADLINE, File, News, Told

VENDOR = f"matrix-nio {version('matrix-nio')}"
POLL = "org.matrix.msc3381.poll.start"
WORDS = "org.matrix.msc1767.text"


async def joined(url: str, name: str, shown: str) -> nio.AsyncClient:
    """Somebody who has registered and is called so."""
    client = nio.AsyncClient(url, name)
    answer = await client.register(name, "correct horse")
    if not isinstance(answer, nio.RegisterResponse):
        raise RuntimeError(f"{name} cannot register: {answer}")
    await client.set_displayname(shown)
    return client


class MatrixObserver(News):
    """matrix-nio's sync."""

    platform = "matrix"
    vendor = VENDOR

    def __init__(self, client: nio.AsyncClient, room: str) -> None:
        super().__init__()
        self.client, self.room = client, room
        self.reactions: dict[str, Told] = {}
        client.add_event_callback(self.note, nio.Event)

    async def note(self, room: nio.MatrixRoom, event: nio.Event) -> None:
        if room.room_id == self.room and (told := self.read(room, event.source)):
            await self.add(told)

    def read(self, room: nio.MatrixRoom, event: dict[str, Any]) -> Told | None:
        content, kind, id = event.get("content", {}), event["type"], event["event_id"]
        author, picture = room.user_name(event["sender"]) or event["sender"], room.avatar_url(event["sender"])
        relation = content.get("m.relates_to", {})
        if kind == "m.room.redaction":
            target = event.get("redacts") or content.get("redacts")
            if reaction := self.reactions.pop(target, None):
                return Told("unreacted", reaction.id, author=author, text=reaction.text)
            return Told("deleted", target, author=author)
        if kind == "m.reaction" and relation:
            told = Told("reacted", relation["event_id"], author=author, text=relation["key"])
            self.reactions[id] = told
            return told
        if kind not in ("m.room.message", POLL) or not content:
            return None
        edits = relation.get("rel_type") == "m.replace"
        now = content["m.new_content"] if edits else content
        text, spans = of_matrix(now)
        thread = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
        answers = None if relation.get("is_falling_back") else relation.get("m.in_reply_to", {}).get("event_id")
        files = ()
        if "url" in now:
            alt = now["body"] if now.get("filename", now["body"]) != now["body"] else ""
            files = (File(now.get("filename", now["body"]), alt, partial(self.fetched, now["url"])),)
            text = ""
        poll = ()
        if asked := content.get(POLL):
            poll = (asked["question"][WORDS], *(answer[WORDS] for answer in asked["answers"]))
        return Told(
            "edited" if edits else "posted",
            relation["event_id"] if edits else id,
            author=author,
            picture=picture,
            text=text,
            spans=spans,
            answers=answers,
            thread=thread,
            files=files,
            poll=poll,
            alarming=bool(now.get("m.mentions")),
            raw=event,
        )

    async def fetched(self, address: str) -> bytes:
        answer = await self.client.download(mxc=address)
        if not isinstance(answer, nio.DownloadResponse):
            raise AssertionError(f"the file cannot be fetched: {answer}")
        return answer.body

    async def __aenter__(self) -> MatrixObserver:
        await self.client.sync(timeout=0, full_state=True)
        self.running = asyncio.create_task(self.client.sync_forever(timeout=10_000))
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.running.cancel()
        await asyncio.wait([self.running], timeout=DEADLINE)


class MatrixPerson:
    """A person whose words go through matrix-nio."""

    how = f"{VENDOR} as a person"
    picture = None

    def __init__(self, client: nio.AsyncClient, room: str, name: str) -> None:
        self.client, self.room, self.name = client, room, name
        self.reaction = ""

    async def _send(self, content: dict[str, Any], kind: str = "m.room.message") -> str:
        answer = await self.client.room_send(self.room, kind, content)
        if not isinstance(answer, nio.RoomSendResponse):
            raise RuntimeError(f"{self.name} cannot say it: {answer}")
        return answer.event_id

    @staticmethod
    def _content(html: str) -> dict[str, Any]:
        plain, _ = of_matrix({"formatted_body": html})
        return {"msgtype": "m.text", "body": plain, "format": "org.matrix.custom.html", "formatted_body": html}

    async def say(self, text: str, answered: str | None = None, thread: str | None = None) -> str:
        content = self._content(text)
        if thread:
            content["m.relates_to"] = {"rel_type": "m.thread", "event_id": thread}
        elif answered:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": answered}}
        return await self._send(content)

    async def edit(self, message: str, text: str) -> None:
        new = self._content(text)
        relation = {"rel_type": "m.replace", "event_id": message}
        await self._send({**new, "m.new_content": new, "m.relates_to": relation})

    async def delete(self, message: str) -> None:
        await self.client.room_redact(self.room, message)

    async def open(self, message: str, name: str) -> str:
        """A thread is there with its first answer, and has no name."""
        return message

    async def react(self, message: str, emoji: str, on: bool) -> None:
        if on:
            relation = {"rel_type": "m.annotation", "event_id": message, "key": emoji}
            self.reaction = await self._send({"m.relates_to": relation}, "m.reaction")
        else:
            await self.delete(self.reaction)

    async def attach(self, text: str, name: str, alt: str, picture: bytes) -> str:
        uploaded, _ = await self.client.upload(io.BytesIO(picture), "image/png", name, filesize=len(picture))
        info = {"mimetype": "image/png", "size": len(picture)}
        content = {"msgtype": "m.image", "body": text, "filename": name, "info": info}
        return await self._send({**content, "url": uploaded.content_uri})

    async def ask(self, question: str, answers: list[str]) -> str:
        choices = [{"id": str(at), WORDS: answer} for at, answer in enumerate(answers)]
        start = {"question": {WORDS: question}, "answers": choices, "max_selections": 1}
        start["kind"] = "org.matrix.msc3381.poll.disclosed"
        return await self._send({POLL: start, WORDS: question}, POLL)
