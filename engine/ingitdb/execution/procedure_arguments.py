"""The arguments of a procedure: texts, options by name, and Dolt's flags, which mean the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from ingitdb.errors import IngitdbError
from ingitdb.sql.arguments import Values, value_of
from ingitdb.sql.texts import Text
from ingitdb.sql.version_control import Call, Given
from ingitdb.sql.versions import Parameter


class Flag(NamedTuple):
    """What a flag stands for: an option, which may take the next argument as its value."""

    option: str
    takes_value: bool = False


Flags: TypeAlias = Mapping[str, Flag]


@dataclass(frozen=True, slots=True)
class Passed:
    """A value with the place that it comes from."""

    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What a procedure was called with.

    Attributes:
        source: The statement, for errors that point at a place.
        call: The call.
        texts: The arguments that belong to no option.
        options: By its name the value of each option; True for a switch.
    """

    source: Text
    call: Call
    texts: tuple[Passed, ...]
    options: Mapping[str, Passed]

    def text(self, at: int, what: str) -> str:
        """Gives the text at a place.

        Raises:
            StatementInvalid: There is none.
        """
        if at >= len(self.texts):
            raise self.source.invalid(f"{what} is missing.", *self.call.place)
        return _as_text(self.texts[at], self.source)

    def option(self, name: str) -> str | None:
        """Gives the text of an option; None if it is not given.

        Raises:
            StatementInvalid: It is no text.
        """
        found = self.options.get(name)
        return None if found is None or found.value is None else _as_text(found, self.source)

    def has(self, name: str) -> bool:
        """Tells whether a switch is on.

        Raises:
            StatementInvalid: It is neither true nor false.
        """
        found = self.options.get(name)
        if found is None or isinstance(found.value, bool):
            return found is not None and found.value
        raise self.source.invalid(f"{name} is true or false.", found.start, found.end)

    def expect(self, most: int) -> None:
        """Returns if there are no more texts than that.

        Raises:
            StatementInvalid: There are.
        """
        for extra in self.texts[most:]:
            raise self.source.invalid("This argument is one too many.", extra.start, extra.end)

    def expect_options(self, *names: str) -> None:
        """Returns if no other options are given.

        Raises:
            StatementInvalid: There are.
        """
        for name, extra in self.options.items():
            if name not in names:
                message = f"{name} has no meaning with the other arguments."
                raise self.source.invalid(message, extra.start, extra.end)

    def placed(self, error: IngitdbError, at: int) -> IngitdbError:
        """Lets an error point at a text."""
        found = self.texts[at]
        error.message = self.source.describe(error.message, found.start, found.end)
        return error


def passed(given: Given, values: Values | None) -> Passed:
    """Puts the value of a parameter in its place.

    Raises:
        StatementInvalid: The caller gave none.
    """
    value = given.value
    found = value_of(value, values) if isinstance(value, Parameter) else value
    return Passed(found, given.start, given.end)


def read_arguments(call: Call, source: Text, values: Values | None, flags: Flags) -> Arguments:
    """Sorts the arguments of a call into texts and options.

    Args:
        call: The call.
        source: Its statement.
        values: The statement's parameters.
        flags: The flags that it may have, by their spelling. Their options can be named, too.

    Raises:
        StatementInvalid: A flag or name is unknown, or a value is missing.
    """
    texts: list[Passed] = []
    options: dict[str, Passed] = {}
    waiting = [passed(given, values) for given in call.positional]
    while waiting:
        found = waiting.pop(0)
        text = found.value
        if not isinstance(text, str) or not text.startswith("-") or text == "-":
            texts.append(found)
            continue
        for flag, inline in _flags_of(text, found, source, flags):
            if not flag.takes_value:
                options[flag.option] = Passed(True, found.start, found.end)
            elif inline is not None:
                options[flag.option] = Passed(inline, found.start, found.end)
            elif waiting:
                options[flag.option] = waiting.pop(0)
            else:
                raise source.invalid(f"{text} wants a value.", found.start, found.end)
    known = {flag.option for flag in flags.values()}
    for name, given in call.named.items():
        if name not in known:
            hint = _listed("Names", sorted(known))
            raise source.invalid(f"There is no argument {name!r}.", given.start, given.end, hint)
        options[name] = passed(given, values)
    return Arguments(source=source, call=call, texts=tuple(texts), options=options)


def _flags_of(
    text: str, place: Passed, source: Text, flags: Flags
) -> Sequence[tuple[Flag, str | None]]:
    """Reads `-d`, `--delete`, `--author=…`, and `-Am`, which is `-A` and `-m`."""
    name, equals, inline = text.partition("=")
    if name in flags and (not equals or flags[name].takes_value):
        return [(flags[name], inline if equals else None)]
    letters = [f"-{letter}" for letter in text[1:]]
    if not text.startswith("--") and all(letter in flags for letter in letters):
        found = [flags[letter] for letter in letters]
        if not any(flag.takes_value for flag in found[:-1]):
            return [(flag, None) for flag in found]
    hint = _listed("Flags", sorted(flags))
    raise source.invalid(f"There is no flag {text}.", place.start, place.end, hint)


def _as_text(found: Passed, source: Text) -> str:
    if not isinstance(found.value, str):
        raise source.invalid("This argument is a text.", found.start, found.end)
    return found.value


def _listed(what: str, names: Sequence[str]) -> str:
    return f"{what}: {', '.join(names)}." if names else f"{what}: none."
