"""wait() wants the Condition's lock back with another lock held, which the notifier wants."""

import threading

condition = threading.Condition()
b = threading.Lock()
waiting = threading.Event()


def stress(thread_index):
    if thread_index == 0:
        with condition, b:
            waiting.set()
            condition.wait()
    elif thread_index == 1:
        waiting.wait()
        with condition:
            condition.notify()
            with b:
                pass
