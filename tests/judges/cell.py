"""One cell of the matrix: an operation from one origin, as it is at one destination."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

OPERATIONS = ("post", "edit", "delete", "reply", "thread", "reaction", "attachment", "poll")
# What an origin does not have cannot be carried.
IMPOSSIBLE = {
    ("telegram", "delete"): "Telegram tells bots of no deletions",
    ("telegram", "thread"): "a Telegram group without topics has no threads",
    ("slack", "poll"): "Slack has no polls of its own",
}
# Telegram tells bots of no reaction that a bot puts, and no method shows one.
UNOBSERVED = ("telegram", "reaction")
MEMBERS = "the group's members (no bot is told of what a bot puts)"


@dataclass
class Cell:
    """What became of one operation from one origin at one destination."""

    origin: str
    destination: str
    operation: str
    acts: str
    observes: str
    milliseconds: int | None = None
    wrong: str | None = None
    impossible: str | None = None

    def shown(self) -> str:
        if self.impossible:
            return "–"
        if self.wrong:
            return "WRONG"
        return "BLANK" if self.milliseconds is None else f"{self.milliseconds} ms"

    def holds(self) -> bool:
        return bool(self.impossible) or (self.wrong is None and self.milliseconds is not None)


def same(what: str, is_: Any, should: Any) -> None:
    if is_ != should:
        raise AssertionError(f"{what}: {is_!r} instead of {should!r}")


def as_json(cells: list[Cell]) -> list[dict[str, Any]]:
    return [{**asdict(cell), "holds": cell.holds()} for cell in cells]
