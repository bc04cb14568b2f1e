"""Which of the requirements that a package names its tests need."""

from __future__ import annotations

import re

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

from trying.source import Source

# What people run beside their tests, or what ftstress leaves out (drivers/pytest_options.py).
NO_TEST_NEEDS = frozenset(
    [
        "bandit",
        "black",
        "build",
        "bump2version",
        "bumpversion",
        "check-manifest",
        "cibuildwheel",
        "codecov",
        "codespell",
        "coverage",
        "covdefaults",
        "cpplint",
        "cython-lint",
        "docformatter",
        "flake8",
        "furo",
        "isort",
        "mypy",
        "nox",
        "pip",
        "pip-tools",
        "pre-commit",
        "pycodestyle",
        "pydocstyle",
        "pyflakes",
        "pylint",
        "pyright",
        "pyroma",
        "pytest-black",
        "pytest-cov",
        "pytest-flake8",
        "pytest-mypy",
        "pytest-pylint",
        "pytest-randomly",
        "pytest-repeat",
        "pytest-rerunfailures",
        "pytest-ruff",
        "pytest-run-parallel",
        "pytest-sugar",
        "pytest-xdist",
        "restructuredtext-lint",
        "ruff",
        "sphinx",
        "sphinx-rtd-theme",
        "towncrier",
        "tox",
        "twine",
        "types-setuptools",
        "typos",
        "uv",
        "vulture",
        "wheel",
    ]
)
# Modules whose distribution has another name. Nothing is ever installed because a module is called
# so: in an index that name may be a stranger's.
DISTRIBUTIONS = {
    "attr": "attrs",
    "coverage": "coverage",
    "bs4": "beautifulsoup4",
    "dateutil": "python-dateutil",
    "jwt": "PyJWT",
    "numpy": "numpy",
    "PIL": "pillow",
    "psutil": "psutil",
    "pkg_resources": "setuptools<81",
    "pytest_asyncio": "pytest-asyncio",
    "hypothesis": "hypothesis",
    "setuptools": "setuptools",
    "xdist": "pytest-xdist",
    "yaml": "PyYAML",
    "Cython": "Cython",
    "zmq": "pyzmq",
}


def needed(source: Source) -> tuple[list[Requirement], list[Requirement]]:
    """What is installed at once, pytest among it, and what only if a test imports it."""
    first = [r for r in source.requires if canonicalize_name(r.name) not in NO_TEST_NEEDS]
    later = [r for r in source.requires if r not in first]
    if not any(canonicalize_name(r.name) == "pytest" for r in first):
        first.insert(0, Requirement("pytest"))
    return first, later


def requirement_for(module: str, later: list[Requirement]) -> str | None:
    """What has a module that tests import; None: the package's own settings do not say."""
    top = module.split(".")[0]
    name = canonicalize_name(re.split("[<>=]", DISTRIBUTIONS.get(top, top))[0])
    for requirement in later:
        if canonicalize_name(requirement.name) == name:
            return str(requirement)
    return DISTRIBUTIONS.get(top)
