import time


def stress(thread):
    time.sleep(100000)
