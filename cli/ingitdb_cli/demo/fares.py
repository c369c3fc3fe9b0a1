"""The fares and what the Pricing Desk does to them; prices are counted in cents."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from ingitdb_cli.demo import world
from ingitdb_cli.demo.changes import Author, Event, Files
from ingitdb_cli.demo.dice import Dice

PATH = "fares.csv"
CATEGORIES = ("adult", "child", "senior", "bicycle", "motorcycle", "car")
SEASONS = ("low", "mid", "high")
TICKETS = ("single", "return")
ODD_CENTS = 448
"""Fares that are no multiple of ten cents until the spring tariff rounds them."""
TENFOLD = 37
FORGOTTEN = 3
EDITS = 250
TARIFF_MESSAGE = "Spring tariff: round to 10 cents"

_CATEGORY_PERCENT = {
    "adult": 100,
    "child": 50,
    "senior": 75,
    "bicycle": 30,
    "motorcycle": 120,
    "car": 210,
}
_SEASON_PERCENT = {"low": 85, "mid": 100, "high": 135}
_REASONS = (
    "Fuel surcharge on {route}",
    "{route}: {season} season, {category} fares",
    "Match the competition on {route}",
    "{route}: adjust {category} fares",
    "Harbour dues passed on: {route}",
)


@dataclass(slots=True)
class Fare:
    """One line of the file."""

    route: str
    category: str
    season: str
    ticket: str
    cabin: str
    cents: int


class Fares:
    """The fares as they stand, and the events that change them."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed, "fares")
        self.lines = [fare for route in world.ROUTES for fare in _of(route)]
        self._price_column = "fare"
        first = next(i for i, f in enumerate(self.lines) if f.route == world.STORY_ROUTE)
        self._tenfold = list(range(first, first + TENFOLD))
        """All fares of the story's route and, by a slip, the first of the next."""
        self._forgotten = sorted(self._dice.sample(self._tenfold[:-1], FORGOTTEN))
        others = [i for i in range(len(self.lines)) if i not in set(self._tenfold)]
        odd = {*self._tenfold, *self._dice.sample(others, ODD_CENTS - TENFOLD)}
        for index, fare in enumerate(self.lines):
            fare.cents += self._dice.between(1, 9) if index in odd else 0

    def files(self) -> Files:
        """Writes the file."""
        head = f"route,category,season,ticket,class,{self._price_column}"
        lines = (
            f"{f.route},{f.category},{f.season},{f.ticket},{f.cabin},"
            f"{f.cents // 100}.{f.cents % 100:02d}"
            for f in self.lines
        )
        return {PATH: "\n".join((head, *lines, ""))}

    def rename_column(self) -> Files:
        """Gives the price column the name that it has today."""
        self._price_column = "price_eur"
        return self.files()

    def events(self) -> Iterator[Event]:
        """Plans the Pricing Desk's work."""
        yield Event(
            at=world.BAD_TARIFF,
            author=Author.PRICING,
            message=f"{TARIFF_MESSAGE}\n\nAgreed with the Timetable Desk on 1 March.\n",
            apply=self._spring_tariff,
        )
        yield Event(
            at=world.TARIFF_REPAIRED,
            author=Author.PRICING,
            message=f"{world.STORY_ROUTE}: correct typing errors of the spring tariff\n",
            apply=self._repair,
        )
        for at in self._edit_times():
            yield self._edit(at)

    def raise_one(self, index: int, cents: int) -> Files:
        """Changes one fare, by its place in the file."""
        self.lines[index].cents += cents
        return self.files()

    def _edit_times(self) -> Iterator[datetime]:
        span = int((world.QUIET - world.OPENING).total_seconds() // 60)
        step = span // EDITS
        for number in range(EDITS):
            minutes = number * step + 60 + self._dice.below(step - 120)
            at = world.OPENING + timedelta(minutes=minutes)
            if world.BAD_TARIFF <= at <= world.TARIFF_REPAIRED:
                at += world.TARIFF_REPAIRED - world.BAD_TARIFF  # nobody looks for nine days
            yield at

    def _edit(self, at: datetime) -> Event:
        route = self._dice.pick(world.ROUTES).key
        category = self._dice.pick(CATEGORIES)
        season = self._dice.pick(SEASONS)
        by_season = self._dice.chance(60)
        step = self._dice.pick((-30, -20, -10, 10, 10, 20, 30, 40, 50, 80))
        chosen = [
            index
            for index, fare in enumerate(self.lines)
            if fare.route == route
            and (fare.category == category)
            and (fare.season == season or not by_season)
        ]
        message = self._dice.pick(_REASONS).format(route=route, season=season, category=category)

        def apply() -> Files:
            frozen = self._forgotten if at >= world.BAD_TARIFF else ()
            able = [i for i in chosen if i not in frozen]
            cheapest = min((self.lines[i].cents for i in able), default=0)
            for index in able:
                self.lines[index].cents += step if cheapest + step >= 200 else -step
            return self.files() if able else {}

        return Event(at=at, author=Author.PRICING, message=f"{message}\n", apply=apply)

    def _spring_tariff(self) -> Files:
        for fare in self.lines:
            fare.cents = _rounded(fare.cents)
        for index in self._tenfold:
            self.lines[index].cents *= 10
        return self.files()

    def _repair(self) -> Files:
        for index in self._tenfold:
            if index not in self._forgotten:
                self.lines[index].cents //= 10
        return self.files()


def _of(route: world.Route) -> Iterator[Fare]:
    full = 600 + route.minutes * 7
    for cabin in ("standard", "cabin") if route.night else ("standard",):
        for category in CATEGORIES:
            for season in SEASONS:
                for ticket in TICKETS:
                    cents = full * _CATEGORY_PERCENT[category] * _SEASON_PERCENT[season] // 10_000
                    cents = cents * (180 if ticket == "return" else 100) // 100
                    cents = cents * (260 if cabin == "cabin" else 100) // 100
                    yield Fare(
                        route.key, category, season, ticket, cabin, max(cents // 10 * 10, 250)
                    )


def _rounded(cents: int) -> int:
    return (cents + 5) // 10 * 10
