"""Evaluates one Starlark expression over given names: no statements, no input or output, limited.

Starlark's grammar of expressions is a part of Python's, so Python's parser reads them. What differs
is held here: no chained comparison, no arithmetic with booleans, no order among unlike values.
"""

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NoReturn

from ingitdb.validation.starlark_functions import BUILTINS, METHODS, StarlarkFault, equal, size_of

_MOST_STEPS = 200_000
_MOST_LETTERS = 10_000
_MOST_BITS = 512
_NUMBERS = (int, float)
_CONSTANTS: Final = (int, float, str, bool, type(None))
_CONTAINERS = (str, list, tuple)


class Expression:
    """An expression that has been read.

    Attributes:
        text: The source.
        names: The names that it asks for, without those of functions and of its own loops.
    """

    def __init__(self, text: str) -> None:
        """Reads an expression.

        Raises:
            StarlarkFault: It is none.
        """
        self.text = text
        if len(text) > _MOST_LETTERS:
            raise StarlarkFault("the expression is too long")
        try:
            self._body = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise StarlarkFault(f"{text!r} is no expression") from error
        for node in ast.walk(self._body):
            if not isinstance(node, (*_ALLOWED, ast.expr_context, *_PARTS)):
                raise StarlarkFault(f"{type(node).__name__} is not there in Starlark")
            if isinstance(node, ast.Compare) and len(node.ops) > 1:
                raise StarlarkFault("comparisons cannot be chained")
        bound = {n.id for n in _names(self._body) if isinstance(n.ctx, ast.Store)}
        asked = {n.id for n in _names(self._body)} - bound
        self.names = frozenset(asked - BUILTINS.keys())

    def value(self, names: Mapping[str, Any]) -> Any:
        """Gives the value; names that are not given are None.

        Raises:
            StarlarkFault: An operation fails, or there are too many.
        """
        known = {**dict.fromkeys(self.names), **names}
        try:
            return _Run(known).value(self._body)
        except (ArithmeticError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise StarlarkFault(str(error) or type(error).__name__) from error


@lru_cache(maxsize=1024)
def expression(text: str) -> Expression:
    """Reads an expression.

    Raises:
        StarlarkFault: It is none.

    Example:
        >>> expression("status == 'closed' and len(tags) > 1").value({"status": "open"})
        False
    """
    return Expression(text)


def _names(body: ast.expr) -> Iterator[ast.Name]:
    return (node for node in ast.walk(body) if isinstance(node, ast.Name))


class _Run:
    """One evaluation."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self._names = dict(names)
        self._steps = 0

    def value(self, node: ast.AST) -> Any:
        """Gives the value of a part."""
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise StarlarkFault("the expression takes too many steps")
        return _ALLOWED[type(node)](self, node)

    def constant(self, node: ast.Constant) -> Any:
        """Gives a literal."""
        if not isinstance(node.value, _CONSTANTS):
            raise StarlarkFault(f"{node.value!r} is not there in Starlark")
        return node.value

    def name(self, node: ast.Name) -> Any:
        """Gives what a name stands for; fields come before functions."""
        if node.id in self._names:
            return self._names[node.id]
        return BUILTINS[node.id]

    def both(self, node: ast.BoolOp) -> Any:
        """Gives the first operand that decides, or the last."""
        found: Any = None
        for operand in node.values:
            found = self.value(operand)
            if bool(found) == isinstance(node.op, ast.Or):
                break
        return found

    def unary(self, node: ast.UnaryOp) -> Any:
        """Negates."""
        found = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            return not found
        if not _is_number(found):
            _unlike(type(node.op).__name__, found)
        return _UNARY[type(node.op)](found)

    def binary(self, node: ast.BinOp) -> Any:
        """Calculates."""
        one, other = self.value(node.left), self.value(node.right)
        made = _BINARY.get(type(node.op))
        if made is None:
            raise StarlarkFault(f"{type(node.op).__name__} is not there in Starlark")
        return made(one, other)

    def compared(self, node: ast.Compare) -> bool:
        """Compares two values."""
        one, other = self.value(node.left), self.value(node.comparators[0])
        return _COMPARED[type(node.ops[0])](one, other)

    def chosen(self, node: ast.IfExp) -> Any:
        """Gives one of two values."""
        return self.value(node.body if self.value(node.test) else node.orelse)

    def items(self, node: ast.List | ast.Tuple) -> Any:
        """Gives a list or a tuple."""
        found = [self.value(item) for item in node.elts]
        return found if isinstance(node, ast.List) else tuple(found)

    def map(self, node: ast.Dict) -> dict[Any, Any]:
        """Gives a dict."""
        found = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise StarlarkFault("a dict cannot be unpacked")
            found[self.value(key)] = self.value(value)
        return found

    def part(self, node: ast.Subscript) -> Any:
        """Gives an item, an entry or a slice."""
        holder = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            ends = (node.slice.lower, node.slice.upper, node.slice.step)
            if not isinstance(holder, _CONTAINERS):
                _unlike("a slice", holder)
            return holder[slice(*(None if end is None else self.value(end) for end in ends))]
        at = self.value(node.slice)
        if isinstance(holder, dict):
            return holder[at]
        if not isinstance(holder, _CONTAINERS) or not isinstance(at, int) or isinstance(at, bool):
            _unlike("[]", holder, at)
        return holder[at]

    def called(self, node: ast.Call) -> Any:
        """Calls a function, or a method of a text, list or dict."""
        arguments = [self.value(argument) for argument in node.args]
        named = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                raise StarlarkFault("arguments cannot be unpacked")
            named[keyword.arg] = self.value(keyword.value)
        if isinstance(node.func, ast.Attribute):
            holder = self.value(node.func.value)
            method = METHODS.get(type(holder), {}).get(node.func.attr)
            if method is None:
                raise StarlarkFault(f"{_kind(holder)} has no {node.func.attr}")
            return size_of(method(holder, *arguments, **named))
        function = self.value(node.func)
        if not callable(function):
            raise StarlarkFault(f"{_kind(function)} cannot be called")
        return size_of(function(*arguments, **named))

    def comprehended(self, node: ast.ListComp) -> list[Any]:
        """Gives the list of a comprehension."""
        return [self.value(node.elt) for _ in self._loops(node.generators)]

    def comprehended_map(self, node: ast.DictComp) -> dict[Any, Any]:
        """Gives the dict of a comprehension."""
        return {self.value(node.key): self.value(node.value) for _ in self._loops(node.generators)}

    def method(self, node: ast.Attribute) -> NoReturn:
        """Refuses attributes that are not called."""
        raise StarlarkFault(f"{node.attr} can only be called")

    def _loops(self, generators: Sequence[ast.comprehension]) -> Iterator[None]:
        if not generators:
            yield
            return
        first, *rest = generators
        over = self.value(first.iter)
        if isinstance(over, str) or not hasattr(over, "__iter__"):
            raise StarlarkFault(f"{_kind(over)} is nothing to go through")
        outer = dict(self._names)
        for item in over:
            self._bind(first.target, item)
            if all(self.value(test) for test in first.ifs):
                yield from self._loops(rest)
        self._names = outer

    def _bind(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            self._names[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            if not isinstance(value, list | tuple) or len(value) != len(target.elts):
                raise StarlarkFault("a loop cannot unpack its items")
            for inner, item in zip(target.elts, value, strict=True):
                self._bind(inner, item)
        else:
            raise StarlarkFault("a loop needs a name")


def _kind(value: Any) -> str:
    return "None" if value is None else type(value).__name__


def _unlike(what: str, *values: Any) -> NoReturn:
    raise StarlarkFault(f"{what} is not there for {' and '.join(map(_kind, values))}")


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _numbers(sign: str, calculate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculated(one: Any, other: Any) -> Any:
        if not (_is_number(one) and _is_number(other)):
            _unlike(sign, one, other)
        return calculate(one, other)

    return calculated


def _whole(sign: str, calculate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def calculated(one: Any, other: Any) -> Any:
        if type(one) is not int or type(other) is not int:
            _unlike(sign, one, other)
        if sign in ("<<", ">>") and not 0 <= other <= _MOST_BITS:
            raise StarlarkFault(f"a shift by {other} is too far")
        return calculate(one, other)

    return calculated


def _added(one: Any, other: Any) -> Any:
    if _is_number(one) and _is_number(other):
        return one + other
    if type(one) is not type(other) or not isinstance(one, _CONTAINERS):
        _unlike("+", one, other)
    return size_of(one + other)


def _multiplied(one: Any, other: Any) -> Any:
    if _is_number(one) and _is_number(other):
        return one * other
    holder, count = (other, one) if type(one) is int else (one, other)
    if not isinstance(holder, _CONTAINERS) or type(count) is not int:
        _unlike("*", one, other)
    size_of(holder, max(count, 1))
    return holder * count


def _rest(one: Any, other: Any) -> Any:
    if isinstance(one, str):
        return _formatted(one, other if isinstance(other, tuple) else (other,))
    return _numbers("%", operator.mod)(one, other)


def _formatted(text: str, values: Sequence[Any]) -> str:
    left = list(values)
    parts = text.split("%")
    made = [parts.pop(0)]
    while parts:
        part = parts.pop(0)
        if not part:
            made += ["%", parts.pop(0) if parts else ""]
            continue
        if part[0] not in _CONVERSIONS or not left:
            raise StarlarkFault(f"{text!r} cannot be filled")
        made += [_CONVERSIONS[part[0]](left.pop(0)), part[1:]]
    if left:
        raise StarlarkFault(f"{text!r} has no place for {len(left)} of the values")
    return str(size_of("".join(made)))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(one: Any, other: Any) -> bool:
        alike = type(one) is type(other) and isinstance(one, str | list | tuple | bool)
        if not alike and not (_is_number(one) and _is_number(other)):
            _unlike("an order", one, other)
        return bool(compare(one, other))

    return compared


def _is_in(one: Any, other: Any) -> bool:
    if isinstance(other, str):
        if not isinstance(one, str):
            _unlike("in", one, other)
        return one in other
    if isinstance(other, dict):
        return one in other
    if not isinstance(other, list | tuple | range):
        _unlike("in", one, other)
    return any(equal(one, item) for item in other)


def _whole_number(value: Any) -> str:
    if not _is_number(value):
        _unlike("%d", value)
    return str(math.trunc(value))


_CONVERSIONS: Mapping[str, Callable[[Any], str]] = {
    "s": lambda value: str(BUILTINS["str"](value)),
    "r": repr,
    "d": _whole_number,
    "f": lambda value: f"{value:f}",
    "g": lambda value: f"{value:g}",
    "e": lambda value: f"{value:e}",
}
_UNARY: Mapping[type, Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Invert: lambda value: _whole("~", lambda one, _: ~one)(value, 0),
}
_BINARY: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: _added,
    ast.Sub: _numbers("-", operator.sub),
    ast.Mult: _multiplied,
    ast.Div: _numbers("/", operator.truediv),
    ast.FloorDiv: _numbers("//", operator.floordiv),
    ast.Mod: _rest,
    ast.BitAnd: _whole("&", operator.and_),
    ast.BitOr: _whole("|", operator.or_),
    ast.BitXor: _whole("^", operator.xor),
    ast.LShift: _whole("<<", operator.lshift),
    ast.RShift: _whole(">>", operator.rshift),
}
_COMPARED: Mapping[type, Callable[[Any, Any], bool]] = {
    ast.Eq: equal,
    ast.NotEq: lambda one, other: not equal(one, other),
    ast.Lt: _ordered(operator.lt),
    ast.LtE: _ordered(operator.le),
    ast.Gt: _ordered(operator.gt),
    ast.GtE: _ordered(operator.ge),
    ast.In: _is_in,
    ast.NotIn: lambda one, other: not _is_in(one, other),
}
_PARTS = (
    ast.boolop,
    ast.Not,
    *_UNARY,
    *_BINARY,
    *_COMPARED,
    ast.keyword,
    ast.comprehension,
    ast.Slice,
)
_ALLOWED: Mapping[type, Callable[[_Run, Any], Any]] = {
    ast.Constant: _Run.constant,
    ast.Name: _Run.name,
    ast.BoolOp: _Run.both,
    ast.UnaryOp: _Run.unary,
    ast.BinOp: _Run.binary,
    ast.Compare: _Run.compared,
    ast.IfExp: _Run.chosen,
    ast.List: _Run.items,
    ast.Tuple: _Run.items,
    ast.Dict: _Run.map,
    ast.Subscript: _Run.part,
    ast.Call: _Run.called,
    ast.ListComp: _Run.comprehended,
    ast.DictComp: _Run.comprehended_map,
    ast.Attribute: _Run.method,
}
