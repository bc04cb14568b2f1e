"""A job waits for another job of the same pool, which has a thread for each."""

from concurrent.futures import ThreadPoolExecutor

pool = ThreadPoolExecutor(2)


def job():
    return pool.submit(int).result()


def stress(thread_index):
    if thread_index == 0:
        pool.submit(job).result()
