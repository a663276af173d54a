"""Whether Relay's API is what its OpenAPI document says: schemathesis asks everything that the document allows, and much that it does not.

    cargo build -p relay
    pip install -r tests/judges/requirements.txt
    python tests/judges/openapi.py target/debug/relay

Left out are the two streams, which never end, and the webhooks, whose calls it cannot sign: tests/api reads and makes those. The token has no
scope `persona`: which names can be shown is more than a schema can say. One check is left out: it takes a post whose Idempotency-Key was used
before for a new message, and that may have been deleted since. Exits 1 at any finding.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import AsyncExitStack
from pathlib import Path

from processes import Process

EXAMPLES = "25"  # for each operation and phase


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Api(Process):
    """Relay with its API and nothing else."""

    def __init__(self, program: str) -> None:
        super().__init__("api")
        self.program = str(Path(program).resolve())
        self.token = ""
        self.url = f"http://127.0.0.1:{free_port()}"

    async def start(self) -> None:
        listen = self.url.removeprefix("http://")
        config = f'[relay]\nflood = "off"\ntell_rooms = false\n[api]\nlisten = "{listen}"\n[channels.lobby]\n'
        (self.path / "bridges.toml").write_text(config)
        made = subprocess.run(
            [self.program, "token", "new", "Judge", "--scope", "read,write,admin"],
            cwd=self.path,
            check=True,
            capture_output=True,
            text=True,
        )
        self.token = made.stdout.strip()
        await self.spawn(self.program, "run")
        await posted(self.url, self.token)
        # Else it would ask for a channel that is not there, again and again. Messages it takes from its own posts.
        names = '[parameters]\n"path.channel" = "lobby"\n'
        (self.path / "schemathesis.toml").write_text(names)


async def main(program: str) -> int:
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(Api(program))
        judge = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("st")),
            "run",
            f"{relay.url}/api/v1/openapi.json",
            "--header",
            f"Authorization: Bearer {relay.token}",
            "--exclude-path-regex",
            "/(events|socket)$|/webhooks/",
            "--checks",
            "all",
            "--exclude-checks",
            "ensure_resource_availability",
            "--max-examples",
            EXAMPLES,
            "--rate-limit",
            "80/s",
            "--seed",
            "1",
            cwd=relay.path,
        )
        code = await judge.wait()
        if relay.ended():
            print("Relay ended.", relay.log(60), sep="\n")
            return 1
        return 1 if code else 0


async def posted(url: str, token: str) -> None:
    """Posts until it is taken: then there is something to be told of."""
    for _ in range(150):
        message = json.dumps({"text": "Is it true?"}).encode()
        request = urllib.request.Request(f"{url}/api/v1/channels/lobby/messages", message)
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {token}")
        try:
            await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=10).read())
            return
        except (urllib.error.URLError, ConnectionError):
            await asyncio.sleep(0.1)
    raise SystemExit("Relay takes nothing")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1])))
