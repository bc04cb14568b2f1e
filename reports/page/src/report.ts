// The report's data, as the C writer puts it into the page (docs/report-schema.json).

export type Language = "python" | "cython" | "c" | "c++" | "rust" | "unknown";
export type Status = "new" | "known" | "documented" | "upstream" | "suppressed";

export interface Frame {
  language: Language;
  function: string;
  /** The name without templates' and other arguments, where it differs. */
  short?: string;
  /** The compiler merged the code of several lines: the line is one near by. */
  near?: boolean;
  file: string | null;
  line: number;
  module: string | null;
  plumbing: boolean;
  inline: boolean;
  source?: [number, string][];
}

export interface Lock {
  name: string;
  frames: Frame[];
}

export interface Thread {
  role: string | null;
  thread: string | null;
  access: "read" | "write" | null;
  atomic: boolean;
  /** The type in C whose operation it was in, and that. */
  type?: string;
  operation?: string;
  address: string | null;
  size: number;
  frames: Frame[];
  /** Index of the frame that the title is of; absent where a thread waits. */
  site?: number;
  /** A stack of several greenlets, one over the other. */
  mixed?: boolean;
  created: Frame[];
  locks: Lock[];
}

export interface Finding {
  id: string;
  kind: string;
  title: string | null;
  explanation: string | null;
  /** How grave a data race is. */
  rank?: string;
  /** What it does to a plain interpreter, or did in the run; absent where that was not tried. */
  evidence?: string;
  shows?: "nothing" | "raises" | "hangs" | "crashes" | "loses" | "equal";
  /** A script that shows it without ftstress, or why there is none. */
  script?: string;
  no_script?: string;
  /** What two threads did, step by step, in two columns. */
  interleaving?: string;
  detail: string | null;
  /** What is known of a crash's cause. */
  because?: string;
  /** What the program itself said, in one line. */
  said?: string;
  graph: string | null;
  related?: string[];
  /** The finding that this one only follows from. */
  follows?: string | null;
  status: Status;
  /** In so many of the turns of its tests, which lies between these shares of all at 95 %. */
  rate?: { seen: number; turns: number; low: number; high: number };
  /** It counted as fixed, and came back in this run. */
  back?: boolean;
  /** Of the run's plan, that showed it: the first ones. */
  iterations?: number[];
  count: number;
  run_count: number;
  first_seen: number;
  last_seen: number;
  replays: string[];
  seeds: string[];
  tests: string[];
  command: string | null;
  suppressed_by: string | null;
  gil: ("off" | "on")[];
  /** Runs with the order as written, and how many of them showed it; null: not tried. */
  as_written: { runs: number; seen: number } | null;
  subject: {
    description: string | null;
    kind: "unknown" | "object" | "buffer" | "block" | "heap" | "global" | "stack";
    type: string | null;
    offset: number;
    size: number;
    allocated: Frame[];
  } | null;
  threads: Thread[];
}

/** How an iteration of the run's plan ran; the interval in seconds, which counts with the GIL. */
export type Draw = [threads: number, interval: number, gil: boolean, schedule: string];

/** An entry of earlier runs that counts as fixed. */
export interface Fixed {
  id: string;
  kind: string;
  title: string;
  findings: number;
  last_seen: number;
  why: string;
}

/** What a race of a type is on. */
export interface Field {
  text: string;
  name: string | null;
  type: string | null;
  offset: number;
  findings: string[];
}

/** A line of the list: all races of a type's operations, or any other finding by itself. */
export interface Entry {
  /** Of the finding among them to look at first. */
  id: string;
  kind: string;
  title: string;
  status: Status;
  findings: string[];
  evidence?: string;
  shows?: "nothing" | "raises" | "hangs" | "crashes" | "loses" | "equal";
  rank?: string;
  /** What follows is absent where a finding is an entry by itself; the type, where none is known. */
  type?: string;
  fields?: Field[];
  /** Outside of pairs. */
  functions?: string[];
  /** Of pairs, as what follows. */
  operations?: string[];
  operations_all?: number;
  pairs?: string[];
}

export interface Run {
  suite: string | null;
  suite_file: string | null;
  version: string | null;
  python: string | null;
  python_version: string | null;
  seed: string | null;
  command: string | null;
  started: number;
  ended: number;
  seconds: number;
  iterations: { planned: number; done: number; gil_on: number };
  tests: {
    run: number;
    distinct: number;
    total: number;
    thread_unsafe: number;
    skipped: number;
    /** What was tried, and what to run next: sentences; absent in older reports. */
    summary?: string | null;
    next?: string | null;
    passed?: number;
    failing?: number;
  };
  /** The first of the tests that never passed. */
  first_failing?: { test: string; why: string | null; where: string | null };
  /** Files of tests that can't be imported, and the first of them. */
  unimported?: { count: number; of: number; file: string; why: string | null };
  /** What of the package two threads used together; absent where it has none. */
  covered?: { package: string; text: string; apart: boolean };
  records: number;
  records_lost: number;
  interrupted: boolean;
  exit_code: number;
  hooks: { name: string; live: boolean; off: boolean; why: string | null }[];
  suppressions: { rule: string; file: string | null; used: number }[];
  notes: string[];
  settings: [string, string][];
  lock_profile?: LockUse[];
  count_profile?: CountUse[];
  /** Of the iterations, by their number. */
  draws?: Draw[];
  /** Tests that had no turn yet, in this run and those before: the first ones. */
  untried?: string[];
  /** The tests that took longest, those first. */
  slowest?: { test: string; seconds: number }[];
  types?: PairType[];
}

/** Every two operations of a type, called by two threads on one object. */
export interface PairType {
  name: string;
  operations: string[];
  /** Methods that take none of the arguments that were tried. */
  not_called?: string[];
  pairs: {
    not_run: number;
    not_exercised: number;
    apart: number;
    clean: number;
    ordered: number;
    other: number;
    race: number;
    deadlock: number;
    crash: number;
  };
  /** A row an operation, a letter a cell: " " not run, "?" not exercised, "-" apart, "." clean, "~" ordered, "o" other,
   * "r" race, "D" deadlock, "C" crash. */
  rows: string[];
  /** Cells with a finding: both operations and the id of the worst. */
  findings: [number, number, string][];
  /** Cells without one, whose calls a lock ordered that has nothing to do with the object. */
  ordered?: [number, number, string][];
}

/** A class of locks that threads waited for; times in seconds. */
export interface LockUse {
  class: string;
  kind: string;
  waits: number;
  waited_s: number;
  longest_wait_s: number;
  longest_hold_s: number;
  where: string | null;
}

/** Objects of one place whose reference count several threads wrote. */
export interface CountUse {
  type: string;
  made: string | null;
  where: string | null;
  changes: number;
  handed_over: number;
  threads: number;
  /** Absent in older reports, 0 where not known. */
  changes_per_second?: number;
  remedy?: string;
}

export interface Kind {
  name: string;
  one: string;
  many: string;
  /** For a finding that came without an explanation of its own. */
  meaning: string;
  /** No frame of a thread's stack is the bug's place: it waits, or goes on. */
  waits: boolean;
}

export interface Report {
  kinds: Kind[];
  ranks: { name: string; meaning: string }[];
  schema: number;
  run: Run;
  entries: Entry[];
  /** Absent in older reports. */
  fixed?: Fixed[];
  findings: Finding[];
}

/** Did two threads use the same memory? To free it is one way to use it. */
export const isRace = (finding: Finding): boolean =>
  finding.kind === "data-race" || finding.kind === "use-after-free";

/** Has it a page of its own: several findings, or a type? */
export const isGroup = (entry: Entry): boolean => entry.fields !== undefined;

/** The findings of an entry, the one to look at first as the first. */
export function membersOf(entry: Entry, report: Report): Finding[] {
  const ids = new Set(entry.findings);
  const members = report.findings.filter((finding) => ids.has(finding.id));
  return members.sort((a, b) => Number(b.id === entry.id) - Number(a.id === entry.id));
}

/** As it is written: what repeats is a number. */
interface Written extends Report {
  frames: Frame[];
  stacks: number[][];
  /** By file the text of lines by their number. */
  sources: Record<string, Record<string, string>>;
}

const AROUND = 2;

function sourceOf(frame: Frame, sources: Written["sources"]): [number, string][] | undefined {
  const lines = frame.file === null ? undefined : sources[frame.file];
  if (lines?.[frame.line] === undefined) return undefined;
  const source: [number, string][] = [];
  for (let number = frame.line - AROUND; number <= frame.line + AROUND; number++) {
    const text = lines[number];
    if (text !== undefined) source.push([number, text]);
  }
  return source;
}

/** Puts in what stands as a number. The same stack is one array, the same frame one object. */
function unfold({ frames, stacks, sources, ...report }: Written): Report {
  for (const frame of frames) frame.source = sourceOf(frame, sources);
  const whole = stacks.map((stack) => stack.map((number) => frames[number] as Frame));
  const stackOf = (number: unknown): Frame[] => whole[number as number] ?? [];
  for (const { subject, threads } of report.findings) {
    if (subject) subject.allocated = stackOf(subject.allocated);
    for (const thread of threads) {
      thread.frames = stackOf(thread.frames);
      thread.created = stackOf(thread.created);
      for (const lock of thread.locks) lock.frames = stackOf(lock.frames);
    }
  }
  for (const type of report.run.types ?? [])
    for (const cell of type.findings)
      if (typeof cell[2] === "number") cell[2] = report.findings[cell[2]]?.id ?? "";
  return report;
}

/** The data is deflated, in base64 (reports/packed.c). */
async function unpack(text: string): Promise<string> {
  if (!("DecompressionStream" in globalThis))
    throw new Error("this browser is too old for it; Chrome 80, Firefox 113, Safari 16.4 or newer show it");
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).text();
}

export async function readReport(): Promise<Report> {
  const data = document.getElementById("report-data");
  const written = JSON.parse(await unpack(data?.textContent ?? "")) as Written;
  data?.remove();
  if (written.schema !== 2) throw new Error(`this page shows schema 2, not ${written.schema}`);
  return unfold(written);
}

/** The one frame of a stack to look at first: the innermost own one, not outside of the site. */
export function keyFrame(frames: Frame[], site?: number): Frame | undefined {
  const own = frames.findIndex((frame) => !frame.plumbing);
  if (site !== undefined && (own < 0 || own > site)) return frames[site];
  return frames[Math.max(own, 0)];
}
