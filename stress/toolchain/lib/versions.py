"""Print the versions of a package that an index has as source, the oldest first.

    python versions.py NAME FIRST LAST [pip options]

From FIRST to LAST, both included; pre-releases only if one of these is one. The index is pip's,
with its proxy and certificate settings: this leans on pip's internals as sdist.py does.
"""

from __future__ import annotations

import sys
from optparse import Values

from pip._internal.commands.download import DownloadCommand
from pip._vendor.packaging.version import Version


class VersionsCommand(DownloadCommand):
    """`pip download` that stops when it knows what there is."""

    def run(self, options: Values, args: list[str]) -> int:
        name, *bounds = args
        first, last = map(Version, bounds)
        pre = first.is_prerelease or last.is_prerelease
        session = self.get_default_session(options)
        finder = self._build_package_finder(options=options, session=session)
        found = {candidate.version for candidate in finder.find_all_candidates(name)}
        for version in sorted(found):
            if first <= version <= last and (pre or not version.is_prerelease):
                print(version)
        return 0


def main() -> int:
    name, first, last, *options = sys.argv[1:]
    command = VersionsCommand("download", "list source distributions")
    arguments = ["--no-deps", "--no-binary", ":all:", *options, name, first, last]
    return int(command.main(arguments))


if __name__ == "__main__":
    sys.exit(main())
