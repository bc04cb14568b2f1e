import os
import sys

import old  # noqa: F401


def stress(thread):
    assert sys._is_gil_enabled() == (os.environ.get("PYTHON_GIL") == "1")
