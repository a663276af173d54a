"""What one official client proved against a stand-in alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field


@dataclass
class Proofs:
    """The list of what held; the first thing that does not hold ends it."""

    vendor: str
    held: list[str] = field(default_factory=list)
    failed: str | None = None
    seconds: float = 0.0

    def prove(self, what: str, holds: object = True) -> None:
        if not holds:
            raise AssertionError(what)
        self.held.append(what)

    async def run(self, judge: Awaitable[None], seconds: float) -> None:
        """Runs a judge within a time; notes what it failed at."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(seconds):
                await judge
        except TimeoutError:
            self.failed = f"more than {seconds:.0f} s; the last that held: {self.held[-1:]}"
        except AssertionError as error:
            self.failed = str(error)
        except Exception as error:  # a client that throws has failed as well
            self.failed = f"{type(error).__name__}: {error}; the last that held: {self.held[-1:]}"
        self.seconds = time.monotonic() - started
