import os


def stress(thread):
    if os.environ["FTSTRESS_THREADS"] != "1":
        raise ValueError("only in threads")
