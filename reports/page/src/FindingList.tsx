import { useMemo } from "preact/hooks";
import { FixedList } from "./FixedList";
import { LongList } from "./LongList";
import { orders, qualifiers, sortEntries, valueOf, withValue } from "./query";
import type { Entry, Finding, Frame, Report, Status } from "./report";
import { isGroup, keyFrame } from "./report";
import { type Filter, entryView, filterEntries, linkTo } from "./route";
import {
  calledName,
  capital,
  count,
  countBy,
  groupWords,
  kindName,
  languageName,
  lineText,
  plural,
  shortPath,
  statusMeaning,
  statuses,
  when,
} from "./words";

interface FilterProps {
  entries: Entry[];
  filter: Filter;
  change: (filter: Filter) => void;
}

function QueryHelp() {
  return (
    <details class="query-help">
      <summary>What can stand here</summary>
      <p>
        Words, and what follows; all of it must fit. A comma is “or”, <code>-</code> in front is “not”,{" "}
        <code>"…"</code> keeps blanks.
      </p>
      <dl>
        {Object.values(qualifiers).map(({ help, example }) => (
          <div key={example}>
            <dt>
              <code>{example}</code>
            </dt>
            <dd>{help}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}

function FilterBar({ entries, filter, change }: FilterProps) {
  const byStatus = countBy(entries, (entry) => entry.status);
  const byKind = countBy(entries, (entry) => entry.kind);
  const { query } = filter;
  const tab = (status: string, label: string, number: number) => (
    <a
      key={status}
      href={linkTo({ name: "list" }, { ...filter, query: withValue(query, "status", status) })}
      aria-current={valueOf(query, "status") === status ? "true" : undefined}
    >
      {label} <span class="number">{count(number)}</span>
    </a>
  );
  return (
    <search class="filter">
      <nav class="tabs" aria-label="Status">
        {tab("", "All", entries.length)}
        {statuses
          .filter((status) => byStatus.has(status))
          .map((status) => tab(status, capital(status), byStatus.get(status) ?? 0))}
      </nav>
      <label>
        <span class="hidden">Kind</span>
        <select
          class="kinds"
          value={valueOf(query, "kind")}
          onChange={(event) =>
            change({ ...filter, query: withValue(query, "kind", event.currentTarget.value) })
          }
        >
          <option value="">Every kind</option>
          {[...byKind].map(([kind, number]) => (
            <option key={kind} value={kind}>
              {capital(kindName(kind))} ({count(number)})
            </option>
          ))}
        </select>
      </label>
      <label>
        <span class="hidden">Order</span>
        <select
          class="orders"
          value={filter.sort}
          onChange={(event) => change({ ...filter, sort: event.currentTarget.value })}
        >
          {Object.entries(orders).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      </label>
      <label class="text-filter">
        <span class="hidden">Filter</span>
        <input
          id="text-filter"
          type="search"
          placeholder="kind:crash module:numpy test_random"
          value={query}
          spellcheck={false}
          onInput={(event) => change({ ...filter, query: event.currentTarget.value })}
        />
      </label>
      <QueryHelp />
    </search>
  );
}

function Spot({ frame }: { frame: Frame }) {
  const path = frame.file ? shortPath(frame.file) : frame.module;
  return (
    <>
      <span class={`dot in-${frame.language === "c++" ? "cxx" : frame.language}`}>
        {languageName[frame.language]}
      </span>{" "}
      {path && (
        <span class="where">
          {path.slice(path.lastIndexOf("/") + 1)}
          {frame.line > 0 && `:${lineText(frame)}`}
        </span>
      )}{" "}
      <span class="function">{calledName(frame)}</span>
    </>
  );
}

/** A few of the names, and how many more there are. */
function few(names: string[], most = 8): string {
  const shown = names.length <= most + 1 ? names.length : most;
  const rest = names.length - shown;
  return names.slice(0, shown).join(", ") + (rest ? ` and ${count(rest)} more` : "");
}

/** Several findings, told as one. */
function GroupRow({ entry, times, filter }: { entry: Entry; times: number; filter: Filter }) {
  return (
    <li>
      <a class="finding-row" href={linkTo(entryView(entry), filter)}>
        <span class="kind">{groupWords(entry)}</span>
        <span class="what">
          <span class="title">{entry.title}</span>
          <span class="spots">
            {entry.evidence && entry.shows !== "nothing" && (
              <span class="spot grave">{entry.evidence}</span>
            )}
            {entry.rank && <span class="spot">{entry.rank}</span>}
            <span class="spot">{few(entry.operations ?? entry.functions ?? [])}</span>
          </span>
        </span>
        <span class="often">
          <span class="times">
            <span class="hidden">seen </span>
            {count(times)}×
          </span>
        </span>
      </a>
    </li>
  );
}

interface RowProps {
  finding: Finding;
  filter: Filter;
  /** Of what it stands in: another one is told. */
  within?: Status;
}

export function Row({ finding, filter, within }: RowProps) {
  const spots = finding.threads
    .map((thread) => ({ thread, frame: keyFrame(thread.frames, thread.site) }))
    .filter((spot): spot is { thread: (typeof spot)["thread"]; frame: Frame } => !!spot.frame);
  return (
    <li>
      <a class="finding-row" href={linkTo({ name: "finding", id: finding.id }, filter)}>
        <span class="kind">{capital(kindName(finding.kind))}</span>
        <span class="what">
          <span class="title">{finding.title ?? finding.id}</span>
          {finding.follows && (
            <span class="spots">
              <span class="spot">follows from {finding.follows}</span>
            </span>
          )}
          {finding.evidence && finding.shows !== "nothing" && (
            <span class="spots">
              <span class={finding.shows === "equal" ? "spot" : "spot grave"}>{finding.evidence}</span>
            </span>
          )}
          <span class="spots">
            {spots.slice(0, 2).map(({ thread, frame }, index) => (
              <span class="spot" key={index}>
                {thread.access && <span class="verb">{thread.access}s</span>}
                <Spot frame={frame} />
              </span>
            ))}
            {spots.length > 2 && (
              <span class="spot more">and {plural(spots.length - 2, "more thread")}</span>
            )}
          </span>
          {!spots.length && finding.tests[0] && (
            <span class="spots">
              <span class="spot">{finding.tests[0]}</span>
            </span>
          )}
        </span>
        <span class="often">
          <span class="times">
            <span class="hidden">seen </span>
            {count(finding.run_count)}×
          </span>
          {within && within !== finding.status && <span class="since">{finding.status}</span>}
          {finding.back && <span class="since grave">back again</span>}
          {finding.status !== "new" && (
            <span class="since">since {when(finding.first_seen).split(",")[0]}</span>
          )}
        </span>
      </a>
    </li>
  );
}

interface Props {
  report: Report;
  filter: Filter;
  change: (filter: Filter) => void;
}

export function FindingList({ report, filter, change }: Props) {
  const byId = useMemo(
    () => new Map(report.findings.map((finding) => [finding.id, finding])),
    [report],
  );
  const shown = useMemo(
    () => sortEntries(filterEntries(report.entries, report.findings, filter), byId, filter.sort),
    [report, filter.query, filter.sort],
  );
  const row = (entry: Entry) => {
    const finding = byId.get(entry.id);
    if (!finding) return null;
    if (!isGroup(entry)) return <Row key={entry.id} finding={finding} filter={filter} />;
    const times = entry.findings.reduce((sum, id) => sum + (byId.get(id)?.run_count ?? 0), 0);
    return <GroupRow key={entry.id} entry={entry} times={times} filter={filter} />;
  };
  const fixed = <FixedList fixed={report.fixed ?? []} />;
  if (!report.findings.length)
    return (
      <div class="findings">
        <p class="nothing">
          {report.run.iterations.done
            ? "No finding of any kind. Races show by chance: more iterations, more threads and other seeds find more."
            : "No iteration ran: the notes of the run say why."}
        </p>
        {fixed}
      </div>
    );
  return (
    <div class="findings">
      <FilterBar entries={report.entries} filter={filter} change={change} />
      {statuses.map((status) => {
        const group = shown.filter((entry) => entry.status === status);
        return (
          group.length > 0 && (
            <section key={status} class={`group ${status}`} aria-labelledby={`group-${status}`}>
              <h2 id={`group-${status}`}>
                {capital(status)} <span class="meaning">{statusMeaning[status]}</span>
              </h2>
              <LongList key={filter.query} items={group} row={row} />
            </section>
          )
        );
      })}
      {!shown.length && (
        <p class="nothing">
          No finding fits this filter. <a href="#/">Show all {count(report.entries.length)}</a>
        </p>
      )}
      {!filter.query && fixed}
    </div>
  );
}
