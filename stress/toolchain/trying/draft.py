"""The suite file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Draft:
    subject: str  # "bitarray 3.9.0"
    install: str
    requires: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # what whoever reads the file should know

    def text(self) -> str:
        lines = [
            f"; The tests of {self.subject}, as `ftstress try` found them. Change what is wrong:",
            "; the next `ftstress try` takes the file as it is. What the lines mean: man ftstress.",
            *(f"; {note}" for note in self.notes),
            "[suite]",
            f"description = the tests of {self.subject}",
            "driver = pytest",
            *_key("target", self.targets),
            f"install = {self.install}",
            *_key("require", self.requires),
        ]
        return "\n".join(lines) + "\n"

    def write(self, path: Path) -> None:
        path.write_text(self.text(), encoding="utf-8")


def _key(name: str, values: list[str]) -> list[str]:
    if len(values) == 1:
        return [f"{name} = {values[0]}"]
    return [f"{name} =", *(f"\t{value}" for value in values)] if values else []
