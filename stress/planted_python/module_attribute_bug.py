"""Another module's variable."""

import types

settings = types.ModuleType("settings")
settings.changes = 0


def stress(thread_index):
    for _ in range(50):
        settings.changes += 1
