"""All threads sleep, and are woken: by a time limit, a signal handler, and a process that ends."""

import signal
import subprocess
import sys
import threading

ended = threading.Event()
rung = threading.Lock()
rung.acquire()


def setup():
    signal.signal(signal.SIGALRM, lambda *_: rung.release())
    signal.setitimer(signal.ITIMER_REAL, 3)


def stress(thread_index):
    if thread_index == 0:
        rung.acquire()
    elif thread_index == 1:
        ended.wait(3)
    elif thread_index == 2:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(3)"], check=True)


def check():
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
