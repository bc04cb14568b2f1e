"""Mirror of include/ftstress/record.h: what the driver writes (tests/driver compares the two)."""

import enum
import struct


class Record(enum.IntEnum):
    """enum fts_record_type, the part that the driver writes."""

    TEST_BEGIN = 16
    TEST_END = 17
    TEST_FAIL = 18
    NOTE = 19
    GIL_ENABLED = 20
    SLICE_END = 21
    ORDERED = 22


class Outcome(enum.IntEnum):
    """enum fts_outcome."""

    PASSED = 0
    FAILED = 1
    SKIPPED = 2
    NOT_RUN = 3
    ERROR = 4
    APART = 5


NO_TEST = 0xFFFFFFFF
"""FTS_NO_TEST: outside of a test."""

NO_THREAD = 0xFFFF
"""struct fts_test_fail, `thread`: set-up, tear-down or no thread."""

TEST = struct.Struct("<IHHQ")
"""struct fts_test: index, outcome, threads, nanoseconds."""

TEST_FAIL = struct.Struct("<IHHIIII")
"""struct fts_test_fail: index, thread, threads, three text lengths, reserved."""

TYPE_MAX = 512
MESSAGE_MAX = 8 * 1024
TRACEBACK_MAX = 40 * 1024
"""Bytes of each text of a failure: together below FTS_RECORD_MAX, so that none is cut blindly."""

ENV_CONTROL = "FTSTRESS_CONTROL_FD"


def pack_test(index: int, outcome: Outcome, threads: int, nanoseconds: int) -> bytes:
    return TEST.pack(index, outcome, threads, nanoseconds)


def pack_test_fail(
    index: int, thread: int, threads: int, type_name: str, message: str, traceback: str
) -> bytes:
    kind = clip(type_name, TYPE_MAX)
    text = clip(message, MESSAGE_MAX)
    trace = clip_middle(traceback, TRACEBACK_MAX)
    head = TEST_FAIL.pack(index, thread, threads, len(kind), len(text), len(trace), 0)
    return head + kind + text + trace


def clip(text: str, limit: int) -> bytes:
    """`text` as UTF-8 of at most `limit` bytes, whole characters."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return data
    return data[:limit].decode("utf-8", "ignore").encode()


def clip_middle(text: str, limit: int) -> bytes:
    """As clip(), but keeps both ends: a traceback's last lines say what went wrong."""
    data = text.encode("utf-8", "backslashreplace")
    if len(data) <= limit:
        return data
    gap = b"\n  [...]\n"
    head = (limit - len(gap)) // 2
    tail = limit - len(gap) - head
    return clip(text, head) + gap + data[-tail:].decode("utf-8", "ignore").encode()
