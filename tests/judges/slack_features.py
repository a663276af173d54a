"""What slack_bolt's client sees and does beyond text: files, reactions, pins, members."""

import asyncio

import aiohttp
from news import see
from slack_app import ROOM, TOKEN, changed, refused


async def fetched(url, token):
    """A private file's type and bytes."""
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            return answer.content_type, await answer.read()


async def files(prove, room, client, seen):
    """Files of people are fetched with the token alone; the client's own upload makes one message of several."""
    post = room.act("say", person="Elif", text="a map", files=[{"name": "map.png", "size": 70_000, "alt": "a map"}])
    event = await see(seen, lambda e: e.get("ts") == post)
    file = event["files"][0]
    prove("a picture arrives", file["mimetype"] == "image/png" and file["alt_txt"] == "a map")
    kind, there = await fetched(file["url_private_download"], TOKEN)
    prove("its bytes are fetched with the token", kind == "image/png" and len(there) == file["size"] == 70_000)
    kind, there = await fetched(file["url_private_download"], "xoxb-wrong")
    prove("and without it there is a page to sign in on", kind == "text/html" and b"Sign in" in there)
    room.act("remove_files", person="Elif", message=post, files=[0])
    event = await see(seen, changed(post))
    prove("a file that is taken away leaves its place", event["message"]["files"][0]["mode"] == "tombstone")

    uploads = [
        {"content": b"one", "filename": "one.txt", "title": "One"},
        {"content": b"two", "filename": "two.txt"},
    ]
    done = await client.files_upload_v2(channel=ROOM, initial_comment="*two* files", file_uploads=uploads)
    ids = [f["id"] for f in done["files"]]
    event = await see(seen, lambda e: [f["id"] for f in e.get("files", [])] == ids and "bot_id" in e)
    prove("an upload of two files is one message", event and event["text"] == "*two* files")
    there = room.seen(event["ts"])
    prove("with both", [(f["name"], f["size"]) for f in there["attachments"]] == [("one.txt", 3), ("two.txt", 3)])
    shares = {}
    for _ in range(20):
        shares = (await client.files_info(file=ids[0]))["file"]["shares"]
        if shares:
            break
        await asyncio.sleep(0.1)
    prove("files.info says where", shares["public"][ROOM][0]["ts"] == event["ts"])
    await client.chat_update(channel=ROOM, ts=event["ts"], text="fewer", file_ids=ids[1:])
    there = room.seen(event["ts"])
    prove("an edit can leave a file out", there["text"] == "fewer" and there["files"] == ["two.txt"])
    await client.files_delete(file=ids[1])
    prove("and a file can be deleted", room.seen(event["ts"])["files"] == [])


async def marks(prove, room, client, seen):
    """Reactions and pins, and who is in the channel."""
    post = room.act("say", person="Elif", text="react!")
    where = {"channel": ROOM, "timestamp": post}
    for emoji, name in [("👍🏽", "+1::skin-tone-4"), (":party_owl:", "party_owl")]:
        room.act("react", person="Farid", message=post, emoji=emoji, on=True)
        event = await see(seen, lambda e: e["type"] == "reaction_added" and e["reaction"] == name)
        prove(
            f"a reaction with {name} arrives",
            event["user"] == "U0FARID" and event["item"]["ts"] == post and event["item_user"] == "U0ELIF",
        )
    room.act("react", person="Farid", message=post, emoji=":party_owl:", on=False)
    prove("and goes", await see(seen, lambda e: e["type"] == "reaction_removed"))
    await client.reactions_add(name="tada", **where)
    there = {r["emoji"]: r["people"] for r in room.seen(post)["reactions"]}
    prove("the app reacts", there == {"👍🏽": ["U0FARID"], "🎉": ["U0JUDGE"]})
    prove("once", await refused("already_reacted", client.reactions_add(name="tada", **where)))
    prove("and hears of it", await see(seen, lambda e: e["type"] == "reaction_added" and e["user"] == "U0JUDGE"))
    await client.reactions_remove(name="tada", **where)
    prove("until it takes it back", await refused("no_reaction", client.reactions_remove(name="tada", **where)))
    emoji = (await client.emoji_list())["emoji"]
    prove("the workspace's own emoji are listed", emoji["hoot"] == "alias:party_owl")

    room.act("pin", person="Elif", message=post, on=True)
    event = await see(seen, lambda e: e["type"] == "pin_added")
    prove("a pin arrives", event["item"]["message"]["ts"] == post and event["channel_id"] == ROOM)
    prove("is there", room.seen(post)["pinned"] and await refused("already_pinned", client.pins_add(**where)))
    await client.pins_remove(**where)
    prove("and goes", not room.seen(post)["pinned"] and await see(seen, lambda e: e["type"] == "pin_removed"))

    for act, kind in [("leave", "member_left_channel"), ("join", "member_joined_channel")]:
        room.act(act, person="Farid")
        event = await see(seen, lambda e: e["type"] == kind and e["user"] == "U0FARID")
        members = (await client.conversations_members(channel=ROOM))["members"]
        prove(f"{kind} is told", event and ("U0FARID" in members) == (act == "join"))
    room.act("call_themselves", person="Farid", name="Farid B")
    event = await see(seen, lambda e: e["type"] == "user_change")
    prove("another name is told", event["user"]["profile"]["display_name"] == "Farid B")
    theirs = await client.users_conversations(user="U0FARID")
    prove("and where they are", ROOM in [r["id"] for r in theirs["channels"]])
    room.act("call_themselves", person="Farid B", name="Farid")
