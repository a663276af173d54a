"""Verifies an export of `relay audit export` with nothing of Relay: `python3 verify.py FILE`. Exits 1 where a line was altered, removed or
moved, and says which first."""

import hashlib
import json
import sys


def fault(lines):
    """What is wrong first; None where everything is as it was written."""
    try:
        first = json.loads(lines[0])
        number, before = first["from"] - 1, first["prev"]
    except (IndexError, ValueError, KeyError, TypeError):
        return "line 1 of the file is no line of an audit"
    for at, line in enumerate(lines[1:], 2):
        try:
            told = json.loads(line)
            if set(told) == {"ends", "hash"}:
                if told["ends"] > number:
                    return f"lines {number + 1} to {told['ends']} were removed"
                if (told["ends"], told["hash"]) != (number, before):
                    return f"line {number} was altered: it is not the one that the end names"
                return None if at == len(lines) else f"line {at + 1} of the file is no line of an audit"
            n, prev, shown = told["n"], told["prev"], told["hash"]
        except (ValueError, KeyError, TypeError):
            return f"line {number + 1} was altered"
        if n > number + 1:
            later = any(f'{{"n":{number + 1},'.encode() == line[: len(str(number + 1)) + 6] for line in lines[at:])
            return f"line {number + 1} is not in its place: lines were reordered" if later else f"lines {number + 1} to {n - 1} were removed"
        if n <= number:
            return f"line {n} is not in its place: lines were reordered"
        content, end = line[:-75], line[-75:]
        if end != f',"hash":"{shown}"}}'.encode() or hashlib.sha256(content).hexdigest() != shown:
            return f"line {n} was altered"
        if prev != before:
            return f"line {n} does not follow from the one before: one of the two was altered"
        number, before = n, shown
    return f"it was cut off after line {number}"


def main():
    with open(sys.argv[1], "rb") as file:
        lines = file.read().removesuffix(b"\n").split(b"\n")
    if why := fault(lines):
        sys.exit(f"{sys.argv[1]} is not what was written: {why}")
    first, last = json.loads(lines[0])["from"], json.loads(lines[-1])
    if first > 1:
        print(f"Lines 1 to {first - 1} are not in it: Relay kept them no longer, or somebody has cut them off.")
    print(f"{sys.argv[1]} is whole: lines {first} to {last['ends']}. It ends with {last['hash']}.")


main()
