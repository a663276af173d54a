"""The stand-ins and Relay as processes of their own: started, watched, and ended by their id whatever happens."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

PATIENCE = 15.0  # seconds for a process to come up or to go


class Process:
    """A program in a folder of its own, with its log; `async with` ends it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = tempfile.TemporaryDirectory(prefix=f"judge-{name}-")
        self.path = Path(self.folder.name)
        self.process: asyncio.subprocess.Process | None = None

    async def spawn(self, program: str, *arguments: str, env: dict[str, str] | None = None) -> None:
        with open(self.path / "log", "wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                str(Path(program).resolve()),
                *arguments,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=self.path,
                env={**os.environ, **(env or {})},
            )

    def ended(self) -> bool:
        return self.process is not None and self.process.returncode is not None

    def log(self, lines: int = 30) -> str:
        """The end of what it wrote to standard error."""
        text = (self.path / "log").read_text(errors="replace") if (self.path / "log").exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    async def stop(self) -> None:
        if self.process and not self.ended():
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), PATIENCE)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()
        self.folder.cleanup()

    async def start(self) -> None:
        raise NotImplementedError

    async def __aenter__(self):
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.stop()


def fetch(url: str, body: Any = None) -> Any:
    """JSON from a loopback server, at once."""
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, sent, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.load(answer)


class StandIns(Process):
    """The three stand-ins, and the people in them through the control API."""

    def __init__(self, program: str, world: str) -> None:
        super().__init__("stand-ins")
        self.program, self.toml = program, world
        self.urls: dict[str, Any] = {}

    async def start(self) -> None:
        (self.path / "world.toml").write_text(self.toml)
        await self.spawn(self.program, "--world", "world.toml")
        assert self.process and self.process.stdout
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
        if not line:
            raise RuntimeError(f"the stand-ins did not start:\n{self.log()}")
        self.urls = json.loads(line)

    def control(self, path: str, body: Any = None) -> Any:
        return fetch(f"{self.urls['control']}/{path}", body)

    def act(self, platform: str, **act: Any) -> str:
        """Somebody does something; answers the id of the message."""
        return self.control(f"{platform}/act", act)["id"]

    def fault(self, platform: str, kind: str, **fault: Any) -> None:
        self.control(f"{platform}/faults", {"kind": kind, **fault})

    def messages(self, platform: str, room: str) -> list[dict[str, Any]]:
        return self.control(f"{platform}/rooms/{room}/messages")

    def seen(self, platform: str, room: str, message: Any) -> dict[str, Any]:
        """A message as the members of the room see it."""
        (found,) = [m for m in self.messages(platform, room) if m["id"] == str(message)]
        return found


class Relay(Process):
    """The real binary with a `bridges.toml` of its own; `{listen}` in it is filled in here."""

    def __init__(self, program: str, config: str, env: dict[str, str]) -> None:
        super().__init__("relay")
        self.program, self.config, self.env = program, config, env

    async def start(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            listen = f"127.0.0.1:{free.getsockname()[1]}"
        (self.path / "bridges.toml").write_text(self.config.replace("{listen}", listen))
        env = {"RELAY_LOG": "trace", **self.env}
        await self.spawn(self.program, "run", "-c", "bridges.toml", env=env)
        try:
            await asyncio.wait_for(self.ready(f"http://{listen}/readyz"), PATIENCE)
        except TimeoutError:
            raise RuntimeError(f"Relay was not ready within {PATIENCE:.0f} s:\n{self.log()}") from None

    def secrets_in_log(self) -> list[str]:
        """Which of the secrets it was given are in its log, which is as talkative as it gets."""
        log = (self.path / "log").read_text(errors="replace")
        return [name for name, secret in self.env.items() if secret in log]

    def log(self, lines: int = 30) -> str:
        """The end of what Relay itself said, without the databases."""
        own = [line for line in super().log(1_000_000).splitlines() if " relay" in line]
        return "\n".join((own or super().log(lines).splitlines())[-lines:])

    async def ready(self, url: str) -> None:
        while True:
            if self.process and self.ended():
                raise RuntimeError(f"Relay ended with {self.process.returncode}:\n{self.log()}")
            try:
                with urllib.request.urlopen(url, timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                await asyncio.sleep(0.05)
