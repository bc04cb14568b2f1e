"""The test keeps all that the dict lets go."""

import planted

kept = [[number] for number in range(20)]
shared = {"key": kept[0]}


def stress(thread_index):
    for number in range(20):
        shared["key"] = kept[number]
        planted.value_bug(shared, "key")
