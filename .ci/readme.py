"""Runs every command of README.md, in its order and to the letter. Exits 1 at the first that does not do what the README says."""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
WITHIN = 3_600  # seconds for a command: one compiles and runs all tests
RUNNING: dict[str, subprocess.Popen] = {}


def commands():
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


class Started:
    """A command that goes on until it is told to stop."""

    def __init__(self, command, shows, within=WITHIN):
        self.command = command
        self.process = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        self.shown = None
        found = threading.Event()

        def read():
            for line in self.process.stdout:
                print("  |", line.rstrip(), flush=True)
                match = re.search(shows, line)
                if match and not self.shown:
                    self.shown = match
                    found.set()
            found.set()

        threading.Thread(target=read, daemon=True).start()
        if not found.wait(within) or not self.shown:
            self.process.kill()
            sys.exit(f"`{command}` never showed {shows}")

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        code = self.process.wait(30)
        if code != 0:
            sys.exit(f"`{self.command}` ended with {code} when told to stop")


def plain(command):
    subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, timeout=WITHIN)


# What these promise holds every time or not at all.
NEVER_AGAIN = {"kill_nine", "power_cut", "faults"}
FEW = 3


def tests(command):
    """All tests. Where at most a few fail, each is run three times by itself: one that passes three times met a busy machine, and is
    named at the end; any other is a failure."""
    process = subprocess.Popen(["bash", "-c", f"{command} --no-fail-fast"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    ends = threading.Timer(WITHIN, process.kill)
    ends.start()
    target, failed, targets = None, [], set()
    for line in process.stdout:
        print(line, end="", flush=True)
        if match := re.search(r"^ +(?:Doc-tests|Running (?P<from>unittests|tests/)).*?(?P<name>[^ /]+?)(-[0-9a-f]{16}\))?$", line):
            target = match["name"] if match["from"] == "tests/" else None
        elif match := re.search(r"^test (\S+) .*FAILED$", line):
            failed.append((target, match[1]))
        elif match := re.search(r"^    `-p \S+ --test (\S+)`$", line):
            targets.add(match[1])
        elif re.search(r"^    `-p .*`$", line):
            targets.add(None)
    ends.cancel()
    if process.wait() == 0:
        return
    print(f"failed: {failed}", flush=True)
    # One that crashed has no line of its own.
    explained = targets == {target for target, _ in failed}
    if not failed or not explained or len(failed) > FEW or targets & (NEVER_AGAIN | {None}):
        sys.exit(f"`{command}` failed")
    for target, name in failed:
        for _ in range(3):
            again = f"{command} --test {target} -- --exact {name}"
            shown = subprocess.run(["bash", "-c", again], cwd=ROOT, check=True, timeout=WITHIN, capture_output=True, text=True).stdout
            assert "1 passed" in shown, f"`{again}` ran nothing"
    for target, name in failed:
        print(f"SHAKY: {name} of {target} failed beside the others, and passed three times by itself", flush=True)


def demo(command):
    started = Started(command, r"(http://\S+)")
    with urllib.request.urlopen(started.shown[1], timeout=10) as page:
        assert b"<title>" in page.read(), "the demo serves its page"
    started.stop()


def stand_ins(command):
    Started(command, r'"control"').stop()


WORLD = {}  # the imitated platforms: their control URL and what exists on them


def control(path, body=None):
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(WORLD["control"] + path, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def act(platform, **what):
    return control(f"/{platform}/act", what)


def messages(platform, room):
    found = control(f"/{platform}/rooms/{urllib.parse.quote(room)}/messages")
    return found.get("messages", found) if isinstance(found, dict) else found


def until(what, is_so):
    for _ in range(300):
        if found := is_so():
            return found
        time.sleep(0.1)
    sys.exit(f"never: {what}")


def write_config():
    """The bridges.toml that the README shows, word for word; only the addresses lead to imitated platforms."""
    world = Started("./target/debug/stand-ins", r"^(\{.*\})$", within=20)
    RUNNING["stand-ins"] = world
    urls = json.loads(world.shown[1])
    WORLD["control"] = urls["control"]
    told = control("/world")
    told = told.get("world", told)
    text = re.search(r"^```toml\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)[1]
    for platform in ["discord", "slack", "telegram"]:
        more = f'platform = "{platform}"\napi_url = "{urls[platform]["api_url"]}"\n'
        if platform == "discord":
            more += f'gateway_url = "{urls[platform]["gateway_url"]}"\n'
        text = text.replace(f'platform = "{platform}"\n', more)
    (ROOT / "bridges.toml").write_text(text)
    os.environ["DISCORD_TOKEN"] = told["discord"]["bots"][0]["token"]
    os.environ["SLACK_BOT_TOKEN"] = told["slack"]["bots"][0]["token"]
    os.environ["SLACK_APP_TOKEN"] = told["slack"]["bots"][0]["app_token"]
    os.environ["TELEGRAM_TOKEN"] = told["telegram"]["bots"][0]["token"]


def check(command):
    write_config()
    plain(command)


def rooms(command):
    shown = subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
    print(shown)
    for written in ['"owls:Night Owls/#general"', '"studio:Studio/#general"']:
        assert written in shown, f"relay rooms shows {written}"


def run(command):
    RUNNING["relay"] = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT)


def status(command):
    ask = lambda: subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=20).stdout
    until("three accounts are connected", lambda: len(re.findall(r" up$", ask(), re.MULTILINE)) == 3)
    # As the README says: Telegram tells a bot of a group only when something happens there.
    act("telegram", do="say", person="Hana", room="Sunday hikers", text="is this on?")
    until("three rooms are ready", lambda: len(re.findall(r" idle$", ask(), re.MULTILINE)) == 3)
    print(ask())
    act("discord", do="say", person="Ada", room="general", text="hello from the README")
    for platform, room in [("slack", "general"), ("telegram", "Sunday hikers")]:
        until(f"it crosses to {platform}", lambda: any("hello from the README" in m["text"] for m in messages(platform, room)))
    print("a message has crossed from Discord to Slack and Telegram")


def approve(command):
    """Ada asks in #random, and the code is used at a terminal, where somebody says yes."""
    act("discord", do="command", person="Ada", room="random", text="/relay connect lobby")
    code = until("a code", lambda: next(iter(re.findall(r"\b[2-9A-Z]{4}-[2-9A-Z]{4}\b", str(messages("discord", "random")))), None))
    master, slave = os.openpty()
    process = subprocess.Popen(["bash", "-c", command.replace("CODE", code)], cwd=ROOT, stdin=slave, stdout=subprocess.PIPE, text=True)
    os.write(master, b"y\n")
    shown, _ = process.communicate(timeout=60)
    print(shown)
    assert process.returncode == 0 and "has joined lobby" in shown, "the room is let in"
    act("slack", do="say", person="Elif", room="general", text="welcome, #random")
    until("it crosses to #random", lambda: any("welcome, #random" in m["text"] for m in messages("discord", "random")))


def doctor(command):
    """A finding, such as little room on the disk, is no fault of the command."""
    code = subprocess.run(["bash", "-c", command], cwd=ROOT, timeout=120).returncode
    assert code in (0, 1), f"`{command}` could not ask: {code}"


def verify(command):
    """The last of those for which Relay runs."""
    shown = subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60).stdout
    print(shown)
    assert re.search(r"is whole: lines 1 to [1-9]\d*\. It ends with [0-9a-f]{64}\.", shown), "what has left is written down"
    (ROOT / "audit.jsonl").unlink()
    RUNNING["relay"].terminate()
    if RUNNING["relay"].wait(60) != 0:
        sys.exit("relay run did not stop gracefully")
    RUNNING["stand-ins"].stop()
    (ROOT / "bridges.toml").unlink()


# The commands that go on until they are told to stop, or that need something there; all others are run as they are.
SPECIAL = [
    (r"^cargo run --release -- demo$", demo),
    (r"^./target/debug/stand-ins$", stand_ins),
    (r"^cargo test --workspace$", tests),
    (r"relay check ", check),
    (r"relay rooms ", rooms),
    (r"relay run ", run),
    (r"relay status ", status),
    (r"relay doctor ", doctor),
    (r"relay approve ", approve),
    (r"tests/audit/verify\.py ", verify),
]


def main():
    began = time.monotonic()
    found = commands()
    assert found[0] == "cargo run --release -- demo" and "cargo test --workspace" in found, "the README's two commands"
    try:
        for command in found:
            print(f"\n$ {command}   ({time.monotonic() - began:.0f} s)", flush=True)
            next((how for pattern, how in SPECIAL if re.search(pattern, command)), plain)(command)
    finally:
        for process in RUNNING.values():
            process = getattr(process, "process", process)
            if process.poll() is None:
                process.kill()


main()
