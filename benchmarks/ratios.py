"""What was measured beside what, and one line about each pair."""

from dataclasses import dataclass, field

MS = 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure should be; nothing set means that it is only told.

    Attributes:
        times: At most so many times the bound.
        over: At most so many seconds over the bound.
        most: At most so much, whatever the bound.
        faster: At least so many times faster than the rival.
        of_slowest: Whether the bound is the slowest of several, else it is the first.
    """

    times: float | None = None
    over: float | None = None
    most: float | None = None
    faster: float | None = None
    of_slowest: bool = False

    def text(self) -> str:
        """Spells the goal for the end of a line."""
        if self.times is not None:
            return f"goal {self.times:g}"
        if self.over is not None:
            return f"goal bound + {self.over * MS:g} ms"
        if self.most is not None:
            return f"goal {self.most * MS:g} ms"
        return f"goal {self.faster:g} x faster" if self.faster is not None else "no goal"

    def is_met(self, ours: float, bound: float) -> bool:
        """Whether a pair of figures reaches the goal."""
        return (
            (self.times is None or ours <= bound * self.times)
            and (self.over is None or ours <= bound + self.over)
            and (self.most is None or ours <= self.most)
            and (self.faster is None or bound >= ours * self.faster)
        )


@dataclass(slots=True)
class Pair:
    """Ours and what it stands beside; seconds, or bytes."""

    goal: Goal
    figures: dict[str, float] = field(default_factory=dict)
    unit: str = "ms"

    def line(self, label: str) -> str:
        """Says it all in one line."""
        ours = self.figures.get("ours")
        if ours is None:
            return f"{label}: ours not measured"
        others = {side: value for side, value in self.figures.items() if side != "ours"}
        words = [f"ours {self._shown(ours)}"]
        words += [f"{side} {self._shown(value)}" for side, value in others.items()]
        bounds = others.values()
        bound = max(bounds, default=0.0) if self.goal.of_slowest else next(iter(bounds), 0.0)
        if bound:
            faster = self.goal.faster is not None
            words.append(f"{bound / ours:.0f} x faster" if faster else f"{ours / bound:.2f} x")
        if bound and self.goal.over is not None:
            words.append(f"{(ours - bound) * MS:+.1f} ms")
        if not bound and self.goal.most is None:
            return f"{label}: {', '.join(words)}"
        missed = "" if self.goal.is_met(ours, bound) else ", MISSED"
        return f"{label}: {', '.join(words)} ({self.goal.text()}{missed})"

    def _shown(self, value: float) -> str:
        if self.unit == "bytes":
            return f"{value / 1e6:.2f} MB"
        return f"{value:.2f} s" if value >= 1 else f"{value * MS:.1f} ms"


class Ratios:
    """Collects the figures of a run."""

    def __init__(self) -> None:
        self._pairs: dict[str, Pair] = {}

    def note(
        self, label: str, side: str, value: float | None, goal: Goal, *, unit: str = "ms"
    ) -> None:
        """Keeps one figure; the two of a pair have the same label, ours is the side `ours`."""
        if value is not None:
            self._pairs.setdefault(label, Pair(goal, unit=unit)).figures[side] = value

    def lines(self) -> list[str]:
        """Gives a line a pair, in the order of the first figures."""
        return [pair.line(label) for label, pair in self._pairs.items()]
