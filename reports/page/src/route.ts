// What is shown stands in the URL's hash and nowhere else, so that a link shows the same to another:
//
//   #/?status=new&kind=data-race&q=random     the list
//   #/entry/data-race-0123456789ab             several findings, by the first
//   #/finding/data-race-0123456789ab?q=random  a finding; j and k walk the filtered list
//   #/run                                     how it was run

import { type Entry, type Finding, isGroup } from "./report";

export interface Filter {
  status: string;
  kind: string;
  text: string;
}

export type View =
  | { name: "list" }
  | { name: "run" }
  | { name: "entry"; id: string }
  | { name: "finding"; id: string };

export interface Route {
  view: View;
  filter: Filter;
}

/** A link that somebody cut or mistyped shows what can be read of it. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parameters = new URLSearchParams(query);
  const filter = {
    status: parameters.get("status") ?? "",
    kind: parameters.get("kind") ?? "",
    text: parameters.get("q") ?? "",
  };
  const [name, id] = path.split("/", 2);
  if ((name === "finding" || name === "entry") && id)
    return { view: { name, id: decode(id) }, filter };
  return { view: { name: name === "run" ? "run" : "list" }, filter };
}

export function linkTo(view: View, filter: Filter): string {
  const parameters = new URLSearchParams();
  if (filter.status) parameters.set("status", filter.status);
  if (filter.kind) parameters.set("kind", filter.kind);
  if (filter.text) parameters.set("q", filter.text);
  const path =
    view.name === "finding" || view.name === "entry"
      ? `${view.name}/${encodeURIComponent(view.id)}`
      : view.name === "run"
        ? "run"
        : "";
  const query = parameters.toString();
  return `#/${path}${query ? `?${query}` : ""}`;
}

/** What a text filter looks into: all that names a place. Built once a finding. */
const haystacks = new WeakMap<Finding, string>();

function haystack(finding: Finding): string {
  let text = haystacks.get(finding);
  if (text === undefined) {
    const frames = finding.threads.flatMap((thread) => thread.frames);
    text = [
      finding.id,
      finding.title,
      finding.kind,
      finding.subject?.description,
      ...finding.tests,
      ...frames.flatMap((frame) => [frame.function, frame.file]),
    ]
      .join("\n")
      .toLowerCase();
    haystacks.set(finding, text);
  }
  return text;
}

export function filterFindings(findings: Finding[], filter: Filter): Finding[] {
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean);
  return findings.filter(
    (finding) =>
      (!filter.status || finding.status === filter.status) &&
      (!filter.kind || finding.kind === filter.kind) &&
      words.every((word) => haystack(finding).includes(word)),
  );
}

/** Entries with a finding that fits. */
export function filterEntries(entries: Entry[], findings: Finding[], filter: Filter): Entry[] {
  const fit = new Set(filterFindings(findings, filter).map((finding) => finding.id));
  return entries.filter((entry) => entry.findings.some((id) => fit.has(id)));
}

/** Where an entry leads: a finding by itself to its own page. */
export function entryView(entry: Entry): View {
  return { name: isGroup(entry) ? "entry" : "finding", id: entry.id };
}
