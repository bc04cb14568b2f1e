"""Records to libftstress.so; without it (development), JSON lines on file descriptor 2."""

import ctypes
import json
import os
from collections.abc import Callable

from .contract import (
    MESSAGE_MAX,
    NO_TEST,
    NO_THREAD,
    Outcome,
    Record,
    clip,
    pack_test,
    pack_test_fail,
)
from .failures import Failure
from .suite import SuiteError

Send = Callable[[Record, bytes], object]
SetTest = Callable[[int], object]


def library_functions() -> tuple[Send, SetTest] | None:
    """`ftstress_emit` and `ftstress_set_test` of the preloaded library, None without it."""
    process = ctypes.CDLL(None)
    emit = getattr(process, "ftstress_emit", None)
    if emit is None:
        return None
    _start()
    emit.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint32]
    emit.restype = ctypes.c_int

    def send(record: Record, payload: bytes) -> None:
        emit(int(record), payload, len(payload))

    set_test = getattr(process, "ftstress_set_test", None)
    if set_test is None:
        return send, lambda index: None
    set_test.argtypes = [ctypes.c_uint32]
    set_test.restype = None
    return send, set_test


def _start() -> None:
    """Wakes the library up. PyDLL: it stays attached, for it sets the interpreter's eval hook."""
    why = ctypes.c_char_p()
    if ctypes.PyDLL(None).ftstress_start(ctypes.byref(why)):
        reason = (why.value or b"no reason given").decode()
        raise SuiteError(f"libftstress.so can't start: {reason}")
    _follow_environment()
    be_quiet()


def be_quiet() -> None:
    """The interpreter's accesses are not told until the next fork or thread: imports are fast."""
    quiet = getattr(ctypes.CDLL(None), "ftstress_quiet", None)
    if quiet is not None:
        quiet()


def _follow_environment() -> None:
    """What the library changed in the C environment, os.environ does not see by itself.

    A test that starts a process with a copy of os.environ must not preload the library again.
    """
    getenv = ctypes.CDLL(None).getenv
    getenv.restype = ctypes.c_char_p
    for name in ("LD_PRELOAD", "FTSTRESS_USER_LD_PRELOAD", "FTSTRESS_ARENA_FD", "TSAN_OPTIONS"):
        value = getenv(name.encode())
        if value is not None:
            os.environ[name] = os.fsdecode(value)
        else:
            os.environ.pop(name, None)


class Emitter:
    """Tells the runner what happens inside an iteration. Called by the main thread only."""

    def __init__(self) -> None:
        functions = library_functions()
        self._send, self._set_test = functions or (_no_send, _no_set_test)
        self._echo = functions is None

    def begin(self, index: int, threads: int) -> None:
        self._set_test(index)
        self._send(Record.TEST_BEGIN, pack_test(index, Outcome.PASSED, threads, 0))
        self._json("TEST_BEGIN", index=index, threads=threads)

    def end(self, index: int, outcome: Outcome, threads: int, nanoseconds: int) -> None:
        self._send(Record.TEST_END, pack_test(index, outcome, threads, nanoseconds))
        self._set_test(NO_TEST)
        self._json("TEST_END", index=index, outcome=outcome.name, threads=threads)

    def fail(self, index: int, threads: int, failure: Failure) -> None:
        thread = NO_THREAD if failure.thread is None else failure.thread
        payload = pack_test_fail(
            index, thread, threads, failure.type_name, failure.message, failure.traceback
        )
        self._send(Record.TEST_FAIL, payload)
        self._json(
            "TEST_FAIL",
            index=index,
            thread=thread,
            type=failure.type_name,
            message=failure.message,
            traceback=failure.traceback,
        )

    def note(self, text: str) -> None:
        self._send(Record.NOTE, clip(text, MESSAGE_MAX))
        self._json("NOTE", text=text)

    def gil_enabled(self, module: str) -> None:
        self._send(Record.GIL_ENABLED, clip(module, MESSAGE_MAX))
        self._json("GIL_ENABLED", module=module)

    def ordered(self, by: str) -> None:
        """Of the test that runs, a pair."""
        self._send(Record.ORDERED, clip(by, MESSAGE_MAX))
        self._json("ORDERED", by=by)

    def slice_end(self) -> None:
        self._send(Record.SLICE_END, b"")
        self._json("SLICE_END")

    def _json(self, record: str, **fields: object) -> None:
        if self._echo:
            line = json.dumps({"record": record, "pid": os.getpid(), **fields})
            os.write(2, line.encode() + b"\n")


def _no_send(record: Record, payload: bytes) -> None:
    del record, payload


def _no_set_test(index: int) -> None:
    del index
