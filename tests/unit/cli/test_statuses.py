"""Each error has an exit status, and the documented statuses are the only ones."""

from collections.abc import Iterator

from ingitdb import errors
from ingitdb_cli.statuses import STATUS_BY_CODE, Status


def own(
    root: type[errors.IngitdbError] = errors.IngitdbError,
) -> Iterator[type[errors.IngitdbError]]:
    yield root
    for below in root.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from own(below)


def test_table_is_total() -> None:
    assert set(STATUS_BY_CODE) == {known.code for known in own()}


def test_statuses_are_those_of_the_manual() -> None:
    assert {int(s) for s in Status} == {0, 1, 2, 3, 4, 5, 6, 7, 70, 130}
    assert not set(STATUS_BY_CODE.values()) & {Status.DONE, Status.FOUND}


def test_kinds() -> None:
    assert STATUS_BY_CODE[errors.RepositoryNotFound.code] == 3
    assert STATUS_BY_CODE[errors.StatementRefused.code] == 4
    assert STATUS_BY_CODE[errors.DataUnreadable.code] == 5
    assert STATUS_BY_CODE[errors.MissingDependency.code] == 2
