"""What comes in by itself: crossings at the end of each month, disruptions scraped from the web."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ingitdb_cli.demo import world
from ingitdb_cli.demo.changes import Author, Event, Files, moment
from ingitdb_cli.demo.dice import Dice

YEARS = (2023, 2024, 2025)
CROSSINGS_BY_MONTH = (480, 470, 520, 560, 600, 680, 760, 750, 620, 560, 500, 500)
SCRAPES = 700
MOST_DISRUPTIONS = 40
DISRUPTIONS_PATH = "disruptions.json"

_KINDS = {
    "delay": "{route} leaves {minutes} minutes late",
    "weather": "Gale warning: {route} may be cancelled at short notice",
    "vessel": "{vessel} is replaced on {route}",
    "quay": "Works at the quay in {port}: {route} uses berth 2",
}


class Crossings:
    """Which ferries went, a file a year, extended month by month."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed, "crossings")
        self._lines: dict[int, list[str]] = {year: [] for year in YEARS}

    def events(self) -> Iterator[Event]:
        """Plans the exports."""
        for year in YEARS:
            for month in range(1, 13):
                yield self._export(year, month)

    def _export(self, year: int, month: int) -> Event:
        first = moment(f"{year}-{month:02d}-01")
        after = moment(f"{year + month // 12}-{month % 12 + 1:02d}-01")
        at = after - timedelta(hours=3)

        def apply() -> Files:
            self._lines[year] += self._month(year, first, (after - first).days, month)
            return {f"crossings/{year}.jsonl": "\n".join((*self._lines[year], ""))}

        message = f"Crossings of {first:%Y-%m}\n"
        return Event(at=at, author=Author.TIMETABLE, message=message, apply=apply)

    def _month(self, year: int, first: datetime, days: int, month: int) -> Iterator[str]:
        count = CROSSINGS_BY_MONTH[month - 1]
        before = len(self._lines[year])
        for number in range(count):
            day = first + timedelta(days=number * days // count)
            route = self._dice.pick(world.ROUTES)
            vessel = self._dice.pick(world.VESSELS)
            late = self._dice.below(12) if self._dice.chance(80) else self._dice.between(12, 95)
            hour, quarter = self._dice.between(5, 21), self._dice.pick(("00", "15", "30", "45"))
            yield (
                f'{{"id":"{year}-{before + number + 1:05d}","day":"{day:%Y-%m-%d}",'
                f'"route":"{route.key}","vessel":"{vessel.key}","left":"{hour:02d}:{quarter}",'
                f'"late_min":{late},"passengers":{self._dice.below(vessel.capacity)},'
                f'"cars":{self._dice.below(vessel.cars)}}}'
            )


class Disruptions:
    """A list behind a web address: each scrape finds some items gone and some new."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed, "disruptions")
        self._items: list[dict[str, Any]] = []
        self._number = 0

    def events(self) -> Iterator[Event]:
        """Plans the scrapes."""
        start = world.OPENING + timedelta(hours=18)
        span = int((world.CLOSING - start).total_seconds() // 60) - 120
        for number in range(SCRAPES):
            minutes = number * span // SCRAPES + self._dice.below(600)
            at = (start + timedelta(minutes=minutes)).replace(minute=7, second=23)
            yield self._scrape(at)

    def _scrape(self, at: datetime) -> Event:
        def apply() -> Files:
            self._items = [item for item in self._items if not self._dice.chance(14)]
            if self._dice.chance(2):
                del self._items[1:]  # the calm after a storm
            coming = 1 + self._dice.below(6) if not self._items else self._dice.below(7)
            for _ in range(min(coming, MOST_DISRUPTIONS - len(self._items))):
                self._items.append(self._item(at))
            value = {"updated": f"{at:%Y-%m-%dT%H:%M:%SZ}", "items": self._items}
            return {DISRUPTIONS_PATH: json.dumps(value, ensure_ascii=False, indent=2) + "\n"}

        message = f"Scrape of {at:%Y-%m-%d %H:%M}\n"
        return Event(at=at, author=Author.SCRAPER, message=message, apply=apply)

    def _item(self, at: datetime) -> dict[str, Any]:
        self._number += 1
        route = self._dice.pick(world.ROUTES)
        kind = self._dice.pick(tuple(_KINDS))
        minutes = self._dice.between(3, 24) * 5
        port = next(p for p in world.PORTS if p.key == route.to_port)
        text = _KINDS[kind].format(
            route=route.key,
            minutes=minutes,
            vessel=self._dice.pick(world.VESSELS).name,
            port=port.name,
        )
        found: dict[str, Any] = {"id": f"D{self._number:04d}", "route": route.key, "kind": kind}
        if kind == "delay":
            found["minutes"] = minutes
        return {
            **found,
            "text": text,
            "since": f"{at - timedelta(minutes=minutes):%Y-%m-%dT%H:%MZ}",
        }
