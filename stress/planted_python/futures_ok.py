"""Each job gives a result of its own, and the one who waits for it goes on with it."""

from concurrent.futures import ThreadPoolExecutor


class Box:
    def __init__(self, number):
        self.number = number


def job(number):
    return Box(number)


def stress(thread_index):
    if thread_index == 0:
        with ThreadPoolExecutor(3) as pool:
            futures = [pool.submit(job, number) for number in range(6)]
            total = 0
            for future in futures:
                box = future.result()
                box.number += 1
                total += box.number
            assert total == 21
