import os


def stress(thread):
    os.abort()
