"""Where the interpreter's code reads and writes Python variables, for interpose/variables/.

    python variables.py LIBPYTHON SOURCE TABLE

LIBPYTHON is a CPython compiled with ThreadSanitizer and debug information, SOURCE its source tree.
Nearly every access of a Python variable ends in a 64-bit atomic operation at one of some 90 places
of the interpreter's code. They are found by the text of the source line that the operation comes
from, and by its function, so that another micro release needs no change here. A rule that finds
nothing is told on standard error, and the table is not made.

The interpreter that runs this must be of the same release: it tells the numbers of its opcodes.
The lines of the table:

    ftstress-variables 1 BYTES          bytes of LIBPYTHON
    site ADDRESS OPERATION CLASS FUNCTION    the return address of the operation, in the file
    own ADDRESS BYTES FUNCTION          C code that works on its own objects
    op NUMBER CACHES FLAGS NAME         an instruction, and how many code units of cache follow

OPERATION: R, W: a variable is read, written; r, w: the size of a container; k: a dict gets
other memory.
CLASS: v value in its object, s slot, c cell, l item of a list, d entry of a dict, e the same, or a
hash; L, D, n: the size of a list, of a dict, of another container.
"""

import contextlib
import opcode
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import _opcode_metadata

CALL = re.compile(
    r"\s*[0-9a-f]+:\s+callq?\s+0x[0-9a-f]+ "
    r"<__tsan_(atomic64_load|atomic64_store|atomic64_exchange)@plt>"
)
HELPERS = re.compile(
    r"_Py_atomic_|_Py_TryX?GetRef|_Py_TryXGetStackRef|_Py_SET_SIZE|Py_SET_SIZE$|Py_SIZE$|"
    r"PyList_GET_SIZE$|PyDict_GET_SIZE$|PyByteArray_GET_SIZE$|PySet_GET_SIZE$|_Py_XGetRef|_Py_TryIncref"
)
"""Functions that only do what the line that calls them says."""


class Rule(NamedTuple):
    """The operations in one of the functions whose line has the text."""

    operation: str
    class_: str
    what: str
    function: str
    text: str


EVAL = "_PyEval_EvalFrameDefault"
LOOKUP = r"_?_Py_dict_lookup_threadsafe\w*|lookup_threadsafe_unicode|dictiter_iternext_threadsafe"
INSERT = (
    "insert_split_value|_PyDict_InsertSplitValue|insert_combined_dict|insert_to_emptydict|delitem_common|"
    "dict_setdefault_ref_lock_held"
)
RULES = [
    Rule("R", "v", "load", EVAL, r"FT_ATOMIC_LOAD_PTR\w*\(\*value_ptr"),
    Rule("R", "d", "load", EVAL, r"FT_ATOMIC_LOAD_PTR\w*\((ep->|entries\[index\]\.)me_value"),
    Rule("R", "s", "load", EVAL, r"FT_ATOMIC_LOAD_PTR\w*\(\*addr"),
    Rule("W", "v", "store", EVAL, r"FT_ATOMIC_STORE_PTR\w*\(\*value_ptr"),
    Rule("W", "d", "store", EVAL, r"FT_ATOMIC_STORE_PTR\w*\(ep->me_value"),
    Rule("W", "s", "store", EVAL, r"FT_ATOMIC_STORE_PTR\w*\(\*\(PyObject \*\*\)addr"),
    Rule("W", "l", "store", EVAL, r"FT_ATOMIC_STORE_PTR\w*\(_PyList_ITEMS\(list\)\[index\]"),
    Rule("R", "c", "load", "_PyCell_GetStackRef|PyCell_GetRef", r"cell->ob_ref"),
    Rule("W", "c", "store", "PyCell_SwapTakeRef", r"cell->ob_ref"),
    Rule("R", "d", "load", LOOKUP, r"me_value|value_addr|addr_of_value"),
    Rule("R", "v", "load", LOOKUP, r"values->values"),
    # Of a value and of one that is split, merged into one by the compiler: no line is left.
    Rule("W", "d", "store", "insertdict|insert_to_emptydict", r"me_value|values->values|^$"),
    # One operation for both: the value of an entry without a hash, the hash of one that has it.
    Rule("W", "e", "store", "insert_combined_dict|delitem_common", r"^$"),
    Rule("W", "d", "store", INSERT, r"STORE_VALUE|me_value"),
    Rule("W", "v", "store", INSERT, r"values->values|STORE_SPLIT_VALUE"),
    Rule("R", "v", "load", "_PyObject_TryGetInstanceAttribute", r"values\[ix\]"),
    Rule("W", "v", "store", "store_instance_attr_lock_held", r"values\[ix\]"),
    Rule("R", "s", "load", "PyMember_GetOne", r"PyObject \*\*"),
    Rule("W", "s", "store", "PyMember_SetOne", r"PyObject \*"),
    Rule("R", "l", "load", "list_get_item_ref|list_item_impl|_PyList_GetItemRefNoLock", r"ob_item"),
    Rule("W", "l", "store", "list_ass_item_lock_held", r"ob_item\[i\]"),
    Rule("k", "D", "store", "set_keys|insert_to_emptydict", r"mp->ma_keys"),
    Rule("r", "L", "load", f"list_length|{EVAL}", r"PyList_GET_SIZE"),
    Rule("r", "D", "load", "dict_length|PyDict_Size", r"ma_used|GET_USED"),
    Rule("r", "n", "load", "bytearray_length", r"PyByteArray_GET_SIZE"),
    Rule("w", "n", "store", "bytearray_resize_lock_held", r"SET_SIZE"),
    Rule("r", "n", "load", "set_len|deque_len", r"used|FT_ATOMIC_LOAD_SSIZE\(deque"),
    Rule("w", "L", "store", "_PyList_AppendTakeRef|list_clear_impl|list_extend_fast", r"SET_SIZE"),
    # del x[0], del x[::2]
    Rule("w", "L", "store", "list_ass_(item|subscript)_lock_held", r"SET_SIZE"),
    # 3.15: two of them are one, and no line is left.
    Rule("w", "L", "store", "list_resize", r"SET_SIZE|^$"),
    Rule("w", "n", "store", "deque_(append|popleft|pop|appendleft)_.*", r"SET_SIZE"),
    Rule("w", "n", "store", "set_add_entry_takeref|set_discard_entry|set_pop_impl", r"used"),
    Rule("w", "D", "store", f"{INSERT}|dict_popitem_impl|insertdict", r"ma_used|STORE_USED"),
]

HANDED_ON = {"_collectionsmodule.c", "_operator.c"}
"""Modules whose C functions do no more than the Python code that calls them asks for."""


def calls(library: str) -> Iterator[tuple[int, str]]:
    """The return address and the operation of each call."""
    command = [tool("objdump"), "-d", "--no-show-raw-insn", library]
    operation = None
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as dump:
        assert dump.stdout is not None
        for line in dump.stdout:
            if operation and line[0] == " ":
                yield int(line.split(":")[0], 16), operation
                operation = None
            match = CALL.match(line)
            if match:
                operation = match[1]


def tool(name: str) -> str:
    """LLVM's tool, of the release of the compiler."""
    return f"llvm-{name}{os.environ.get('LLVM_SUFFIX', '')}"


class Frame(NamedTuple):
    """A function at an address, inlined ones first."""

    function: str
    file: str
    line: int


def frames_of(library: str, addresses: list[int]) -> list[list[Frame]]:
    """The frames of each address."""
    answer = subprocess.run(
        [tool("symbolizer"), f"--obj={library}", "--output-style=GNU", "--inlines", "-p"],
        text=True,
        capture_output=True,
        check=True,
        input="\n".join(hex(address) for address in addresses),
    ).stdout
    found: list[list[Frame]] = []
    for line in answer.splitlines():
        match = re.match(r"( \(inlined by\) )?(.*) at (.*):(\d+)", line)
        if match is None:
            continue
        if not match[1]:
            found.append([])
        found[-1].append(Frame(match[2], match[3], int(match[4])))
    return found


UNSEEN = {("unicodeobject.c", "intern_common")}
"""sys.intern() looks a string up and puts it in, in one call: the interpreter's own dict."""


class Source:
    """Lines of the source tree, by the base name of a file."""

    def __init__(self, root: Path) -> None:
        folders = ["Objects", "Python", "Include", "Modules", "Include/internal", "Include/cpython"]
        self._folders = [root / folder for folder in folders]
        self._files: dict[str, list[str]] = {}

    def line(self, frame: Frame) -> str:
        """Its text, empty if there is none."""
        name = Path(frame.file).name
        if name not in self._files:
            paths = [folder / name for folder in self._folders if (folder / name).is_file()]
            self._files[name] = paths[0].read_text().split("\n") if paths else []
        lines = self._files[name]
        return lines[frame.line - 1].strip() if 0 < frame.line <= len(lines) else ""


def print_sites(library: str, source: Source) -> list[Rule]:
    """Prints them; returns the rules that found nothing."""
    found = list(calls(library))
    unused = list(RULES)
    for (address, operation), stack in zip(
        found, frames_of(library, [address - 1 for address, _ in found]), strict=True
    ):
        outside = next((i for i, f in enumerate(stack) if not HELPERS.match(f.function)), -1)
        line = source.line(stack[outside])
        for rule in RULES:
            if (
                rule.what in operation
                and any(re.fullmatch(rule.function, frame.function) for frame in stack[outside:])
                and re.search(rule.text, line)
            ):
                print(f"site {address:x} {rule.operation} {rule.class_} {stack[outside].function}")
                if rule in unused:
                    unused.remove(rule)
                break
    return unused


def is_of_subclasses(file: str, name: str) -> bool:
    """Making a class writes to the dict of its bases' subclasses, unseen by Python code."""
    return file == "typeobject.c" and "subclass" in name


def print_own(library: str, root: Path) -> None:
    """Static functions of extension modules: the symbol table names their file."""
    modules = {path.name for path in (root / "Modules").glob("*.c")} - HANDED_ON
    table = subprocess.run(
        [tool("readelf"), "-sW", library], text=True, capture_output=True, check=True
    ).stdout
    file = ""
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 8:
            continue
        if fields[3] == "FILE":
            file = fields[7]
        elif fields[3] == "FUNC" and fields[4] == "LOCAL":
            name = fields[7]
            if file in modules or (file, name) in UNSEEN or is_of_subclasses(file, name):
                print(f"own {int(fields[1], 16):x} {fields[2]} {name}")


def flags(name: str) -> str:
    """What the instruction does, for interpose/variables/patterns.c and name.c."""
    names = {
        "LOAD_ATTR": "a",
        "STORE_ATTR": "Ae",
        "DELETE_ATTR": "AeD",
        "LOAD_GLOBAL": "g",
        "STORE_GLOBAL": "Ge",
        "STORE_NAME": "Ge",
        "LOAD_NAME": "G",
        "LOAD_DEREF": "d",
        "STORE_DEREF": "de",
        "LOAD_FAST": "l",
        "LOAD_FAST_BORROW": "l",
        "LOAD_FAST_CHECK": "l",
        "LOAD_FAST_AND_CLEAR": "l",
        "LOAD_FAST_LOAD_FAST": "L",
        "LOAD_FAST_BORROW_LOAD_FAST_BORROW": "L",
        "STORE_FAST": "s",
        "STORE_FAST_STORE_FAST": "S",
        "STORE_FAST_LOAD_FAST": "x",
        "STORE_SUBSCR": "ke",
        "DELETE_SUBSCR": "keD",
        "GET_ITER": "I",
        "STORE_SLICE": "e",
        "POP_TOP": "e",
        "EXTENDED_ARG": "E",
        "CHECK_EXC_MATCH": "c",
        "RETURN_VALUE": "re",
        "RAISE_VARARGS": "ve",
        "RERAISE": "ve",
        "JUMP_BACKWARD_NO_INTERRUPT": "v",
        "JUMP_FORWARD": "j",
        "BINARY_OP": "B",
        "LOAD_CONST": "o",
        "LOAD_SMALL_INT": "O",
        "BUILD_LIST": "F",
        "BUILD_MAP": "F",
        "BUILD_SET": "F",
        "CALL": "f",
        "LOAD_COMMON_CONSTANT": "T",
        "TO_BOOL": "t",
        "NOT_TAKEN": "N",
        "POP_EXCEPT": "N",
        "COPY": "C",
        "LIST_APPEND": "P",
        "SET_ADD": "P",
        "MAP_ADD": "P",
        "SWAP": "W",
        # The interpreter does there what is not the line's: collections, finalizers, imports.
        "JUMP_BACKWARD": "iv",
        "RESUME": "i",
        "IMPORT_NAME": "i",
    }
    return names.get(name, "b" if name.startswith("POP_JUMP_IF_") else "-")


def print_opcodes() -> None:
    """All of them, those that instructions are specialised to, too."""
    families = {
        special: family
        for family, members in _opcode_metadata._specializations.items()
        for special in members
    }
    numbers = {**_opcode_metadata.opmap, **_opcode_metadata._specialized_opmap}
    for name, number in sorted(numbers.items(), key=lambda item: item[1]):
        if number > 255:
            continue
        family = families.get(name, name.removeprefix("INSTRUMENTED_"))
        caches = opcode._inline_cache_entries.get(family, 0)  # type: ignore[attr-defined]
        print(f"op {number} {caches} {flags(family)} {name}")


def main() -> int:
    """The command."""
    library, root = sys.argv[1], Path(sys.argv[2])
    with Path(sys.argv[3]).open("w") as table, contextlib.redirect_stdout(table):
        print(f"ftstress-variables 1 {Path(library).stat().st_size}")
        unused = print_sites(library, Source(root))
        print_own(library, root)
        print_opcodes()
    for rule in unused:
        print(f"no operation is found for: {' '.join(rule)}", file=sys.stderr)
    return 1 if unused else 0


if __name__ == "__main__":
    sys.exit(main())
