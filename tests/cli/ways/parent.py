import os
import signal
import time


def stress(thread):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(100)
