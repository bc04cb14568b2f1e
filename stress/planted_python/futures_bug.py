"""Jobs of a pool count in one variable."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

counter = 0


def job(number, others):
    global counter
    others.wait()  # else one thread of the pool might be quick enough for all jobs
    counter += number
    return number


def stress(thread_index):
    if thread_index == 0:
        others = Barrier(3)
        with ThreadPoolExecutor(3) as pool:
            for future in [pool.submit(job, number, others) for number in range(6)]:
                future.result()
