// How the page says things: kinds, counts, times, paths.

import type { Entry, Finding, Frame, Kind, Language, Report, Run, Status } from "./report";

/** The words of the kinds, by name: the report brings them. */
let kinds = new Map<string, Kind>();

let ranks = new Map<string, string>();

export function learnWords({ kinds: told, ranks: graded }: Report) {
  kinds = new Map(told.map((kind) => [kind.name, kind]));
  ranks = new Map(graded.map(({ name, meaning }) => [name, meaning]));
}

export function rankMeaning(rank: string): string {
  return ranks.get(rank) ?? "";
}

export function kindName(kind: string, count = 1): string {
  const known = kinds.get(kind);
  return known ? (count === 1 ? known.one : known.many) : kind;
}

export function kindMeaning(kind: string): string | undefined {
  return kinds.get(kind)?.meaning;
}

export function kindWaits(kind: string): boolean {
  return kinds.get(kind)?.waits ?? false;
}

export const statuses: Status[] = ["new", "known", "documented", "upstream", "suppressed"];

export const statusMeaning: Record<Status, string> = {
  new: "not seen in an earlier run of this suite",
  known: "seen in an earlier run of this suite",
  documented: "a type that is not to be shared so, by its documentation",
  upstream: "a known bug of CPython, Cython or NumPy",
  suppressed: "matches a suppression",
};

export const languageName: Record<Language, string> = {
  python: "Python",
  cython: "Cython",
  c: "C",
  "c++": "C++",
  rust: "Rust",
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
  const apart = run.covered?.apart
    ? `, but no two threads were made to use one object of ${run.covered.package},`
    : "";
  const found = !findings.length
    ? `Nothing found${apart}`
    : !fresh.length
      ? `Nothing new${apart}`
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

/** "3 data races", "4 findings": how many an entry has. */
export function groupWords({ kind, findings }: Entry): string {
  const same = findings.every((id) => id.startsWith(`${kind}-`));
  const [one, many] = same ? [kindName(kind), kindName(kind, 2)] : ["finding", "findings"];
  return plural(findings.length, one, many);
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

/** A function's name without templates' and other arguments. */
export function calledName(frame: Frame | undefined): string | undefined {
  return frame?.short ?? frame?.function;
}

/** "12", or "~12" where the compiler merged the code of several lines. */
export function lineText(frame: Frame): string {
  return `${frame.near ? "~" : ""}${frame.line}`;
}

/** "0.6", "7", "32": of a hundred. */
function percent(share: number): string {
  const value = share * 100;
  return value.toFixed(value > 0 && value < 9.95 ? 1 : 0);
}

/** "in 2 of 100 ordinary runs of its tests with 2-8 threads (at 95 %: 0.6 to 7.0 %)" */
export function rateWords({ seen, turns, low, high }: NonNullable<Finding["rate"]>, run: Run): string {
  const threads = run.settings.find(([name]) => name === "threads")?.[1];
  return (
    `In ${count(seen)} of ${plural(turns, "ordinary run")} of its tests` +
    `${threads ? ` with ${threads} threads` : ""} (at 95 %: ${percent(low)} to ${percent(high)} %)`
  );
}
