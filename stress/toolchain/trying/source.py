"""What the source of a package says of its name, its tests, and what they require.

Nothing of it is run: files are parsed. Packages say these things in many places, some in several:
what pip would read comes first (the metadata in an sdist), then what tools read.
"""

from __future__ import annotations

import ast
import configparser
import re
import shlex
import tomllib
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

from pip._vendor.packaging.markers import UndefinedEnvironmentName
from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.utils import canonicalize_name

# Names of extras, groups and environments whose requirements are those of tests.
OF_TESTS = re.compile(
    r"^(py)?(unit[-_]?)?test(s|ing)?([-_](base|deps|core|requires?|extras?))?$", re.I
)
FILES_OF_TESTS = (
    "requirements/test*.txt",
    "requirements/*test.txt",
    "requirements/*tests.txt",
    "requirements[-_]test*.txt",
    "test[-_]requirements.txt",
    "tests/requirements*.txt",
    "test/requirements*.txt",
    "requirements/pytest.txt",
)
TEST_FILES = ("test_*.py", "*_test.py")
FOLDERS_OF_TESTS = ("tests", "test", "testing", "Tests", "unittests")


@dataclass
class Source:
    """A package's source, read. Paths are relative to its folder."""

    folder: Path
    name: str = ""
    version: str = ""
    requires: list[Requirement] = field(default_factory=list)
    places: list[str] = field(default_factory=list)  # what its own settings name as tests


def read_source(folder: Path) -> Source:
    source = Source(folder)
    project = read_toml(folder / "pyproject.toml")
    config = read_ini(folder / "setup.cfg")
    _name(source, project, config)
    texts = [
        *_from_project(project),
        *_from_config(config),
        *_from_metadata(folder),
        *_from_setup(folder / "setup.py"),
        *_from_tox(folder),
        *_from_files(folder),
    ]
    _requirements(source, texts)
    _places(source, project, config)
    return source


def read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def read_ini(path: Path) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (configparser.Error, UnicodeDecodeError):
        return {}
    return {section: dict(parser.items(section)) for section in parser.sections()}


def at(tree: Any, *keys: str) -> Any:
    """What lies at the end of `keys` in nested tables; {} if nothing does."""
    for key in keys:
        tree = tree.get(key, {}) if isinstance(tree, dict) else {}
    return tree


def _name(source: Source, project: dict[str, Any], config: dict[str, dict[str, str]]) -> None:
    headers = _headers(source.folder / "PKG-INFO")
    name = headers.get("Name") or at(project, "project", "name")
    name = name or at(project, "tool", "poetry", "name") or at(config, "metadata", "name")
    version = headers.get("Version") or at(project, "project", "version")
    setup = _setup_arguments(source.folder / "setup.py")
    source.name = str(name or setup.get("name") or source.folder.resolve().name)
    source.version = str(version or "")


def _headers(path: Path) -> Any:
    try:
        return HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return HeaderParser().parsestr("")


def _lines(value: object) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _from_project(project: dict[str, Any]) -> list[str]:
    found: list[str] = []
    groups = at(project, "dependency-groups")
    for name in groups:
        if OF_TESTS.match(name):
            found += _group(groups, name, set())
    for tables in (
        at(project, "project", "optional-dependencies"),
        at(project, "tool", "pdm", "dev-dependencies"),
    ):
        for name, items in tables.items():
            if OF_TESTS.match(name):
                found += _lines(items)
    wheel = at(project, "tool", "cibuildwheel")
    found += _words_or_lines(wheel.get("test-requires"))
    for name in _words_or_lines(wheel.get("test-groups")):
        found += _group(groups, name, set())
    for name in _words_or_lines(wheel.get("test-extras")):
        found += _lines(at(project, "project", "optional-dependencies", name) or [])
    for name, environment in at(project, "tool", "hatch", "envs").items():
        if OF_TESTS.match(name) or name == "hatch-test":
            found += _lines(at(environment, "dependencies") or [])
            found += _lines(at(environment, "extra-dependencies") or [])
    for name, group in at(project, "tool", "poetry", "group").items():
        if OF_TESTS.match(name):
            found += list(at(group, "dependencies"))
    return found


def _words_or_lines(value: object) -> list[str]:
    return value.split() if isinstance(value, str) else _lines(value)


def _group(groups: dict[str, Any], name: str, seen: set[str]) -> list[str]:
    """The requirements of a dependency group, with those that it includes."""
    by_name = {canonicalize_name(key): value for key, value in groups.items()}
    name = canonicalize_name(name)
    if name in seen:
        return []
    found: list[str] = []
    for item in by_name.get(name, []):
        if isinstance(item, str):
            found.append(item)
        elif isinstance(item, dict):
            found += _group(groups, str(item.get("include-group", "")), seen | {name})
    return found


def _from_config(config: dict[str, dict[str, str]]) -> list[str]:
    found = _lines(at(config, "options").get("tests_require", ""))
    for name, text in at(config, "options.extras_require").items():
        if OF_TESTS.match(name):
            found += text.splitlines()
    return found


def _from_metadata(folder: Path) -> list[str]:
    """Requires-Dist of those extras of an sdist that are for tests."""
    headers = _headers(folder / "PKG-INFO")
    found = []
    for text in headers.get_all("Requires-Dist", []):
        requirement = _parse(text)
        if requirement is None or requirement.marker is None:
            continue
        extras = re.findall(r"extra\s*==\s*[\"']([^\"']+)[\"']", str(requirement.marker))
        for extra in extras:
            if OF_TESTS.match(extra) and requirement.marker.evaluate({"extra": extra}):
                requirement.marker = None
                found.append(str(requirement))
                break
    return found


def _setup_arguments(path: Path) -> dict[str, Any]:
    """The arguments of setup() that are written as literals."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, SyntaxError, ValueError):
        return {}
    names: dict[str, Any] = {}
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names[node.targets[0].id] = _literal(node.value, names)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", "")) == "setup"
        ):
            for keyword in node.keywords:
                if keyword.arg:
                    found[keyword.arg] = _literal(keyword.value, names)
    return found


def _literal(node: ast.expr, names: dict[str, Any]) -> Any:
    """What is written there, with names of the module put in; None where it is computed."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return names.get(name)
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item, names) for item in items]
        case ast.Dict(keys=keys, values=values):
            pairs = zip(keys, values, strict=True)
            return {_literal(k, names): _literal(v, names) for k, v in pairs if k is not None}
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = [_literal(part, names) for part in (left, right)]
            return parts[0] + parts[1] if all(isinstance(part, list) for part in parts) else None
    return None


def _from_setup(path: Path) -> list[str]:
    arguments = _setup_arguments(path)
    found = _lines(arguments.get("tests_require"))
    extras = arguments.get("extras_require")
    for name, items in (extras if isinstance(extras, dict) else {}).items():
        if isinstance(name, str) and OF_TESTS.match(name):
            found += _lines(items)
    return found


def _from_tox(folder: Path) -> list[str]:
    """`deps` of the environments of tox that run tests, with the files that they name."""
    sections = read_ini(folder / "tox.ini")
    texts = [
        text.get("deps", "")
        for name, text in sections.items()
        if re.match(r"testenv(:(py|test).*)?$", name)
    ]
    tables = read_toml(folder / "tox.toml") or at(
        read_toml(folder / "pyproject.toml"), "tool", "tox"
    )
    found = _lines(at(tables, "env_run_base", "deps") or [])
    for line in "\n".join(texts).splitlines():
        # "py313: numpy" is for one environment; what it says of others is not for us.
        condition, colon, rest = line.rpartition(": ")
        if not colon or re.search(r"test|py3", condition):
            found.append(rest)
    return [line for text in found for line in _resolve_file(folder, text.strip())]


def _resolve_file(folder: Path, line: str) -> list[str]:
    match = re.match(r"(?:-r|--requirement)[ =]*(\S+)", line)
    if not match:
        return [line]
    path = match[1].replace("{toxinidir}/", "").replace("{tox_root}/", "")
    return _file(folder / path)


def _from_files(folder: Path) -> list[str]:
    return [
        line
        for pattern in FILES_OF_TESTS
        for path in sorted(folder.glob(pattern))
        for line in _file(path)
    ]


def _file(path: Path, deep: int = 0) -> list[str]:
    """The requirements in a requirements file, with those of the files that it names."""
    found: list[str] = []
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ").splitlines()
    except OSError:
        return []
    for line in lines:
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        match = re.match(r"(?:-r|--requirement)[ =]*(\S+)", text)
        if match and deep < 5:
            found += _file(path.parent / match[1], deep + 1)
        elif text and not text.startswith("-"):
            found.append(re.split(r"\s--hash", text)[0])
    return found


def _parse(text: str) -> Requirement | None:
    try:
        return Requirement(text.strip())
    except InvalidRequirement:
        return None


def _requirements(source: Source, texts: list[str]) -> None:
    """Each name once, the first that says something of it; not the package itself."""
    seen = {canonicalize_name(source.name)}
    for text in texts:
        requirement = _parse(text)
        if requirement is None or requirement.url or canonicalize_name(requirement.name) in seen:
            continue
        try:
            wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        except UndefinedEnvironmentName:
            wanted = True
        if wanted:
            requirement.marker = None
            seen.add(canonicalize_name(requirement.name))
            source.requires.append(requirement)


def _places(source: Source, project: dict[str, Any], config: dict[str, dict[str, str]]) -> None:
    """Where the package's own settings say that its tests are; else folders of usual names."""
    folder = source.folder
    options = at(project, "tool", "pytest", "ini_options") or at(project, "tool", "pytest")
    named = _words_or_lines(options.get("testpaths"))
    for settings in (read_ini(folder / "pytest.ini"), read_ini(folder / "tox.ini"), config):
        for section in ("pytest", "tool:pytest"):
            named += (
                at(settings, section, "testpaths").split()
                if at(settings, section, "testpaths")
                else []
            )
    commands = at(project, "tool", "cibuildwheel", "test-command")
    for command in [commands] if isinstance(commands, str) else _lines(commands):
        named += _paths_in(command)
    for place in named:
        for path in sorted(folder.glob(place)) if not place.startswith(("/", "..")) else []:
            _place(source, path)
    if not source.places:
        _usual_places(source)


def _paths_in(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError:
        return []
    paths = [re.sub(r"^\{(project|package)\}/?", "", word) for word in words]
    return [path for path in paths if path and not path.startswith(("-", "{", ".", "/"))]


def _place(source: Source, path: Path) -> None:
    place = str(path.relative_to(source.folder))
    if place not in source.places and place != "." and count_tests(path):
        source.places.append(place)


def count_tests(path: Path) -> int:
    """How many files with tests lie there, as pytest looks for them."""
    if path.is_file():
        return int(path.suffix == ".py")
    return len({file for pattern in TEST_FILES for file in path.rglob(pattern)})


def _usual_places(source: Source) -> None:
    """Folders named as those of tests, of nested ones the outer; else files on top."""
    for depth in ("", "*/", "*/*/", "*/*/*/"):
        for name in FOLDERS_OF_TESTS:
            for path in sorted(source.folder.glob(depth + name)):
                inner = any(path.is_relative_to(source.folder / place) for place in source.places)
                if path.is_dir() and not inner and not _hidden(path.relative_to(source.folder)):
                    _place(source, path)
    if source.places:
        return
    for pattern in TEST_FILES:
        for path in sorted(source.folder.glob(pattern)) + sorted(
            source.folder.glob("*/" + pattern)
        ):
            _place(source, path)


def _hidden(path: Path) -> bool:
    """Not of this package: what it brings along of others, examples, build results."""
    others = {
        "vendor",
        "vendored",
        "third_party",
        "thirdparty",
        "extern",
        "external",
        "deps",
        "node_modules",
        "build",
    }
    return any(part.startswith(".") or part in others for part in path.parts)
