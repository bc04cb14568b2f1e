"""What a clean pair is worth: how many pairs of operations are ordered, and by what.

    pair_edges.py CORPUS [PAIRS A TYPE [TYPE ...]]

CORPUS is a folder that `--pairs` made. Of each of its types so many pairs (12), drawn by lot, run
in a forked child, traced by edge_trace.c. A pair in which the first call ordered something of the
second by a word that is not the shared object's own is counted, and the function named that gave
the order. If that is a lock of something the object consists of, the order is meant; else a race
that comes after it is missed."""

import collections
import ctypes
import json
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHILD_SECONDS = 20


def traced(corpus_folder, most, wanted, library, output):
    """Runs in the TSan interpreter."""
    from ftstress_driver.drivers import pairs_driver
    from ftstress_driver.pairs.corpus import Corpus

    trace = ctypes.PyDLL(library)
    corpus = Corpus.load(Path(corpus_folder))
    trace.edge_start()
    for kind in corpus.types:
        if wanted and not kind.name.endswith(tuple(wanted)):
            continue
        pid = os.fork()
        if pid == 0:
            os.chdir(tempfile.mkdtemp(dir=output))  # what the calls make is left there
            signal.alarm(CHILD_SECONDS)  # a call that waits for ever ends its type
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            one_type(pairs_driver, corpus_folder, kind, most, trace, output)
            os._exit(0)
        os.waitpid(pid, 0)


def one_type(pairs_driver, folder, kind, most, trace, output):
    from ftstress_driver.pairs import calls
    from ftstress_driver.pairs.corpus import sides_of
    from ftstress_driver.pairs.ranking import plain_pairs

    pairs = plain_pairs(kind)
    random.Random(kind.name).shuffle(pairs)
    session = pairs_driver.Session()
    rounds = session.rounds()
    file = os.open(f"{output}/{kind.name}.events", os.O_CREAT | os.O_WRONLY)
    maker = calls.open_type(kind, Path(folder), calls.namespace())
    with open(f"{output}/{kind.name}.pairs", "w", buffering=1) as log:
        for first, second in pairs[:most]:
            test = pairs_driver.Pair("", session, maker, sides_of(kind, f"{first}|{second}"))
            try:
                for _ in range(2):  # what happens once in a process has happened
                    rounds.run(*test._plain(*test._sides), False)
                    rounds.clear()
                one, two = test._plain(*test._sides)
            except Exception:
                continue
            shared = one[1]
            size = max(sys.getsizeof(shared), type(shared).__basicsize__)
            marks = [trace["edge_mark"] for _ in range(2)]  # another function for each thread
            rounds.run(marked(marks[0], 1, one), marked(marks[1], 3, two), False)
            count = trace.edge_take(file)
            span = [id(shared) - 32, id(shared) + size]  # what the collector keeps stands before
            log.write(json.dumps([count, span, f"{kind.name}::{first}|{second}"]) + "\n")
            rounds.clear()


def marked(mark, number, call):
    function, target, arguments = call

    def with_marks(o, a):
        mark(number)
        try:
            return function(o, a)
        finally:
            mark(number + 1)

    return with_marks, target, arguments


def judge(place):
    """Counts pairs, those that are ordered, and who gave the order."""
    import explain

    pairs, ordered, givers, example = 0, 0, collections.Counter(), {}
    names = explain.Names(f"{place}/trace.maps")
    for log in sorted(Path(place).glob("*.pairs")):
        data = log.with_suffix(".events").read_bytes()
        at = 0
        for line in log.read_text().splitlines():
            count, (low, high), pair = json.loads(line)
            rows = struct.iter_unpack("<QQQIBBBB", data[at : at + 32 * count])
            at += 32 * count
            edges = givers_of(explain, names, [explain.Event(*row) for row in rows], low, high)
            pairs += edges is not None
            ordered += bool(edges)
            for edge in edges or ():
                givers[edge] += 1
                example[edge] = pair
    print(f"{pairs} pairs, {ordered} ordered by more than the object's own words")
    for (giver, taker), number in givers.most_common(40):
        print(f"{number:5}  {giver} -> {taker}   e.g. {example[giver, taker]}")


def givers_of(explain, names, events, low, high):
    """The pairs of functions, (released, acquired), that led from the first call to the second;
    None where the trace has not both calls."""
    marks = {e.address: i for i, e in reversed(list(enumerate(events))) if e.kind == explain.MARK}
    if not {1, 2, 3, 4} <= marks.keys():
        return None
    a, b = events[marks[1]].thread, events[marks[4]].thread
    calls = {a: range(marks[1], marks[2]), b: range(marks[3], marks[4])}
    inside = [
        e
        for i, e in enumerate(events)
        if i in calls.get(e.thread, ()) and not low <= e.address < high
    ]

    def name(release, acquire):
        return tuple(
            f"{names.function(e.pc)} < {names.function(e.caller)}" for e in (release, acquire)
        )

    found = set()
    while chain := explain.chain_into(b, inside, a, found, name):
        found.add(name(*chain[-1]))
    return found


def main():
    import edges
    import table

    folder, most = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "12"
    with tempfile.TemporaryDirectory() as place:
        library = edges.library(place)
        fd, memory = table.arena()
        reader = table.Reader(memory)
        environment = dict(
            os.environ,
            FTSTRESS_ARENA_FD=str(fd),
            TSAN_OPTIONS=table.TSAN,
            LD_PRELOAD=f"{table.LIBRARY}:{library}",
            FTSTRESS_HAPPENS_BEFORE="meant",
            PYTHONPATH=f"{HERE}:{HERE.parents[1]}/stress",
        )
        program = table.START + (
            "import pair_edges; _, folder, most, library, place, *types = sys.argv;"
            "open(place + '/trace.maps', 'w').write(open('/proc/self/maps').read());"
            "pair_edges.traced(folder, int(most), types, library, place)"
        )
        arguments = [folder, most, library, place, *sys.argv[3:]]
        command = [table.PYTHON, "-c", program, *arguments]
        subprocess.run(command, env=environment, pass_fds=(fd,), check=True)
        reader.end()
        judge(place)


if __name__ == "__main__":
    main()
