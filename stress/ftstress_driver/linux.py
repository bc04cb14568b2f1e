"""What the driver asks of the kernel for its own processes."""

import contextlib
import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int) -> None:
    """Has this process killed when `parent`, which must be its parent, dies.

    The kernel means the parent's *thread* that made this process. Leaves at once when the parent
    died before the call.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def be_killed_first() -> None:
    """Out of memory, the kernel shall take this process before any other."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def own_group() -> None:
    """A process group of its own, so that it can be killed with its children."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)


def kill_group(pid: int) -> None:
    """Kills a child that called own_group(), and its children."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
