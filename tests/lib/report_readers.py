#!/usr/bin/env python3
"""Reads a report as those do whom it is written for.

report_readers.py FORMAT FILE ENTRIES [WORD] exits with a message if it is not well-formed, does not
have so many entries, or has not WORD as text in each of them. The rules of SARIF are those of its
schema for what ftstress writes, and GitHub's limits.
"""

import base64
import html.parser
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zlib
from pathlib import Path
from typing import Any

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]")
URI = re.compile(r"(?:file://)?[A-Za-z0-9/._~-]*(?:%[0-9A-F]{2}[A-Za-z0-9/._~-]*)*\Z")
LOCATION = {"id", "physicalLocation", "logicalLocations", "message"}
RESULT = {
    *("ruleId", "ruleIndex", "kind", "level", "message", "locations", "occurrenceCount"),
    *("partialFingerprints", "baselineState", "suppressions", "properties", "relatedLocations"),
    "codeFlows",
}


def check(good: bool, what: str, value: Any = "") -> None:
    """Ends the program if a rule is broken."""
    if not good:
        sys.exit(f"{what}: {value!r:.500}")


def check_message(message: Any) -> None:
    """A message is a text without placeholders and links."""
    check(set(message) == {"text"} and isinstance(message["text"], str), "message", message)
    text = message["text"].replace("{{", "").replace("}}", "")
    check("{" not in text and "}" not in text, "a placeholder", message)
    check("](" not in text, "a link", message)


def check_location(location: Any, bases: Any) -> None:
    """Where something is."""
    check(set(location) <= LOCATION, "location", location)
    if "message" in location:
        check_message(location["message"])
    for logical in location.get("logicalLocations", []):
        check(set(logical) == {"name", "kind", "fullyQualifiedName"}, "logical location", logical)
    physical = location.get("physicalLocation")
    if not physical:
        return
    artifact = physical["artifactLocation"]
    check(URI.match(artifact["uri"]) is not None, "uri", artifact)
    check(artifact.get("uriBaseId", "%SRCROOT%") in bases, "base", artifact)
    check("uriBaseId" not in artifact or artifact["uri"][0] != "/", "relative", artifact)
    if "region" in physical:
        check(physical["region"]["startLine"] > 0, "line", physical)


def check_flows(flows: list[Any], bases: Any) -> None:
    """The threads' ways to where it happened."""
    check(bool(flows), "empty flows")
    for flow in flows:
        check(set(flow) == {"message", "threadFlows"} and bool(flow["threadFlows"]), "flow", flow)
        for thread in flow["threadFlows"]:
            check(bool(thread["locations"]), "empty thread flow", thread)
            for depth, step in enumerate(thread["locations"]):
                check(step["nestingLevel"] == depth, "nesting", step)
                check_location(step["location"], bases)
            essential = [s for s in thread["locations"] if s["importance"] == "essential"]
            check(len(essential) == 1, "one step is the essential one", thread)


def read_sarif(data: bytes, entries: int) -> list[str]:
    """SARIF 2.1.0; the texts of the results."""
    document = json.loads(data.decode())
    check(set(document) == {"$schema", "version", "runs"}, "document", document)
    check(document["version"] == "2.1.0" and len(document["runs"]) == 1, "version", document)
    check(len(data) <= 10_000_000, "too large", len(data))
    run = document["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        check(re.fullmatch("[A-Z][A-Za-z]+", rule["name"]) is not None, "rule", rule)
        check(rule["defaultConfiguration"]["level"] in ("error", "warning", "note"), "rule", rule)
        check_message(rule["shortDescription"])
    bases = run["originalUriBaseIds"]
    check(bases["%SRCROOT%"]["uri"].endswith("/"), "base", bases)
    results = run["results"]
    for result in results:
        check(set(result) <= RESULT, "result", result)
        check(rules[result["ruleIndex"]]["id"] == result["ruleId"], "rule", result)
        check(result["level"] in ("error", "warning", "note"), "level", result)
        check(result["baselineState"] in ("new", "unchanged"), "baseline", result)
        check(len(result["locations"]) == 1, "locations", result)
        check("physicalLocation" in result["locations"][0], "where", result)
        check_message(result["message"])
        check_location(result["locations"][0], bases)
        related = result.get("relatedLocations", [])
        for location in related:
            check_location(location, bases)
        check(len({one["id"] for one in related}) == len(related), "ids of places", related)
        for suppression in result["suppressions"]:
            check(suppression["kind"] == "external", "suppression", suppression)
        if "codeFlows" in result:
            check_flows(result["codeFlows"], bases)
    for note in run["invocations"][0]["toolExecutionNotifications"]:
        check_message(note["message"])
    prints = {result["partialFingerprints"]["primaryLocationLineHash"] for result in results}
    check(len(prints) == len(results), "two results have one fingerprint")
    if entries != len(results):
        said = run["invocations"][0]["toolExecutionNotifications"]
        check("left out" in said[0]["message"]["text"], "what was cut is not told", said[:1])
    return [result["message"]["text"] for result in results]


def read_junit(data: bytes, entries: int) -> list[str]:
    """JUnit XML; the texts of what failed or was skipped."""
    suite = ElementTree.fromstring(data)[0]
    cases = suite.findall("testcase")
    check(len(cases) == entries + 1, "test cases", len(cases))
    for kind, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        check(int(suite.attrib[kind]) == len(suite.findall(f"testcase/{element}")), kind)
    check(int(suite.attrib["tests"]) == len(cases), "tests", suite.attrib)
    texts = []
    for case in cases[1:]:
        told = case.find("failure")
        told = case.find("skipped") if told is None else told
        check(told is not None, "neither failed nor skipped", case.attrib)
        texts.append(case.attrib["name"])
    for part in suite.iter():
        said = " ".join((*part.attrib.values(), part.text or ""))
        check(not CONTROL.search(said), "a control character", said)
    return texts


def read_tap(file: str, data: bytes, entries: int) -> list[str]:
    """TAP: prove reads it (13 alone, where it is an old one); the lines of the test points."""
    lines = data.decode().split("\n")
    points = [line for line in lines if re.match("(not )?ok ", line)]
    check(len(points) == entries, "points", points)
    for line in lines:
        check(not CONTROL.search(line), "a control character", line)
    if lines[0] == "TAP version 13":
        done = subprocess.run(["prove", "--exec", "cat", file], capture_output=True, text=True)
        check("Parse errors" not in done.stdout, "prove", done.stdout)
        check(f"Tests={entries}," in done.stdout, "prove", done.stdout)
    return points


def read_github(data: bytes, entries: int) -> list[str]:
    """Annotations: each line is a command, of the ones that are known."""
    lines = data.decode().split("\n")
    check(lines.pop() == "", "the last line has no end", lines[-1:])
    for line in lines:
        shape = r"::(error|warning|notice) (file=[^:,]+,(line=\d+,)?)?title=[^:,]+::"
        check(re.match(shape, line) is not None, "annotation", line)
        check(not CONTROL.search(line), "a control character", line)
    check(len(lines) == entries, "annotations", len(lines))
    return lines


class _Page(html.parser.HTMLParser):
    """The report's data in the page."""

    def __init__(self) -> None:
        super().__init__()
        self.data: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A script of data begins."""
        self._inside = tag == "script" and ("id", "report-data") in attrs

    def handle_endtag(self, tag: str) -> None:
        """It ends."""
        self._inside = False

    def handle_data(self, data: str) -> None:
        """What is in it."""
        if self._inside:
            self.data.append(data)


def read_json(data: bytes, entries: int) -> list[str]:
    """The titles of the entries."""
    found = json.loads(data.decode())["entries"]
    check(len(found) == entries, "entries", len(found))
    return [entry["title"] for entry in found]


def read_html(data: bytes, entries: int) -> list[str]:
    """The same in the page."""
    page = _Page()
    page.feed(data.decode())
    packed = base64.b64decode("".join(page.data), validate=True)
    return read_json(zlib.decompress(packed), entries)


def read_lines(data: bytes) -> list[str]:
    """A text: valid, and nothing in it steers a terminal."""
    text = data.decode()
    for line in text.split("\n"):
        check(not CONTROL.search(line), "a control character", line)
        check(not line.lstrip().startswith(("::error", "ok 2")), "a forged line", line)
    return [text]


def read_step(data: bytes, entries: int) -> list[str]:
    """GitHub's job summary: no markup but ours, nobody is named; the rows of the table."""
    text = data.decode()
    tags = set(re.findall("<[^>]*>", text))
    check(
        tags <= {f"<{a}{b}>" for a in ("", "/") for b in ("details", "summary", "pre")},
        "tags",
        tags,
    )
    outside = re.sub("(?s)<pre>.*?</pre>", "", text)
    check(not re.search(r"[@`\]]|!\[|\](?:\()", outside), "markup", outside)
    rows = [line for line in text.split("\n") if re.match(r"\| (error|warning|note) ", line)]
    check(len(rows) == entries, "rows", len(rows))
    check(all(row.count("|") == 5 for row in rows), "cells", rows)
    read_lines(outside.encode())
    return rows


def main() -> None:
    """Reads one file."""
    kind, file, entries = sys.argv[1], sys.argv[2], int(sys.argv[3])
    data = Path(file).read_bytes()
    readers = {"sarif": read_sarif, "junit": read_junit, "json": read_json, "html": read_html}
    if kind in readers:
        texts = readers[kind](data, entries)
    elif kind in ("tap", "tap14"):
        texts = read_tap(file, data, entries)
    elif kind == "step":
        texts = read_step(data, entries)
    elif kind == "github":
        texts = read_github(data, entries)
    else:
        texts = read_lines(data)
    for text in texts:
        check(all(word in text for word in sys.argv[4:5]), f"no {sys.argv[4:5]} in", text)


main()
