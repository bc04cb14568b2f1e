"""Expressions select as pytest's -k does."""

import itertools
import unittest

from ftstress_driver.expression import Expression, ExpressionError

NAMES = ["tests", "test_dtype.py", "TestBuiltin", "test_run[int-a.b]", "slow"]


class Expressions(unittest.TestCase):
    def test_a_name_is_part_of_any_keyword_whatever_its_case(self) -> None:
        for text in ("dtype", "BUILTIN", "run[int", "a.b]", "slow"):
            self.assertTrue(Expression(text).matches(NAMES), text)
        self.assertFalse(Expression("fast").matches(NAMES))

    def test_not_binds_closer_than_and_and_closer_than_or(self) -> None:
        self.assertTrue(Expression("slow or fast and fast").matches(NAMES))
        self.assertTrue(Expression("not fast and slow").matches(NAMES))
        self.assertFalse(Expression("not (fast or slow)").matches(NAMES))

    def test_the_end_of_a_files_name_is_meant_by_a_name_with_a_dot_only(self) -> None:
        self.assertFalse(Expression("py").matches(NAMES))
        self.assertTrue(Expression("not py").matches(NAMES))
        self.assertTrue(Expression("py").matches(["test_py.py"]))
        self.assertTrue(Expression("py").matches(["test_a.py", "TestDictPy"]))
        for text in ("test_dtype.py", ".py", "dtype.p"):
            self.assertTrue(Expression(text).matches(NAMES), text)

    def test_a_pair_of_calls_can_be_named(self) -> None:
        pair = "list@2::pop;append#2|share>extend(.)"
        for text in (pair, "pop;append", "append#2|share", f"({pair} or no) and list"):
            self.assertTrue(Expression(text).matches([pair]), text)
        self.assertFalse(Expression("append;pop").matches([pair]))

    def test_an_empty_expression_matches_all(self) -> None:
        self.assertTrue(Expression("  ").matches(NAMES))

    def test_a_mistake_is_shown_with_its_column(self) -> None:
        for text, column in (("slow and", 9), ("(slow", 6), ("slow fast", 6), ("a && b", 3)):
            with self.assertRaisesRegex(ExpressionError, f"at column {column}$"):
                Expression(text)

    def test_it_agrees_with_pytest(self) -> None:
        try:
            from _pytest.mark.expression import Expression as Theirs
        except ImportError:
            self.skipTest("pytest is not there")

        def is_slow(name: str, /, **_: object) -> bool:
            return name == "slow"

        words = ("slow", "fast", "not", "and", "or", "(", ")")
        for parts in itertools.chain.from_iterable(
            itertools.product(words, repeat=count) for count in range(1, 6)
        ):
            text = " ".join(parts)
            try:
                expected: bool | None = Theirs.compile(text).evaluate(is_slow)
            except Exception:  # its own, or SyntaxError, by release
                expected = None
            try:
                got: bool | None = Expression(text).matches(["slow"])
            except ExpressionError:
                got = None
            self.assertEqual(got, expected, text)
