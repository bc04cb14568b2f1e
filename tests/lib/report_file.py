"""Reports in JSON, with what stands in them as a number in its place."""

import json
from pathlib import Path
from typing import Any


def read_report(path: Path) -> dict[str, Any]:
    """The report; the stacks of its findings are lists of frames."""
    report: dict[str, Any] = json.loads(path.read_text())
    stacks = [[report["frames"][frame] for frame in stack] for stack in report["stacks"]]
    for finding in report["findings"]:
        if finding["subject"]:
            finding["subject"]["allocated"] = stacks[finding["subject"]["allocated"]]
        for thread in finding["threads"]:
            for part in (thread, *thread["locks"]):
                part["frames"] = stacks[part["frames"]]
            thread["created"] = stacks[thread["created"]]
    return report
