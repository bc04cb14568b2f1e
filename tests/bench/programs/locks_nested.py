"""Four threads that take locks one inside the other, of their own and shared ones."""

import threading

outer = [threading.Lock() for _ in range(4)]
inner = threading.RLock()
items = []


def turn(index):
    for i in range(2000):
        with outer[index]:
            with inner:
                items.append(i)
                items.pop()


def work():
    threads = [threading.Thread(target=turn, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
