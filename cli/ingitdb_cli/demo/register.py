"""The registers of ports, vessels and routes: their files, and the chance edits of the desks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from ingitdb_cli.demo import world
from ingitdb_cli.demo.changes import Author, Event, Files
from ingitdb_cli.demo.dice import Dice

PORT_EDITS = 130
VESSEL_EDITS = 120
ROUTE_EDITS = 150
GUESSED_VESSEL = "fjordlys"
CONFLICT_ROUTE = "R12"

_NOTES = (
    "noise limit after 22:00",
    "check fenders before mooring",
    "water and shore power at berth 1",
    "marshalling area closed on market days",
    "crew change on Thursdays",
)
_REMARKS = (
    "Main engine 2 overhauled; sea trial without remarks.",
    "New life rafts, certificates with the Fleet Office.",
    "Bow visor inspected. Next time in six months.",
    "Galley refitted; the café opens at the usual hours.",
    "Hull cleaned and painted, draught marks renewed.",
    "Stabiliser fin on the port side out of use until docking.",
)


class Register:
    """Ports, vessels and routes as they stand."""

    def __init__(self, seed: int) -> None:
        self._dice = Dice(seed, "register")
        self._split = False
        self._routes_path = "lines.yaml"
        self.ports: dict[str, dict[str, Any]] = {p.key: self._port(p) for p in world.PORTS}
        self.notes = {p.key: p.note for p in world.PORTS}
        self.vessels: dict[str, dict[str, Any]] = {v.key: _vessel(v) for v in world.VESSELS}
        self.remarks = {v.key: [f"Built in {v.built}."] for v in world.VESSELS}
        self.routes: dict[str, dict[str, Any]] = {}
        for route in world.ROUTES:
            self.add_route(route, self._dice.pick(world.VESSELS).key)

    def add_route(self, route: world.Route, vessel: str) -> None:
        """Adds a route to the register."""
        self.routes[route.key] = {
            "from_port": route.from_port,
            "to_port": route.to_port,
            "minutes": route.minutes,
            "vessel": vessel,
            "overnight": route.night,
        }

    def port_files(self, *keys: str) -> Files:
        """Writes some ports, or the one file of all before they were split."""
        if not self._split:
            return {"ports.json": _ports_json(self.ports)}
        return {f"ports/{k}.yaml": _port_yaml(self.ports[k], self.notes[k]) for k in keys}

    def vessel_files(self, *keys: str) -> Files:
        """Writes some vessels."""
        return {f"vessels/{k}.md": _vessel_md(self.vessels[k], self.remarks[k]) for k in keys}

    def route_files(self) -> Files:
        """Writes the routes."""
        return {self._routes_path: _routes_yaml(self.routes)}

    def split_ports(self) -> Files:
        """Gives each port a file of its own."""
        self._split = True
        return {"ports.json": None, **self.port_files(*self.ports)}

    def rename_lines(self) -> Files:
        """Gives the file of the routes the name that it has today."""
        self._routes_path = "routes.yaml"
        return {"lines.yaml": None, **self.route_files()}

    def add_countries(self) -> Files:
        """Notes the country of each port; unquoted `NO` is the point of it."""
        for port in world.PORTS:
            old = self.ports[port.key]
            self.ports[port.key] = {"name": old.pop("name"), "country": port.country, **old}
        return self.port_files(*self.ports)

    def set_capacity(self, capacity: int | str) -> Files:
        """Sets the capacity of the vessel whose capacity is once only guessed."""
        self.vessels[GUESSED_VESSEL]["capacity"] = capacity
        return self.vessel_files(GUESSED_VESSEL)

    def events(self) -> Iterator[Event]:
        """Plans the chance edits."""
        for at in self._times(PORT_EDITS):
            yield self._edit_port(at)
        for at in self._times(VESSEL_EDITS):
            yield self._edit_vessel(at)
        for at in self._times(ROUTE_EDITS):
            yield self._edit_route(at)

    def _port(self, port: world.Port) -> dict[str, Any]:
        return {
            "name": port.name,
            "position": {"lat": port.lat, "lon": port.lon},
            "quay": port.quay,
            "berths": self._dice.between(1, 6),
            "opens": f"0{self._dice.between(4, 7)}:{self._dice.pick(('00', '15', '30', '45'))}",
        }

    def _times(self, count: int) -> Iterator[datetime]:
        span = int((world.QUIET - world.OPENING).total_seconds() // 60)
        step = span // count
        for number in range(count):
            yield world.OPENING + timedelta(
                minutes=number * step + 90 + self._dice.below(step - 180)
            )

    def _edit_port(self, at: datetime) -> Event:
        port = self._dice.pick(world.PORTS)
        kind = self._dice.below(3)
        hour, quarter = self._dice.between(4, 7), self._dice.pick(("00", "15", "30", "45"))
        note = self._dice.pick(_NOTES)

        def apply() -> Files:
            record = self.ports[port.key]
            if kind == 0 and self._split and self.notes[port.key] != note:
                self.notes[port.key] = note
            elif kind == 1 and record["opens"] != f"0{hour}:{quarter}":
                record["opens"] = f"0{hour}:{quarter}"
            else:
                record["berths"] = record["berths"] % 6 + 1
            return self.port_files(port.key)

        subject = ("note for the bridge", "opening hours", "berths")[kind]
        return _event(at, Author.TIMETABLE, f"{port.name}: {subject}", apply)

    def _edit_vessel(self, at: datetime) -> Event:
        vessel = self._dice.pick(world.VESSELS)
        remark = self._dice.pick(_REMARKS)
        crew = self._dice.between(0, 3)

        def apply() -> Files:
            record = self.vessels[vessel.key]
            record["inspected"] = at.date().isoformat()
            record["crew"] += crew if record["crew"] < 40 else -crew
            lines = self.remarks[vessel.key]
            lines.append(f"{at:%Y-%m}: {remark}")
            del lines[1:-5]
            return self.vessel_files(vessel.key)

        return _event(at, Author.FLEET, f"{vessel.name}: inspection", apply)

    def _edit_route(self, at: datetime) -> Event:
        route = self._dice.pick(world.ROUTES)
        minutes = self._dice.pick((-10, -5, 5, 5, 10))
        vessel = self._dice.pick(world.VESSELS).key
        swap = self._dice.chance(40)

        def apply() -> Files:
            record = self.routes[route.key]
            if swap and record["vessel"] != vessel:
                record["vessel"] = vessel
            else:
                record["minutes"] += minutes
            return self.route_files()

        subject = "other vessel" if swap else "new times"
        return _event(at, Author.TIMETABLE, f"{route.key}: {subject}", apply)


def _event(at: datetime, author: Author, message: str, apply: Callable[[], Files]) -> Event:
    return Event(at=at, author=author, message=f"{message}\n", apply=apply)


def _vessel(vessel: world.Vessel) -> dict[str, Any]:
    return {
        "name": vessel.name,
        "built": vessel.built,
        "capacity": vessel.capacity,
        "cars": vessel.cars,
        "crew": 14 + vessel.capacity // 60,
        "length_m": vessel.length,
        "home_port": vessel.home_port,
        "inspected": "2022-11-30",
    }


def _ports_json(ports: dict[str, dict[str, Any]]) -> str:
    records = []
    for key, port in ports.items():
        lat, lon = port["position"]["lat"], port["position"]["lon"]
        records.append(
            f'  "{key}": {{\n'
            f'    "name": "{port["name"]}",\n'
            f'    "position": {{"lat": {lat}, "lon": {lon}}},\n'
            f'    "quay": "{port["quay"]}",\n'
            f'    "berths": {port["berths"]},\n'
            f'    "opens": "{port["opens"]}"\n'
            "  }"
        )
    return "{\n" + ",\n".join(records) + "\n}\n"


def _port_yaml(port: dict[str, Any], note: str) -> str:
    lines = [f"# {port['name']} harbour: ask the Timetable Desk before you change this file"]
    for name, value in port.items():
        if name == "position":
            lines += ["position:", f"  lat: {value['lat']}", f"  lon: {value['lon']}"]
        else:
            lines.append(f"{name}: {value}")
    if note:
        lines.append(f"# {note}")
    return "\n".join((*lines, ""))


def _vessel_md(vessel: dict[str, Any], remarks: list[str]) -> str:
    fields = (
        f'{name}: "{value}"'
        if name == "capacity" and isinstance(value, str)
        else f"{name}: {value}"
        for name, value in vessel.items()
    )
    body = "\n\n".join((f"# {vessel['name']}", *remarks))
    return "\n".join(("---", *fields, "---", "", body, ""))


def _routes_yaml(routes: dict[str, dict[str, Any]]) -> str:
    lines = ["# times in minutes, quay to quay"]
    for key, route in routes.items():
        lines.append(f"{key}:")
        for name, value in route.items():
            text = str(value).lower() if isinstance(value, bool) else value
            lines.append(f"  {name}: {text}")
    return "\n".join((*lines, ""))
