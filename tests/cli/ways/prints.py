import sys


def stress(thread):
    for _ in range(1000):
        sys.stdout.write("y" * 24999 + "\n")
