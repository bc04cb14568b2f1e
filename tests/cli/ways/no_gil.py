import os
import sys


def stress(thread):
    assert os.environ.get("PYTHON_GIL") == "1" or not sys._is_gil_enabled()
