"""A real homeserver with Relay as its application service, as a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from processes import Process

NAME = "judge.localhost"
BOT = f"@relay:{NAME}"
PATIENCE = 60.0  # seconds for it to come up


def free() -> int:
    """A port on loopback that nobody has at this moment."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Synapse(Process):
    """Synapse with SQLite; `relay matrix registration` writes the file with which it takes Relay in."""

    def __init__(self, python: str, relay: str) -> None:
        super().__init__("synapse")
        self.python, self.relay = os.path.abspath(python), str(Path(relay).resolve())
        self.registration = self.path / "registration.yaml"
        port = free()
        self.url = f"http://127.0.0.1:{port}"
        self.config = self._config(port)

    def _config(self, port: int) -> dict[str, Any]:
        fast = {"per_second": 100_000, "burst_count": 100_000}
        at = {name: str(self.path / name) for name in ("pid", "db", "log.yaml", "media", "signing.key")}
        return {
            "server_name": NAME,
            "app_service_config_files": [str(self.registration)],
            "pid_file": at["pid"],
            "listeners": [
                {
                    "bind_addresses": ["127.0.0.1"],
                    "port": port,
                    "tls": False,
                    "type": "http",
                    "resources": [{"names": ["client"], "compress": False}],
                }
            ],
            "database": {"name": "sqlite3", "args": {"database": at["db"]}},
            "log_config": at["log.yaml"],
            "media_store_path": at["media"],
            "signing_key_path": at["signing.key"],
            "report_stats": False,
            "macaroon_secret_key": "only on loopback",
            "form_secret": "only on loopback",
            "trusted_key_servers": [],
            "suppress_key_server_warning": True,
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            "presence": {"enabled": False},
            **dict.fromkeys(("rc_message", "rc_registration", "rc_joins_per_room", "rc_media_create"), fast),
            "rc_login": dict.fromkeys(("address", "account", "failed_attempts"), fast),
            "rc_joins": dict.fromkeys(("local", "remote"), fast),
            "rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), fast),
        }

    async def start(self) -> None:
        written = await asyncio.create_subprocess_exec(
            self.relay, "matrix", "registration", NAME, "--url", f"http://127.0.0.1:{free()}",
            "--out", str(self.registration), stdout=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        if await asyncio.wait_for(written.wait(), PATIENCE) != 0:
            raise RuntimeError("`relay matrix registration` failed")
        (self.path / "homeserver.yaml").write_text(json.dumps(self.config))
        root = {"level": "WARNING", "handlers": ["out"]}
        handlers = {"out": {"class": "logging.StreamHandler"}}
        (self.path / "log.yaml").write_text(json.dumps({"version": 1, "root": root, "handlers": handlers}))
        (self.path / "signing.key").write_text(f"ed25519 a_test {'A' * 43}\n")
        # The interpreter by the path that it has in its environment: what it links to knows no Synapse.
        command = 'exec "$0" -m synapse.app.homeserver --config-path homeserver.yaml'
        await self.spawn("/bin/sh", "-c", command, self.python)
        await asyncio.wait_for(self.up(), PATIENCE)

    async def up(self) -> None:
        while True:
            if self.ended():
                raise RuntimeError(f"Synapse did not start:\n{self.log()}")
            try:
                with urllib.request.urlopen(f"{self.url}/_matrix/client/versions", timeout=1):
                    return
            except (urllib.error.URLError, OSError):
                await asyncio.sleep(0.1)
