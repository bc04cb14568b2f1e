"""Which unittest tests run in one thread: they change what a process has only one of.

CPython marks some itself (test.support.thread_unsafe, from 3.14 on). For the others the names that
a test's code uses are looked at, and those of what it calls: its class's methods, functions of its
module, helpers of test.support. Names in code objects are enough, and need no source.
"""

import dis
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

DEPTH = 3
"""How far calls are followed."""

PATCHES = "replaces attributes or items of shared objects"
FILES = "uses files of fixed names"
ASSIGNS = "assigns to a global, or to an attribute of a module or class"

REASONS: dict[str, tuple[str, ...]] = {
    "captures sys.stdout or sys.stderr": (
        *("captured_stdout", "captured_stderr", "captured_stdin", "captured_output"),
        *("redirect_stdout", "redirect_stderr", "swap_stdout"),
    ),
    PATCHES: (*("swap_attr", "swap_item", "patch", "patch_list", "monkeypatch", "mock"),),
    "changes the environment": ("EnvironmentVarGuard", "environ", "putenv", "unsetenv", "setenv"),
    "changes the working directory": ("chdir", "fchdir", "temp_cwd", "change_cwd"),
    "changes the umask": ("umask", "temp_umask"),
    FILES: (
        *("TESTFN", "TESTFN_ASCII", "TESTFN_UNICODE", "TESTFN_NONASCII", "TESTFN_UNDECODABLE"),
        *("FS_NONASCII", "unlink_file"),
    ),
    "changes the import system": (
        *("import_fresh_module", "CleanImport", "DirsOnSysPath", "unload", "forget", "reload"),
        *("isolated_modules", "modules_setup", "modules_cleanup", "uncache", "meta_path"),
        *("path_hooks", "path_importer_cache", "invalidate_caches", "ready_to_import"),
        *("create_builtin_module", "mock_modules", "mock_spec", "import_state"),
    ),
    "changes the locale": ("setlocale", "run_with_locale", "run_with_locales", "run_with_tz"),
    "uses signals": (
        *("SIGINT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGTERM", "setitimer", "alarm"),
        *("pthread_kill", "raise_signal", "set_wakeup_fd", "catch_unraisable_exception"),
    ),
    "starts processes": (
        *("subprocess", "Popen", "assert_python_ok", "assert_python_failure", "spawn_python"),
        *("run_python_until_end", "run_test_script", "fork", "forkpty", "posix_spawn"),
        *("multiprocessing", "ProcessPoolExecutor", "run_python", "check_output"),
    ),
    "counts or starts threads": (
        *("threading_setup", "threading_cleanup", "reap_threads", "start_threads"),
        *("wait_threads_exit", "catch_threading_exception", "active_count", "excepthook"),
        *("run_concurrently",),
    ),
    "starts interpreters": (
        *("run_in_subinterp", "run_in_subinterp_with_config", "_interpreters", "interpreters"),
    ),
    "counts references or memory": (
        *("getrefcount", "gettotalrefcount", "refcount_test", "getallocatedblocks"),
        *("tracemalloc", "check_sizeof", "_Py_NewReference", "bigmemtest", "bigaddrspacetest"),
    ),
    "exhausts the stack or changes its limit": (
        *("setrecursionlimit", "infinite_recursion", "set_recursion_limit", "setrlimit"),
        *("adjust_int_max_str_digits", "set_int_max_str_digits", "exceeds_recursion_limit"),
    ),
    "hooks into the interpreter": (
        *("settrace", "setprofile", "addaudithook", "setswitchinterval", "set_asyncgen_hooks"),
        *("monitoring", "set_coroutine_origin_tracking_depth", "displayhook"),
        *("unraisablehook", "set_trampoline"),
    ),
    "changes sqlite3's adapters": (
        *("register_adapter", "register_converter", "adapters", "converters"),
    ),
    "makes allocations fail": ("set_nomemory", "remove_mem_hooks", "skip_if_pgo_task"),
    "changes the default of sockets or decimal": ("setdefaulttimeout", "setcontext"),
    "changes the class registry": ("clear_caches", "_clear_type_cache", "_abc_caches_clear"),
    "uses the cyclic garbage collector's state": ("gc_collect", "disable_gc", "no_tracing"),
}

WARNINGS = (
    "check_warnings",
    "catch_warnings",
    "assertWarns",
    "assertWarnsRegex",
    "save_restore_warnings_filters",
    "check_no_warnings",
    "ignore_warnings",
)
"""Safe where each thread has its own warning filters: 3.14 without the GIL."""

PAIRS: dict[tuple[str, str], str] = {
    ("gc", "collect"): "uses the cyclic garbage collector's state",
    ("gc", "disable"): "uses the cyclic garbage collector's state",
    ("gc", "enable"): "uses the cyclic garbage collector's state",
    ("gc", "get_objects"): "uses the cyclic garbage collector's state",
    ("gc", "get_referrers"): "uses the cyclic garbage collector's state",
    ("gc", "set_threshold"): "uses the cyclic garbage collector's state",
    ("gc", "freeze"): "uses the cyclic garbage collector's state",
    ("gc", "callbacks"): "uses the cyclic garbage collector's state",
    ("signal", "signal"): "uses signals",
    ("sys", "stdout"): "captures sys.stdout or sys.stderr",
    ("sys", "stderr"): "captures sys.stdout or sys.stderr",
    ("sys", "stdin"): "captures sys.stdout or sys.stderr",
    ("sys", "modules"): "changes the import system",
    ("sys", "path"): "changes the import system",
    ("random", "seed"): "seeds the global random generator",
    ("threading", "enumerate"): "counts or starts threads",
    ("builtins", "__import__"): "changes the import system",
    ("locale", "localeconv"): "changes the locale",
    ("time", "tzset"): "changes the locale",
}
"""Names that mean it only together: a module and its function."""


def _forbidden() -> dict[str, str]:
    table = {name: reason for reason, names in REASONS.items() for name in names}
    if not getattr(sys.flags, "context_aware_warnings", 0):
        table.update(dict.fromkeys(WARNINGS, "captures warnings"))
    return table


_NAMES = _forbidden()
_seen: dict[types.CodeType, str | None] = {}


def unsafe_reason(kind: type[unittest.TestCase], method: str) -> str | None:
    """Why a test runs in one thread, None when it need not."""
    function = getattr(kind, method)
    for holder in (function, kind):
        if getattr(holder, "__unittest_thread_unsafe__", False):
            why = getattr(holder, "__unittest_thread_unsafe__why__", None)
            return str(why or "marked thread_unsafe")
    if hasattr(function, "patchings"):  # unittest.mock.patch as a decorator
        return PATCHES
    if _names_test_files(kind):
        return FILES
    for part in (function, *_set_ups(kind)):
        reason = _scan(part, kind, DEPTH, set())
        if reason is not None:
            return reason
    return None


def _names_test_files(kind: type) -> bool:
    """Whether a class keeps the name of CPython's temporary test file in an attribute."""
    name = getattr(sys.modules.get("test.support.os_helper"), "TESTFN_ASCII", None)
    if name is None:
        return False
    values = [value for base in kind.__mro__ for value in vars(base).values()]
    return any(name in str(value) for value in values if isinstance(value, str | PurePath))


def _set_ups(kind: type) -> Iterator[Any]:
    """What each thread runs around the test, inherited ones too: they call each other."""
    for base in kind.__mro__:
        if not base.__module__.startswith("unittest."):
            for name in ("setUp", "tearDown", "asyncSetUp", "asyncTearDown"):
                if name in base.__dict__:
                    yield base.__dict__[name]


def _scan(function: Any, kind: type, depth: int, visited: set[types.CodeType]) -> str | None:
    """Reads one function and what it calls."""
    for part in _functions(function):
        code = part.__code__
        if code in visited or code.co_filename == unittest.case.__file__:
            continue
        visited.add(code)
        if code not in _seen:
            _seen[code] = _judge(code, part.__globals__)
        reason = _seen[code]
        if reason is not None:
            return reason
        if depth == 0:
            continue
        for called in _called(part, kind):
            reason = _scan(called, kind, depth - 1, visited)
            if reason is not None:
                return reason
    return None


def _functions(function: Any) -> Iterator[types.FunctionType]:
    """The function itself and those that decorators wrap in it."""
    while function is not None:
        function = getattr(function, "__func__", function)
        if isinstance(function, types.FunctionType):
            yield function
            for cell in function.__closure__ or ():
                try:
                    inner = cell.cell_contents
                except ValueError:
                    continue
                if isinstance(inner, types.FunctionType):
                    yield inner
        function = getattr(function, "__wrapped__", None)


def _called(function: types.FunctionType, kind: type) -> Iterator[Callable[..., Any]]:
    """Functions of the module, methods of the class and helpers of test.support that the code
    names."""
    names = set(_names(function.__code__))
    places: list[Any] = [kind, types.SimpleNamespace(**function.__globals__)]
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, types.ModuleType) and value.__name__.startswith("test.support"):
            places.append(value)
    for name in names:
        found = next((getattr(place, name) for place in places if hasattr(place, name)), None)
        if isinstance(found, types.FunctionType | types.MethodType):
            yield found


def _judge(code: types.CodeType, variables: dict[str, Any]) -> str | None:
    names = set(_names(code))
    for name in sorted(names & _NAMES.keys()):
        return _NAMES[name]
    for (module, member), reason in PAIRS.items():
        if module in names and member in names:
            return reason
    return ASSIGNS if _assigns_to_shared(code, variables) else None


def _assigns_to_shared(code: types.CodeType, variables: dict[str, Any]) -> bool:
    """Whether the code binds a global, or an attribute of a module or of a global class."""
    before: list[dis.Instruction] = []
    for step in dis.get_instructions(code):
        if step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
            return True
        if step.opname in ("STORE_ATTR", "DELETE_ATTR"):
            at = len(before) - 1
            while at > 0 and before[at].opname == "LOAD_ATTR":
                at -= 1
            if at >= 0 and before[at].opname == "LOAD_GLOBAL":
                owner = variables.get(before[at].argval)
                if isinstance(owner, types.ModuleType | type):
                    return True
        before.append(step)
    inner = [constant for constant in code.co_consts if isinstance(constant, types.CodeType)]
    return any(_assigns_to_shared(constant, variables) for constant in inner)


def _names(code: types.CodeType) -> Iterator[str]:
    """Globals, attributes and imports of the code and of what is nested in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
