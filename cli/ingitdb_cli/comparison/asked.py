"""Which words of a call of `diff` name commits, and which name tables: as Git tells them apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ingitdb.errors import (
    CatalogError,
    DataError,
    NoCommitsYet,
    RefNotFound,
    RepositoryError,
    TableAmbiguous,
    TableNotFound,
    UsageError,
)

if TYPE_CHECKING:
    from ingitdb.services.database import Database

_MOST_REFS = 2
_ONLY_REFS = ("..", "~", "^", "@{", ":")
"""What stands in no table's name that could be a ref too."""
_PSEUDO = ("HEAD", "@", "WORKING", "STAGED", "EMPTY")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a call wants compared.

    Attributes:
        first: A ref or a range, if there is one.
        second: A ref, if there are two.
        tables: The tables; none are all.
        is_guess: Whether the first of the tables may have been meant as a ref.
    """

    first: str | None
    second: str | None
    tables: tuple[str, ...]
    is_guess: bool = False

    def missing(self, error: TableNotFound, database: "Database") -> Exception:
        """Says of a word that leads nowhere what it could have been."""
        word = self.tables[0]
        if not self.is_guess or error.table not in (word, word.rsplit(".", 1)[-1]):
            return error
        try:
            database.resolve(word)
        except RefNotFound as unknown:
            hints = [f"Refs: {unknown.hint}"] if unknown.hint else []
            hints += [f"Tables: {error.hint}"] if error.hint else []
            return RefNotFound(
                word,
                message=f"{word!r} is no commit, branch, tag or date, and no table.",
                hint=" ".join(hints) or None,
            )
        return error


def asked(
    database: "Database",
    words: Sequence[str],
    after: Sequence[str] | None,
    sides: tuple[str | None, str | None],
) -> Asked:
    """Tells refs from tables.

    Args:
        database: Where they are looked up.
        words: What stands before `--`.
        after: What stands behind it; None without one.
        sides: What `--base` and `--compare` say.

    Raises:
        UsageError: A word is both, or there are too many commits.
        RefNotFound: A word before `--` is no ref.
    """
    if any(sides):
        if after is not None and words:
            raise UsageError("Commits stand before `--` or in --base and --compare, not in both.")
        base, compare = sides
        tables = (*words, *(after or ()))
        if words and _is_ref(database, words[0]) and not _is_table(database, words[0]):
            raise UsageError(f"{words[0]} is a commit, beside --base or --compare.")
        return Asked(base or "HEAD", compare, tables)
    if after is not None:
        refs, tables = tuple(words), tuple(after)
    else:
        count = _refs(database, words)
        refs, tables = tuple(words[:count]), tuple(words[count:])
    if len(refs) > _MOST_REFS or (len(refs) > 1 and any(".." in ref for ref in refs)):
        raise UsageError(
            f"{' '.join(refs)} are too many commits.", hint="Two can be compared: A..B"
        )
    first, second = (*refs, None, None)[:_MOST_REFS]
    return Asked(first, second, tables, is_guess=not refs and after is None)


def _refs(database: "Database", words: Sequence[str]) -> int:
    """Counts the words that are refs: the first ones, up to a range or two."""
    count = 0
    for word in words[:_MOST_REFS]:
        if ".." in word:
            return count + (count == 0)
        if not _is_ref(database, word):
            break
        plain = word not in _PSEUDO and not any(mark in word for mark in _ONLY_REFS)
        if plain and _is_table(database, word):
            raise UsageError(
                f"{word} is a commit and a table.",
                hint=f"ingitdb diff {word} -- for the commit, ingitdb diff -- {word} for the table",
            )
        count += 1
    return count


def _is_ref(database: "Database", word: str) -> bool:
    try:
        database.resolve(word)
    except NoCommitsYet:
        return True
    except RepositoryError:
        return False
    return True


def _is_table(database: "Database", word: str) -> bool:
    try:
        database.describe(word)
    except TableAmbiguous:
        return True
    except (CatalogError, RepositoryError, DataError):
        return False
    return True
