"""An item of a dict."""

counts = {"a": 0}


def stress(thread_index):
    for _ in range(50):
        counts["a"] += 1
