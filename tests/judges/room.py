"""One room of a stand-in, from the side of its people."""

from __future__ import annotations

from typing import Any

from processes import StandIns


class Room:
    """What people do there, what they see there, and what goes wrong around it."""

    def __init__(self, stand: StandIns, platform: str, name: str) -> None:
        self.stand, self.platform, self.name = stand, platform, name

    def act(self, do: str, **act: Any) -> str:
        """Somebody does something; answers the id of the message."""
        return self.stand.act(self.platform, do=do, room=self.name, **act)

    def fault(self, kind: str, **fault: Any) -> None:
        self.stand.fault(self.platform, kind, **fault)

    def seen(self, message: object) -> dict[str, Any]:
        """A message as the members see it."""
        return self.stand.seen(self.platform, self.name, message)

    def messages(self) -> list[dict[str, Any]]:
        """All messages as the members see them, the oldest first."""
        return self.stand.messages(self.platform, self.name)

    def said(self) -> list[str]:
        """All texts, the oldest first."""
        return [message["text"] for message in self.messages()]

    def acknowledged(self) -> set[str]:
        """Ids of the events that a client acknowledged."""
        return set(self.stand.control(f"{self.platform}/acknowledged"))
