#!/usr/bin/env python3
"""The maps at the head of main.c and core.c name every file, in the room that it stands in.

Names each file that is in no map, and each room of a map that is not there. `x_31x` in a map is a
file for each release of CPython; of a folder in a room (a file for each thing of a kind) the room
names the folder.
"""

import re
import sys
from pathlib import Path

MAPS = {"runner": Path("runner/main.c"), "interpose": Path("interpose/core.c")}

ROOM = re.compile(r"^ \* {3,5}(\w+)/ ")
WORD = re.compile(r"\w+")


def rooms_of(house: str) -> dict[str, set[str]]:
    """The words that the map of a house has of each room."""
    rooms: dict[str, set[str]] = {}
    words: set[str] = set()
    for line in MAPS[house].read_text().partition("*/")[0].splitlines():
        match = ROOM.match(line)
        if match:
            words = rooms.setdefault(match[1], set())
        words.update(WORD.findall(line))
    return rooms


def main() -> int:
    """Check the files given as arguments."""
    bad = 0
    maps = {house: rooms_of(house) for house in MAPS}
    there: set[tuple[str, str]] = set()
    for name in sys.argv[1:]:
        house, *between, file = Path(name).parts
        if not between:
            continue
        room, *folders = between
        there.add((house, room))
        entry = folders[0] if folders else re.sub(r"_3\d\d$", "_31x", Path(file).stem)
        if entry not in maps[house].get(room, set()):
            print(f"{name}: the map in {MAPS[house]} does not name {entry} in {room}/")
            bad += 1
    for house, rooms in maps.items():
        for room in rooms:
            if (house, room) not in there:
                print(f"{MAPS[house]}: the map has a room {room}/, which is not there")
                bad += 1
    return bad > 0


if __name__ == "__main__":
    sys.exit(main())
