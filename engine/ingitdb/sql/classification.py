"""Reads the first words of a statement, and the whole of the statements that are ours."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from ingitdb.errors import IngitdbError
from ingitdb.model.ports import SqlParser
from ingitdb.sql.kinds import (
    Attach,
    Describe,
    Detach,
    Detail,
    Explain,
    ShowTables,
    StatementKind,
    Use,
)
from ingitdb.sql.refusals import FILES, VERBS, Refusal
from ingitdb.sql.texts import Text
from ingitdb.sql.tokens import Token, Tokens
from ingitdb.sql.version_control import call, create_ref, drop_ref, use_branch
from ingitdb.sql.versions import Version, VersionReader, parameters, split_version

Classified: TypeAlias = tuple[StatementKind, str, Detail | None]
_ReadRest: TypeAlias = Callable[[int], Classified]
_PIVOTS = frozenset(["PIVOT", "UNPIVOT", "PIVOT_WIDER", "PIVOT_LONGER"])
_QUERIES = _PIVOTS | {"SELECT", "FROM", "VALUES", "TABLE", "(", "SUMMARIZE"}
_DESCRIBED_QUERIES = (_QUERIES - {"("}) | {"WITH"}
_REFS: Mapping[str, Callable[[Tokens, Text, int], Detail]] = {
    "CREATE BRANCH": create_ref,
    "CREATE TAG": create_ref,
    "DROP BRANCH": drop_ref,
    "DROP TAG": drop_ref,
}
_CTE_WRITES = {"INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE", "MERGE": "MERGE INTO"}


def classify(source: Text, parser: SqlParser) -> Classified:
    """Gives the kind of a statement, its verb, and what else there is to know.

    Raises:
        StatementInvalid: It begins with no word of SQL, or a statement of ours is wrong.
    """
    return _Reader(source, parser).classify()


class _Reader:
    """Classifies one statement by its first words."""

    def __init__(self, source: Text, parser: SqlParser) -> None:
        self._source = source
        self._parser = parser
        self._tokens = Tokens(source.text, parser)

    def classify(self, first: int = 0) -> Classified:
        token = self._tokens[first]
        word = token.word or token.text
        if word in _QUERIES:
            return StatementKind.QUERY, word, None
        readers: dict[str, _ReadRest] = {
            "WITH": self._with,
            "EXPLAIN": self._explain,
            "SHOW": self._show,
            "DESCRIBE": self._describe,
            "DESC": self._describe,
            "USE": self._use,
            "ATTACH": self._attach,
            "DETACH": self._detach,
            "CALL": self._call,
            "COPY": self._copy,
        }
        return readers.get(word, self._by_verb)(first)

    def _by_verb(self, first: int) -> Classified:
        words = [w for w in (self._tokens[first + n].word for n in range(5)) if w]
        while words and words[1:2] in (["OR"], ["TEMP"], ["TEMPORARY"], ["PERSISTENT"], ["LOCAL"]):
            del words[1 : 3 if words[1] == "OR" else 2]
        for count in (2, 1):
            verb = " ".join(words[:count])
            found = VERBS.get(verb)
            if found is None:
                continue
            if isinstance(found, Refusal):
                return StatementKind.REFUSED, verb, found
            if verb in _REFS:
                return StatementKind.WRITE, verb, _REFS[verb](self._tokens, self._source, first)
            return StatementKind(found), verb, None
        raise self._unknown(first)

    def _unknown(self, first: int) -> IngitdbError:
        """Lets DuckDB word what is wrong; what it does understand is refused all the same."""
        token = self._tokens[first]
        found = self._parser.serialize(self._tokens.plain) or {}
        if found.get("error"):
            start = self._tokens.offsets.index(int(found.get("position", 0)))
            at = self._tokens.starting_at(start)
            end = self._tokens[at].end if at is not None else start + 1
            return self._source.invalid(str(found["error_message"]), start, end)
        self._parser.statement_types(self._tokens.plain)
        return self._source.refused(
            f"{token.text} is no statement that can run here.", token.start, token.end
        )

    def _with(self, first: int) -> Classified:
        tokens, at = self._tokens, first + 1
        while at < len(tokens):
            if tokens[at].text == "(":
                is_body = tokens[at - 1].word in ("AS", "MATERIALIZED")
                if is_body and tokens[at + 1].word in _CTE_WRITES:
                    return StatementKind.WRITE, _CTE_WRITES[tokens[at + 1].word], None
                at = tokens.closing(at) or len(tokens)
                if tokens[at + 1].word in _CTE_WRITES:
                    return StatementKind.WRITE, _CTE_WRITES[tokens[at + 1].word], None
            at += 1
        return StatementKind.QUERY, "WITH", None

    def _explain(self, first: int) -> Classified:
        tokens, at, analyze = self._tokens, first + 1, False
        if tokens[at].word in ("ANALYZE", "ANALYSE"):
            analyze, at = True, at + 1
        if tokens[at].text == "(" and tokens[at + 1].word in ("FORMAT", "ANALYZE", "ANALYSE"):
            close = tokens.closing(at)
            inside = range(at, close or at)
            analyze = analyze or any(tokens[i].word in ("ANALYZE", "ANALYSE") for i in inside)
            at = (close or at) + 1
        kind, verb, detail = self.classify(at)
        if kind is StatementKind.QUERY:
            return StatementKind.EXPLAIN, "EXPLAIN", Explain(tokens[at].start, analyze)
        if kind in (StatementKind.WRITE, StatementKind.REFUSED):
            return kind, verb, detail
        raise self._fault(at, "EXPLAIN is for queries.")

    def _show(self, first: int) -> Classified:
        tokens = self._tokens
        match tokens[first + 1].word:
            case "TABLES":
                return self._show_tables(first)
            case "BRANCHES" if self._ends(first + 2):
                return StatementKind.SHOW_BRANCHES, "SHOW BRANCHES", None
            case "LOG" if self._ends(first + 2):
                return StatementKind.SHOW_LOG, "SHOW LOG", None
            case (
                "DATABASES" | "SCHEMAS" | "ALL" | "VARIABLES" | "SETTINGS" | "FUNCTIONS" | "CREATE"
            ):
                verb = f"SHOW {tokens[first + 1].word}"
                return (
                    StatementKind.REFUSED,
                    verb,
                    Refusal(f"{verb} is not available.", "Use SHOW TABLES or DESCRIBE t."),
                )
            case "" if self._ends(first + 1):
                return StatementKind.SHOW_TABLES, "SHOW", ShowTables(None, None)
        return self._describe(first)

    def _show_tables(self, first: int) -> Classified:
        tokens, at, schema = self._tokens, first + 2, None
        if tokens[at].word in ("FROM", "IN") and tokens[at + 1].is_word:
            schema, at = tokens[at + 1].name, at + 2
        version, at = self._version(at)
        self._expect_end(at)
        return StatementKind.SHOW_TABLES, "SHOW TABLES", ShowTables(schema, version)

    def _describe(self, first: int) -> Classified:
        tokens, at = self._tokens, first + 1
        verb = tokens[first].word
        if self._ends(at):
            return StatementKind.SHOW_TABLES, verb, ShowTables(None, None)
        if tokens[at].word == "TABLE" and tokens[at + 1].is_word:
            at += 1
        elif tokens[at].word in _DESCRIBED_QUERIES or not tokens[at].is_word:
            if verb == "SHOW":
                raise self._fault(at, "SHOW is followed by TABLES or a table.")
            return StatementKind.QUERY, verb, None
        path, stop = self._path(at)
        start = tokens[at].start
        version: Version | None = None
        if tokens[stop - 1].is_quoted:
            name, version = split_version(path[-1])
            path = (*path[:-1], name)
        end = tokens[stop - 1].end
        if version is None:
            version, stop = self._version(stop)
        self._expect_end(stop)
        return StatementKind.DESCRIBE, verb, Describe(path, version, start, end)

    def _use(self, first: int) -> Classified:
        tokens, at = self._tokens, first + 1
        if tokens[at].word == "BRANCH" and not self._ends(at + 1) and tokens[at + 1].text != ".":
            branch = use_branch(tokens, self._source, first)
            return StatementKind.USE, "USE BRANCH", Use(branch=branch)
        path, at = self._path(at)
        self._expect_end(at)
        return StatementKind.USE, "USE", Use(path=path)

    def _attach(self, first: int) -> Classified:
        tokens, at = self._tokens, first + 1
        at += tokens[at].word == "DATABASE"
        if_not_exists = tokens.words(at, "IF", "NOT", "EXISTS")
        at += 3 if if_not_exists else 0
        path = tokens[at].value
        if tokens[at].word == "OR":
            return StatementKind.REFUSED, "ATTACH", _NOT_OURS
        if path is None:
            raise self._fault(at, "After ATTACH stands a path in quotes.", _ATTACH_HINT)
        name, ref, at = None, None, at + 1
        if tokens[at].word == "AS":
            name, at = self._name(at + 1)
        if tokens[at].text == "(":
            if (
                tokens[at + 1].word != "REF"
                or tokens[at + 3].text != ")"
                or tokens[at + 2].value is None
            ):
                return StatementKind.REFUSED, "ATTACH", _NOT_OURS
            ref, at = tokens[at + 2].value, at + 4
        self._expect_end(at)
        return StatementKind.ATTACH, "ATTACH", Attach(path, name, ref, if_not_exists)

    def _detach(self, first: int) -> Classified:
        tokens, at = self._tokens, first + 1
        at += tokens[at].word == "DATABASE" and not self._ends(at + 1)
        if_exists = tokens.words(at, "IF", "EXISTS")
        name, at = self._name(at + 2 if if_exists else at)
        self._expect_end(at)
        return StatementKind.DETACH, "DETACH", Detach(name, if_exists)

    def _call(self, first: int) -> Classified:
        found = call(self._tokens, self._source, first)
        return StatementKind.PROCEDURE, f"CALL {found.spelled}", found

    def _copy(self, first: int) -> Classified:
        tokens, at = self._tokens, first + 1
        while at < len(tokens):
            if tokens[at].text == "(":
                at = tokens.closing(at) or len(tokens)
            elif tokens[at].word == "TO":
                break
            elif tokens[at].word == "FROM" and tokens[first + 1].word != "FROM":
                return StatementKind.WRITE, "COPY FROM", None
            at += 1
        return StatementKind.REFUSED, "COPY", FILES

    def _version(self, at: int) -> tuple[Version | None, int]:
        reader = VersionReader(self._tokens, self._source, parameters(self._tokens))
        if self._ends(at):
            return None, at
        mention = next((m for m in reader.mentions() if m.first == at), None)
        if mention is None:
            raise self._fault(
                at, "Here ends the statement, or a version stands.", "Write AS OF 'ref'."
            )
        return mention.version, mention.stop

    def _path(self, at: int) -> tuple[tuple[str, ...], int]:
        name, at = self._name(at)
        names = [name]
        while self._tokens[at].text == ".":
            name, at = self._name(at + 1)
            names.append(name)
        return tuple(names), at

    def _name(self, at: int) -> tuple[str, int]:
        token = self._tokens[at]
        if not token.is_word:
            raise self._fault(at, "A name is expected here.")
        return token.name, at + 1

    def _ends(self, at: int) -> bool:
        return at >= len(self._tokens)

    def _expect_end(self, at: int) -> None:
        if not self._ends(at):
            raise self._fault(at, f"{self._tokens[at].text} is not understood here.")

    def _fault(self, at: int, message: str, hint: str | None = None) -> IngitdbError:
        token: Token = self._tokens[at]
        return self._source.invalid(message, token.start, max(token.end, token.start + 1), hint)


_ATTACH_HINT = "ATTACH 'path' AS other (REF 'v1.0')"
_NOT_OURS = Refusal("Only repositories are attached, and REF is the only option.", _ATTACH_HINT)
