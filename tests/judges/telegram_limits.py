"""How python-telegram-bot is told of Telegram's limits."""

import asyncio

from telegram.error import RetryAfter
from telegram_world import CHAT, prove


def seconds(error):
    wait = error.retry_after
    return wait if isinstance(wait, int | float) else wait.total_seconds()


async def keeps_limits(room, bot):
    """One message a second in a chat, of which a few may come at once."""
    room.stand.control("telegram/limits", {"scale": 1.0})
    waits = []
    for n in range(5):
        try:
            await bot.send_message(CHAT, f"eager {n}")
        except RetryAfter as error:
            waits.append(seconds(error))
    prove("a burst in a chat is refused with its wait", waits and all(1 <= wait <= 3 for wait in waits))
    await asyncio.sleep(waits[-1])
    await bot.send_message(CHAT, "as it was told")
    prove("after which a message goes through")
    room.stand.control("telegram/limits", {"scale": 100_000.0})  # as good as none
