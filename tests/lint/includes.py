#!/usr/bin/env python3
"""An include goes one way: down. Names each line that includes a file of a room above its own.

The rooms of each house, the ground first. A file may include its own room's and what stands before
it here; main.c and core.c are the roof.
"""

import re
import sys
from pathlib import Path

RUNNER = [
    *("base", "model", "symbols", "records", "inspect", "store", "plan", "trial", "setup"),
    *("locks", "collate", "verdict", "reports", "run"),
]
INTERPOSE = [
    *("base", "python", "memory", "turns", "order", "stacks", "releases", "variables", "locks"),
    "wrap",
]

INCLUDE = re.compile(r'\s*#\s*include\s+"((?:runner|reports|interpose)/[^"]+)"')


def house_and_floor(path: str) -> tuple[str, int]:
    """The house a file belongs to and how high its room stands."""
    top, _, rest = path.partition("/")
    if top == "reports":
        return "runner", RUNNER.index("reports")
    rooms = RUNNER if top == "runner" else INTERPOSE
    room, slash, _ = rest.partition("/")
    if not slash:
        return top, len(rooms)
    if room not in rooms:
        raise SystemExit(f"{path}: {room} is no room; add it to {Path(__file__).name}")
    return top, rooms.index(room)


def main() -> int:
    """Check the files given as arguments."""
    bad = 0
    for name in sys.argv[1:]:
        house, floor = house_and_floor(name)
        for number, line in enumerate(Path(name).read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            other, above = house_and_floor(match[1])
            if other != house and match[1] != "runner/base/util.h":
                print(f"{name}:{number}: includes {match[1]} of another house")
                bad += 1
            elif other == house and above > floor:
                print(f"{name}:{number}: includes {match[1]}, which stands above it")
                bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
