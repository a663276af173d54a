"""Where python-telegram-bot judges the Telegram stand-in: its chats, its people, and the list of what held."""

import telegram
from proofs import Proofs

PROOFS = Proofs(f"python-telegram-bot {telegram.__version__}")
prove = PROOFS.prove

TOKEN = "7000000001:judge-telegram-token-of-thirty-five"
CHAT = -1001000000001
GROUP = -4002  # no supergroup yet
HANA = 1000000001
FORUM = -1001000000003
KEEPER = "7000000009:keeper-telegram-token-of-thirty-five"  # an administrator of the forum
PNG = bytes.fromhex("89504e470d0a1a0a0000000d4948445200000008000000080802000000")
WORLD = f"""
[[telegram.spaces]]
name = "Chats"
rooms = [{{ id = "{CHAT}", name = "Sunday hikers" }}, {{ id = "{GROUP}", name = "Trail crew" }}]
[[telegram.spaces]]
name = "Forums"
rooms = [{{ id = "{FORUM}", name = "Boathouse", forum = true }}]
[[telegram.people]]
name = "Hana"
id = "1000000001"
[[telegram.people]]
name = "Ivo"
id = "1000000002"
[[telegram.bots]]
name = "Judge"
token = "{TOKEN}"
may = ["privacy_off"]
rooms = ["{CHAT}", "{GROUP}"]
[[telegram.bots]]
name = "Keeper"
token = "{KEEPER}"
rooms = ["{FORUM}"]
"""


async def refused(kind, text, attempt):
    """Answers whether the attempt was refused with this error and text."""
    try:
        await attempt
    except kind as error:
        return text in str(error).lower()
    return False
