#!/usr/bin/env python3
"""What documentation excludes fails no run: the exit code with a policy, and without.

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
TYPE = "planted_pairs._cython.Field_bug"


def run(scratch: Path, policy: str | None) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of a run of the pairs of one type."""
    plain = (ROOT / "stress/suites/planted_pairs.ini").read_text()
    text = plain.replace("../planted_pairs", str(ROOT / "stress/planted_pairs"))
    if policy is not None:
        (scratch / "mine.ini").write_text(f"[policy]\n{policy}\n")
        text = text.replace("[suite]\n", "[suite]\npolicy = mine.ini\n")
    suite = scratch / "planted_pairs.ini"
    suite.write_text(text)
    reports = scratch / ("with" if policy else "without")
    command = [str(FTSTRESS), "--suite", str(suite), "--pairs", TYPE, "--seed", "51"]
    command += ["--format", "json", "--output", str(reports), "--quiet"]
    ended = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
    found = list(reports.glob("*.json"))
    if not found:
        comment((ended.stderr + ended.stdout)[-2000:])
        return ended.returncode, {"findings": [], "entries": []}
    return ended.returncode, json.loads(found[0].read_text())


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-policy-") as folder:
        scratch = Path(folder)
        code, report = run(scratch, None)
        statuses = {finding["status"] for finding in report["findings"]}
        ok(code == 1 and statuses == {"new"}, "without a policy a race is new", code, statuses)
        code, report = run(scratch, "planted_pairs.*.Field_* = not shared")
        documented = [f for f in report["findings"] if f["status"] == "documented"]
        ok(code == 0, "what the policy excludes fails no run", code)
        rule = "planted_pairs.*.Field_* = not shared (mine.ini:2)"
        ok(
            len(documented) == len(report["findings"]) > 0
            and all(f["suppressed_by"] == rule and f["rank"] for f in documented),
            "it is shown as documented, with its rank and the rule",
            report["findings"],
        )
        titles = [entry["title"] for entry in report["entries"]]
        ok(
            len(titles) == 1 and "not shared, as documented" in titles[0],
            "as one entry a rule",
            titles,
        )
        code, report = run(scratch, "planted_pairs.*.Field_* = save")
        ok(code == 4, "a policy that can't be read ends the run", code)
    return done()


if __name__ == "__main__":
    sys.exit(main())
