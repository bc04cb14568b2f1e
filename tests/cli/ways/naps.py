"""Two threads look for each other, and sleep for moments in between."""

import select

flags = set()


def stress(thread):
    flags.add(thread)
    while thread < 2 and 1 - thread not in flags:
        select.select([0], [], [], 0.002)
