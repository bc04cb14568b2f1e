import { Command, CopyButton } from "./CopyButton";
import { LockGraph } from "./LockGraph";
import { Stack, StackPair } from "./StackPair";
import { Parameters } from "./Parameters";
import { toMarkdown } from "./markdown";
import { ownersOf } from "./owner";
import type { Entry, Finding, Run } from "./report";
import { isRace } from "./report";
import { type Filter, linkTo } from "./route";
import {
  capital,
  count,
  groupWords,
  iso,
  joined,
  kindMeaning,
  kindName,
  plural,
  rankMeaning,
  rateWords,
  statusMeaning,
  times,
  when,
} from "./words";

interface Props {
  finding: Finding;
  /** What it is told with. */
  entry?: Entry;
  run: Run;
  /** The filtered list, which previous and next walk. */
  siblings: Finding[];
  filter: Filter;
}

function Pager({ finding, siblings, filter }: Omit<Props, "run" | "entry">) {
  const index = siblings.indexOf(finding);
  const previous = siblings[index - 1];
  const next = index < 0 ? siblings[0] : siblings[index + 1];
  const link = (target: Finding | undefined, label: string, rel: string) =>
    target ? (
      <a href={linkTo({ name: "finding", id: target.id }, filter)} rel={rel}>
        {label}
      </a>
    ) : (
      <span class="off">{label}</span>
    );
  return (
    <nav class="pager" aria-label="Findings">
      <a href={linkTo({ name: "list" }, filter)}>All findings</a>
      <span class="position">
        {index >= 0 && `${count(index + 1)} of ${count(siblings.length)}`}
      </span>
      {link(previous, "← Previous", "prev")}
      {link(next, "Next →", "next")}
    </nav>
  );
}

/** Does a race that was found with the order as meant show with the order as written, too? */
function asWritten({ as_written: tried }: Finding, run: Run): string {
  if (run.settings.some(([name, value]) => name === "happens-before" && value === "as-written"))
    return "Shows: this run's order is as written";
  if (!tried) return "Not tried";
  const runs = `${count(tried.runs)} ${tried.runs === 1 ? "run" : "runs"}`;
  return tried.seen > 0
    ? `Shows too, in ${count(tried.seen)} of ${runs}`
    : `Not seen in ${runs}: threads have to meet in time for that`;
}

function History({ finding, run }: { finding: Finding; run: Run }) {
  const earlier = finding.count > finding.run_count;
  return (
    <dl class="facts">
      <div>
        <dt>Seen</dt>
        <dd>
          {capital(times(finding.run_count))} in this run
          {earlier && `, ${times(finding.count)} in all runs`}
        </dd>
      </div>
      {finding.rate && (
        <div>
          <dt>Rate</dt>
          <dd>{rateWords(finding.rate, run)}</dd>
        </div>
      )}
      <div>
        <dt>First</dt>
        <dd>
          <time dateTime={iso(finding.first_seen)}>{when(finding.first_seen)}</time>
        </dd>
      </div>
      <div>
        <dt>Last</dt>
        <dd>
          <time dateTime={iso(finding.last_seen)}>{when(finding.last_seen)}</time>
        </dd>
      </div>
      {finding.gil.length > 0 && (
        <div>
          <dt>GIL</dt>
          <dd>
            {finding.gil.length === 2
              ? "Off and on"
              : finding.gil[0] === "off"
                ? run.iterations.gil_on > 0
                  ? "Off; not seen with it on"
                  : "Off"
                : "On; not seen with it off"}
          </dd>
        </div>
      )}
      {isRace(finding) && (
        <div>
          <dt>As written</dt>
          <dd>{asWritten(finding, run)}</dd>
        </div>
      )}
    </dl>
  );
}

const detailNames: Record<string, string> = {
  "test-failure": "Traceback",
  crash: "State of the process",
};

/** The lines of a traceback that say what failed, as pytest and Python mark them. */
const loud = /^(?:>|E {2,}\w|[A-Z][\w.]*(?:Error|Exception|Warning|Interrupt)\b)/;

/** What was seen to happen, where that was not only concluded. */
function Interleaving({ finding }: { finding: Finding }) {
  if (!finding.interleaving) return null;
  return (
    <section aria-labelledby="interleaving-heading">
      <h2 id="interleaving-heading">How it happened</h2>
      <pre class="text" tabIndex={0} aria-labelledby="interleaving-heading">
        {finding.interleaving}
      </pre>
    </section>
  );
}

function Detail({ finding }: { finding: Finding }) {
  if (!finding.detail) return null;
  const name = detailNames[finding.kind] ?? "Details";
  return (
    <section aria-labelledby="detail-heading">
      <div class="section-head">
        <h2 id="detail-heading">{name}</h2>
        <CopyButton text={() => finding.detail ?? ""} />
      </div>
      <pre class="text" tabIndex={0} aria-labelledby="detail-heading">
        {finding.detail
          .trimEnd()
          .split("\n")
          .map((line, index) =>
            loud.test(line) ? (
              <strong class="loud" key={index}>
                {line}
                {"\n"}
              </strong>
            ) : (
              `${line}\n`
            ),
          )}
      </pre>
    </section>
  );
}

function Again({ finding }: { finding: Finding }) {
  const others = finding.replays.filter((replay) => !finding.command?.includes(replay));
  return (
    <section aria-labelledby="again-heading">
      <h2 id="again-heading">Show it again</h2>
      {finding.command ? <Command command={finding.command} /> : <p>No command is known.</p>}
      {finding.script && (
        <p class="script">
          Without ftstress: <code>{finding.script}</code>
        </p>
      )}
      {finding.no_script && <p class="script">There is no script: {finding.no_script}.</p>}
      {others.length > 0 && (
        <details>
          <summary>{plural(others.length, "other iteration")} that showed it</summary>
          <ul class="tokens">
            {others.map((replay) => (
              <li key={replay}>
                <code>--replay {replay}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
      {finding.seeds.length > 0 && (
        <p class="seeds">
          {finding.seeds.length === 1 ? "Seed " : "Seeds "}
          {finding.seeds.map((seed, index) => (
            <>
              {index > 0 && ", "}
              <code key={seed}>{seed}</code>
            </>
          ))}
        </p>
      )}
    </section>
  );
}

function Subject({ finding }: { finding: Finding }) {
  const { subject } = finding;
  if (!subject) return null;
  return (
    <div class="subject">
      <h2>What it is about</h2>
      <p>{subject.description ?? "Memory that has no name."}</p>
      {subject.allocated.length > 0 && (
        <details>
          <summary>Where it was allocated</summary>
          <Stack frames={subject.allocated} point />
        </details>
      )}
    </div>
  );
}

function Tests({ tests }: { tests: string[] }) {
  if (!tests.length) return null;
  return (
    <section aria-labelledby="tests-heading">
      <h2 id="tests-heading">{tests.length === 1 ? "Test" : "Tests"} that ran</h2>
      <ul class="tests">
        {tests.map((test) => (
          <li key={test}>
            <code>{test}</code>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The same bug seen in another way: a lock order, and the deadlock that came of it. */
function Related({ finding, filter }: Pick<Props, "finding" | "filter">) {
  const ids = finding.related ?? [];
  if (!ids.length) return null;
  const what =
    finding.kind === "deadlock"
      ? "It was found as a lock order that can deadlock, too: "
      : "It did deadlock, too: ";
  return (
    <p class="related">
      {what}
      {ids.map((id, index) => (
        <>
          {index > 0 && ", "}
          <a key={id} href={linkTo({ name: "finding", id }, filter)}>
            {id}
          </a>
        </>
      ))}
      .
    </p>
  );
}

/** Where to begin: the race on the slot that the object was got through. */
function Follows({ finding, filter }: Pick<Props, "finding" | "filter">) {
  if (finding.because)
    return (
      <p class="related">
        {capital(finding.because)}.{" "}
        {finding.follows && (
          <a href={linkTo({ name: "finding", id: finding.follows }, filter)}>Look there first.</a>
        )}
      </p>
    );
  if (!finding.follows) return null;
  return (
    <p class="related">
      It most likely only follows from{" "}
      <a href={linkTo({ name: "finding", id: finding.follows }, filter)}>{finding.follows}</a>, a{" "}
      {isRace(finding)
        ? "race on the same memory or on what the object was got through"
        : "race in the same code of the same test"}
      : look there first.
    </p>
  );
}

/** Whose bug it most likely is. */
function Owners({ finding }: { finding: Finding }) {
  const owners = ownersOf(finding);
  if (!owners.length) return null;
  return (
    <span class="owners" title="whose code the frames are that the title is of">
      in {joined(owners)}
    </span>
  );
}

/** Why it is not in the verdict; what is known upstream ends in the link to its issue. */
function Rule({ finding: { status, suppressed_by: rule } }: { finding: Finding }) {
  if (!rule) return null;
  const known = /^(upstream, .*) (https:\/\/github\.com\/\S+)$/s.exec(rule);
  if (known?.[2])
    return (
      <p class="suppressed-by">
        {capital(known[1] ?? "")}{" "}
        <a href={known[2]} rel="noreferrer">
          {known[2].replace("https://github.com/", "").replace("/issues/", "#")}
        </a>
      </p>
    );
  return (
    <p class="suppressed-by">
      {status === "documented" ? "As documented" : "Hidden from the verdict by"} <code>{rule}</code>.
    </p>
  );
}

export function FindingView({ finding, entry, run, siblings, filter }: Props) {
  const knowsLocks = run.hooks.some((hook) => hook.live && hook.name === "locks");
  const isFailure = finding.kind === "test-failure";
  return (
    <article class="finding" aria-labelledby="title">
      <Pager finding={finding} siblings={siblings} filter={filter} />
      <p class="labels">
        <span class={`status ${finding.status}`} title={statusMeaning[finding.status]}>
          {capital(finding.status)}
        </span>
        {finding.back && (
          <span class="status new" title="it counted as fixed, and was seen in this run">
            Back again
          </span>
        )}
        <span class="kind">{capital(kindName(finding.kind))}</span>
        <Owners finding={finding} />
        <code class="id">{finding.id}</code>
      </p>
      <h1 id="title" tabIndex={-1}>
        {finding.title ?? capital(kindName(finding.kind))}
      </h1>
      {entry && (
        <p class="related">
          {entry.findings.length === 1 ? "The only finding" : `One of ${groupWords(entry)}`} of{" "}
          <a href={linkTo({ name: "entry", id: entry.id }, filter)}>{entry.type ?? entry.title}</a>.
        </p>
      )}
      <div class="lead">
        <div class="told">
          <p class="explanation">{finding.explanation ?? kindMeaning(finding.kind)}</p>
          {finding.said && <p class="said">{finding.said}</p>}
          {finding.rank && (
            <p class="rank">
              {capital(finding.rank)}. {rankMeaning(finding.rank)}
            </p>
          )}
          {finding.evidence && (
            <p class="evidence">
              {finding.shows === "loses" || finding.shows === "equal"
                ? capital(finding.evidence)
                : `Tried: ${finding.evidence}`}
              .
            </p>
          )}
          <Rule finding={finding} />
          <Follows finding={finding} filter={filter} />
          <Related finding={finding} filter={filter} />
          <Subject finding={finding} />
        </div>
        <History finding={finding} run={run} />
      </div>
      <Interleaving finding={finding} />
      {isFailure && <Detail finding={finding} />}
      {finding.threads.length > 0 && <StackPair finding={finding} knowsLocks={knowsLocks} />}
      {!isFailure && <Detail finding={finding} />}
      {finding.graph && <LockGraph graph={finding.graph} />}
      <Parameters finding={finding} run={run} />
      <div class="columns">
        <Again finding={finding} />
        <Tests tests={finding.tests} />
      </div>
      <footer class="finding-foot">
        <CopyButton text={() => toMarkdown(finding, run)} label="Copy finding as Markdown" />
      </footer>
    </article>
  );
}
