"""Expressions as pytest's -k takes them.

    expression: expr? end
    expr:       and_expr ('or' and_expr)*
    and_expr:   not_expr ('and' not_expr)*
    not_expr:   'not' not_expr | '(' expr ')' | name

A name matches when it is part of any of a test's keywords, whatever their case; of the name of a
file, ".py" counts only for a name with a dot. (For pytest, `py` is part of every test_a.py, and so
`not py` selects nothing.) Grammar and characters of a name: _pytest/mark/expression.py; those of a
pair of calls come to them. pytest's own can't be used: suites of scripts and of unittest come
without pytest. An empty expression matches all, as no -k does.
"""

import re
from collections.abc import Callable, Iterable

Matcher = Callable[[list[str]], bool]

# A pair's name has more: `list@2::pop;append#2|extend(.)`.
_TOKEN = re.compile(r"\s*(?:(?P<name>(?:[\w:+\-.\[\]\\/;|#@>]|\(\.\))+)|(?P<sign>[()]))")


class ExpressionError(ValueError):
    """Not an expression; the message shows where."""


class Expression:
    """A parsed expression."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._split())
        self._at = 0
        self._matches: Matcher = self._parse() if self._tokens else lambda names: True

    def matches(self, keywords: Iterable[str]) -> bool:
        return self._matches([keyword.lower() for keyword in keywords])

    def _split(self) -> Iterable[tuple[int, str]]:
        at = 0
        while at < len(self._text.rstrip()):
            found = _TOKEN.match(self._text, at)
            if found is None:
                rest = self._text[at:].lstrip()
                raise self._error(len(self._text) - len(rest), f"unexpected {rest[0]!r}")
            yield found.end() - len(found[0].lstrip()), found[0].strip()
            at = found.end()

    def _error(self, at: int, what: str) -> ExpressionError:
        return ExpressionError(f"bad expression {self._text!r}: {what} at column {at + 1}")

    def _peek(self) -> str | None:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else None

    def _fail(self, wanted: str) -> ExpressionError:
        if self._at < len(self._tokens):
            at, token = self._tokens[self._at]
            return self._error(at, f"expected {wanted}, got {token!r}")
        return self._error(len(self._text), f"expected {wanted}, got the end")

    def _parse(self) -> Matcher:
        matcher = self._any()
        if self._peek() is not None:
            raise self._fail("`and`, `or` or the end")
        return matcher

    def _any(self) -> Matcher:
        parts = [self._all()]
        while self._peek() == "or":
            self._at += 1
            parts.append(self._all())
        return lambda names: any(part(names) for part in parts)

    def _all(self) -> Matcher:
        parts = [self._one()]
        while self._peek() == "and":
            self._at += 1
            parts.append(self._one())
        return lambda names: all(part(names) for part in parts)

    def _one(self) -> Matcher:
        token = self._peek()
        if token in (None, "and", "or", ")"):
            raise self._fail("a name, `not` or `(`")
        self._at += 1
        if token == "not":
            inner = self._one()
            return lambda names: not inner(names)
        if token == "(":
            inner = self._any()
            if self._peek() != ")":
                raise self._fail("`)`")
            self._at += 1
            return inner
        assert token is not None
        wanted = token.lower()
        if "." in wanted:
            return lambda names: any(wanted in name for name in names)
        return lambda names: any(wanted in name.removesuffix(".py") for name in names)
