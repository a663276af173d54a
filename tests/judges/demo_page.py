"""A visitor in headless Chromium against `relay demo`: proves that the page works and that the bridge behind it does.

    pip install -r requirements.txt        # playwright; Chromium comes from the distribution
    python demo_page.py path/to/relay [folder for screenshots] [--chromium /usr/bin/chromium] [--portrait docs/demo.png] [--commands]

Types, edits, answers and deletes in each of the three rooms and looks for it in the other two; gives commands, and lets
further rooms join the channel and leave it; what else people do is in fidelity_page.py. Prints a table with the milliseconds and exits 1 if anything is not as it should be.
"""

import argparse
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import fidelity_page
from playwright.sync_api import TimeoutError, sync_playwright

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
ROOMS = {"discord": ("Ada", "Bruno"), "slack": ("Elif", "Farid"), "telegram": ("Hana", "Ivo")}
# The second room of each platform, the words with which it is told of, and whether an answer is seen by its asker alone.
SECOND = {
    "discord": ("#random", "#random of Night Owls (Discord)", True),
    "slack": ("#random", "#random of Studio (Slack)", True),
    "telegram": ("Trail crew", "Trail crew (Telegram)", False),
}
# Answers without any words of Relay's.
LANGUAGELESS = {"who"}
# Longest time from the key to the sight, in milliseconds.
SOON = 1_000
# Longest time until the page's counts are those of the bridge, in milliseconds.
SETTLED = 700

# Resolves to {platform: [milliseconds, author, text]} when `holds` is true for a message in every room of `where`.
WATCH = """([wanted, where, gone]) => {
  const found = {};
  const texts = (room) => [...document.querySelectorAll(`.room.${room} .message:not(.leaving)`)]
    .filter((message) => message.querySelector(".said").textContent.includes(wanted));
  let from = performance.now();
  window.watching = new Promise((done) => {
    const look = () => {
      for (const room of where.filter((room) => !(room in found))) {
        const messages = texts(room);
        if (gone ? messages.length : !messages.length) continue;
        const message = messages.at(-1);
        found[room] = [performance.now() - from, message?.dataset.author, message?.querySelector(".said").textContent];
      }
      if (where.every((room) => room in found)) { observer.disconnect(); done(found); }
    };
    const observer = new MutationObserver(look);
    observer.observe(document.querySelector("#rooms"), { subtree: true, childList: true, characterData: true, attributes: true });
    const begin = (event) => { if (event.type === "click" || event.key === "Enter") from = performance.now(); };
    for (const kind of ["keydown", "click"]) window.addEventListener(kind, begin, { capture: true, once: true });
    if (gone) look();
  });
}"""


class Judge:
    def __init__(self, page):
        self.page = page
        self.rows, self.failures = [], 0

    def row(self, what, good, times=None, why=""):
        self.rows.append((what, times or {}, "ok" if good else f"FAILED {why}"))
        self.failures += not good
        shown = "  ".join(f"{room} {ms:.0f} ms" for room, ms in (times or {}).items())
        print(f"{'ok    ' if good else 'FAILED'}  {what:52} {shown} {'' if good else why}", flush=True)

    def watched(self, what, wanted, where, do, gone=False, soon=SOON, check=lambda room, author, text: True):
        """Does something, and waits until `wanted` is in (or gone from) the rooms `where`."""
        self.page.evaluate(WATCH, [wanted, where, gone])
        do()
        found = self.page.evaluate("Promise.race([window.watching, new Promise((done) => setTimeout(done, 15000, null))])")
        if found is None:
            seen = [room for room in where if (self.message(room, wanted).count() > 0) != gone]
            return self.row(what, False, why=f"within 15 s only in {seen}")
        times = {room: ms for room, (ms, _, _) in found.items()}
        late = [room for room, ms in times.items() if ms > soon]
        wrong = [] if gone else [(room, f) for room, f in found.items() if not check(room, f[1], f[2])]
        self.row(what, not late and not wrong, times, f"late: {late} not as it should be: {wrong}")

    def message(self, room, text):
        return self.page.locator(f".room.{room} .message:not(.leaving)", has_text=text).last

    def type(self, room, person, text):
        self.page.select_option(f"#{room}-as", person)
        self.enter(room, text)

    def enter(self, room, text):
        self.page.fill(f"#{room}-text", text)
        self.page.press(f"#{room}-text", "Enter")

    def press(self, room, text, what):
        message = self.message(room, text)
        for last in (False, False, True):
            # A message that is drawn anew under the pointer is not hovered until the pointer moves.
            self.page.mouse.move(0, 0)
            message.hover()
            try:
                return message.get_by_role("button", name=re.compile(f"^{what} ")).click(timeout=2_000)
            except TimeoutError:
                if last:
                    raise


def by(person):
    """Shown under the person's name, with where it comes from: as the author, or where the platform allows no other author, at the
    text's beginning."""
    named = re.compile(rf"{person} ‹\w+›")
    return lambda room, author, text: bool(named.match(text) if room == "telegram" else named.fullmatch(author))


def round_trip(judge, room):
    first, second = ROOMS[room]
    others = [other for other in ROOMS if other != room]
    say, edited, answer = f"{first} says {room}-1", f"{first} now says {room}-2", f"{second} answers {room}-3"
    judge.watched(f"{room}: {first} types", say, others, lambda: judge.type(room, first, say), check=by(first))

    def edit():
        judge.press(room, say, "Edit")
        judge.enter(room, edited)

    judge.watched(f"{room}: {first} edits", edited, others, edit, check=by(first))
    for other in others:
        judge.row(f"{room}: the edit in {other} replaced the message", judge.message(other, say).count() == 0)

    def reply():
        judge.press(room, edited, "Reply")
        judge.type(room, second, answer)

    judge.watched(f"{room}: {second} answers", answer, others, reply)
    for other in others:
        shown = judge.message(other, answer)
        quoted = shown.locator(".answers") if other != "discord" else shown.locator(".said a")
        good = quoted.count() == 1 and f"{room}-" in quoted.inner_text()
        if (room, other) == ("slack", "discord"):
            # An answer on Slack begins a thread.
            good = shown.get_attribute("data-thread") == fidelity_page.said(judge, other, edited).get_attribute("data-id")
        judge.row(f"{room}: {other} shows what is answered", good, why=shown.inner_text() if shown.count() else "nothing")

    def delete():
        judge.press(room, answer, "Delete")

    if room == "telegram":
        delete()
        note = judge.page.locator(".room.telegram .note")
        note.wait_for(state="visible", timeout=5_000)
        judge.row("telegram: a hint says that bots hear of no deletion", "no bot" in note.inner_text())
    else:
        judge.watched(f"{room}: {second} deletes", answer, others, delete, gone=True)


def across(judge):
    """Somebody answers a bridged copy, and the answer finds the original."""
    judge.type("discord", "Chiara", "Across-1")
    judge.message("telegram", "Across-1").wait_for(timeout=5_000)

    def reply():
        judge.press("telegram", "Across-1", "Reply")
        mode = judge.page.inner_text(".room.telegram .mode")
        judge.row("telegram: the answer is to the person, not to the bot", mode.startswith("Answering Chiara"), why=mode)
        judge.type("telegram", "Kwame", "Across-2")

    judge.watched("telegram: Kwame answers a bridged message", "Across-2", ["discord", "slack"], reply)
    slack = judge.message("slack", "Across-2").locator(".answers")
    judge.row("slack: it stands in the original's thread", slack.count() == 1 and "Across-1" in slack.inner_text())
    message = judge.message("telegram", "Across-2")
    same = judge.page.locator(".message.same")
    for _ in range(10):
        # The page may still have to hear which messages are the same one.
        judge.page.mouse.move(0, 0)
        message.hover()
        if same.count() == 2:
            break
        judge.page.wait_for_timeout(100)
    judge.row("hovering marks the same message in the other rooms", same.count() == 2, why=f"{same.count()} marked")


def passing_words(judge):
    """What was said of one text or message goes with the next."""
    page = judge.page
    judge.enter("discord", "x" * 2500)
    error = page.locator("#discord-error")
    error.filter(has_text="2000").wait_for(timeout=5_000)
    page.fill("#discord-text", "")
    judge.row("a refusal goes when the text is changed", error.inner_text() == "", why=error.inner_text())
    judge.type("telegram", "Hana", "Words-1")
    judge.message("discord", "Words-1").wait_for(timeout=5_000)
    judge.press("telegram", "Words-1", "Delete")
    note = page.locator(".room.telegram .note")
    note.wait_for(state="visible", timeout=5_000)
    judge.watched("discord: the next message", "Words-2", ["telegram"], lambda: judge.type("discord", "Ada", "Words-2"))
    judge.row("telegram: the note on deletions goes with it", note.is_hidden())


def quotes(judge):
    """What is quoted follows what is answered."""
    page = judge.page
    judge.type("slack", "Elif", "Quote-1")
    judge.press("slack", "Quote-1", "Reply")
    judge.type("slack", "Farid", "Quote-2")
    quote = judge.message("slack", "Quote-2").locator(".answers")
    quote.get_by_text("Quote-1").wait_for(timeout=5_000)
    first = page.locator(".room.slack .message", has=page.locator(".said", has_text="Quote-1")).last
    first.hover()
    first.get_by_role("button", name=re.compile("^Delete ")).click()
    first.wait_for(state="detached", timeout=5_000)
    judge.row("slack: a thread says that its beginning is gone", "deleted" in quote.inner_text(), why=quote.inner_text())


def cut(judge):
    """The outage is seen, and that it is over is said for a while."""
    page = judge.page

    def press():
        page.get_by_role("button", name="Cut Slack").click()
        page.locator(".room.slack .state.down", has_text="cut,").wait_for(timeout=5_000)

    judge.watched("fault: Cut Slack", "Does this still get out?", ["discord", "telegram"], press, soon=15_000)
    page.locator("#latest", has_text="Nothing was lost").wait_for(timeout=10_000)
    judge.type("discord", "Ada", "Cut-2")
    judge.message("slack", "Cut-2").wait_for(timeout=5_000)
    said = page.inner_text("#latest")
    state = page.inner_text(".room.slack .state.up")
    good = re.search(r"was cut and came back after [\d.]+ s\. Nothing was lost", said) and re.fullmatch(r"back after [\d.]+ s", state)
    judge.row("the outage is told, and stays in sight", bool(good), why=f"{said} / {state}")


def keyboard(judge):
    """From the last message to its answer without a pointer."""
    page = judge.page
    judge.type("slack", "Greta", "Keys-1")
    judge.message("slack", "Keys-1").wait_for(timeout=5_000)
    message = judge.message("slack", "Keys-1")
    message.evaluate("(it) => { it.closest('.room').querySelector('.message[tabindex=\"0\"]').focus(); }")
    page.keyboard.press("End")
    focused = page.evaluate("document.activeElement.dataset.id")
    page.keyboard.press("Tab")
    shown = message.locator(".actions").evaluate("async (it) => { await new Promise((r) => setTimeout(r, 300)); return getComputedStyle(it).opacity; }")
    page.keyboard.press("Enter")
    typing = page.evaluate("document.activeElement.id")
    good = (focused, shown, typing) == (message.get_attribute("data-id"), "1", "slack-text")
    judge.row("arrow keys, Tab and Enter lead to an answer", good, why=f"{focused} {shown} {typing}")
    page.keyboard.press("Escape")
    judge.row("Escape leaves it", page.locator(".room.slack .mode").is_hidden())


def tries(judge):
    page = judge.page
    page.get_by_role("button", name="Formatting").click()
    for room in ROOMS:
        message = judge.message(room, "struck")
        message.wait_for(timeout=5_000)
        found = {tag: message.locator(f".said {tag}").count() for tag in ("strong", "em", "s", "code", "a", "pre")}
        judge.row(f"{room}: formatting is the platform's own", all(found.values()), why=str(found))
    hostile = "<img src=x onerror=alert(1)> <b>&amp;</b>"
    judge.watched("markup stays text", hostile, ["slack", "telegram"], lambda: judge.type("discord", "Dmitri", hostile))
    began = time.monotonic()
    page.get_by_role("button", name="Long text").click()
    for room in ("discord", "telegram"):
        judge.message(room, "That is all of it.").wait_for(timeout=15_000)
    took = (time.monotonic() - began) * 1000
    judge.row("10,000 characters are split and all arrive", True, {"all parts": took})
    page.get_by_role("button", name="Make it hard").click()
    cut(judge)
    for fault, wanted, where in [
        ("Telegram answers 429", "Can the hikers hear us?", ["slack", "telegram"]),
        ("Discord answers 502", "And the owls?", ["discord", "slack"]),
    ]:
        press = page.get_by_role("button", name=fault).click
        judge.watched(f"fault: {fault}", wanted, where, press, soon=15_000)
    page.get_by_role("button", name="Make it hard").click()
    page.locator("#waiting", has_text=re.compile("^0$")).wait_for(timeout=15_000)
    page.wait_for_timeout(700)
    judge.row("nothing waits, nothing was given up", page.inner_text("#dead") == "0", why=page.inner_text(".counts"))


def command(judge, room, person, text, wanted):
    """Gives a command, and tells what is answered; the answer must say `wanted`."""
    page = judge.page
    shown = page.locator(f".room.{room} {'.answer' if SECOND[room][2] else '.message.by-bot:has(.answers)'}")
    before = shown.count()
    judge.type(room, person, text)
    try:
        shown.nth(before).locator(".said", has_text=re.compile(wanted)).wait_for(timeout=10_000)
    except TimeoutError:
        why = shown.last.inner_text() if shown.count() > before else page.inner_text(f"#{room}-error") or "no answer"
        judge.row(f"{room}: {person} is answered: {text}", False, why=why)
        return None
    judge.row(f"{room}: {person} is answered: {text}", True)
    return shown.nth(before)


def switch(judge, room, name):
    judge.page.locator(f".room.{room}").get_by_role("tab", name=re.compile(f"^{name}")).click()


def joined(judge, room, wanted):
    """Whether the head of a pane says so, soon."""
    try:
        judge.page.locator(f".room.{room} .where", has_text=re.compile(wanted)).wait_for(timeout=5_000)
        return True
    except TimeoutError:
        return False


def membership(judge, room):
    """A room asks to join, is let in, takes part, and leaves again."""
    page = judge.page
    manager, other = ROOMS[room]
    name, told, alone = SECOND[room]
    first, others = page.locator(f".room.{room} [role=tab]").first.inner_text(), [one for one in ROOMS if one != room]
    # The counts follow within half a second.
    page.wait_for_timeout(SETTLED)
    accepted = page.inner_text("#accepted")
    command(judge, room, other, "/relay status", "^Joined to lobby, with .*: works")
    switch(judge, room, name)
    judge.row(f"{room}: {name} is shown as not joined", joined(judge, room, "not joined$"))
    command(judge, room, other, "/relay status", "not joined to any")
    command(judge, room, other, "/relay connect lobby", "Only somebody who may manage this room")
    asked = command(judge, room, manager, "/relay connect lobby", "good once")
    code = asked.locator("code.pass").inner_text() if asked else "AAAA-AAAA"
    judge.row(f"{room}: the code can be copied", bool(asked) and asked.get_by_role("button", name=f"Copy {code}").count() == 1)
    command(judge, room, manager, f"/relay approve {code}", "approved in an owners' room")
    switch(judge, "discord", "#general")
    command(judge, "discord", "Bruno", f"/relay approve {code} yes", "Only somebody who may manage this room")
    if room == "discord":
        command(judge, "discord", "Ada", "/relay approve AAAA-AAAA yes", "not good")
    command(judge, "discord", "Ada", f"/relay approve {code}", f"wants to join lobby.*{manager}")
    heard = lambda: judge.enter("discord", f"/relay approve {code} yes")
    judge.watched(f"{room}: every room is told who joined", f"{told} has joined lobby", others, heard)
    command(judge, "discord", "Ada", f"/relay approve {code} yes", "not good")
    switch(judge, room, name)
    judge.row(f"{room}: {name} is shown as joined", joined(judge, room, "joined to lobby$") and page.inner_text("#joined") == "4 rooms")
    say, back = f"{manager} in {name} says join-{room}-1", f"join-{room}-2"
    judge.watched(f"{room}: what is said in {name} is heard", say, others, lambda: judge.type(room, manager, say), check=by(manager))
    judge.watched(f"{room}: {name} hears the others", back, [room], lambda: judge.type(others[0], ROOMS[others[0]][0], back))
    # Out of sight things arrive too.
    switch(judge, room, first)
    page.locator(f".room.{room} .said", has_text=say).wait_for(timeout=5_000)
    judge.enter(others[0], f"join-{room}-3")
    page.locator(f".room.{room} .tab.new", has_text=name).wait_for(timeout=5_000)
    switch(judge, room, name)
    judge.row(f"{room}: a room that is not shown has got it", judge.message(room, f"join-{room}-3").count() == 1)
    command(judge, room, other, "/relay disconnect", "Only somebody who may manage this room")
    command(judge, room, manager, "/relay disconnect", "has left lobby")
    judge.row(f"{room}: {name} is shown as having left", joined(judge, room, "not joined$") and page.inner_text("#joined") == "3 rooms")
    judge.enter(room, f"join-{room}-4")
    judge.message(room, f"join-{room}-4").wait_for(timeout=5_000)
    judge.watched(f"{room}: the others go on", f"join-{room}-5", [others[1]], lambda: judge.enter(others[0], f"join-{room}-5"))
    stayed = all(judge.message(one, f"join-{room}-4").count() == 0 for one in others)
    judge.row(f"{room}: what is said in {name} stays there again", stayed and judge.message(room, f"join-{room}-5").count() == 0)
    page.wait_for_timeout(SETTLED)
    counted = int(page.inner_text("#accepted").replace(",", "")) - int(accepted.replace(",", ""))
    judge.row(f"{room}: commands and answers count as no messages", counted == 4, why=f"{counted} accepted")
    if alone:
        only_for(judge, room)
    switch(judge, room, first)


def only_for(judge, room):
    """An answer that one person sees says so, to that person and to the others, and can be put away."""
    page, (manager, other) = judge.page, ROOMS[room]
    mine = page.locator(f".room.{room} .answer[data-for={manager}]")
    of_mine, all_messages = mine.last, page.locator(f".room.{room} .message").count()
    page.select_option(f"#{room}-as", manager)
    as_me = of_mine.locator(".whose").inner_text()
    page.select_option(f"#{room}-as", other)
    as_other = of_mine.locator(".whose").inner_text()
    wanted = (f"Only you, {manager}, can see this" if room == "discord" else f"Only visible to you, {manager}", f"Only {manager} sees this")
    judge.row(f"{room}: it says who sees an answer", (as_me, as_other) == wanted, why=f"{as_me} / {as_other}")
    before = mine.count()
    of_mine.get_by_role("button", name="Dismiss").click()
    gone = mine.count() == before - 1 and page.locator(f".room.{room} .message").count() == all_messages
    judge.row(f"{room}: an answer can be put away", gone)


def offered(judge):
    """The commands are offered while one is typed, and chosen with the keyboard."""
    page = judge.page
    text, options = page.locator("#slack-text"), page.locator(".room.slack .offer:visible li")
    text.press_sequentially("/re")
    all_of_them = options.count() == 17
    text.press("ArrowDown")
    text.press("ArrowDown")
    chosen = page.locator(f"[id='{text.get_attribute('aria-activedescendant')}']").inner_text()
    text.press("Enter")
    filled = text.input_value()
    good = all_of_them and chosen.startswith("/relay connect lobby") and filled == "/relay connect lobby" and options.count() == 0
    judge.row("commands are offered, and chosen with the keyboard", good, why=f"{all_of_them} {chosen} {filled}")
    text.fill("/relay st")
    text.press("Tab")
    judge.row("Tab completes", text.input_value() == "/relay status", why=text.input_value())
    text.fill("/")
    text.press("Escape")
    judge.row("Escape puts the commands away", options.count() == 0 and text.input_value() == "/")
    say = "/shrug not Relay's"
    judge.watched("another slash is a message", say, ["discord", "telegram"], lambda: judge.enter("slack", say))
    page.locator(".room.slack [role=tab]").first.focus()
    page.keyboard.press("ArrowRight")
    title = page.inner_text(".room.slack h2")
    page.keyboard.press("Home")
    good = "random" in title and "general" in page.inner_text(".room.slack h2")
    judge.row("arrow keys lead from room to room", good, why=title)


def played(judge):
    """The sample that joins another room, step by step."""
    page = judge.page
    page.get_by_role("button", name="Join a room").click()
    judge.message("slack", "Hello from #random!").wait_for(timeout=40_000)
    good = joined(judge, "discord", "joined to lobby$") and page.inner_text("#joined") == "4 rooms"
    judge.row("a room joins step by step", good)


def all_commands(judge):
    """Every command on every platform, in both languages: each is answered, and drawn for whoever gave it."""
    page = judge.page
    page.get_by_role("link", name="All commands").click()
    words = {}
    for label, said in (("English", "Joined to lobby"), ("Deutsch", "Verbunden mit lobby")):
        if label != "English":
            page.get_by_role("radio", name=label).check()
        began = time.monotonic()
        page.locator(".staged[data-word=status] .said", has_text=said).nth(len(ROOMS) - 1).wait_for(timeout=90_000)
        took = (time.monotonic() - began) * 1000
        cells = page.locator(".staged").evaluate_all(
            """(all) => all.map((one) => [one.dataset.word, one.dataset.platform,
                 [...one.querySelectorAll(".exchange")].map((line) => [...line.querySelectorAll(".said")].map((said) => said.textContent.trim()).join(" "))])"""
        )
        words[label] = {(word, room): lines for word, room, lines in cells}
        given = {word for word, _ in words[label]}
        missing = [(word, room) for word in given for room in ROOMS if not all(words[label].get((word, room)) or [""])]
        failed = page.locator(".commands .failed").all_inner_texts()
        good = len(given) >= 14 and not missing and not any(failed)
        judge.row(f"every command is answered everywhere: {label}", good, {"all": took}, f"{sorted(given)} {missing} {failed}")
    same = [cell for cell, lines in words["English"].items() if cell[0] not in LANGUAGELESS and lines == words["Deutsch"].get(cell)]
    judge.row("each is answered in the language of who asks", not same, why=str(same))
    alone = {room: page.locator(f".staged.{room} .only").count() == page.locator(f".staged.{room} .answer").count() > 0 for room in ROOMS if SECOND[room][2]}
    judge.row("it says who sees an answer", all(alone.values()) and page.locator(".staged.telegram .seen-by").count() > 0, why=str(alone))
    page.locator(".commands").get_by_role("radio", name="Slack").check()
    only = page.locator(".staged:visible").count() == page.locator(".staged.slack").count()
    judge.row("one platform can be looked at alone", only)
    page.get_by_role("link", name="Back to the rooms").click()
    focused = page.evaluate("document.activeElement.id")
    judge.row("from the commands back to the rooms", page.locator(".room.discord .messages").is_visible() and focused == "to-commands", why=focused)


def empty_start(judge):
    for room in ROOMS:
        judge.page.locator(f".room.{room} .state.up").wait_for(timeout=10_000)
    judge.row("all three accounts are connected", True)


def pictures(browser, url, folder):
    """Light and dark, wide and narrow, of what the rooms look like now, and of every command on every platform."""
    for scheme in ("light", "dark"):
        for shape, width, height in (("wide", 1400, 860), ("narrow", 420, 900)):
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme, device_scale_factor=1.5)
            page.goto(url)
            page.locator(".room.telegram .message").first.wait_for()
            page.wait_for_timeout(400)
            page.screenshot(path=str(folder / f"{shape}-{scheme}.png"), full_page=shape == "narrow")
            page.goto(f"{url}/#commands")
            page.locator(".scene").last.wait_for(timeout=90_000)
            page.screenshot(path=str(folder / f"commands-{shape}-{scheme}.png"), full_page=True)
            page.close()


def portrait(playwright, given):
    """The picture in the README: a conversation in a new demo, when all of it has arrived."""
    demo, url = started(given.binary)
    try:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 1210}, color_scheme="light", device_scale_factor=1.5)
        page.goto(url)
        for room in ROOMS:
            page.locator(f".room.{room} .state.up").wait_for(timeout=10_000)
        page.get_by_role("button", name="A conversation").click()
        page.locator("#samples button:disabled").wait_for(state="detached", timeout=60_000)
        page.locator("#waiting", has_text=re.compile("^0$")).wait_for(timeout=15_000)
        # What has just come is marked for a while, and the channel's line says what it was told to.
        page.wait_for_timeout(9_000)
        page.locator(".room.discord .message", has=page.locator(".picture")).last.hover()
        page.locator(".message.same").nth(1).wait_for(timeout=5_000)
        page.wait_for_timeout(400)
        page.screenshot(path=str(given.portrait))
        browser.close()
    finally:
        ended(demo)


def ended(demo):
    if demo.poll() is not None:
        return
    # Asked twice it stops at once, and its folder is still removed.
    demo.send_signal(signal.SIGINT)
    demo.send_signal(signal.SIGINT)
    try:
        demo.wait(timeout=15)
    except subprocess.TimeoutExpired:
        demo.kill()


def started(binary):
    demo = subprocess.Popen([binary, "demo", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    url = re.search(r"http://\S+", demo.stdout.readline() or "")
    if url is None:
        demo.kill()
        sys.exit(f"the demo did not start: {demo.stderr.read()}")
    return demo, url.group()


def everything(judge, url):
    """All that is done in the rooms."""
    for room in ROOMS:
        round_trip(judge, room)
    across(judge)
    passing_words(judge)
    quotes(judge)
    keyboard(judge)
    offered(judge)
    for room in ROOMS:
        membership(judge, room)
    tries(judge)
    fidelity_page.all_of_it(judge, url)
    played(judge)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("binary")
    arguments.add_argument("pictures", nargs="?", type=pathlib.Path)
    arguments.add_argument("--chromium", default="/usr/bin/chromium")
    arguments.add_argument("--portrait", type=pathlib.Path, help="only take the picture for the README")
    arguments.add_argument("--commands", action="store_true", help="only look at every command on every platform")
    given = arguments.parse_args()
    if given.portrait:
        with sync_playwright() as playwright:
            portrait(playwright, given)
        return 0
    demo, url = started(given.binary)
    try:
        with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
            context = playwright.chromium.launch_persistent_context(
                profile, executable_path=given.chromium, args=FLAGS, viewport={"width": 1400, "height": 860}
            )
            page = context.new_page()
            complaints = []
            # 409 is what a platform refuses, and asked for here.
            bad = lambda said: said.type in ("error", "warning") and "status of 409" not in said.text
            page.on("console", lambda said: complaints.append(said.text) if bad(said) else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            judge = Judge(page)
            page.goto(url)
            empty_start(judge)
            if not given.commands:
                everything(judge, url)
            all_commands(judge)
            judge.row("the page has nothing to complain about", not complaints, why="; ".join(complaints))
            context.close()
            if given.pictures:
                given.pictures.mkdir(parents=True, exist_ok=True)
                browser = playwright.chromium.launch(executable_path=given.chromium, args=FLAGS)
                pictures(browser, url, given.pictures)
                browser.close()
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        code = demo.wait(timeout=30)
        last = demo.stdout.read().splitlines()[-1:]
        judge.row("the last line says that it has stopped", last == ["Stopped."], why=str(last))
        judge.row("Ctrl-C ends it gracefully", code == 0, {"took": (time.monotonic() - began) * 1000}, f"exit code {code}")
    finally:
        ended(demo)
        said = demo.stderr.read()
        if said:
            print(f"\nthe demo's log:\n{said}")
    print(f"\n{len(judge.rows) - judge.failures} of {len(judge.rows)} as they should be")
    return 1 if judge.failures else 0


if __name__ == "__main__":
    sys.exit(main())
