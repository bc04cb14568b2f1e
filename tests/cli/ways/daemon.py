"""Leaves a process behind that is in no group and no session of ours."""

import os
import time


def stress(thread):
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(1000)
    os.waitpid(pid, 0)
