"""What is the same under every seed: ports, vessels, routes, and the days of the story."""

from dataclasses import dataclass

from ingitdb_cli.demo.changes import moment


@dataclass(frozen=True, slots=True)
class Port:
    """A harbour; `quay` is where the ferries lie, `note` a comment in its file."""

    key: str
    name: str
    country: str
    lat: str
    lon: str
    quay: str
    note: str


@dataclass(frozen=True, slots=True)
class Vessel:
    """A ferry of the fleet."""

    key: str
    name: str
    built: int
    capacity: int
    cars: int
    home_port: str
    length: str


@dataclass(frozen=True, slots=True)
class Route:
    """A line between two ports; on night routes there are cabins."""

    key: str
    from_port: str
    to_port: str
    minutes: int
    night: bool = False


PORTS = tuple(
    Port(*row.split("|"))
    for row in """
aalesund|Ålesund|NO|62.47|6.15|Skansekaia|narrow turn, bow thrusters needed
bergen|Bergen|NO|60.39|5.32|Skoltegrunnskaien|shared with the coastal express
bodo|Bodø|NO|67.28|14.38|Terminalkaia|swell from the west above 8 Bft
esbjerg|Esbjerg|DK|55.46|8.43|Doggerkaj|tide up to 1.5 m
flam|Flåm|NO|60.86|7.12|Flåmskaia|summer only for large vessels
gdansk|Gdańsk|PL|54.41|18.66|Nabrzeże Obrońców|
goteborg|Göteborg|SE|57.69|11.91|Majnabbe|
helsingor|Helsingør|DK|56.03|12.62|Færgehavnen|traffic zone, report to VTS
hirtshals|Hirtshals|DK|57.59|9.96|Norgeskajen|
karlskrona|Karlskrona|SE|56.16|15.64|Verkö|
klaipeda|Klaipėda|LT|55.69|21.13|Centrinis|
kristiansand|Kristiansand|NO|58.14|7.99|Kongens gate|
lerwick|Lerwick|GB|60.16|-1.15|Holmsgarth|no bunkering on Sundays
mariehamn|Mariehamn|FI|60.09|19.93|Västerhamn|
odda|Odda|NO|60.07|6.55|Almerket|reserve harbour, not served in 2025
oslo|Oslo|NO|59.91|10.73|Hjortneskaia|
ronne|Rønne|DK|55.1|14.69|Leje 5|
stavanger|Stavanger|NO|58.98|5.73|Risavika|
ystad|Ystad|SE|55.43|13.83|Inre hamnen|
swinoujscie|Świnoujście|PL|53.9|14.26|Terminal Promowy|pilot from the second call
torshavn|Tórshavn|FO|62.01|-6.77|Eystara bryggja|
tromso|Tromsø|NO|69.65|18.96|Prostneset|
turku|Turku|FI|60.44|22.22|Linnansatama|ice class from January to March
visby|Visby|SE|57.63|18.28|Pir 3|
""".strip().splitlines()
)

VESSELS = (
    Vessel("fjordlys", "Fjordlys", 1998, 450, 120, "bergen", "128.4"),
    Vessel("havorn", "Havørn", 2004, 620, 180, "kristiansand", "141.2"),
    Vessel("morild", "Morild", 2011, 300, 64, "tromso", "96.5"),
    Vessel("nordlicht", "Nordlicht", 2016, 840, 240, "goteborg", "171.9"),
    Vessel("polaris", "Polaris", 2008, 540, 150, "turku", "133.7"),
    Vessel("skumring", "Skumring", 1994, 280, 70, "stavanger", "88.3"),
    Vessel("slask", "Śląsk", 2001, 700, 210, "swinoujscie", "158.6"),
    Vessel("tordenskjold", "Tordenskjold", 2019, 960, 280, "oslo", "182.1"),
    Vessel("visund", "Visund", 2013, 380, 96, "aalesund", "104.8"),
)

ROUTES = (
    Route("R01", "bergen", "stavanger", 310),
    Route("R02", "bergen", "flam", 330),
    Route("R03", "bergen", "aalesund", 520),
    Route("R04", "stavanger", "kristiansand", 290),
    Route("R05", "kristiansand", "hirtshals", 195),
    Route("R06", "oslo", "kristiansand", 480),
    Route("R07", "oslo", "helsingor", 620),
    Route("R08", "oslo", "goteborg", 430),
    Route("R09", "goteborg", "helsingor", 340),
    Route("R10", "hirtshals", "goteborg", 260),
    Route("R11", "esbjerg", "stavanger", 690),
    Route("R12", "helsingor", "ronne", 385),
    Route("R13", "ystad", "ronne", 80),
    Route("R14", "ystad", "swinoujscie", 390),
    Route("R15", "ronne", "swinoujscie", 325),
    Route("R16", "karlskrona", "gdansk", 640),
    Route("R17", "karlskrona", "ronne", 210),
    Route("R18", "visby", "karlskrona", 400),
    Route("R19", "visby", "gdansk", 610),
    Route("R20", "visby", "mariehamn", 540),
    Route("R21", "mariehamn", "turku", 330),
    Route("R22", "klaipeda", "karlskrona", 780),
    Route("R23", "bergen", "lerwick", 810, night=True),
    Route("R24", "lerwick", "torshavn", 790, night=True),
    Route("R25", "aalesund", "bodo", 960),
    Route("R26", "bodo", "tromso", 740),
    Route("R27", "flam", "stavanger", 470),
    Route("R28", "gdansk", "klaipeda", 420),
    Route("R29", "ronne", "goteborg", 560),
    Route("R30", "aalesund", "tromso", 1320),
)
"""The routes of the first day; `NEW_ROUTE` is added at the end of the story."""

NEW_ROUTE = Route("R31", "bergen", "odda", 240)
STORY_ROUTE = "R07"

OPENING = moment("2023-01-02T08:00")
PORTS_SPLIT = moment("2023-04-18T09:30")
VERSION_1 = moment("2023-09-01T10:00")
RENAME = moment("2023-09-04T08:15")
CAPACITY_GUESSED = moment("2023-11-06T13:20")
CAPACITY_MEASURED = moment("2023-12-06T09:05")
COUNTRY_ADDED = moment("2024-01-09T10:45")
BAD_TARIFF = moment("2024-03-08T08:40")
TARIFF_REPAIRED = moment("2024-03-17T16:25")
VERSION_2 = moment("2025-06-02T11:00")
FORK = moment("2025-12-05T09:00")
QUIET = moment("2025-12-01T00:00")
"""From here on the desks make no chance edits, so that the branch meets what is planned."""
CLOSING = moment("2025-12-31T22:00")
