#!/usr/bin/env python3
"""Runs the benchmarks of this tree and of an earlier commit in turn, and says what has become of each figure.

    benches/against.py                        # this tree and HEAD, or HEAD and HEAD~1 where nothing is changed
    benches/against.py REV --bench bridge -- --only flood,latency

Both are built on the same machine with the same flags, and their rounds alternate, so that both meet the same noise. The earlier
commit must have the benchmarks itself. What stands behind `--` goes to both.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEPT = ROOT / "target" / "against"


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def built(tree, bench, name):
    """The benchmark and the relay of a tree, copied away: the next build writes to the same places."""
    command = ["cargo", "build", "--profile", "bench", "--bench", bench, "--message-format", "json-render-diagnostics"]
    target = ["--target-dir", str(ROOT / "target")]
    out = subprocess.run([*command, *target], cwd=tree, check=True, stdout=subprocess.PIPE, text=True).stdout
    found = {}
    for line in out.splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            kind, called = message["target"]["kind"], message["target"]["name"]
            if (kind, called) in ((["bench"], bench), (["bin"], "relay")):
                kept = KEPT / f"{name}-{called}"
                shutil.copy2(message["executable"], kept)
                found[called] = kept
    if bench not in found:
        sys.exit(f"{name} has no benchmark {bench}")
    return found


def figures(found, bench, words):
    """One round; by what was measured, with its unit."""
    command = [found[bench], "--json", "--rounds", "1", *words]
    if bench == "bridge":
        command += ["--relay", found["relay"]]
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return {(one["what"], one["unit"]): one["median"] for one in json.loads(out)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rev", nargs="?", help="the earlier commit")
    parser.add_argument("--bench", choices=["engine", "bridge"], default="engine")
    parser.add_argument("--rounds", type=int, default=5, help="of each (default: 5)")
    words = sys.argv[1:]
    words, passed = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    arguments = parser.parse_args(words)
    rev = git("rev-parse", "--short", arguments.rev or ("HEAD" if git("status", "--porcelain") else "HEAD~1"))
    KEPT.mkdir(parents=True, exist_ok=True)
    tree = KEPT / rev
    if not tree.exists():
        git("worktree", "add", "--detach", str(tree), rev)
    try:
        earlier = built(tree, arguments.bench, rev)
        now = built(ROOT, arguments.bench, "now")
    finally:
        git("worktree", "remove", "--force", str(tree))
    before, after = {}, {}
    for _ in range(max(arguments.rounds, 1)):
        for found, rounds in ((earlier, before), (now, after)):
            for what, value in figures(found, arguments.bench, passed).items():
                rounds.setdefault(what, []).append(value)
    print(f"{'':<60} {rev:>10} {'now':>10} {'ratio':>7}   medians of {arguments.rounds}")
    for (what, unit), values in after.items():
        if (what, unit) not in before:
            continue
        earlier_median, median = statistics.median(before[what, unit]), statistics.median(values)
        ratio = f"{median / earlier_median:7.2f}" if earlier_median else "      –"
        print(f"{what + ', ' + unit:<60} {earlier_median:>10.3f} {median:>10.3f} {ratio}")


main()
