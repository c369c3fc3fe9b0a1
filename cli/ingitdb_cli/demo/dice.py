"""Seeded chance that falls the same on every version of Python."""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws from `Random.random` alone, whose sequence Python promises to keep."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._random = random.Random(f"northlight/{seed}/{purpose}")  # noqa: S311 - no secret

    def below(self, bound: int) -> int:
        """Gives an integer from 0 to one less than the bound."""
        return int(self._random.random() * bound)

    def between(self, low: int, high: int) -> int:
        """Gives an integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, percent: int) -> bool:
        """Says yes in so many cases of a hundred."""
        return self.below(100) < percent

    def pick(self, things: Sequence[T]) -> T:
        """Gives one of the things."""
        return things[self.below(len(things))]

    def sample(self, things: Sequence[T], count: int) -> list[T]:
        """Gives so many different things, in the order in which they are drawn."""
        left = list(things)
        return [left.pop(self.below(len(left))) for _ in range(count)]
