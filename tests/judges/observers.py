"""The platforms' official clients as observers: each logs in with a bot of the judge's own and keeps what it is told."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any

import aiohttp
import discord
import slack_bolt
import telegram
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from formatting import of_discord, of_slack, of_telegram
from news import DEADLINE, File, News, Told
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from telegram.error import BadRequest
from telegram.ext import Application, MessageHandler, filters

# Relay says on one line what a Discord message answers, and links to it.
QUOTE = re.compile(r"^↪ .*?/channels/\d+/\d+/(\d+).*\n")
# Slack's names of the emoji that the judge's people react with.
EMOJI = {"+1": "👍"}


class DiscordObserver(News):
    """discord.py on the gateway."""

    platform = "discord"
    vendor = f"discord.py {discord.__version__}"

    def __init__(self, urls: dict[str, str], token: str) -> None:
        super().__init__()
        Route.BASE = urls["api_url"] + "/api/v10"
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(urls["gateway_url"])
        intents = discord.Intents.default()
        intents.message_content = True
        self.client = discord.Client(intents=intents)
        self.token = token

        @self.client.event
        async def on_message(message: discord.Message) -> None:
            await self.add(self.read("posted", message))

        @self.client.event
        async def on_raw_message_edit(payload: discord.RawMessageUpdateEvent) -> None:
            await self.add(self.read("edited", payload.message))

        async def reaction(what: str, payload: discord.RawReactionActionEvent) -> None:
            # Of who takes one back only the id is told.
            author = payload.member or self.client.get_user(payload.user_id)
            author = author or await self.client.fetch_user(payload.user_id)
            told = Told(what, str(payload.message_id), author=author.display_name, text=payload.emoji.name)
            await self.add(told)

        @self.client.event
        async def on_raw_reaction_add(payload: discord.RawReactionActionEvent) -> None:
            await reaction("reacted", payload)

        @self.client.event
        async def on_raw_reaction_remove(payload: discord.RawReactionActionEvent) -> None:
            await reaction("unreacted", payload)

        @self.client.event
        async def on_raw_message_delete(payload: discord.RawMessageDeleteEvent) -> None:
            await self.add(Told("deleted", str(payload.message_id)))

    @staticmethod
    def read(what: str, message: discord.Message) -> Told:
        # A thread that hangs from a message has its id.
        thread = str(message.channel.id) if isinstance(message.channel, discord.Thread) else None
        answers = thread or (str(message.reference.message_id) if message.reference else None)
        content = message.content
        if quote := QUOTE.match(content):
            answers, content = quote[1], content[quote.end() :]
        text, spans = of_discord(content)
        return Told(
            what,
            str(message.id),
            author=message.author.name if message.webhook_id else message.author.display_name,
            picture=message.author.avatar.url if message.author.avatar else None,
            text=text,
            spans=spans,
            answers=answers,
            thread=thread,
            files=tuple(File(a.filename, a.description or "", a.read) for a in message.attachments),
            poll=(message.poll.question, *(a.text for a in message.poll.answers)) if message.poll else (),
            alarming=message.mention_everyone or bool(message.raw_mentions or message.raw_role_mentions),
            raw=message,
        )

    async def __aenter__(self) -> DiscordObserver:
        await self.client.login(self.token)
        self.running = asyncio.create_task(self.client.connect())
        await asyncio.wait_for(self.client.wait_until_ready(), DEADLINE)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.client.close()
        await asyncio.wait([self.running], timeout=DEADLINE)


class SlackObserver(News):
    """slack_bolt over Socket Mode."""

    platform = "slack"
    vendor = f"slack_bolt {slack_bolt.version.__version__}"

    def __init__(self, urls: dict[str, str], token: str, app_token: str) -> None:
        super().__init__()
        base = urls["api_url"] + "/api/"
        app = AsyncApp(client=AsyncWebClient(token=token, base_url=base), ignoring_self_events_enabled=False)
        self.token = token

        @app.event("message")
        async def on_message(event: dict[str, Any]) -> None:
            await self.add(self.read(event))

        @app.event(re.compile("^reaction_(added|removed)$"))
        async def on_reaction(event: dict[str, Any]) -> None:
            what = "reacted" if event["type"] == "reaction_added" else "unreacted"
            user = (await app.client.users_info(user=event["user"]))["user"]
            emoji = EMOJI.get(event["reaction"], event["reaction"])
            await self.add(Told(what, event["item"]["ts"], author=user["real_name"], text=emoji, raw=event))

        @app.event("file_shared")
        async def on_file(_: dict[str, Any]) -> None:
            """The message tells of it as well."""

        self.socket = AsyncSocketModeHandler(app, app_token, web_client=AsyncWebClient(base_url=base))

    async def fetched(self, url: str) -> bytes:
        """What is behind a private address, with the token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
            return await answer.read()

    def read(self, event: dict[str, Any]) -> Told:
        subtype = event.get("subtype")
        if subtype == "message_deleted":
            return Told("deleted", event["deleted_ts"], raw=event)
        message = event["message"] if subtype == "message_changed" else event
        text, spans = of_slack(message.get("blocks", []))
        thread = message.get("thread_ts")
        return Told(
            "edited" if subtype == "message_changed" else "posted",
            message["ts"],
            author=message.get("username") or message.get("user") or "",
            picture=message.get("icons", {}).get("image_48"),
            text=text,
            spans=frozenset(span for span in spans if span[0] != "mention"),
            answers=thread if thread != message["ts"] else None,
            thread=thread,
            files=tuple(
                File(file["name"], file.get("alt_txt", ""), partial(self.fetched, file["url_private_download"]))
                for file in message.get("files", [])
            ),
            alarming=any(kind == "mention" for kind, _ in spans)
            or "<!" in message["text"]
            or "<@" in message["text"],
            raw=event,
        )

    async def __aenter__(self) -> SlackObserver:
        await asyncio.wait_for(self.socket.connect_async(), DEADLINE)
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.socket.close_async()


async def fetched(size: telegram.PhotoSize) -> bytes:
    """A picture's bytes."""
    return bytes(await (await size.get_file()).download_as_bytearray())


class TelegramObserver(News):
    """python-telegram-bot by long polling, in bot-to-bot mode: administrator, privacy off."""

    platform = "telegram"
    vendor = f"python-telegram-bot {telegram.__version__}"

    def __init__(self, urls: dict[str, str], token: str, chat: str, desk: str) -> None:
        super().__init__()
        self.chat, self.desk = int(chat), int(desk)
        url = urls["api_url"]
        builder = Application.builder().token(token).base_url(f"{url}/bot").base_file_url(f"{url}/file/bot")
        self.application = builder.build()

        async def note(update: telegram.Update, _: Any) -> None:
            if update.effective_message and update.effective_chat and update.effective_chat.id == self.chat:
                await self.add(
                    self.read("edited" if update.edited_message else "posted", update.effective_message)
                )

        self.application.add_handler(MessageHandler(filters.ALL, note))

    @staticmethod
    def read(what: str, message: telegram.Message) -> Told:
        text, spans = of_telegram(message)
        author = message.from_user.full_name if message.from_user else ""
        # Relay is one bot there: it puts the name in front, in bold.
        bold = [words for kind, words in spans if kind == "bold" and text.startswith(words + ": ")]
        if message.from_user and message.from_user.is_bot and bold:
            author, text = bold[0], text.removeprefix(bold[0] + ": ")
            spans -= {("bold", author)}
        # A group without topics has answers in the place of threads.
        answers = str(message.reply_to_message.message_id) if message.reply_to_message else None
        return Told(
            what,
            str(message.message_id),
            author=author,
            text=text,
            spans=frozenset(span for span in spans if span[0] != "mention"),
            answers=answers,
            thread=answers,
            files=tuple(File("", "", partial(fetched, size)) for size in message.photo[-1:]),
            poll=(message.poll.question, *(o.text for o in message.poll.options)) if message.poll else (),
            alarming=any(kind == "mention" for kind, _ in spans),
            raw=message,
        )

    async def deleted(self, id: str) -> Told:
        """Telegram tells nobody: a message is gone when the client cannot copy it to the judge's desk any more."""
        end = asyncio.get_running_loop().time() + DEADLINE
        while asyncio.get_running_loop().time() < end:
            try:
                await self.application.bot.copy_message(self.desk, self.chat, int(id))
            except BadRequest as error:
                if error.message.lower() == "message to copy not found":
                    return Told("deleted", id)
                raise
            await asyncio.sleep(0.02)
        raise AssertionError(f"not deleted within {DEADLINE:.0f} s")

    async def __aenter__(self) -> TelegramObserver:
        await self.application.initialize()
        await self.application.start()
        assert self.application.updater
        await self.application.updater.start_polling(
            timeout=10, allowed_updates=["message", "edited_message"]
        )
        return self

    async def __aexit__(self, *_: Any) -> None:
        assert self.application.updater
        await self.application.updater.stop()
        await self.application.stop()
        await self.application.shutdown()
