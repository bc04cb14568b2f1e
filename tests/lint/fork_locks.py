#!/usr/bin/env python3
"""A lock of the interposer is free in a child after fork: its file takes it, or makes it new.

Names each `static struct raw_lock` that is in no function whose name says fork. One that is taken
with a lock of ThreadSanitizer held, which is itself taken for the fork, says so beside it.
"""

import re
import sys
from pathlib import Path

LOCK = re.compile(r"^static struct raw_lock (\w+);(.*)$", re.MULTILINE)
FUNCTION = re.compile(r"^\w[^\n;]*\b(\w*fork\w*)\([^\n]*\)\n\{\n(.*?)^\}", re.MULTILINE | re.DOTALL)


def main() -> int:
    """Check the files given as arguments."""
    bad = 0
    for name in sys.argv[1:]:
        text = Path(name).read_text()
        at_fork = "".join(body for _, body in FUNCTION.findall(text))
        for lock, comment in LOCK.findall(text):
            if not re.search(rf"\b{lock}\b", at_fork) and "at fork:" not in comment:
                print(f"{name}: {lock} stays held in a child when another thread had it")
                bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
