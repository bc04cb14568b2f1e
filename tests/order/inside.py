"""Runs in the TSan interpreter: each case of the list in a forked child, RUNS times.

    inside.py OUTPUT RUNS GAP CASE ...

Writes one line `CASE PID STATUS` a run to OUTPUT. The reports of that child are in the arena."""

import contextlib
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases


def child(make, gap):
    calls = make()
    if os.environ.get("OVERLAP"):
        overlap(calls)
        return

    def work(number):
        time.sleep(gap * (1 + number))
        try:
            calls[number]()
        except Exception:
            if os.environ.get("SHOW"):
                raise
        if os.environ.get("HOLD"):
            time.sleep(gap * (3 - number))

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(gap * 4)
    for thread in threads:
        thread.join()


def overlap(calls):
    """The control: is it a race at all?"""
    gate = threading.Barrier(2)

    def work(number):
        gate.wait()
        for _ in range(300):
            with contextlib.suppress(Exception):
                calls[number]()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main():
    output, runs, gap, names = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]
    everything = cases.RACES | cases.ORDERED
    if any("numpy" in name for name in names):
        import numpy  # noqa: F401
    with open(output, "w") as lines:
        for _ in range(runs):
            for name in names:
                pid = os.fork()
                if pid == 0:
                    status = 0
                    try:
                        child(everything[name], gap)
                    except BaseException:
                        import traceback

                        traceback.print_exc()
                        status = 9
                    os._exit(status)
                _, status = os.waitpid(pid, 0)
                lines.write(f"{name} {pid} {status}\n")
                lines.flush()


main()
