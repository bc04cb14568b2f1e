"""A job waits for another job of the same pool, which has one thread."""

from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(1)


def job():
    return pool.submit(int).result()


def stress(thread_index):
    if thread_index == 0:
        pool.submit(job).result()
