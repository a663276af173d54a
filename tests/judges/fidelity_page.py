"""What people do besides talking, on the page of `relay demo`: reactions, threads, files, polls, pins, forwards, typing. For demo_page.py."""

import re
import struct
import zlib

from playwright.sync_api import TimeoutError

ROOMS = {"discord": ("Ada", "Bruno"), "slack": ("Elif", "Farid"), "telegram": ("Hana", "Ivo")}
# Longest time until something is seen elsewhere, in milliseconds.
SOON = 10_000


def png(width, height, shade):
    """A picture of one colour, without anything else in it."""
    rows = b"".join(b"\0" + bytes(shade) * width for _ in range(height))
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def seen(locator, count=1):
    """Whether so many of it can be seen, soon."""
    try:
        locator.nth(count - 1).wait_for(timeout=SOON)
        return True
    except TimeoutError:
        return False


def gone(locator):
    """Whether none of it is left, soon."""
    try:
        locator.first.wait_for(state="detached", timeout=SOON)
        return True
    except TimeoutError:
        return False


def said(judge, room, text):
    """The message that says something, and not one that quotes it."""
    return judge.page.locator(f".room.{room} .message:not(.leaving)", has=judge.page.locator(".said", has_text=text)).last


def everything(judge):
    """Closes what is open, and leaves the threads."""
    judge.page.keyboard.press("Escape")
    for room in ROOMS:
        back = judge.page.locator(f".room.{room} .view", has_text="Everything")
        if back.count():
            back.click()


def others(room):
    return [other for other in ROOMS if other != room]


def say(judge, room, person, text):
    """Says something, and waits until it is everywhere."""
    judge.type(room, person, text)
    for one in ROOMS:
        judge.message(one, text).wait_for(timeout=SOON)


def choose(judge, room, text, entry):
    """An entry of a message's menu."""
    judge.press(room, text, "More")
    judge.page.locator(".popup:popover-open").get_by_role("menuitem", name=re.compile(f"^{entry}")).click()


def extra(judge, room, entry):
    """An entry of the composer's menu."""
    judge.page.locator(f".room.{room} .plus").click()
    judge.page.locator(".popup:popover-open").get_by_role("menuitem", name=entry).click()


def chip(judge, room, text, emoji):
    return said(judge, room, text).locator(f'.reaction[data-key="reaction {emoji}"]')


def reactions(judge):
    page = judge.page
    for room, (first, second) in ROOMS.items():
        text = f"React to this in {room}"
        say(judge, room, first, text)
        judge.press(room, text, "React")
        page.locator(".popup").get_by_role("button", name="👍", exact=True).click()
        own = chip(judge, room, text, "👍")
        good = seen(own) and own.get_attribute("aria-pressed") == "true" and own.get_attribute("data-who") == first
        judge.row(f"{room}: {first} reacts, and it is shown who did", good, why=judge.message(room, text).inner_text())
        for other in others(room):
            judge.row(f"{room}: the reaction is seen in {other}", seen(chip(judge, other, text, "👍")), why=judge.message(other, text).inner_text())
        page.select_option(f"#{room}-as", second)
        judge.row(f"{room}: it is not {second}'s own", own.get_attribute("aria-pressed") == "false")
        page.select_option(f"#{room}-as", first)
        own.click()
        judge.row(f"{room}: pressed again it is taken back", gone(own))
        for other in others(room):
            judge.row(f"{room}: the reaction goes in {other}", gone(chip(judge, other, text, "👍")))
    text = "React to the copy"
    say(judge, "discord", "Chiara", text)
    page.select_option("#slack-as", "Farid")
    judge.press("slack", text, "React")
    page.get_by_label("Another emoji").fill("👀")
    page.keyboard.press("Enter")
    judge.row("slack: an emoji is typed, and reaches the original", seen(chip(judge, "discord", text, "👀")))


def by_keyboard(judge):
    """The menus without a pointer."""
    page = judge.page
    say(judge, "discord", "Ada", "Keys-menu")
    message = judge.message("discord", "Keys-menu")
    message.focus()
    more = message.get_by_role("button", name=re.compile("^More "))
    more.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    at = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Escape")
    back = page.evaluate("document.activeElement.textContent")
    judge.row("a message's menu opens, is gone through and closes with keys", (at, back) == ("Pin", "More"), why=f"{at} {back}")
    message.get_by_role("button", name=re.compile("^React ")).focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    good = seen(message.locator(".reaction[aria-pressed=true]"))
    judge.row("an emoji is chosen with arrow keys", good)


def threads(judge):
    page = judge.page
    say(judge, "discord", "Ada", "Who takes what?")
    page.select_option("#discord-as", "Ada")
    choose(judge, "discord", "Who takes what?", "Start a thread")
    judge.enter("discord", "Packing")
    view = page.locator(".room.discord .view", has_text="Packing")
    good = seen(view) and view.get_attribute("aria-pressed") == "true" and "Packing" in page.get_attribute("#discord-text", "placeholder")
    judge.row("discord: a thread is named, opened, and written into", good)
    judge.enter("discord", "thread-1 the rope")
    root, inside = said(judge, "slack", "Who takes what?"), judge.message("slack", "thread-1")
    good = seen(inside) and inside.get_attribute("data-thread") == root.get_attribute("data-id")
    judge.row("slack: it stands in the thread of the same message", good, why=inside.inner_text() if inside.count() else "nothing")
    answer = judge.message("telegram", "thread-1")
    judge.row("telegram: it answers that message, for no topic hangs from one", seen(answer.locator(".answers", has_text="Who takes what?")), why=answer.inner_text() if answer.count() else "nothing")
    only = page.locator(".room.discord .message:visible").count()
    judge.row("discord: only the thread is shown", only == 2, why=f"{only} messages")
    way = root.locator(".way")
    judge.row("slack: the message says how much is in its thread", seen(way) and "1 reply" in way.inner_text())
    way.click()
    judge.type("slack", "Farid", "thread-2 the coffee")
    there = judge.message("discord", "thread-2")
    good = seen(there) and there.get_attribute("data-thread") == judge.message("discord", "thread-1").get_attribute("data-thread")
    judge.row("slack: what is said in the thread is in the thread in discord", good, why=there.inner_text() if there.count() else "nothing")
    judge.row("slack: what is said in the thread is an answer in telegram", seen(judge.message("telegram", "thread-2").locator(".answers")))
    everything(judge)
    whole = page.locator(".room.discord .message:visible").count()
    judge.row("everything is shown again", whole > 3 and page.get_attribute("#discord-text", "placeholder") == "Message #general")


def topics(judge):
    """A thread that hangs from no message is a topic, both ways."""
    page = judge.page
    for room, entry, name in (("discord", "Open a thread", "Huts"), ("telegram", "Open a topic", "Trains")):
        other = "telegram" if room == "discord" else "discord"
        page.select_option(f"#{room}-as", ROOMS[room][0])
        extra(judge, room, entry)
        judge.enter(room, name)
        seen(page.locator(f".room.{room} .view[aria-pressed=true]", has_text=name))
        judge.enter(room, f"{name}-1")
        there = judge.message(other, f"{name}-1")
        view = page.locator(f".room.{other} .view", has_text=name)
        good = seen(there) and seen(view) and bool(there.get_attribute("data-thread"))
        judge.row(f"{room}: a topic of that name is opened in {other}", good, why=there.inner_text() if there.count() else "nothing")
        if good:
            view.click()
            judge.type(other, ROOMS[other][1], f"{name}-2")
            back = judge.message(room, f"{name}-2")
            good = seen(back) and back.get_attribute("data-thread") == judge.message(room, f"{name}-1").get_attribute("data-thread")
            judge.row(f"{room}: what is said in it in {other} comes back into it", good)
        everything(judge)


def files(judge):
    """A picture from each room, with its words, in both others: as large as it was."""
    page = judge.page
    for number, room in enumerate(ROOMS):
        text, alt, width = f"A picture from {room}", f"All of {room}", 40 + number
        page.select_option(f"#{room}-as", ROOMS[room][0])
        given = {"name": f"{room}.png", "mimeType": "image/png", "buffer": png(width, 30, (90, 130, 40 * number))}
        page.set_input_files(f".room.{room} .composer input[type=file]", given)
        page.locator(f".room.{room} .tray li").wait_for()
        page.get_by_label(f"What {room}.png shows").fill(alt)
        judge.enter(room, text)
        for one in ROOMS:
            picture = page.locator(f".room.{one} .message", has_text=text).or_(page.locator(f".room.{one} .message", has=page.locator(f'img[alt="{alt}"]'))).locator(".picture img").last
            good = seen(picture)
            size = good and picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth; }")
            judge.row(f"{room}: the picture is seen in {one}", size == width, why=f"{size} pixels wide, not {width}")
        judge.row(f"{room}: nothing is left in the tray", page.locator(f".room.{room} .tray li").count() == 0)


def large_and_hostile(judge, url):
    """What does not fit is said; what could do something is only saved."""
    page = judge.page
    page.set_input_files(".room.discord .composer input[type=file]", {"name": "film.mp4", "mimeType": "video/mp4", "buffer": bytes(9 << 20)})
    error = page.locator("#discord-error")
    error.filter(has_text="at most").wait_for(timeout=SOON)
    said = error.inner_text()
    judge.row("a file that is too large is named, with the limit", "film.mp4 (9.4 MB)" in said and "8.4 MB" in said, why=said)
    page.set_input_files(".room.discord .composer input[type=file]", {"name": "a.svg", "mimeType": "image/svg+xml", "buffer": b"<svg xmlns='http://www.w3.org/2000/svg'><script>parent.hit=1</script></svg>"})
    page.locator(".room.discord .tray li").wait_for()
    judge.enter("discord", "A drawing")
    card = judge.message("discord", "A drawing").locator(".card")
    good = seen(card)
    address = card.locator(".save").get_attribute("href") if good else "/demo/file"
    answer = page.request.get(url + address)
    headers = answer.headers
    safe = (headers.get("content-type"), headers.get("content-disposition"), headers.get("content-security-policy"))
    judge.row("a drawing that is a program is a file to save", good and safe == ("application/octet-stream", "attachment", "default-src 'none'; sandbox"), why=str(safe))
    for what, path in [("no such file", re.sub("place=0", "place=7", address)), ("no such message", re.sub(r"message=\w+", "message=1", address))]:
        judge.row(f"the server answers 404: {what}", page.request.get(url + path).status == 404)
    judge.row("the server answers 400 without a file's name", page.request.get(f"{url}/demo/file").status == 400)


def dropped(judge):
    """A file is dropped on a room, and taken away again."""
    page = judge.page
    page.evaluate("""() => {
      const files = new DataTransfer();
      files.items.add(new File(["a,b"], "table.csv", { type: "text/csv" }));
      const form = document.querySelector(".room.slack .composer");
      for (const kind of ["dragover", "drop"]) form.dispatchEvent(new DragEvent(kind, { dataTransfer: files, bubbles: true, cancelable: true }));
    }""")
    item = page.locator(".room.slack .tray li", has_text="table.csv")
    judge.row("a dropped file is in the tray", seen(item))
    page.get_by_label("Do not attach table.csv").click()
    judge.row("and can be taken away again", gone(item) and page.locator(".room.slack .tray").is_hidden())


def played_files(judge):
    """The sample with an album, a spoiler, a voice message, a sticker and a paper."""
    page = judge.page
    page.get_by_role("button", name="Files", exact=True).click()
    for room in ROOMS:
        paper = page.locator(f".room.{room} .card", has_text=re.compile("packing.list")).last
        judge.row(f"{room}: the paper is a card with its size", seen(paper) and "21 B" in paper.inner_text())
        # Slack takes a sound without an ending of its own in its name for a plain file.
        if room == "slack":
            judge.row("slack: the voice message is there", seen(page.locator(".room.slack .card", has_text="voice message").or_(page.locator(".room.slack audio")).last))
            continue
        heard = page.locator(f".room.{room} audio").last
        ready = seen(heard) and heard.evaluate("(it) => new Promise((done) => { it.load(); it.onloadedmetadata = () => done(it.duration); setTimeout(() => done(0), 5000); })")
        judge.row(f"{room}: the voice message can be played", abs((ready or 0) - 2) < 0.2, why=f"{ready} s")
    for room in ROOMS:
        pair = [page.locator(f".room.{room} .picture img[src*=demo]").last, page.locator(f".room.{room} .message", has_text="Two from last year").last]
        judge.row(f"{room}: the album has arrived", all(map(seen, pair)) and page.locator(f".room.{room} .picture").count() >= 2)
    cover = page.locator(".room.discord .uncover").last
    good = seen(cover) and page.locator(".room.discord .covered > :first-child").last.evaluate("(it) => getComputedStyle(it).filter !== 'none' && it.inert")
    cover.scroll_into_view_if_needed()
    cover.click()
    whole = page.locator(".room.discord .covered.open > :first-child").last
    judge.row("a spoiler is hidden until it is pressed", good and seen(whole) and not whole.evaluate("(it) => it.inert"))
    whole.click()
    shown = page.locator("dialog.large img")
    judge.row("a picture opens large", seen(shown))
    page.keyboard.press("Escape")
    judge.row("and Escape closes it", gone(shown))
    for room in ("discord", "telegram"):
        judge.row(f"{room}: the sticker is shown", seen(page.locator(f".room.{room} img.sticker, .room.{room} .picture img[alt*=🦉], .room.{room} .picture img[alt*=owl]").last))


def polls(judge):
    page = judge.page
    page.select_option("#discord-as", "Ada")
    extra(judge, "discord", "Ask a poll")
    form = page.locator("dialog.form")
    form.get_by_label("Question").fill("Tea or coffee?")
    form.get_by_label("Answer 1").fill("Tea")
    form.get_by_label("Answer 2").fill("Coffee")
    form.get_by_role("button", name="Ask", exact=True).click()
    own = page.locator(".room.discord .message", has=page.locator(".poll", has_text="Tea or coffee?")).last
    judge.row("discord: a poll is asked", seen(own) and form.count() == 0)
    copy = page.locator(".room.telegram .poll", has_text="Tea or coffee?").last
    judge.row("telegram: it is a poll there", seen(copy) and copy.locator(".choice").count() == 2)
    words = judge.message("slack", "Tea or coffee?")
    judge.row("slack: its question and answers can be read", seen(words) and all(one in words.inner_text() for one in ("Tea", "Coffee")))
    for person, answer in (("Ada", "Tea"), ("Bruno", "Tea"), ("Chiara", "Coffee")):
        page.select_option("#discord-as", person)
        own.locator(".choice", has_text=answer).click()
        own.locator(".choice[aria-pressed=true]", has_text=answer).wait_for(timeout=SOON)
    judge.row("discord: three votes are counted", seen(own.locator(".sum", has_text="3 votes")) and "67 %" in own.inner_text(), why=own.inner_text())
    own.locator(".choice", has_text="Coffee").click()
    judge.row("discord: a vote is taken back", seen(own.locator(".sum", has_text="2 votes")), why=own.inner_text())
    own.get_by_role("button", name="End poll").click()
    judge.row("discord: it ends", seen(own.locator(".poll.ended")) and own.locator(".choice").first.is_disabled())
    result = page.locator(".room.slack .message", has_text=re.compile(r"Tea[\s\S]*2"))
    judge.row("slack: its result is told", seen(result.last))


def pins(judge):
    page = judge.page
    say(judge, "discord", "Ada", "Pin this")
    page.select_option("#discord-as", "Ada")
    choose(judge, "discord", "Pin this", "Pin")
    for room in ROOMS:
        judge.row(f"{room}: it is pinned", seen(judge.message(room, "Pin this").locator(".pinned")))
    listed = page.locator(".room.discord .pins")
    judge.type("discord", "Ada", "Something after it")
    listed.click()
    page.locator(".popup").get_by_role("menuitem", name=re.compile("Ada: Pin this")).click()
    focused = page.evaluate("document.activeElement.querySelector('.said')?.textContent")
    judge.row("discord: the list of pins leads to it", focused == "Pin this", why=str(focused))
    choose(judge, "discord", "Pin this", "Unpin")
    for room in ROOMS:
        judge.row(f"{room}: it is not pinned any more", gone(judge.message(room, "Pin this").locator(".pinned")))


def forwards(judge):
    """Somebody passes a message on from a room that is not joined."""
    page = judge.page
    page.locator(".room.telegram").get_by_role("tab", name=re.compile("^Trail crew")).click()
    judge.type("telegram", "Kwame", "The path is free again")
    page.locator(".room.telegram .message", has_text="The path is free again").wait_for(timeout=SOON)
    page.select_option("#telegram-as", "Hana")
    choose(judge, "telegram", "The path is free again", "Forward to Sunday hikers")
    page.locator(".room.telegram").get_by_role("tab", name=re.compile("^Sunday hikers")).click()
    own = judge.message("telegram", "The path is free again")
    judge.row("telegram: it says whose it was", seen(own.locator(".forwarded", has_text="Kwame")))
    for room in others("telegram"):
        there = judge.message(room, "The path is free again")
        judge.row(f"telegram: {room} says that it was passed on", seen(there) and "orwarded" in there.inner_text() and "Kwame" in there.inner_text(), why=there.inner_text() if there.count() else "nothing")


def typing(judge):
    page = judge.page
    page.select_option("#discord-as", "Dmitri")
    line = page.locator(".room.telegram .typing", has_text="Somebody is typing")
    for _ in range(10):
        # Relay says it once in a while, and somebody has just typed elsewhere.
        page.locator("#discord-text").press_sequentially("m")
        page.wait_for_timeout(1_500)
        if line.count():
            break
    judge.row("telegram: it is shown that somebody types", line.count() == 1)
    judge.row("discord: but not to whoever types", page.locator(".room.discord .typing", has_text="typing").count() == 0)
    judge.enter("discord", "Hm, why not")
    judge.message("telegram", "Hm, why not").wait_for(timeout=SOON)
    judge.row("telegram: no longer when it has come", gone(line))


def shapes(judge):
    """Nothing is wider than the window."""
    page, before = judge.page, judge.page.viewport_size
    for width in (1280, 800, 420):
        page.set_viewport_size({"width": width, "height": 860})
        page.wait_for_timeout(200)
        wide = page.evaluate("""() => [document.documentElement, ...document.querySelectorAll('.messages, .content')]
          .filter((it) => it.scrollWidth > it.clientWidth + 1).map((it) => `${it.className} ${it.scrollWidth} > ${it.clientWidth}: ${it.textContent.slice(0, 40)}`)""")
        judge.row(f"nothing is too wide at {width} pixels", not wide, why="; ".join(wide[:3]))
    page.set_viewport_size(before)


def all_of_it(judge, url):
    for one in (reactions, by_keyboard, threads, topics, files, dropped, played_files, polls, pins, forwards, typing, shapes):
        try:
            one(judge)
        except TimeoutError as error:
            judge.row(one.__name__, False, why=str(error).splitlines()[0])
        everything(judge)
    large_and_hostile(judge, url)
