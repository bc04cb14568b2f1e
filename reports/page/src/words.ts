// How the page says things: kinds, counts, times, paths.

import type { Finding, Language, Report, Status } from "./report";

interface Kind {
  one: string;
  many: string;
  /** For a finding that came without an explanation of its own. */
  meaning: string;
}

const kinds: Record<string, Kind> = {
  "data-race": {
    one: "data race",
    many: "data races",
    meaning:
      "Two threads used the same memory at the same time, at least one of them to write, and nothing made one wait for the other. What is read can be half old and half new, and the compiler may assume that this never happens.",
  },
  "python-race": {
    one: "Python race",
    many: "Python races",
    meaning:
      "Two threads used the same Python variable without a lock, an event or a queue that orders them. The interpreter does not break, but an update can be lost.",
  },
  "lock-order": {
    one: "lock-order cycle",
    many: "lock-order cycles",
    meaning:
      "Threads take the same locks in different orders. It went well this time; with other timing each waits for the lock that the other holds, for ever.",
  },
  deadlock: {
    one: "deadlock",
    many: "deadlocks",
    meaning: "Threads wait for each other's locks and none can go on.",
  },
  hang: {
    one: "hang",
    many: "hangs",
    meaning:
      "Nothing moved for the whole time limit. Shown is where every thread stood when it was stopped.",
  },
  "use-after-free": {
    one: "use after free",
    many: "uses after free",
    meaning: "Memory was used after it had been given back.",
  },
  "double-free": {
    one: "double free",
    many: "double frees",
    meaning: "The same memory was given back twice.",
  },
  refcount: {
    one: "reference count error",
    many: "reference count errors",
    meaning: "An object's reference count no longer matches the references to it.",
  },
  leak: { one: "leak", many: "leaks", meaning: "Memory was never given back." },
  crash: {
    one: "crash",
    many: "crashes",
    meaning: "The process was ended by a signal. Shown is where every thread stood.",
  },
  "out-of-memory": {
    one: "out of memory",
    many: "out of memory",
    meaning: "The process grew beyond its memory limit and was ended.",
  },
  "test-failure": {
    one: "test failure under threads",
    many: "test failures under threads",
    meaning: "The test passes when it runs alone and failed with other threads beside it.",
  },
  "gil-enabled": {
    one: "import that enables the GIL",
    many: "imports that enable the GIL",
    meaning:
      "Importing this extension switched the GIL back on: it does not declare that it can run without it.",
  },
};

export function kindName(kind: string, count = 1): string {
  const known = kinds[kind];
  return known ? (count === 1 ? known.one : known.many) : kind;
}

export function kindMeaning(kind: string): string | undefined {
  return kinds[kind]?.meaning;
}

export const statuses: Status[] = ["new", "known", "upstream", "suppressed"];

export const statusMeaning: Record<Status, string> = {
  new: "not seen in an earlier run of this suite",
  known: "seen in an earlier run of this suite",
  upstream: "on CPython's own list of known races",
  suppressed: "matches a suppression",
};

export const languageName: Record<Language, string> = {
  python: "Python",
  cython: "Cython",
  c: "C",
  "c++": "C++",
  unknown: "?",
};

export function count(number: number): string {
  return number.toLocaleString("en");
}

export function plural(number: number, one: string, many = `${one}s`): string {
  return `${count(number)} ${number === 1 ? one : many}`;
}

export function times(number: number): string {
  return number === 1 ? "once" : `${count(number)} times`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function joined(parts: string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min`;
  if (whole >= 60) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${seconds.toFixed(1)} s`;
}

export function when(seconds: number): string {
  return new Date(seconds * 1000).toLocaleString("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  });
}

export function iso(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

export function countBy<T>(items: T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}

function ofKinds(findings: Finding[], word: string): string[] {
  return [...countBy(findings, (finding) => finding.kind)].map(
    ([kind, number]) => `${count(number)} ${word}${kindName(kind, number)}`,
  );
}

/** "2 new data races in 20 iterations of numpy_tests; 1 known". */
export function verdict({ run, findings }: Report): string {
  if (!run.iterations.done && !findings.length) return "Nothing ran";
  const fresh = findings.filter((finding) => finding.status === "new");
  const named = ofKinds(fresh, "new ");
  const found = !findings.length
    ? "Nothing found"
    : !fresh.length
      ? "Nothing new"
      : named.length <= 2
        ? joined(named)
        : plural(fresh.length, "new finding");
  const rest = statuses
    .slice(1)
    .map((status): [Status, number] => [
      status,
      findings.filter((finding) => finding.status === status).length,
    ])
    .filter(([, number]) => number > 0)
    .map(([status, number]) => `${count(number)} ${status}`);
  const ran = `${plural(run.iterations.done, "iteration")} of ${run.suite ?? "the suite"}`;
  return `${found} in ${ran}${rest.length ? `; ${rest.join(", ")}` : ""}`;
}

/** What the new findings are, where the verdict does not say it. */
export function breakdown(findings: Finding[]): string {
  const named = ofKinds(
    findings.filter((finding) => finding.status === "new"),
    "",
  );
  return named.length > 2 ? capital(joined(named)) : "";
}

/** The end of a path that says the most: from the package or the source tree on. */
export function shortPath(path: string): string {
  const inPackage = /\/(?:site|dist)-packages\/(.+)$/.exec(path);
  if (inPackage?.[1]) return inPackage[1];
  const inPython = /\/lib\/python3\.[^/]*\/(.+)$/.exec(path);
  if (inPython?.[1]) return inPython[1];
  /* An unpacked source: numpy-2.4.6/numpy/random/_mt19937.pyx. */
  const inSource = /^.*\/[A-Za-z][\w.]*-\d[^/]*\/(.+)$/.exec(path);
  if (inSource?.[1]) return inSource[1];
  return path.split("/").slice(-3).join("/");
}
