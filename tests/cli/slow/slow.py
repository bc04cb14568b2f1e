"""The build of a package that takes a minute; BUILDS names a file for who is at it."""

import os
import time
from pathlib import Path


def build_wheel(folder: str, settings: object = None, metadata: str | None = None) -> str:
    with Path(os.environ["BUILDS"]).open("a") as builds:
        builds.write(f"{os.getpid()}\n")
    time.sleep(60)
    raise SystemExit("nobody has ended it")
