"""One dict, and each thread has keys of its own in it."""

results = {}


def stress(thread_index):
    for number in range(20):
        key = (thread_index, number)
        if key not in results:
            results[key] = 0
        results[key] += 1
    name = f"thread {thread_index}"
    if results.get(name) is None:
        results[name] = []
    results[name].append(1)
