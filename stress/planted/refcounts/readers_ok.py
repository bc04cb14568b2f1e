"""Lists and dicts that are read without a lock while others change them."""

items = [[number] for number in range(8)]
table = {number: [number] for number in range(8)}


class Thing:
    pass


thing = Thing()


def stress(thread_index):
    for number in range(400):
        if thread_index % 2:
            items[number & 7] = [number]
            table[number & 7] = (number, number)
            thing.value = bytes(300)
        else:
            _ = items[number & 7], table.get(number & 7), getattr(thing, "value", None)
            for _ in items:
                pass
