"""An attribute of an object whose attributes lie in a dict."""


class Counter:
    pass


counter = Counter()
counter.value = 0
counter.__dict__["more"] = 1
for number in range(40):
    setattr(counter, f"field{number}", number)


def stress(thread_index):
    for _ in range(50):
        counter.value += 1
