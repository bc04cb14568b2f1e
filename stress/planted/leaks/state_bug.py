"""What each thread has is not freed when it ends."""

import planted


def stress(thread_index):
    planted.state_bug()
