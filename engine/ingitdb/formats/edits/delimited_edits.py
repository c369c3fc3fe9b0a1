"""Edits of CSV and TSV files: what no edit touches keeps its bytes.

A cell keeps its quotation marks or the lack of them where it can; a new record is quoted as those
around it are and ends as the one above it. Removing a record takes its line end with it; from the
end of a file that lacks the last line end it takes the one before, so that it still lacks one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ingitdb.formats.dialects import Dialect, find_dialect, lines_of, records
from ingitdb.formats.edits.delimited_quoting import Quoting, Spelling, cell_text
from ingitdb.formats.edits.delimited_tables import Table
from ingitdb.formats.edits.text_bytes import decoded, encoded, encoding_for
from ingitdb.formats.headers import column_names
from ingitdb.model.edits import Edit, EditFault
from ingitdb.model.records import DEFAULT_OPTIONS, FormatFault, ReadOptions, Value

_ADVICE = "; declare its encoding"


class _DelimitedEditor:
    """Edits files of records in lines, of cells between delimiters."""

    delimiter: str | None = None

    def edit(
        self, data: bytes, edits: Sequence[Edit], options: ReadOptions = DEFAULT_OPTIONS
    ) -> bytes:
        """Gives a file with some edits; without edits the same bytes.

        Raises:
            FormatFault: The file cannot be read.
            EditFault: An edit cannot be made.
        """
        if not edits:
            return data
        text, encoding = decoded(data, options.encoding, advice=_ADVICE)
        table = self._table(text, options)
        if table is None:
            raise EditFault("The file is empty: it has no columns.")
        made = table.edited(edits, careful=False)
        if not self._is_known(made, table.dialect, options):
            made = table.edited(edits, careful=True)
            self._check(made, table.dialect, options)
        return encoded(made, encoding)

    def write(
        self,
        value: Value,
        options: ReadOptions = DEFAULT_OPTIONS,
        *,
        like: bytes | None = None,
        table: str = "",
    ) -> bytes:
        """Gives a new file that holds a list of maps; what a map lacks is an empty cell.

        Columns stand in the order of `like`, then as they come up.

        Raises:
            FormatFault: `like` cannot be read.
            EditFault: The format cannot say the value.
        """
        model, encoding = None, encoding_for(options.encoding)
        if like:
            text, encoding = decoded(like, options.encoding, advice=_ADVICE)
            model = self._table(text, options)
        rows = _rows(value)
        spellings = [self._spelling(model, options, careful=careful) for careful in (False, True)]
        made = _written(rows, model, spellings[0], options)
        if not self._is_known(made, spellings[0].dialect, options):
            made = _written(rows, model, spellings[1], options)
            self._check(made, spellings[1].dialect, options)
        return encoded(made, encoding)

    def _table(self, text: str, options: ReadOptions) -> Table | None:
        if not text or text.isspace():
            return None
        return Table(text, self._dialect(text, options), options)

    def _spelling(self, model: Table | None, options: ReadOptions, *, careful: bool) -> Spelling:
        if model is not None:
            return model.spelling(careful=careful)
        given = Dialect(options.delimiter or self.delimiter or ",", options.quote or '"')
        return Spelling(dialect=given, is_careful=careful)

    def _dialect(self, text: str, options: ReadOptions) -> Dialect:
        return find_dialect(text, options.delimiter or self.delimiter, options.quote)

    def _check(self, text: str, dialect: Dialect, options: ReadOptions) -> None:
        if not self._is_known(text, dialect, options):
            message = "The file's delimiter or quotation mark could no longer be told from its text"
            raise EditFault(f"{message}; declare them.")

    def _is_known(self, text: str, dialect: Dialect, options: ReadOptions) -> bool:
        """Tells whether a text is read in a dialect, or alike in the one that is found."""
        if not text or text.isspace():
            raise EditFault("A file of nothing but blanks would have no columns.")
        found = self._dialect(text, options)
        if found == dialect:
            return True
        try:
            return list(records(lines_of(text), found)) == list(records(lines_of(text), dialect))
        except FormatFault:
            return False


class CsvEditor(_DelimitedEditor):
    """Edits files whose delimiter is a comma, a semicolon, a tab or a bar."""


class TsvEditor(_DelimitedEditor):
    """Edits files whose delimiter is a tab."""

    delimiter = "\t"


def _rows(value: Value) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise EditFault("A table is a list of maps.")
    return value


def _written(
    rows: Sequence[Mapping[str, Any]],
    model: Table | None,
    spelling: Spelling,
    options: ReadOptions,
) -> str:
    columns = _columns(rows, model) if options.header else _numbered(rows)
    places = {name: at for at, name in enumerate((model and model.columns) or ())}
    positions = [places.get(name, -1) if options.header else at for at, name in enumerate(columns)]
    custom = model.quoting(0) if model else Quoting((), spelling)
    found = []
    if options.header:
        header = Quoting([model.header] if model else (), spelling)
        found.append(
            spelling.line(
                spelling.spelled(name, quoted=header.of_new(position, name))
                for position, name in zip(positions, columns, strict=True)
            )
        )
    for row in rows:
        texts = [cell_text(row.get(name)) for name in columns]
        found.append(
            spelling.line(
                spelling.spelled(text, quoted=custom.of_new(position, text))
                for position, text in zip(positions, texts, strict=True)
            )
        )
    end = model.end if model else "\n"
    return end.join(found) + (end if model is None or model.is_ended else "")


def _columns(rows: Sequence[Mapping[str, Any]], model: Table | None) -> Sequence[str]:
    """Gives the columns of a new file; without rows they are those of the model."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    known = (model.columns if model else None) or ()
    columns = [*(name for name in known if name in keys or not rows)]
    columns += [key for key in keys if key not in known]
    if not columns:
        raise EditFault("A table without columns is no file.")
    if list(column_names(columns)) != columns:
        raise EditFault("A column must have a name.")
    return columns


def _numbered(rows: Sequence[Mapping[str, Any]]) -> Sequence[str]:
    """Gives the columns of a new file without a header, by their numbers."""
    keys = {key for row in rows for key in row}
    columns = [f"column{position}" for position in range(len(keys))]
    if not columns or keys != set(columns):
        raise EditFault("A file without a header has columns `column0`, `column1` and so on.")
    return columns
