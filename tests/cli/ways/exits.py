import os


def stress(thread):
    os._exit(3)
