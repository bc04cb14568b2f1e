"""Locks as signals: conditions, events, queues, semaphores, futures."""

import concurrent.futures
import queue
import threading

condition = threading.Condition()
items = queue.Queue(3)
slots = threading.Semaphore(2)
signal = threading.Lock()
signal.acquire()
other = threading.Lock()
state = []


def produce():
    for i in range(50):
        items.put(i)
    with condition:
        state.append(1)
        condition.notify_all()
    with other:
        signal.release()


def consume():
    for _ in range(50):
        with slots:
            items.get()
    with condition:
        while not state:
            condition.wait()
    signal.acquire()
    with other:
        pass
    signal.release()


def stress(thread_index):
    if thread_index == 0:
        produce()
    elif thread_index == 1:
        consume()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(str, range(20)))
