"""Jobs of a pool count in one variable."""

from concurrent.futures import ThreadPoolExecutor

counter = 0


def job(number):
    global counter
    counter += number
    return number


def stress(thread_index):
    if thread_index == 0:
        with ThreadPoolExecutor(3) as pool:
            for future in [pool.submit(job, number) for number in range(6)]:
                future.result()
