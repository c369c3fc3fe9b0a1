"""SQL and values of parameters as they stand on the command line."""

import io
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest

from ingitdb.errors import UsageError
from ingitdb_cli.statement import parameter_values, statement


def test_one_word_is_the_statement() -> None:
    assert statement(["SELECT 1"], None) == "SELECT 1"


def test_file_and_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "q.sql"
    file.write_text("\ufeffSELECT 'ø'", "utf-8")
    assert statement([], file) == "SELECT 'ø'"
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("SELECT 'ø'".encode())))
    assert statement(["-"], None) == "SELECT 'ø'"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"", b" \n"])
def test_files_that_are_no_statement(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "q.sql"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError):
        statement([], file)


def test_unquoted_sql_is_shown_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("b.csv", "a.csv", ".hidden"):
        (tmp_path / name).touch()
    with pytest.raises(UsageError) as caught:
        statement(["SELECT", "a.csv", "b.csv", "FROM", "t"], None)
    assert caught.value.hint == 'ingitdb query "SELECT * FROM t"'
    with pytest.raises(UsageError) as caught:
        statement(["SELECT", '"a"', "FROM", "t"], None)
    assert caught.value.hint == "ingitdb query 'SELECT \"a\" FROM t'"


def test_values_by_place_and_by_name() -> None:
    assert parameter_values([], "SELECT 1") is None
    placed = ["5", "-1.50", "007", "true", "null", "Oslo", "'5'", "+5", "1e3"]
    assert parameter_values(placed, "?") == [
        5, Decimal("-1.50"), "007", True, None, "Oslo", "5", "+5", "1e3",
    ]  # fmt: skip
    named = ["c=Oslo", "n=1", "e=a=b", "q='it''s'"]
    assert parameter_values(named, "$c $n $e $q") == {
        "c": "Oslo", "n": 1, "e": "a=b", "q": "it's",
    }  # fmt: skip
    with pytest.raises(UsageError):
        parameter_values(["c=Oslo", "5"], "$c ?")


def test_a_parameter_that_the_shell_has_taken_away() -> None:
    with pytest.raises(UsageError) as caught:
        parameter_values(["c=Oslo"], "SELECT * FROM t WHERE city = ")
    assert "single quotes" in (caught.value.hint or "")
    with pytest.raises(UsageError):
        parameter_values(["c=Oslo"], "SELECT $city")
