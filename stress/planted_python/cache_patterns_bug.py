"""The same of compiled patterns, made at the first use, in a global."""

import re

pattern = None


def find(text):
    global pattern
    if pattern is None:
        re.purge()  # so that each makes one of its own
        pattern = re.compile("[a-z]+ ([0-9]+)")
    return pattern.match(text)


def stress(thread_index):
    for number in range(5):
        assert find(f"number {number}")[1] == str(number)
