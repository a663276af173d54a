"""The platforms' official clients as judges of Relay and of the stand-ins.

    cargo test --workspace --no-run
    pip install -r tests/judges/requirements.txt
    python tests/judges/run.py --relay target/debug/relay --stand-ins target/debug/stand-ins

First the running binary: what is posted, edited, deleted and answered on each platform appears on the others, under the author's
name, as the vendor's library sees it there; so do threads, reactions, attachments and polls. Then each library against its stand-in
alone. Exits 1 if anything is wrong, blank or later than ten seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
import warnings
from contextlib import AsyncExitStack
from pathlib import Path

import discord_judge
import slack_judge
import table
import telegram_judge
from bridge import build
from cell import Cell, as_json
from matrix import Matrix

WHOLE = 90.0  # seconds for the matrix
JUDGES = (discord_judge, slack_judge, telegram_judge)
EACH = 40.0  # seconds for each client against its stand-in; they run side by side


async def bridged(relay: str, stand_ins: str) -> tuple[list[Cell], list[str]]:
    """The cells, and which of Relay's tokens its log gives away."""
    async with AsyncExitStack() as stack:
        async with asyncio.timeout(WHOLE):
            bridge = await build(stack, relay, stand_ins)
        matrix = Matrix(bridge)
        try:
            async with asyncio.timeout(WHOLE):
                await matrix.judge()
        except TimeoutError:
            print(f"The matrix was not filled within {WHOLE:.0f} s.")
        if bridge.relay.ended():
            print("Relay ended before it was told to.")
        cells, leaked = list(matrix.cells.values()), bridge.relay.secrets_in_log()
        if not all(cell.holds() for cell in cells):
            print("The end of Relay's log:", bridge.relay.log(60), sep="\n")
        return cells, leaked


async def main() -> bool:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--relay", required=True, help="the binary `relay`")
    parser.add_argument("--stand-ins", required=True, help="the binary `stand-ins`")
    parser.add_argument("--json", type=Path, help="write the outcome there as well")
    given = parser.parse_args()
    running = asyncio.current_task()
    assert running
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)

    cells, leaked = await bridged(given.relay, given.stand_ins)
    print("Relay, seen by the official clients", table.matrix(cells), sep="\n\n")
    print(f"Relay's log gives away {', '.join(leaked) or 'no token'}", flush=True)
    await asyncio.gather(*(judge.PROOFS.run(judge.judge(given.stand_ins), EACH) for judge in JUDGES))
    proofs = [judge.PROOFS for judge in JUDGES]
    print("\nThe stand-ins, used by the official clients", table.proofs(proofs), sep="\n\n", flush=True)
    holds = all(cell.holds() for cell in cells) and not leaked and not any(p.failed for p in proofs)
    if given.json:
        outcome = {
            "holds": holds,
            "cells": as_json(cells),
            "leaked": leaked,
            "clients": [vars(proof) for proof in proofs],
        }
        given.json.write_text(json.dumps(outcome, indent=1, ensure_ascii=False) + "\n")
    return holds


if __name__ == "__main__":
    # Cut connections are on purpose here; each client reports each at length.
    warnings.simplefilter("ignore")
    logging.disable(logging.ERROR)
    try:
        sys.exit(0 if asyncio.run(main()) else 1)
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("stopped before the end")
    except Exception as error:  # nothing came up, or nothing in time
        sys.exit(f"{type(error).__name__}: {error}")
