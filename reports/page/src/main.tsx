// The page of a report: the list, a finding, the run. All state is the URL's hash.

import { render } from "preact";
import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { EntryView } from "./EntryView";
import { FindingList } from "./FindingList";
import { FindingView } from "./FindingView";
import { Failing, RunFacts, RunView, Unimported } from "./RunView";
import { type Report, type Run, isGroup, readReport } from "./report";
import { type Filter, type Route, filterFindings, linkTo, parseRoute } from "./route";
import { breakdown, count, joined, learnWords, plural, verdict } from "./words";

function useRoute(): [Route, (filter: Filter) => void] {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const route = useMemo(() => parseRoute(hash), [hash]);
  /* Replaced, not pushed: a letter typed into the filter is no step to go back to. */
  const change = (filter: Filter) => {
    const next = linkTo(route.view, filter);
    history.replaceState(null, "", next);
    setHash(next);
  };
  return [route, change];
}

/** What a reader has to know before trusting the verdict. */
function Caveats({ run }: { run: Run }) {
  const dead = run.hooks.filter((hook) => !hook.live && !hook.off);
  const unused = run.suppressions.filter((rule) => !rule.used);
  const said = [
    run.interrupted && "The run was interrupted before its end.",
    run.records_lost > 0 &&
      `${plural(run.records_lost, "record")} of ${count(run.records + run.records_lost)} were lost: there may be more findings.`,
    dead.length > 0 &&
      `Not observed in this run: ${joined(dead.map((hook) => hook.name))}.`,
    unused.length > 0 && `${plural(unused.length, "suppression")} matched nothing.`,
    run.notes.length > 0 && `${plural(run.notes.length, "note")} on how it ran.`,
  ].filter((text): text is string => !!text);
  if (!said.length) return null;
  return (
    <ul class="caveats">
      {said.map((text) => (
        <li key={text}>{text}</li>
      ))}
      <li>
        <a href="#/run">How it was run</a>
      </li>
    </ul>
  );
}

function Top({ report, route }: { report: Report; route: Route }) {
  const { run } = report;
  const here = (name: string) => (route.view.name === name ? "page" : undefined);
  return (
    <header class="top">
      <p class="brand">
        <a href="#/">
          <b>ftstress</b> {run.suite}
        </a>
      </p>
      <nav aria-label="Report">
        <a href={linkTo({ name: "list" }, route.filter)} aria-current={here("list")}>
          Findings <span class="number">{count(report.entries.length)}</span>
        </a>
        <a href={linkTo({ name: "run" }, route.filter)} aria-current={here("run")}>
          Run
        </a>
      </nav>
    </header>
  );
}

function Overview({ report }: { report: Report }) {
  const more = breakdown(report.findings);
  return (
    <div class="overview">
      <Unimported run={report.run} few={false} />
      <Failing run={report.run} few={false} />
      <h1 id="verdict" tabIndex={-1}>
        {verdict(report)}
      </h1>
      {more && <p class="breakdown">{more}.</p>}
      <Unimported run={report.run} few />
      <Failing run={report.run} few />
      <Caveats run={report.run} />
    </div>
  );
}

function useKeys(report: Report, route: Route) {
  useEffect(() => {
    const step = (by: number) => {
      if (route.view.name === "list" || route.view.name === "entry") {
        const rows = [...document.querySelectorAll<HTMLElement>("a.finding-row")];
        const at = rows.indexOf(document.activeElement as HTMLElement);
        rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus();
        return;
      }
      const { view } = route;
      const shown = filterFindings(report.findings, route.filter);
      const at = view.name === "finding" ? shown.findIndex((item) => item.id === view.id) : -1;
      const target = shown[at + by] ?? (at < 0 ? shown[0] : undefined);
      if (target) location.hash = linkTo({ name: "finding", id: target.id }, route.filter);
    };
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target instanceof Element && event.target.matches("input, select");
      if (event.key === "Escape" && typing) (event.target as HTMLElement).blur();
      if (typing) return;
      const actions: Record<string, () => void> = {
        j: () => step(1),
        k: () => step(-1),
        u: () => (location.hash = linkTo({ name: "list" }, route.filter)),
        "/": () => {
          if (route.view.name !== "list") location.hash = linkTo({ name: "list" }, route.filter);
          setTimeout(() => document.getElementById("text-filter")?.focus());
        },
      };
      const action = actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [report, route]);
}

/** A new view starts at its top, and a screen reader at its heading; coming back, at the row. */
function useFocus(route: Route) {
  const { view } = route;
  const name = "id" in view ? `${view.name}/${encodeURIComponent(view.id)}` : view.name;
  const [last, setLast] = useState(name);
  useLayoutEffect(() => {
    if (last === name) return;
    setLast(name);
    const row = document.querySelector<HTMLElement>(
      `a.finding-row[href^="#/${CSS.escape(last)}"]`,
    );
    if (view.name === "list" && row) {
      row.focus();
      row.scrollIntoView({ block: "center" });
      return;
    }
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }, [name]);
}

function Page({ report }: { report: Report }) {
  const [route, change] = useRoute();
  const { view, filter } = route;
  const shown = useMemo(
    () => filterFindings(report.findings, filter),
    [report, filter.query],
  );
  const entry =
    view.name === "entry" ? report.entries.find((item) => item.id === view.id) : undefined;
  const finding =
    view.name === "finding" ? report.findings.find((item) => item.id === view.id) : undefined;
  useKeys(report, route);
  useFocus(route);
  useEffect(() => {
    const what = finding ? (finding.title ?? finding.id) : (entry?.title ?? verdict(report));
    document.title = `${what} · ftstress`;
  }, [finding, entry, report]);
  return (
    <>
      <Top report={report} route={route} />
      <main>
        {view.name === "list" && (
          <>
            <Overview report={report} />
            <FindingList report={report} filter={filter} change={change} />
            <RunFacts run={report.run} />
          </>
        )}
        {view.name === "run" && <RunView report={report} filter={filter} />}
        {finding && (
          <FindingView
            key={finding.id}
            finding={finding}
            entry={report.entries.find((item) => isGroup(item) && item.findings.includes(finding.id))}
            run={report.run}
            siblings={shown}
            filter={filter}
          />
        )}
        {entry && <EntryView key={entry.id} entry={entry} report={report} filter={filter} />}
        {(view.name === "finding" || view.name === "entry") && !finding && !entry && (
          <p class="nothing">
            This report has no finding {view.id}. <a href="#/">Show all</a>
          </p>
        )}
      </main>
      <footer class="keys">
        <kbd>j</kbd> <kbd>k</kbd> next, previous finding <kbd>u</kbd> list <kbd>/</kbd> filter
      </footer>
    </>
  );
}

const root = document.getElementById("page");
if (root)
  readReport().then(
    (report) => {
      learnWords(report);
      root.replaceChildren();
      render(<Page report={report} />, root);
    },
    (error: Error) => {
      root.textContent = `The data of this report can’t be read: ${error.message}`;
    },
  );
