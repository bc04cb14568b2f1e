"""Fetch and unpack a package's source distribution, without building anything.

    python sdist.py REQUIREMENT FOLDER [pip options]

`pip download --no-binary` would do, but it asks the build backend for metadata, and backends that
have no quick answer (meson-python: NumPy, SciPy) compile the whole package for it. So this runs
pip's own download command, with its index, proxy and certificate settings, up to the download.
It leans on pip's internals, which is safe here: the interpreter is pinned and bundles its pip.
"""

from __future__ import annotations

import hashlib
import sys
from optparse import Values
from pathlib import Path

from pip._internal.commands.download import DownloadCommand
from pip._internal.exceptions import DistributionNotFound, InstallationError
from pip._internal.network.download import Downloader
from pip._internal.req.constructors import install_req_from_line
from pip._internal.utils.unpacking import unpack_file


class SdistCommand(DownloadCommand):
    """`pip download` that stops once the file is there and unpacks it into --dest."""

    def run(self, options: Values, args: list[str]) -> int:
        requirement = install_req_from_line(args[0])
        session = self.get_default_session(options)
        link = requirement.link
        if link is None:
            finder = self._build_package_finder(options=options, session=session)
            candidate = finder.find_requirement(requirement, upgrade=True)
            if candidate is None:
                raise DistributionNotFound(f"No matching distribution found for {args[0]}")
            link = candidate.link
        destination = Path(options.download_dir)
        archives = destination / "archive"
        archives.mkdir(parents=True)
        archive, content_type = Downloader(session, "off")(link, str(archives))
        if link.hash_name is not None:
            got = hashlib.new(link.hash_name, Path(archive).read_bytes()).hexdigest()
            if got != link.hash:
                raise InstallationError(
                    f"{link.filename}: its {link.hash_name} is {got}, the index says {link.hash}"
                )
        unpack_file(archive, str(destination / "src"), content_type)
        Path(archive).unlink()
        archives.rmdir()
        print(f"Unpacked {link.filename}")
        return 0


def main() -> int:
    requirement, folder, *options = sys.argv[1:]
    command = SdistCommand("download", "fetch and unpack a source distribution")
    arguments = ["--no-deps", "--no-binary", ":all:", "--dest", folder, *options, requirement]
    return int(command.main(arguments))


if __name__ == "__main__":
    sys.exit(main())
