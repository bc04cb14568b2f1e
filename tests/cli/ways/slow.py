import time


def stress(thread):
    time.sleep(0.2)
