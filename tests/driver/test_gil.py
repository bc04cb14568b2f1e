"""The watch over imports that switch the GIL on, with modules that are not really loaded."""

import types
import unittest
from unittest import mock

from ftstress_driver import gil


class Interpreter:
    """Switches the GIL on and off as CPython does while an extension module is created."""

    def __init__(self) -> None:
        self.creating = 0
        self.permanent = False
        self.undeclared: set[str] = set()
        self.reports: list[str] = []
        self.watch = gil.Watch(self.reports.append)

    def enabled(self) -> bool:
        return self.permanent or self.creating > 0

    def declared(self, module: types.ModuleType) -> bool:
        return module.__name__ not in self.undeclared

    def load(self, name: str, *imports: str, fails: bool = False) -> None:
        """Loads a module whose init function imports others."""

        def create() -> types.ModuleType:
            self.creating += 1
            try:
                for other in imports:
                    self.load(other)
                if fails:
                    raise ImportError(name)
                self.permanent = self.permanent or name in self.undeclared
            finally:
                self.creating -= 1
            return types.ModuleType(name)

        with (
            mock.patch.object(gil, "enabled", self.enabled),
            mock.patch.object(gil, "declared", self.declared),
        ):
            self.watch.follow(name, create)


class WhoSwitchedItOn(unittest.TestCase):
    def setUp(self) -> None:
        self.python = Interpreter()

    def test_a_declared_module_that_imports_others_at_its_init_is_not_blamed(self) -> None:
        self.python.load("msgspec._core", "_uuid", "_decimal")
        self.assertEqual(self.python.reports, [])

    def test_a_module_that_is_imported_by_anothers_init_is_blamed_itself(self) -> None:
        self.python.undeclared.add("inner")
        self.python.load("outer", "_uuid", "inner", "_decimal")
        self.assertEqual(self.python.reports, ["inner"])

    def test_the_outer_module_is_blamed_for_what_it_did(self) -> None:
        self.python.undeclared.add("outer")
        self.python.load("outer", "_uuid")
        self.assertEqual(self.python.reports, ["outer"])

    def test_it_is_told_once(self) -> None:
        self.python.undeclared |= {"old", "older"}
        self.python.load("old")
        self.python.load("older")
        self.assertEqual(self.python.reports, ["old"])

    def test_a_module_that_fails_is_nobody_to_blame(self) -> None:
        with self.assertRaises(ImportError):
            self.python.load("broken", "_uuid", fails=True)
        self.python.load("fine", "_uuid")
        self.assertEqual(self.python.reports, [])


class Declared(unittest.TestCase):
    def test_what_is_no_module_has_declared_nothing(self) -> None:
        self.assertFalse(gil.declared(object()))

    def test_modules_of_the_standard_library_have_declared_it(self) -> None:
        import _json

        self.assertTrue(gil.declared(_json))

    def test_a_module_made_by_hand_has_not(self) -> None:
        if gil._MD_GIL is None and gil._MD_REQUIRES_GIL is None:
            self.skipTest("this interpreter has a GIL: modules declare nothing")
        self.assertFalse(gil.declared(types.ModuleType("by_hand")))
