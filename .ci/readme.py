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
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD_WITHIN = 1_800  # seconds for a command that may have to compile
RUNNING: dict[str, subprocess.Popen] = {}


def commands():
    text = (ROOT / "README.md").read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


class Started:
    """A command that goes on until it is told to stop."""

    def __init__(self, command, shows, within=BUILD_WITHIN):
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
    subprocess.run(["bash", "-c", command], cwd=ROOT, check=True, timeout=BUILD_WITHIN)


def demo(command):
    started = Started(command, r"(http://\S+)")
    with urllib.request.urlopen(started.shown[1], timeout=10) as page:
        assert b"<title>" in page.read(), "the demo serves its page"
    started.stop()


def stand_ins(command):
    Started(command, r'"control"').stop()


def write_config():
    """A bridges.toml as the README shows it, pointed at imitated platforms."""
    world = Started("./target/debug/stand-ins", r"^(\{.*\})$", within=20)
    RUNNING["stand-ins"] = world
    urls = json.loads(world.shown[1])
    with urllib.request.urlopen(urls["control"] + "/world", timeout=10) as answer:
        told = json.load(answer)
    told = told.get("world", told)
    text = (ROOT / "config/bridges.toml").read_text()
    for name, platform, shown in [("owls", "discord", r"1011223344556677889"), ("studio", "slack", "C0123456789"),
                                  ("family", "telegram", r"-1001234567890")]:  # fmt: skip
        text = text.replace(shown, told[platform]["spaces"][0]["rooms"][0]["id"])
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


def run(command):
    RUNNING["relay"] = subprocess.Popen(["bash", "-c", f"exec {command}"], cwd=ROOT)


def status(command):
    for _ in range(100):
        asked = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=20)
        if asked.stdout.count("connected") == 3:
            break
        time.sleep(0.1)
    else:
        sys.exit(f"three accounts are never connected: {asked.stdout}{asked.stderr}")
    print(asked.stdout)
    RUNNING["relay"].terminate()
    if RUNNING["relay"].wait(30) != 0:
        sys.exit("relay run did not stop gracefully")
    RUNNING["stand-ins"].stop()
    (ROOT / "bridges.toml").unlink()


# The commands that go on until they are told to stop, or that need something there; all others are run as they are.
SPECIAL = [
    (r"^cargo run --release -- demo$", demo),
    (r"^cargo run -p stand-ins$", stand_ins),
    (r"relay check ", check),
    (r"relay run ", run),
    (r"relay status ", status),
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
