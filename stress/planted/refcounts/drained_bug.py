"""Two threads find the end of one iterator, and each drops its container."""

import planted

containers = [bytes(300 + number) for number in range(3)]
drains = [planted.make_drain(container) for container in containers]


def stress(thread_index):
    for drain in drains:
        drain.end_bug()
    if thread_index == 0:
        containers.clear()
