// What stands in the filter: words, and qualifiers as in GitHub's search for issues.
//
//   kind:data-race module:numpy status:new,known -test:slow "exact words" random
//
// All of them must fit; a comma is "or"; "-" in front is "not". What is no known qualifier is a word, for
// names have colons, too (numpy.ndarray::take).

import { ownersOf } from "./owner";
import type { Entry, Finding, Frame } from "./report";

export interface Term {
  not: boolean;
  /** "" for a word. */
  key: string;
  values: string[];
}

/** What a qualifier looks into, and its example. */
export const qualifiers: Record<string, { help: string; example: string }> = {
  status: { help: "new, known, documented, upstream, suppressed", example: "status:new,known" },
  kind: { help: "of the finding", example: "kind:data-race" },
  rank: { help: "how grave a race is", example: "rank:structure" },
  shows: { help: "what it does: crashes, hangs, raises, loses, nothing", example: "shows:crashes" },
  owner: { help: "whose code the frames are that the title is of", example: "owner:cpython" },
  module: { help: "a package's folder or a shared object", example: "module:numpy" },
  file: { help: "a frame's file, with its line", example: "file:mt19937.c:17" },
  function: { help: "a frame's function", example: "function:random_standard" },
  type: { help: "the object's, or the one whose operation it is", example: "type:ndarray" },
  test: { help: "that ran", example: "test:test_random" },
  lock: { help: "that a side holds", example: "-lock:mutex" },
  id: { help: "of the finding", example: "id:3f9a1c" },
};

const pattern = /(-?)(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/g;

export function parseQuery(text: string): Term[] {
  const terms: Term[] = [];
  for (const [whole, minus = "", name = "", quoted, plain = ""] of text.matchAll(pattern)) {
    const key = Object.hasOwn(qualifiers, name) ? name : "";
    const value = quoted ?? plain;
    const said = key || !name ? value : whole.slice(minus.length).replaceAll('"', "");
    const values = key && quoted === undefined ? said.split(",").filter(Boolean) : [said];
    const used = values.map((one) => one.toLowerCase()).filter(Boolean);
    if (used.length) terms.push({ not: minus === "-", key, values: used });
  }
  return terms;
}

function written({ not, key, values }: Term): string {
  const text = values.join(",");
  const quoted = /[\s"]/.test(text) || (!key && /^-/.test(text)) ? `"${text}"` : text;
  return `${not ? "-" : ""}${key && `${key}:`}${quoted}`;
}

/** The value that the query has for a qualifier alone, or "". */
export function valueOf(query: string, key: string): string {
  const terms = parseQuery(query).filter((term) => term.key === key && !term.not);
  return terms.length === 1 ? (terms[0]?.values.join(",") ?? "") : "";
}

/** The query with another value for a qualifier; "" takes it away. */
export function withValue(query: string, key: string, value: string): string {
  const terms = parseQuery(query).filter((term) => term.key !== key || term.not);
  if (value) terms.unshift({ not: false, key, values: [value] });
  return terms.map(written).join(" ");
}

// ---- what is looked into ----

interface Looked {
  file: string;
  function: string;
  module: string;
}

/** Of a stack, in small letters. The same stack is one array (report.ts), so this is built but once. */
const looked = new WeakMap<Frame[], Looked>();

function lookInto(frames: Frame[]): Looked {
  let texts = looked.get(frames);
  if (!texts) {
    const lines = (of: (frame: Frame) => string | null | undefined) =>
      frames
        .map(of)
        .filter((text) => !!text)
        .join("\n")
        .toLowerCase();
    texts = {
      file: lines((frame) => frame.file && `${frame.file}:${frame.line}`),
      function: lines((frame) => frame.function),
      module: lines((frame) =>
        [frame.module, frame.file?.slice(0, frame.file.lastIndexOf("/"))].filter(Boolean).join("\n"),
      ),
    };
    looked.set(frames, texts);
  }
  return texts;
}

const heads = new WeakMap<Finding, Record<string, string>>();

function headOf(finding: Finding): Record<string, string> {
  let texts = heads.get(finding);
  if (!texts) {
    const { subject, threads } = finding;
    const join = (...parts: (string | null | undefined)[]) =>
      parts.filter(Boolean).join("\n").toLowerCase();
    const type = join(subject?.type, ...threads.map((thread) => thread.type));
    texts = {
      id: finding.id,
      kind: finding.kind,
      status: finding.status,
      rank: join(finding.rank),
      shows: finding.shows ?? "",
      test: join(...finding.tests),
      lock: join(...threads.flatMap((thread) => thread.locks.map((lock) => lock.name))),
      owner: join(...ownersOf(finding)),
      type,
      "": join(finding.id, finding.title, finding.kind, subject?.description, type, ...finding.tests),
    };
    heads.set(finding, texts);
  }
  return texts;
}

/** Qualifiers whose value is a whole word of a short list. */
const exact = new Set(["status", "shows"]);

function has(finding: Finding, key: string, value: string): boolean {
  const text = headOf(finding)[key];
  if (text !== undefined && (exact.has(key) ? text === value : text.includes(value))) return true;
  if (key === "file" || key === "function" || key === "module")
    return finding.threads.some((thread) => lookInto(thread.frames)[key].includes(value));
  return (
    key === "" &&
    finding.threads.some((thread) => {
      const { file, function: name } = lookInto(thread.frames);
      return file.includes(value) || name.includes(value);
    })
  );
}

export function fits(finding: Finding, terms: Term[]): boolean {
  return terms.every(
    ({ not, key, values }) => values.some((value) => has(finding, key, value)) !== not,
  );
}

// ---- order ----

export const orders: Record<string, string> = {
  "": "Gravest first",
  often: "Most often first",
  recent: "Newest first",
  title: "By title",
};

export function sortEntries(entries: Entry[], findings: Map<string, Finding>, order: string): Entry[] {
  const sum = (entry: Entry) =>
    entry.findings.reduce((all, id) => all + (findings.get(id)?.run_count ?? 0), 0);
  const first = (entry: Entry) =>
    Math.max(...entry.findings.map((id) => findings.get(id)?.first_seen ?? 0));
  const by: Record<string, (a: Entry, b: Entry) => number> = {
    often: (a, b) => sum(b) - sum(a),
    recent: (a, b) => first(b) - first(a),
    title: (a, b) => a.title.localeCompare(b.title, "en", { numeric: true }),
  };
  const compare = by[order];
  return compare ? [...entries].sort(compare) : entries;
}
