"""What is printed."""

from __future__ import annotations

from collections.abc import Iterable

from cell import OPERATIONS, Cell
from proofs import Proofs


def matrix(cells: list[Cell]) -> str:
    """Origins to destinations, a column for each operation, and below it who took part and whatever was wrong."""
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        rows.setdefault((cell.origin, cell.destination), {})[cell.operation] = cell
    lines = [["origin → destination", *OPERATIONS]]
    for (origin, destination), row in rows.items():
        shown = [row[operation].shown() for operation in OPERATIONS]
        lines.append([f"{origin} → {destination}", *shown])
    who = []
    for place in dict.fromkeys(cell.origin for cell in cells):
        who.append([place, "acts:", means((c.acts, c.operation) for c in cells if c.origin == place)])
        observed = ((c.observes, c.operation) for c in cells if c.destination == place)
        who.append(["", "observes:", means(observed)])
    # In the order of the table, each once.
    notes = dict.fromkeys(cell.impossible for cell in cells if cell.impossible)
    wrong = [
        f"{cell.origin} → {cell.destination}, {cell.operation}: {cell.wrong or 'blank'}"
        for cell in cells
        if not cell.holds()
    ]
    possible = [cell for cell in cells if not cell.impossible]
    total = f"{sum(cell.holds() for cell in possible)} of {len(possible)} cells hold"
    reasons = [f"– {note[0].upper()}{note[1:]}." for note in notes]
    return "\n".join([columns(lines), columns(who), *reasons, *wrong, total])


def means(used: Iterable[tuple[str, str]]) -> str:
    """By what means, and for which operations where it is not the usual one."""
    operations: dict[str, dict[str, None]] = {}
    for means, operation in used:
        operations.setdefault(means, {})[operation] = None
    usual = max(operations, key=lambda means: len(operations[means]))
    others = [f"; {', '.join(names)}: {means}" for means, names in operations.items() if means != usual]
    return usual + "".join(others)


def proofs(judges: list[Proofs]) -> str:
    lines = [["official client", "proven", "seconds", "failed"]]
    for judge in judges:
        lines.append([judge.vendor, str(len(judge.held)), f"{judge.seconds:.1f}", judge.failed or "nothing"])
    return columns(lines)


def columns(lines: list[list[str]]) -> str:
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(line, widths)).rstrip() for line in lines
    )
