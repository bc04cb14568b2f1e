#!/usr/bin/env python3
"""The whole of ftstress on known races: it finds all bugs, and none of their correct twins.

Needs what `make run` builds (CPython with TSan); some minutes.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent / "lib"))
from report_file import read_report
from tap import done, ok

ROOT = Path(__file__).resolve().parents[1]
FTSTRESS = ROOT / os.environ.get("BUILD", "build") / "ftstress"
PLANTED = ROOT / "stress" / "planted"
SEEDS = ["51", "52"]
ITERATIONS = ("--iterations", "10", "--happens-before", "meant")


class Run:
    """One call of ftstress, and what its JSON report says."""

    def __init__(self, suite: str, output: Path, *options: str) -> None:
        output.mkdir(exist_ok=True)
        before = set(output.glob("*.json"))
        arguments = ["--suite", suite, "--output", str(output), "--format", "json", "--quiet"]
        self.done = subprocess.run(
            [FTSTRESS, *arguments, *options], cwd=ROOT, text=True, capture_output=True
        )
        self.exit_code = self.done.returncode
        made = set(output.glob("*.json")) - before
        self.report: dict[str, Any] = read_report(made.pop()) if made else {}
        self.findings: list[dict[str, Any]] = self.report.get("findings", [])

    def words(self) -> str:
        return (self.done.stderr + self.done.stdout)[-2000:]

    def cases(self) -> dict[str, set[str]]:
        """The ids of findings by the name of the case."""
        found: dict[str, set[str]] = {}
        for finding in self.findings:
            for test in finding["tests"]:
                found.setdefault(Path(test).stem, set()).add(finding["id"])
        return found

    def list_of(self, findings: list[dict[str, Any]]) -> list[str]:
        return [f"{f['id']} {f['title']} in {', '.join(f['tests'])}" for f in findings]


def bugs(folder: str) -> set[str]:
    return {path.stem for path in (PLANTED / folder).glob("*_bug.py")}


def check_detection(run: Run, folder: str) -> None:
    """Every bug is found, and nothing else."""
    name = run.report.get("run", {}).get("suite", folder)
    missing = bugs(folder) - run.cases().keys()
    ok(run.exit_code == 1, f"{name}: new findings make exit code 1", run.exit_code, run.words())
    ok(not missing, f"{name}: every bug is found", f"missing: {sorted(missing)}")
    wrong = [f for f in run.findings if any(Path(test).stem.endswith("_ok") for test in f["tests"])]
    ok(not wrong, f"{name}: no finding names a correct twin", *run.list_of(wrong))
    races = ("data-race", "use-after-free", "reference-count", "python-race")
    other = [f for f in run.findings if f["kind"] not in races or not f["tests"]]
    ok(
        not other,
        f"{name}: every finding is a race in a test, or a count that it got wrong",
        *run.list_of(other),
    )


def check_stacks(run: Run) -> None:
    """Both threads of a race have frames of Python and of the extension."""
    bare = [
        finding
        for finding in run.findings
        for thread in finding["threads"]
        if not any(frame["language"] != "python" for frame in thread["frames"])
        or (
            not any(frame["function"].startswith("stress") for frame in thread["frames"])
            # A thread that the extension starts has no Python frame.
            and "worker_bug" not in finding["tests"][0]
        )
    ]
    ok(not bare, "both sides of a race have frames in C and in Python", *run.list_of(bare))
    static = [f for f in run.findings if "hits_bug" in f["tests"][0]]
    lines = (PLANTED / "src" / "counters.c").read_text().splitlines()
    places = [t["frames"][0] for f in static for t in f["threads"]]
    ok(
        bool(places) and all(lines[place["line"] - 1].strip() == "hits_bug++;" for place in places),
        "the innermost frame is the line of the race",
        places,
    )


def check_operations(run: Run) -> None:
    """The zygote has told which functions are methods of which type."""
    sides = [
        (thread.get("type"), thread.get("operation"), thread["role"])
        for finding in run.findings
        if "cursor_bug" in finding["tests"][0]
        for thread in finding["threads"]
    ]
    ok(
        bool(sides)
        and all(
            side[:2] == ("planted.Cursor_bug", "__next__")
            and side[2].endswith(" in planted.Cursor_bug.__next__")
            for side in sides
        ),
        "a race in a type's method says so on both sides",
        sides,
    )


def check_header(run: Run) -> None:
    """Code in a header of the package's own is its own: neither its caller's nor each caller's."""
    titles = sorted(f["title"] for f in run.findings if "shelf_bug" in f["tests"][0])
    ok(
        [title.split()[0] for title in titles] == ["shelf_put", "shelf_tally"],
        "two bugs in a header are two findings, however many functions lead there",
        titles,
    )


def plan(seed: str) -> str:
    arguments = ["--suite", "planted_races", *ITERATIONS, "--seed", seed, "--plan"]
    return subprocess.run([FTSTRESS, *arguments], cwd=ROOT, text=True, capture_output=True).stdout


def check_plan() -> None:
    first = plan(SEEDS[0])
    ok(bool(first) and first == plan(SEEDS[0]), "the same seed makes the same plan")
    ok(first != plan(SEEDS[-1]), "another seed makes another plan")
    counts = {case: len(re.findall(rf"\b{case}\.py\b", first)) for case in bugs("cases")}
    rare = {case: count for case, count in counts.items() if count < 3}
    ok(not rare, "10 iterations run each case three times at least", rare)


def check_same(run: Run, first: Run, promise: str) -> None:
    """Both found the same, under the same ids."""
    cases, known = run.cases(), first.cases()
    differing = {
        case: sorted(cases.get(case, set()) ^ known.get(case, set()))
        for case in cases.keys() | known.keys()
        if cases.get(case) != known.get(case)
    }
    ok(not differing, promise, differing)


def check_known(scratch: Path) -> Run:
    """What a run has found is known to the next one."""
    first = Run("planted_races", scratch / "a", *ITERATIONS, "--seed", SEEDS[0])
    check_detection(first, "cases")
    check_stacks(first)
    check_header(first)
    check_operations(first)
    check_rules(first)
    again = Run("planted_races", scratch / "a", *ITERATIONS, "--seed", SEEDS[0])
    new = [finding for finding in again.findings if finding["status"] == "new"]
    ok(
        again.exit_code == 0 and not new,
        "a second run finds nothing new and has exit code 0",
        again.exit_code,
        *again.list_of(new),
    )
    return first


def check_gate(scratch: Path, first: Run) -> None:
    """One pass in turns, each time the same, finds what the iterations found."""
    gates = [Run("planted_races", scratch / f"gate{i}", "--gate") for i in range(2)]
    check_detection(gates[0], "cases")
    check_same(gates[0], first, "the gate finds what the iterations found")
    check_same(gates[1], gates[0], "a second gate finds the same")


def check_cython(scratch: Path) -> None:
    run = Run("docs/examples/cython_package.ini", scratch / "cython", "--gate")
    source = ROOT / "tests/planted/cython_sample/histogram/_histogram.pyx"
    race = next(
        number
        for number, line in enumerate(source.read_text().splitlines(), 1)
        if line.endswith("# the race")
    )
    races = [f for f in run.findings if "Histogram_bug" in json.dumps(f["tests"] + [f["title"]])]
    frames = [thread["frames"][0] for f in races for thread in f["threads"]]
    hit = [f for f in frames if (f["file"] or "").endswith("_histogram.pyx") and f["line"] == race]
    ok(
        bool(hit) and all(f["language"] == "cython" for f in hit),
        "a race in Cython has the line of the .pyx file",
        run.exit_code,
        frames[:4],
        run.words(),
    )
    members = {f["subject"]["member"] for f in races if f["subject"]} - {None, ""}
    ok(members == {"counts[]"}, "and the name of the field", members)
    borrowed = [f for f in run.findings if f["kind"] == "borrowed-reference"]
    ids = {f["id"] for f in borrowed}
    together = [entry for entry in run.report["entries"] if ids & set(entry["findings"])]
    ok(
        len(together) == 1
        and all(
            any(
                (frame["function"], frame["language"]) == ("size_bug", "cython")
                for thread in finding["threads"]
                for frame in thread["frames"]
            )
            for finding in borrowed
        ),
        "what Cython code has only borrowed is told in one entry, with the line of the .pyx file",
        *run.list_of(run.findings),
    )
    counts = [f for f in run.findings if f["kind"] == "reference-count"]
    freeing = [t["frames"][t["site"]] for f in counts for t in f["threads"][1:]]
    ok(
        any(frame["function"] == "first_bug" and frame["language"] == "cython" for frame in freeing)
        and all("test_first_bug" in test for f in counts for test in f["tests"]),
        "a drop too many in Cython code is told with the line of the .pyx file that did it",
        *run.list_of(counts),
        freeing,
    )
    wrong = [f for f in run.findings if any("_ok" in test for test in f["tests"])]
    ok(not wrong, "no finding names the correct Cython class", *run.list_of(wrong))


def check_pure_python(scratch: Path) -> None:
    run = Run("docs/examples/pure_python.ini", scratch / "pure", "--gate")
    ok(
        run.exit_code == 0 and not run.findings,
        "nothing is found in a correct package of Python files",
        run.exit_code,
        *run.list_of(run.findings),
        run.words(),
    )


def check_cpython(scratch: Path) -> None:
    """CPython's own races may be on its list of known ones, so the exit code is not looked at."""
    run = Run("planted_cpython", scratch / "cpython", "--gate")
    missing = bugs("cpython") - run.cases().keys()
    ok(not missing, "planted_cpython: every bug is found", sorted(missing), run.words())
    wrong = [f for f in run.findings if any(Path(test).stem.endswith("_ok") for test in f["tests"])]
    ok(not wrong, "planted_cpython: no finding names a correct twin", *run.list_of(wrong))
    check_one_object(run)


def check_one_object(run: Run) -> None:
    """All races on one array that is shared without a lock are told as one bug."""
    races = run.cases().get("array_shared_bug", set())
    told = [e["title"] for e in run.report.get("entries", []) if races & set(e["findings"])]
    ok(
        len(races) > 5 and 0 < len(told) <= 3,
        "one shared object is three entries at most",
        sorted(races),
        *told,
    )


def check_crashes(scratch: Path) -> None:
    """What crashes when threads overlap is found in turns, and does no harm there."""
    overlap = ("--schedule", "overlap", "--happens-before", "as-written", "--iterations", "8")
    # That they crash takes two processors at the same moment; a busy machine has one at times.
    for attempt in range(5):
        run = Run("planted_crashes", scratch / f"overlap{attempt}", *overlap, "--gil", "off")
        if any(finding["kind"] == "crash" for finding in run.findings):
            break
    ok(
        any(finding["kind"] == "crash" for finding in run.findings),
        "planted_crashes: overlapping threads crash",
        *run.list_of(run.findings),
        run.exit_code,
        run.words(),
    )
    turns = Run("planted_crashes", scratch / "turns", "--schedule", "turns", "--iterations", "6")
    check_detection(turns, "crashes")


def check_causes(run: Run) -> None:
    """A crash is told with the race before it on the same memory, and with no other."""
    crashes = {
        Path(test).stem: finding
        for finding in run.findings
        for test in finding["tests"]
        if finding["kind"] == "crash"
    }
    told = {case: crash.get("because", "") for case, crash in crashes.items()}
    gone, apart = crashes.get("mapping_bug", {}), crashes.get("apart_bug", {})
    told_with = [entry["findings"] for entry in run.report.get("entries", [])]
    entries = [ids for ids in told_with if gone.get("id") in ids]
    ok(
        f"in the memory on which {gone.get('follows')} was reported" in told.get("mapping_bug", "")
        and len(entries) == 1
        and gone["follows"] in entries[0],
        "a crash on memory that was raced on is one entry with the race",
        told,
        entries,
        run.words(),
    )
    ok(
        bool(apart) and not apart["follows"] and "because" not in apart,
        "a crash on other memory is not told with the race before it",
        told,
    )
    variables = [f["title"] for f in run.findings if f["kind"] == "python-race"]
    ok(
        sorted(title.split(":")[0] for title in variables) == ["Counts.left", "Counts.right"],
        "a race of Python code that is understood late is told though the process crashes",
        variables,
    )
    ok(
        told.get("stack_bug", "").startswith("the stack has overflown"),
        "the end of a stack is told as that",
        told,
    )


def check_twins(run: Run, folder: str) -> dict[str, dict[str, Any]]:
    """Every bug is found, no twin; returns the finding that is told first, by the case."""
    missing = bugs(folder) - run.cases().keys()
    ok(not missing, f"planted_{folder}: every bug is found", sorted(missing), run.words())
    wrong = [f for f in run.findings if any(Path(test).stem.endswith("_ok") for test in f["tests"])]
    ok(not wrong, f"planted_{folder}: no finding names a correct twin", *run.list_of(wrong))
    first: dict[str, dict[str, Any]] = {}
    for entry in run.report.get("entries", []):
        finding = next(f for f in run.findings if f["id"] == entry["id"])
        first.setdefault(Path(finding["tests"][0]).stem, finding)
    return first


def check_memory(run: Run) -> None:
    """Memory that is freed in use is told first, with the object and both places."""
    first = check_twins(run, "memory")
    kinds = {case: f["kind"] for case, f in first.items()}
    ok(set(kinds.values()) == {"use-after-free"}, "what is freed in use is told first", kinds)
    told = first.get("name_bug", {})
    ok(
        "Python object of type 'bytes'" in told.get("explanation", "")
        and re.search(r", made at \S*name_bug.py:\d+ in ", told["explanation"]) is not None
        and " freed it in object_dealloc" in told["explanation"],
        "with the object, where it was made and where it was freed",
        told.get("explanation"),
    )


def check_frees(run: Run) -> None:
    """What is freed twice or by the wrong function is told as that."""
    first = check_twins(run, "frees")
    kinds = {case: f["kind"] for case, f in first.items()}
    twice = dict.fromkeys(("closed_bug", "ctypes_twice_bug"), "double-free")
    wanted = dict.fromkeys(bugs("frees"), "bad-free") | twice
    ok(kinds == wanted, "each as what it is", kinds)
    threads = first.get("closed_bug", {}).get("threads", [])
    ok(
        [t["role"].split(" in ")[0] for t in threads] == ["frees it again", "freed it before"]
        and all(t["frames"][t["site"]]["function"] == "close_bug" for t in threads)
        and threads[0]["thread"] != threads[1]["thread"],
        "a double free has both places and threads",
        threads,
    )
    threads = first.get("ctypes_twice_bug", {}).get("threads", [])
    ok(
        len(threads) == 2
        and all(t["frames"][t["site"]]["file"].endswith("ctypes_twice_bug.py") for t in threads),
        "and, by ctypes, the lines of Python",
        threads,
    )


def check_kept(run: Run) -> None:
    """Memory that is used after it was freed is told, with the whole stack of who freed it."""
    check_twins(run, "kept")
    kinds = {f["kind"] for f in run.findings}
    ok(kinds == {"use-after-free"}, "each as used after it was freed", *run.list_of(run.findings))
    first = {Path(test).stem: f for f in run.findings for test in f["tests"]}
    stacks = {
        case: [[f["function"] for f in t["frames"] if f["language"] == "python"] for t in threads]
        for case, threads in ((case, f["threads"]) for case, f in first.items())
    }
    ok(
        all(
            len(both) == 2 and all("stress" in stack for stack in both) for both in stacks.values()
        ),
        "with the stacks of who used it and of who freed it",
        stacks,
    )
    ok(
        "By then the memory was free: " in first.get("told_bug", {}).get("explanation", ""),
        "it is said that it was gone",
        first.get("told_bug", {}).get("explanation"),
    )


def check_refcounts(run: Run) -> None:
    """A count that goes wrong is told with the object, what was done, and where it was gone."""
    first = check_twins(run, "refcounts")
    kinds = {case: f["kind"] for case, f in first.items()}
    ok(set(kinds.values()) == {"reference-count"}, "each is told as a wrong count first", kinds)
    gone = [f for f in run.findings if "drop_bytes_bug" in f["tests"][0]]
    ok(
        bool(gone)
        and all(
            [t["frames"][t["site"]]["function"] for t in f["threads"]] == ["drop_twice"] * 2
            and "made at" in f["subject"]["description"]
            for f in gone
        ),
        "with the object, where it was made, the drop too many and the last one that was due",
        *run.list_of(gone),
    )
    plain = {case: f for case, f in first.items() if case.startswith("plain_")}
    ok(
        len(plain) == 5
        and all(
            "writes" in f["title"] and "Py_SET_REFCNT" in f["explanation"] for f in plain.values()
        )
        and all(
            f["subject"]["member"] in ("ob_ref_local", "ob_ref_shared")
            and f"made at refcounts/{case}.py:5" in f["subject"]["description"]
            for case, f in plain.items()
            if case not in ("plain_none_bug", "plain_true_bug")
        ),
        "a count that is written plainly is told as that, with the field and the object",
        *[f["title"] + ": " + str(f["subject"]) for f in plain.values()],
    )

    held = [f for f in run.findings if "drop_held_bug" in f["tests"][0]]
    ok(
        bool(held)
        and all(
            f["title"].startswith("a list object made by <module> (refcounts/drop_held_bug.py:5)")
            and "it is held 101 times (" in f["threads"][0]["role"]
            for f in held
        ),
        "and one of which others have more references than are counted, though nothing is freed",
        *[f["title"] + ": " + str(f["threads"]) for f in held],
    )


def check_explained(run: Run, output: Path) -> None:
    """The operation that took what it did not own is shown by a second run, with a log."""
    said = {
        "drained_bug": r"Numbers \d+ and \d+ are both of drain_end_bug, in two threads",
        "drop_held_bug": r"look_at_bug \(\d+ dropped, 0 taken\)",
        "stolen_bug": r"only look_at_bug is not the interpreter's own",
        "take_list_bug": r"Number 3 takes one of an object that is gone",
    }
    for case, words in said.items():
        ids = [f["id"] for f in run.findings if case in f["tests"][0]]
        texts = []
        for finding in ids:  # one may be of an order of the threads that does not come again
            command = [FTSTRESS, "explain", finding, "--output", str(output)]
            done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True)
            texts.append(done.stdout[-1500:] + done.stderr[-500:])
            if re.search(words, texts[-1]):
                break
        ok(
            any(re.search(words, text) and "1. " in text for text in texts),
            f"{case}: explained by what was done to the count",
            *texts,
        )


def check_borrowed(run: Run) -> None:
    """What is borrowed while its container may let it go is told as that, first."""
    check_twins(run, "borrowed")
    # What threads that overlap use when it is freed comes before.
    first = {Path(f["tests"][0]).stem: f for f in run.findings if f["kind"] == "borrowed-reference"}
    ok(first.keys() >= bugs("borrowed"), "each as a borrowed reference", sorted(first))
    told = first.get("collect_bug", {})
    users = [t for t in told.get("threads", []) if t["role"].startswith("uses")]
    ok(
        "borrows from a dict" in told.get("title", "")
        and "by PyDict_GetItemWithError, which" in told["explanation"]
        and [t["frames"][t["site"]]["function"] for t in users] == ["collect_bug"],
        "with the container, the call and the line of the use in the extension",
        told.get("title"),
        told.get("explanation"),
        users,
    )


def check_rules(run: Run) -> None:
    """A race through a part of the C API that takes no lock says so."""
    told = {
        case: [f["explanation"] for f in run.findings if case in f["tests"][0]]
        for case in ("dict_next_bug", "list_item_bug")
    }
    ok(
        any("PyDict_Next takes no lock" in text for text in told["dict_next_bug"])
        and any("PyList_GET_ITEM takes no lock" in text for text in told["list_item_bug"]),
        "a race in PyDict_Next, or where PyList_GET_ITEM reads, is told with CPython's rule",
        told,
    )


def check_leaks(run: Run) -> None:
    """What grows with each round is told, and whether it needs threads."""
    check_twins(run, "leaks")
    told = {Path(f["tests"][0]).stem: f["explanation"] for f in run.findings if f["kind"] == "leak"}
    ok(
        "it needs no threads" in told.get("kept_bug", "")
        and "and none more with each round in one" in told.get("state_bug", ""),
        "with how many a round, in threads and alone",
        told,
    )
    titles = {Path(f["tests"][0]).stem: f["title"] for f in run.findings}
    ok(
        "more references to a list object" in titles.get("taken_bug", "")
        and "taken_bug.py:5" in titles["taken_bug"]
        and titles.get("taken_type_bug", "").endswith("more references to the type planted.Names")
        and "and none more references to it" not in told["taken_type_bug"]
        and "and none more with each round in one" in told["taken_type_bug"],
        "and to which object there are more references",
        titles,
        told.get("taken_type_bug"),
    )
    fewer = [f for f in run.findings if "dropped_bug" in f["tests"][0]]
    ok(
        len(fewer) == 1
        and "with each round of the test there are" in fewer[0]["threads"][0]["role"]
        and " 1 fewer in one" in fewer[0]["threads"][0]["role"],
        "and one to which there are fewer",
        *run.list_of(fewer),
    )


def check_contended(run: Run) -> None:
    """An object whose count many threads write is in the profile, with where it is made."""
    rows = run.report.get("run", {}).get("count_profile", [])
    shared = [row for row in rows if "shared_bug.py:3" in (row["made"] or "")]
    ok(
        any(
            row["type"] == "list"
            and row["threads"] > 1
            and abs(row["changes_per_second"] * row["seconds"] - row["changes"]) < 1
            and 0 < row["seconds"] < run.report["run"]["seconds"]
            and row["remedy"].startswith("per thread")
            for row in shared
        )
        and not any("_ok.py" in str(row["made"]) + str(row["where"]) for row in rows)
        and not run.findings,
        "planted_contended: what all threads count is in the profile of counts, and no finding",
        *rows,
        *run.list_of(run.findings),
        run.words(),
    )


def check_drops(run: Run) -> None:
    """Two threads are made to drop one reference, and it is told which functions do."""
    check_twins(run, "drops")
    for case, function in (("exhausted_bug", "striter_next"), ("replaced_bug", "holder_replace")):
        entries = [e for e in run.report.get("entries", []) if case in entry_tests(run, e)]
        kinds = {entry_kind(run, i) for entry in entries for i in entry["findings"]}
        ok(
            len(entries) == 1
            and kinds >= {"reference-count", "data-race"}
            and function in json.dumps(entries),
            f"{case}: what two threads drop in {function} is one entry with the race there",
            *entries,
        )


def entry_tests(run: Run, entry: dict[str, Any]) -> set[str]:
    """The cases that the findings of an entry came up in."""
    return {
        Path(test).stem
        for finding in run.findings
        if finding["id"] in entry["findings"]
        for test in finding["tests"]
    }


def entry_kind(run: Run, finding_id: str) -> str:
    return next(str(f["kind"]) for f in run.findings if f["id"] == finding_id)


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ftstress-e2e-") as folder:
        scratch = Path(folder)
        check_plan()
        check_gate(scratch, check_known(scratch))
        check_cpython(scratch)
        check_crashes(scratch)
        # Threads take turns in these: nothing has to meet, so they run side by side.
        with ThreadPoolExecutor() as pool:
            causes = pool.submit(Run, "planted_causes", scratch / "causes")
            frees = pool.submit(Run, "planted_frees", scratch / "frees")
            check_cython(scratch)
            check_pure_python(scratch)
            check_causes(causes.result())
            counts = pool.submit(Run, "planted_refcounts", scratch / "refcounts")
            check_frees(frees.result())
            check_memory(Run("planted_memory", scratch / "memory"))
            check_refcounts(counts.result())
            check_explained(counts.result(), scratch / "refcounts")
            borrowed = pool.submit(Run, "planted_borrowed", scratch / "borrowed")
            leaks = pool.submit(Run, "planted_leaks", scratch / "leaks", "--leaks")
            kept = pool.submit(Run, "planted_kept", scratch / "kept")
            check_drops(Run("planted_drops", scratch / "drops"))
            check_borrowed(borrowed.result())
            check_leaks(leaks.result())
            check_kept(kept.result())
        check_contended(Run("planted_contended", scratch / "contended"))
    return done()


if __name__ == "__main__":
    sys.exit(main())
