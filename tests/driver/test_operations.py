"""Which types the library is told of."""

import array
import collections
import unittest
from typing import Any
from unittest import mock

from ftstress_driver import operations


class OperationsTest(unittest.TestCase):
    def test_told_are_types_in_c_each_once(self) -> None:
        class InPython:
            pass

        InPython.__module__ = "another"

        class Odd(type):
            def __getattribute__(cls, name: str) -> object:
                raise RuntimeError(name)

            def __eq__(cls, other: object) -> bool:
                raise RuntimeError(other)

            def __hash__(cls) -> int:
                raise RuntimeError(cls)

        odd = Odd("odd", (), {"__call__": None})
        told: list[int] = []

        def tell(types: Any, count: Any) -> None:
            told.extend(types[: count.value])

        watch = operations.Operations()
        with mock.patch.object(watch, "_tell", tell):
            watch.tell()
            self.assertIn(id(array.array), told)
            self.assertIn(id(collections.OrderedDict), told)
            self.assertIn(id(list), told)
            self.assertNotIn(id(InPython), told)
            self.assertIn(id(odd), told)  # it is not known to be of Python
            self.assertNotIn(id(type(len)), told)  # to call it is to call what it stands for
            self.assertEqual(len(told), len(set(told)))
            told.clear()
            watch.tell()
            self.assertEqual(told, [])
