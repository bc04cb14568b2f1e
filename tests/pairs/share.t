#!/usr/bin/env python3
"""--share on a planted fault that no pair of calls shows, and its correct twin.

Needs what `make run` builds (CPython with TSan); a minute or two.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from tap import comment, done, ok

ROOT = Path(__file__).resolve().parents[2]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"


def run(scratch: Path, *arguments: str) -> dict[str, Any]:
    """The report of a run."""
    before = set(scratch.glob("*.json"))
    command = [str(FTSTRESS), "--suite", "planted_share", *arguments, "--gil", "off"]
    command += ["--format", "json", "--output", str(scratch), "--quiet"]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=570)
    reports = sorted(set(scratch.glob("*.json")) - before)
    if not reports:
        comment((ended.stderr + ended.stdout)[-2000:])
        return {"findings": [], "run": {"tests": {}}, "text": ""}
    report: dict[str, Any] = json.loads(reports[-1].read_text())
    report["text"], report["status"] = ended.stdout, ended.returncode
    return report


def titles(report: dict[str, Any]) -> list[str]:
    return [f"{finding['kind']}: {finding['title']}" for finding in report["findings"]]


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-share-") as folder:
        scratch = Path(folder)
        for seed in ("1", "2", "3"):
            report = run(scratch / seed, "--share", "--seed", seed)
            found = titles(report)
            racy = [title for title in found if title.startswith("data-race: vault_enter_bug")]
            ok(bool(racy), f"the fault is found in three iterations, seed {seed}", found)
            ok(len(racy) == len(found), "nothing else is, in its twin neither", found)
        covered = report["run"].get("covered", {})
        ok("one for all their threads" in covered.get("text", ""), "objects that were shared count")
        ok(report["run"]["tests"].get("failing") == 0, "no test counts as failing")

        alone = run(scratch / "alone", "--seed", "1")
        ok(not alone["findings"], "without --share each thread has its own", titles(alone))
        words = "no two threads were made to use one object of planted_share"
        ok(words in alone["text"], "and the run says so", alone["text"])
        pairs = run(scratch / "pairs", "--pairs", "--seed", "1")
        racy = [title for title in titles(pairs) if "enter" in title]
        ok(not racy, "no pair of calls shows it", racy)
    return done()


if __name__ == "__main__":
    sys.exit(main())
