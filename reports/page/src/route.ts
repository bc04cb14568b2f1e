// What is shown stands in the URL's hash and nowhere else, so that a link shows the same to another:
//
//   #/?q=status:new+random&sort=often          the list (query.ts)
//   #/entry/data-race-0123456789ab             several findings, by the first
//   #/finding/data-race-0123456789ab?q=random  a finding; j and k walk the filtered list
//   #/run                                     how it was run

import { fits, parseQuery, withValue } from "./query";
import { type Entry, type Finding, isGroup } from "./report";

export interface Filter {
  query: string;
  sort: string;
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
  const [path = "", parts = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parameters = new URLSearchParams(parts);
  let query = parameters.get("q") ?? "";
  /* As links of before had them. */
  for (const key of ["kind", "status"]) {
    const value = parameters.get(key);
    if (value) query = withValue(query, key, value);
  }
  const filter = { query, sort: parameters.get("sort") ?? "" };
  const [name, id] = path.split("/", 2);
  if ((name === "finding" || name === "entry") && id)
    return { view: { name, id: decode(id) }, filter };
  return { view: { name: name === "run" ? "run" : "list" }, filter };
}

export function linkTo(view: View, filter: Filter): string {
  const parameters = new URLSearchParams();
  if (filter.query) parameters.set("q", filter.query);
  if (filter.sort) parameters.set("sort", filter.sort);
  const path =
    view.name === "finding" || view.name === "entry"
      ? `${view.name}/${encodeURIComponent(view.id)}`
      : view.name === "run"
        ? "run"
        : "";
  const text = parameters.toString();
  return `#/${path}${text ? `?${text}` : ""}`;
}

export function filterFindings(findings: Finding[], filter: Filter): Finding[] {
  const terms = parseQuery(filter.query);
  return terms.length ? findings.filter((finding) => fits(finding, terms)) : findings;
}

/** Entries with a finding that fits. */
export function filterEntries(entries: Entry[], findings: Finding[], filter: Filter): Entry[] {
  const shown = filterFindings(findings, filter);
  if (shown === findings) return entries;
  const fit = new Set(shown.map((finding) => finding.id));
  return entries.filter((entry) => entry.findings.some((id) => fit.has(id)));
}

/** Where an entry leads: a finding by itself to its own page. */
export function entryView(entry: Entry): View {
  return { name: isGroup(entry) ? "entry" : "finding", id: entry.id };
}
