"""What was collected is copied, and then dropped: what is added in between is in no copy."""

lines, totals, seen = [], {}, []


def flush():
    batch = lines[:]
    lines.clear()
    seen.extend(batch)


def report():
    counted = totals.copy()
    totals.clear()
    seen.extend(counted)


def stress(thread_index):
    for step in range(40):
        lines.append(step)
        totals[thread_index, step] = step
        flush()
        report()
