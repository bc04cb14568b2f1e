"""python -m ftstress_driver: the zygote."""

import os
import sys

from .cli import options_from, parser
from .drivers import find_driver
from .zygote import main

if __name__ == "__main__":
    arguments = parser("python -m ftstress_driver", "The zygote; started by ftstress.").parse_args()
    status = main(find_driver(arguments.driver), options_from(arguments))
    sys.stdout.flush()
    sys.stderr.flush()
    # What the suite's modules registered for the interpreter's end is not ours to run.
    os._exit(status)
