import type { Finding, Frame, Report } from "./report";
import { keyFrame } from "./report";
import { type Filter, filterFindings, linkTo } from "./route";
import {
  capital,
  count,
  countBy,
  kindName,
  languageName,
  plural,
  shortPath,
  statusMeaning,
  statuses,
  when,
} from "./words";

interface FilterProps {
  findings: Finding[];
  filter: Filter;
  change: (filter: Filter) => void;
}

function FilterBar({ findings, filter, change }: FilterProps) {
  const byStatus = countBy(findings, (finding) => finding.status);
  const byKind = countBy(findings, (finding) => finding.kind);
  const tab = (status: string, label: string, number: number) => (
    <a
      key={status}
      href={linkTo({ name: "list" }, { ...filter, status })}
      aria-current={filter.status === status ? "true" : undefined}
    >
      {label} <span class="number">{count(number)}</span>
    </a>
  );
  return (
    <search class="filter">
      <nav class="tabs" aria-label="Status">
        {tab("", "All", findings.length)}
        {statuses
          .filter((status) => byStatus.has(status))
          .map((status) => tab(status, capital(status), byStatus.get(status) ?? 0))}
      </nav>
      <label>
        <span class="hidden">Kind</span>
        <select
          value={filter.kind}
          onChange={(event) => change({ ...filter, kind: event.currentTarget.value })}
        >
          <option value="">Every kind</option>
          {[...byKind].map(([kind, number]) => (
            <option key={kind} value={kind}>
              {capital(kindName(kind))} ({count(number)})
            </option>
          ))}
        </select>
      </label>
      <label class="text-filter">
        <span class="hidden">Text</span>
        <input
          id="text-filter"
          type="search"
          placeholder="File, function, test …"
          value={filter.text}
          onInput={(event) => change({ ...filter, text: event.currentTarget.value })}
        />
      </label>
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
          {frame.line > 0 && `:${frame.line}`}
        </span>
      )}{" "}
      <span class="function">{frame.function}</span>
    </>
  );
}

function Row({ finding, filter }: { finding: Finding; filter: Filter }) {
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
  const shown = filterFindings(report.findings, filter);
  if (!report.findings.length)
    return (
      <p class="nothing">
        {report.run.iterations.done
          ? "No finding of any kind. Races show by chance: more iterations, more threads and other seeds find more."
          : "No iteration ran: the notes of the run say why."}
      </p>
    );
  return (
    <div class="findings">
      <FilterBar findings={report.findings} filter={filter} change={change} />
      {statuses.map((status) => {
        const group = shown.filter((finding) => finding.status === status);
        return (
          group.length > 0 && (
            <section key={status} class={`group ${status}`} aria-labelledby={`group-${status}`}>
              <h2 id={`group-${status}`}>
                {capital(status)} <span class="meaning">{statusMeaning[status]}</span>
              </h2>
              <ul class="rows">
                {group.map((finding) => (
                  <Row key={finding.id} finding={finding} filter={filter} />
                ))}
              </ul>
            </section>
          )
        );
      })}
      {!shown.length && (
        <p class="nothing">
          No finding fits this filter. <a href="#/">Show all {count(report.findings.length)}</a>
        </p>
      )}
    </div>
  );
}
