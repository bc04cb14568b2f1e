"""Slow-down of libftstress.so (happens-before as meant) against plain ThreadSanitizer; of as meant
against as written; of --locks=on against off; of --memory=deep against plain ThreadSanitizer; of
--python-races against off, looked at and put away; and of the most memory in use, as shipped and
with --memory=deep: same interpreter, same program, all sides by turns in one run, medians of the
ratios.

  slowdown.py HOST LIBRARY ENV.json [ROUNDS]
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys

PROGRAMS = ["cpu", "attributes", "objects", "numpy_arrays", "locks"]
LOCK_PROGRAMS = ["locks_nested"]  # for --locks alone
MEMORY_PROGRAMS = ["live"]  # for memory alone
PYTHON_PROGRAMS = ["cpu", "attributes", "shared"]  # for --python-races
THAN = {
    "slow-down": "plain TSan",
    "meant": "as written",
    "locks": "locks off",
    "deep": "plain TSan",
    "python": "python-races off",
    "away": "python-races off",
    "memory": "plain TSan",
    "deep memory": "plain TSan",
}
TSAN = (
    "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:handle_sigill=0:symbolize=0:"
    "exitcode=0:die_after_fork=0:history_size=30"
)


def measured(command, environment):
    """What time_one.py says: seconds, and the most memory in use."""
    out = subprocess.run(
        command,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = (line.split() for line in out.stderr.splitlines())
    said = {line[0]: float(line[1]) for line in lines if line[:1] in (["seconds"], ["peak"])}
    if len(said) == 2:
        return said["seconds"], said["peak"]
    sys.exit(f"{' '.join(command)} failed:\n{out.stdout}{out.stderr}")


def variables_table(python):
    """Of this interpreter: prepare has made it beside the interpreter's folder."""
    answer = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_python_version())"],
        capture_output=True,
        text=True,
        check=True,
    )
    cache = pathlib.Path(python).parents[2]
    library = next((pathlib.Path(python).parents[1] / "lib").glob("libpython3.*t.so.*"))
    tables = [
        table
        for table in cache.glob(f"variables-{answer.stdout.strip()}-*/table")
        if table.open().readline().split()[-1] == str(library.stat().st_size)
    ]
    return str(max(tables, key=lambda table: table.stat().st_mtime))


def told(what, program, ratios, than):
    median = statistics.median(ratios)
    spread = f"{min(ratios):.2f}..{max(ratios):.2f}"
    print(f"{what:11} {program:14} {median:.3f}x {than}   ({spread})", flush=True)
    return median


def main():
    host, library, env_file = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 7
    env = json.loads(pathlib.Path(env_file).read_text())
    environment = dict(os.environ, TSAN_OPTIONS=TSAN, PYTHONPATH=":".join(env["tsan_site"]))
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment["HOST_TSAN_OPTIONS"] = "history_size=30"
    script = str(pathlib.Path(__file__).parent / "programs" / "time_one.py")
    written = dict(environment, FTSTRESS_HAPPENS_BEFORE="as-written")
    meant = dict(environment, FTSTRESS_HAPPENS_BEFORE="meant")
    with_locks = dict(meant, FTSTRESS_LOCKS="on")  # host turns TSan's detector of deadlocks off
    deep = dict(meant, FTSTRESS_HEAP="deep")
    looks = dict(with_locks, FTSTRESS_VARIABLES=variables_table(env["python"]))
    medians = {kind: [] for kind in THAN}
    for program in PROGRAMS + LOCK_PROGRAMS + MEMORY_PROGRAMS:
        plain = [env["python"], script, program]
        watched = [host, library, *plain]
        ratios = {kind: [] for kind in THAN if kind not in ("python", "away")}
        sides = {
            "off": (watched, meant),
            "plain": (plain, environment),
            "written": (watched, written),
            "locks": (watched, with_locks),
            "deep": (watched, deep),
        }
        for _ in range(rounds):
            both = {side: measured(*how) for side, how in sides.items()}
            took = {side: seconds for side, (seconds, _) in both.items()}
            peak = {side: memory for side, (_, memory) in both.items()}
            ratios["slow-down"].append(took["off"] / took["plain"])
            ratios["meant"].append(took["off"] / took["written"])
            ratios["locks"].append(took["locks"] / took["off"])
            ratios["deep"].append(took["deep"] / took["plain"])
            ratios["memory"].append(peak["locks"] / peak["plain"])
            ratios["deep memory"].append(peak["deep"] / peak["plain"])
            sides = dict(reversed(sides.items()))  # who comes first is slower
        if program in LOCK_PROGRAMS:
            ratios = {"meant": ratios["meant"], "locks": ratios["locks"]}
        if program in MEMORY_PROGRAMS:
            ratios = {kind: ratios[kind] for kind in ("memory", "deep memory")}
        for what, of_program in ratios.items():
            medians[what].append(told(what, program, of_program, THAN[what]))
    for program in PYTHON_PROGRAMS:
        watched = [host, library, env["python"], script, program]
        sides = {
            "off": (watched, with_locks),
            "python": ([*watched, "python"], looks),
            "away": ([*watched, "away"], looks),
        }
        ratios = {"python": [], "away": []}
        for _ in range(rounds):
            took = {side: measured(*how)[0] for side, how in sides.items()}
            for side, of_program in ratios.items():
                of_program.append(took[side] / took["off"])
            sides = dict(reversed(sides.items()))
        for what, of_program in ratios.items():
            medians[what].append(told(what, program, of_program, THAN[what]))
    for what, of_programs in medians.items():
        print(f"{what:11} {'median':14} {statistics.median(of_programs):.3f}x")


if __name__ == "__main__":
    main()
