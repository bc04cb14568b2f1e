"""All cases, see pairs.py; and the suite of planted races: each bug, and its correct twin."""

import os
import runpy

import calls  # noqa: F401
import classes  # noqa: F401
import handed_over  # noqa: F401
import twins  # noqa: F401
from pairs import ORDERED, RACES

# Twins that are races before 3.14, as the sources say: there were no lock and no atomics yet.
GUARDED_SINCE_314 = {
    "bytearray_set_and_get",
    "bytesio_getvalue",
    "bytesio_shared",
    "ctypes_pointer",
    "ctypes_value",
    "eval_and_exec",  # runtime->signals.unhandled_keyboard_interrupt
    "eval_small",
    "frame_lines",
    "gc_threshold",
    "interned",  # the string is changed after it is in the table
    "next_bytearray",
    "next_csv",
    "next_finditer",
    "next_odict",
    "next_repeat",
    "next_tuple",
    "regular_expressions",  # a key of the cache's dict is loaded relaxed, 3.14: consume
    "slice_of_shared_odict",
    "switch_interval",
}

# Races that have a lock before 3.14.
LOCKED_BEFORE_314 = {"counted_by_lru_cache", "module_of_base_looked_for_between"}

# sqlite3's cursor makes no weak reference any more: who polls for it would wait for ever.
LEFT_OUT_SINCE_315 = {"weakref_made_by_c"}

# Races that are found only as long as one rule or the guard of a rule in interpose/ does its work.
BY_ONE_RULE = {
    "by_c_dict_key_compared",  # sections.c: dicts whose keys are strings only
    "by_c_set_key_compared",  # the sets of abstract classes only
    "by_c_weakref_hashed",  # a hash that is known only
    "class_first_used_between",  # type_cache.c
    "counted_by_lru_cache",  # COUNTER
    "dicts_of_instances_between",  # KEYS
    "dict_key_compared_by_python",  # a section ends where Python begins
    "instances_made_between",  # READS_KEYS
    "interrupted_between",  # EVAL_BREAKER
    "entries_filled_again_between",  # type_cache.c
    "module_of_base_looked_for_between",  # READS
    "names_dropped_between",  # type_cache.c: the name that was in an entry
    "other_class_made_between",  # type_cache.c: generations
    "super_called_between",  # READS
}

PLANTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../stress/planted/cases")


def planted(file):
    def case():
        found = runpy.run_path(os.path.join(PLANTED, file))
        roles = [found[name] for name in sorted(found) if name.startswith("stress_")]
        one, two = roles or [found["stress"]] * 2
        return lambda: one(0), lambda: two(1)

    name = "planted_" + file[: -len(".py")]
    (RACES if name.endswith("_bug") else ORDERED)[name] = case


if any(
    os.path.isdir(os.path.join(place, "planted"))
    for place in os.environ.get("PYTHONPATH", "").split(":")
):
    for file in sorted(os.listdir(PLANTED)):
        if file.endswith(".py"):
            planted(file)
