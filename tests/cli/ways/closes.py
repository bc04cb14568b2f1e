import os


def stress(thread):
    os.closerange(0, 10000)
