"""contract.py says what include/ftstress/record.h says."""

import re
import unittest

from ftstress_driver import contract
from harness import ROOT

HEADER = (ROOT / "include/ftstress/record.h").read_text()
ARENA = (ROOT / "include/ftstress/arena.h").read_text()


class Contract(unittest.TestCase):
    def test_record_types_are_those_of_the_header(self) -> None:
        for record in contract.Record:
            self.assertRegex(HEADER, rf"\bFTS_REC_{record.name} = {record.value},")

    def test_no_record_that_the_driver_writes_is_missing(self) -> None:
        numbers = {int(n) for n in re.findall(r"\bFTS_REC_\w+ = (\d+),", HEADER) if int(n) >= 16}
        self.assertEqual(numbers, {int(record) for record in contract.Record})

    def test_outcomes_are_those_of_the_header(self) -> None:
        pairs = re.findall(r"\bFTS_OUTCOME_(\w+) = (\d+),", HEADER)
        self.assertEqual({(o.name, str(o.value)) for o in contract.Outcome}, set(pairs))

    def test_structures_have_the_asserted_sizes_and_fields(self) -> None:
        for name, layout in (("fts_test", contract.TEST), ("fts_test_fail", contract.TEST_FAIL)):
            size = re.search(rf"sizeof\(struct {name}\) == (\d+)", HEADER)
            assert size is not None
            self.assertEqual(layout.size, int(size[1]), name)
            self.assertEqual(layout.format, "<" + _format(name), name)

    def test_no_test_is_the_arenas_constant(self) -> None:
        self.assertRegex(ARENA, r"#define FTS_NO_TEST UINT32_MAX")
        self.assertEqual(contract.NO_TEST, 2**32 - 1)

    def test_a_long_failure_stays_a_valid_record(self) -> None:
        payload = contract.pack_test_fail(1, 2, 3, "Kind", "ä" * 100_000, "ö" * 100_000 + "end")
        *_, kind, message, trace, _ = contract.TEST_FAIL.unpack_from(payload)
        self.assertLess(len(payload) + 32, 256 * 1024 // 4)
        self.assertEqual(len(payload), contract.TEST_FAIL.size + kind + message + trace)
        text = payload[contract.TEST_FAIL.size :].decode()  # whole characters
        self.assertTrue(text.startswith("Kindää") and text.endswith("öend"))


def _format(name: str) -> str:
    """The struct format of a C structure, arrays and comments left out."""
    body = re.search(rf"struct {name} \{{(.*?)\n\}};", HEADER, re.S)
    assert body is not None
    code = re.sub(r"/\*.*?\*/", "", body[1], flags=re.S)
    letters = {"8": "B", "16": "H", "32": "I", "64": "Q"}
    return "".join(
        letters[bits] * (names.count(",") + 1)
        for bits, names in re.findall(r"uint(\d+)_t ([^;]+);", code)
    )
