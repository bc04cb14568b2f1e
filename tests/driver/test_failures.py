"""What threads raised is told once for all that raised the same, and never one's for another's."""

import unittest
from unittest import mock

import harness  # noqa: F401
from ftstress_driver import failures


def raised(number: int) -> BaseException:
    try:
        if number < 0:
            raise ValueError("negative")
        raise ValueError("not", number)
    except ValueError as error:
        return error


class Failures(unittest.TestCase):
    def test_threads_that_raise_the_same_share_a_traceback(self) -> None:
        errors = [raised(1), None, raised(1), raised(2), raised(-1)]
        with mock.patch.object(failures, "describe", wraps=failures.describe) as describe:
            found = list(failures.describe_all(errors))
        self.assertEqual([failure.thread for failure in found], [0, 2, 3, 4])
        self.assertEqual(describe.call_count, 3)
        alone = [failures.describe(e, i) for i, e in enumerate(errors) if e is not None]
        self.assertEqual(found, alone)

    def test_what_an_exception_was_raised_from_is_its_own(self) -> None:
        def chained(number: int) -> BaseException:
            try:
                raise KeyError("k") from raised(number)
            except KeyError as error:
                return error

        found = list(failures.describe_all([chained(1), chained(2)]))
        self.assertIn("('not', 1)", found[0].traceback)
        self.assertIn("('not', 2)", found[1].traceback)

    def test_a_traceback_has_the_lines_and_no_marks_under_them(self) -> None:
        text = failures.describe(raised(1), 0).traceback
        self.assertIn('raise ValueError("not", number)', text)
        self.assertNotIn("^", text)
