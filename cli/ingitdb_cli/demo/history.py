"""Tells the story: applies all events in order, on main and on the branch for the next summer."""

from collections.abc import Iterator
from datetime import timedelta

from ingitdb_cli.demo import world
from ingitdb_cli.demo.changes import Author, Change, Event, Files
from ingitdb_cli.demo.definitions import README, definition_files
from ingitdb_cli.demo.fares import Fares
from ingitdb_cli.demo.register import CONFLICT_ROUTE, GUESSED_VESSEL, Register
from ingitdb_cli.demo.traffic import Crossings, Disruptions

BRANCH = "summer-2026"
BRANCH_ROUTE = "R02"
DELETED_PORT = "odda"


class History:
    """All commits of one seed, in the order in which they are written."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._register = Register(seed)
        self._fares = Fares(seed)
        self._crossings = Crossings(seed)
        self._disruptions = Disruptions(seed)

    def changes(self) -> Iterator[Change]:
        """Gives the commits of main until the fork, of the branch, and of main after it."""
        known: dict[str, str | None] = {}
        events = sorted(self._events(), key=lambda event: event.at)
        forked = False
        for event in events:
            if event.at > world.FORK and not forked:
                forked = True
                yield from self._branch()
            files = {p: text for p, text in event.apply().items() if known.get(p) != text}
            if files:
                known.update(files)
                yield Change(
                    at=event.at,
                    author=event.author,
                    message=event.message,
                    files=files,
                    tag=event.tag,
                )

    def _events(self) -> Iterator[Event]:
        yield from self._milestones()
        yield from self._after_fork()
        yield from self._register.events()
        yield from self._fares.events()
        yield from self._crossings.events()
        yield from self._disruptions.events()

    def _milestones(self) -> Iterator[Event]:
        register = self._register
        timetable, fleet = Author.TIMETABLE, Author.FLEET
        plan = (
            (world.OPENING, timetable, "Open the timetable and the fares", self._open, None),
            (world.PORTS_SPLIT, timetable, "One file a port", register.split_ports, None),
            (world.VERSION_1, timetable, "Release 1.0", lambda: {"VERSION": "1.0\n"}, "v1.0"),
            (world.RENAME, timetable, "Say routes and price_eur", self._rename, None),
            (
                world.CAPACITY_GUESSED,
                fleet,
                "Fjordlys: capacity to be confirmed by the class",
                lambda: register.set_capacity("ca. 450"),
                None,
            ),
            (
                world.CAPACITY_MEASURED,
                fleet,
                "Fjordlys: capacity confirmed",
                lambda: register.set_capacity(450),
                None,
            ),
            (world.COUNTRY_ADDED, timetable, "Ports: add country", register.add_countries, None),
            (world.VERSION_2, timetable, "Declare keys and references", self._declare, "v2.0"),
        )
        for at, author, message, apply, tag in plan:
            yield Event(at=at, author=author, message=f"{message}\n", apply=apply, tag=tag)

    def _open(self) -> Files:
        register = self._register
        return {
            "README.md": README,
            "VERSION": "0.9\n",
            **register.port_files(*register.ports),
            **register.vessel_files(*register.vessels),
            **register.route_files(),
            **self._fares.files(),
        }

    def _rename(self) -> Files:
        return {**self._register.rename_lines(), **self._fares.rename_column()}

    def _declare(self) -> Files:
        return {"VERSION": "2.0\n", **definition_files()}

    def _after_fork(self) -> Iterator[Event]:
        """What main does while the branch is open; each touches what the branch touches."""
        first = self._branch_fare()
        plan = (
            (3, Author.FLEET, "Fjordlys: two more in the crew", self._more_crew),
            (4, Author.PRICING, "R02: bicycles a little dearer", lambda: self._raise(first, 50)),
            (5, Author.TIMETABLE, f"{CONFLICT_ROUTE}: slower in the new year", self._slower),
            (9, Author.TIMETABLE, "New route R31 to Odda", self._new_route),
        )
        for days, author, message, apply in plan:
            at = world.FORK + timedelta(days=days, hours=2)
            yield Event(at=at, author=author, message=f"{message}\n", apply=apply)

    def _more_crew(self) -> Files:
        self._register.vessels[GUESSED_VESSEL]["crew"] += 2
        return self._register.vessel_files(GUESSED_VESSEL)

    def _raise(self, index: int, cents: int) -> Files:
        return self._fares.raise_one(index, cents)

    def _slower(self) -> Files:
        self._register.routes[CONFLICT_ROUTE]["minutes"] += 15
        return self._register.route_files()

    def _new_route(self) -> Files:
        self._register.add_route(world.NEW_ROUTE, "visund")
        return self._register.route_files()

    def _branch_fare(self) -> int:
        """Finds the fare that main changes; the branch changes the next line."""
        return next(
            i
            for i, fare in enumerate(self._fares.lines)
            if fare.route == BRANCH_ROUTE and fare.category == "bicycle"
        )

    def _branch(self) -> Iterator[Change]:
        """The branch: two edits beside main's, one against it, and a port that main comes to need.

        The state is put back after each edit, since main does not see it.
        """
        register, first = self._register, self._branch_fare()
        vessel = register.vessels[GUESSED_VESSEL]
        route = register.routes[CONFLICT_ROUTE]

        vessel["cars"] += 10
        files = register.vessel_files(GUESSED_VESSEL)
        vessel["cars"] -= 10
        yield _on_branch(1, Author.FLEET, "Fjordlys: ten more cars in summer", files)

        files = self._fares.raise_one(first + 1, 120)
        self._fares.raise_one(first + 1, -120)
        yield _on_branch(2, Author.PRICING, "R02: summer prices for bicycles", files)

        route["minutes"] -= 10
        files = register.route_files()
        route["minutes"] += 10
        yield _on_branch(3, Author.TIMETABLE, f"{CONFLICT_ROUTE}: faster in summer", files)

        files = {f"ports/{DELETED_PORT}.yaml": None}
        yield _on_branch(6, Author.TIMETABLE, "Give up the reserve harbour at Odda", files)


def _on_branch(days: int, author: Author, message: str, files: Files) -> Change:
    at = world.FORK + timedelta(days=days)
    return Change(at=at, author=author, message=f"{message}\n", files=files, branch=BRANCH)
