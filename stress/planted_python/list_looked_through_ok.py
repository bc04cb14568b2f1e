"""A list is gone through while another thread adds to it: no error, as it is of a dict."""

import sys

names, seen = ["a", "b"], []


def stress(thread_index):
    for step in range(30):
        for name in names:
            if name == "missing":
                seen.append(name)
        if thread_index == 0:
            names.append(sys.intern(f"name_{step}"))
