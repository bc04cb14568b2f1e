import { Command } from "./CopyButton";
import { Discovery } from "./Discovery";
import { Matrix } from "./Matrix";
import type { Report, Run } from "./report";
import type { Filter } from "./route";
import { count, duration, iso, plural, when } from "./words";

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function testsOf(run: Run): string {
  const { tests } = run;
  const parts = [`${count(tests.run)} run`];
  if (tests.distinct) parts.push(`${count(tests.distinct)} different`);
  if (tests.total) parts.push(`${count(tests.total)} in the suite`);
  return parts.join(", ");
}

/** The tests that never passed; in front where they are more than a tenth of those that ran. */
export function Failing({ run, few }: { run: Run; few: boolean }) {
  const { failing = 0, distinct } = run.tests;
  const first = run.first_failing;
  if (!failing || few !== failing * 10 <= distinct) return null;
  return (
    <section class="failing" role={few ? undefined : "alert"} aria-label="Tests that never passed">
      <p>
        <strong>
          {count(failing)} of {plural(distinct, "test")} failed every time, in every schedule
        </strong>
        : no finding, but what {failing === 1 ? "it is" : "they are"} for was not tested.
      </p>
      {first && (
        <p>
          The first: <code>{first.test}</code>
          {first.why && (
            <>
              <br />
              <code>{first.why}</code>
            </>
          )}
          {first.where && (
            <>
              <br />
              <code>{first.where}</code>
            </>
          )}
        </p>
      )}
    </section>
  );
}

/** The files of tests that can't be imported; in front where they are more than a tenth of them. */
export function Unimported({ run, few }: { run: Run; few: boolean }) {
  const files = run.unimported;
  if (!files || few !== files.count * 10 <= files.of) return null;
  return (
    <section class="failing" role={few ? undefined : "alert"} aria-label="Files that can't be imported">
      <p>
        <strong>
          {count(files.count)} of {plural(files.of, "file")} of tests can't be imported
        </strong>
        : none of {files.count === 1 ? "its" : "their"} tests ran.
      </p>
      <p>
        The first: <code>{files.file}</code>
        {files.why && (
          <>
            <br />
            <code>{files.why}</code>
          </>
        )}
      </p>
    </section>
  );
}

/** The facts that the list's page shows too. */
export function RunFacts({ run }: { run: Run }) {
  const { iterations } = run;
  return (
    <dl class="facts run-facts">
      <Fact name="Ran">
        <time dateTime={iso(run.started)}>{when(run.started)}</time>, {duration(run.seconds)}
      </Fact>
      <Fact name="Python">{run.python_version ?? "not known"}, ThreadSanitizer</Fact>
      <Fact name="Iterations">
        {!iterations.planned || iterations.done === iterations.planned
          ? count(iterations.done)
          : `${count(iterations.done)} of ${count(iterations.planned)}`}
        {iterations.gil_on > 0 && `, ${count(iterations.gil_on)} with the GIL`}
      </Fact>
      <Fact name="Tests">{testsOf(run)}</Fact>
      {run.tests.summary && <Fact name="Tried">{run.tests.summary}</Fact>}
      {run.covered && <Fact name="Covered">{run.covered.text}</Fact>}
      {run.tests.next && <Fact name="Next">{run.tests.next}</Fact>}
    </dl>
  );
}

function Totals({ run }: { run: Run }) {
  return (
    <dl class="facts">
      <Fact name="Not run">{plural(run.tests.skipped, "test")} skipped</Fact>
      <Fact name="Alone">{plural(run.tests.thread_unsafe, "thread-unsafe test")}</Fact>
      <Fact name="Records">
        {count(run.records)}
        {run.records_lost > 0 && <strong>, {count(run.records_lost)} lost</strong>}
      </Fact>
      <Fact name="Seed">
        <code>{run.seed ?? "not known"}</code>
      </Fact>
      <Fact name="Interpreter">
        <code>{run.python ?? "not known"}</code>
      </Fact>
      <Fact name="Suite">
        <code>{run.suite_file ?? run.suite ?? "not known"}</code>
      </Fact>
      <Fact name="ftstress">{run.version ?? "not known"}</Fact>
      <Fact name="Exit code">{run.exit_code}</Fact>
    </dl>
  );
}

function Hooks({ run }: { run: Run }) {
  if (!run.hooks.length) return null;
  return (
    <section aria-labelledby="hooks-heading">
      <h2 id="hooks-heading">What could be observed</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Hook</th>
            <th scope="col">State</th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {run.hooks.map((hook) => (
            <tr key={hook.name} class={hook.live || hook.off ? "" : "attention"}>
              <th scope="row">{hook.name}</th>
              <td>{hook.live ? "✓ live" : hook.off ? "off" : "✗ not live"}</td>
              <td>{hook.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Suppressions({ run }: { run: Run }) {
  if (!run.suppressions.length) return null;
  const unused = run.suppressions.filter((rule) => !rule.used).length;
  return (
    <section aria-labelledby="rules-heading">
      <h2 id="rules-heading">Suppressions</h2>
      {unused > 0 && (
        <p>
          {plural(unused, "rule")} matched nothing in this run: {unused === 1 ? "it" : "they"} may be
          out of date.
        </p>
      )}
      <table>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Used</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {run.suppressions.map((rule, index) => (
            <tr key={index} class={rule.used ? "" : "attention"}>
              <th scope="row">
                <code>{rule.rule}</code>
              </th>
              <td>{rule.used ? `${count(rule.used)}×` : "unused"}</td>
              <td>
                <code>{rule.file}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** "1.2 s", "34 ms", "5 µs" */
function time(seconds: number): string {
  if (seconds >= 1) return `${seconds.toFixed(1)} s`;
  if (seconds >= 1e-3) return `${(seconds * 1e3).toFixed(seconds >= 1e-2 ? 0 : 1)} ms`;
  return seconds > 0 ? `${(seconds * 1e6).toFixed(0)} µs` : "–";
}

/** So many tests without a turn are named (runner/run/facts.c). */
const UNTRIED_MOST = 200;

/** A table that may be wider than a phone. */
function Wide({ label, children }: { label: string; children: preact.ComponentChildren }) {
  return (
    <div class="wide" role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

function Waiting({ run }: { run: Run }) {
  const locks = run.lock_profile ?? [];
  if (!locks.length) return null;
  return (
    <section aria-labelledby="waiting-heading">
      <h2 id="waiting-heading">Where threads wait</h2>
      <p>
        The {locks.length === 1 ? "lock" : `${locks.length} kinds of locks`} with the most waiting,
        over all iterations. ThreadSanitizer makes all times longer: compare them with each other.
      </p>
      <Wide label="Where threads wait"><table class="waiting">
        <thead>
          <tr>
            <th scope="col">Lock</th>
            <th scope="col">Waited</th>
            <th scope="col">Waits</th>
            <th scope="col">Longest wait</th>
            <th scope="col">Longest hold</th>
            <th scope="col">Longest wait at</th>
          </tr>
        </thead>
        <tbody>
          {locks.map((lock, index) => (
            <tr key={index}>
              <th scope="row">{lock.class}</th>
              <td>{time(lock.waited_s)}</td>
              <td>{count(lock.waits)}</td>
              <td>{time(lock.longest_wait_s)}</td>
              <td>{time(lock.longest_hold_s)}</td>
              <td>
                <code>{lock.where}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table></Wide>
    </section>
  );
}

function Counting({ run }: { run: Run }) {
  const counts = run.count_profile ?? [];
  if (!counts.length) return null;
  return (
    <section aria-labelledby="counting-heading">
      <h2 id="counting-heading">Objects that threads count together</h2>
      <p>
        Each thread writes the reference count of these, in turn with the others: that is no fault,
        but slows all of them down. Changes a second are those of the time that the tests took in
        which an object was changed so, where their threads overlap; under ThreadSanitizer, which is
        slower than without. Numbers are estimates.
      </p>
      <Wide label="Objects that threads count together"><table class="waiting counts">
        <thead>
          <tr>
            <th scope="col">Object</th>
            <th scope="col">Made at</th>
            <th scope="col">Changes a second</th>
            <th scope="col">Changes</th>
            <th scope="col">Handed over</th>
            <th scope="col">Threads</th>
            <th scope="col">Counted at</th>
            <th scope="col">What helps</th>
          </tr>
        </thead>
        <tbody>
          {counts.map((one, index) => (
            <tr key={index}>
              <th scope="row">{one.type}</th>
              <td>
                <code>{one.made ?? "–"}</code>
              </td>
              <td>{one.changes_per_second ? count(Math.round(one.changes_per_second)) : "–"}</td>
              <td>{count(one.changes)}</td>
              <td>{count(one.handed_over)}</td>
              <td>{count(one.threads)}</td>
              <td>
                <code>{one.where ?? "–"}</code>
              </td>
              <td>{one.remedy ?? "–"}</td>
            </tr>
          ))}
        </tbody>
      </table></Wide>
    </section>
  );
}

function Slowest({ run }: { run: Run }) {
  const tests = run.slowest ?? [];
  if (!tests.length) return null;
  return (
    <section aria-labelledby="slowest-heading">
      <h2 id="slowest-heading">Slowest tests</h2>
      <p>
        How long each took once, at the longest. The line leaves the test out of the next runs; it
        belongs into <code>[suite]</code> of the suite's file.
      </p>
      <table class="slowest">
        <tbody>
          {tests.map(({ test, seconds }) => (
            <tr key={test}>
              <td>{time(seconds)}</td>
              <th scope="row">
                <Command command={`skip = ${test}`} />
              </th>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

/** The tests that were selected, and had no turn in any run so far. */
function Untried({ run }: { run: Run }) {
  const tests = run.untried ?? [];
  if (!tests.length) return null;
  const more = tests.length === UNTRIED_MOST;
  return (
    <section aria-labelledby="untried-heading">
      <h2 id="untried-heading">Never run</h2>
      <details>
        <summary>
          {more ? `The first ${count(tests.length)} tests` : plural(tests.length, "test")} that had no
          turn yet, in this run and those before
        </summary>
        <ul class="tests">
          {tests.map((test) => (
            <li key={test}>
              <code>{test}</code>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

function Settings({ run }: { run: Run }) {
  if (!run.settings.length) return null;
  return (
    <section aria-labelledby="settings-heading">
      <h2 id="settings-heading">Settings</h2>
      <table>
        <tbody>
          {run.settings.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>
                <code>{value}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

export function RunView({ report, filter }: { report: Report; filter: Filter }) {
  const { run } = report;
  return (
    <article class="run" aria-labelledby="run-heading">
      <h1 id="run-heading" tabIndex={-1}>
        How {run.suite ?? "the suite"} was run
      </h1>
      <Unimported run={run} few={false} />
      <Failing run={run} few={false} />
      <RunFacts run={run} />
      <Unimported run={run} few />
      <Failing run={run} few />
      {run.command && <Command command={run.command} />}
      <Totals run={run} />
      {run.notes.length > 0 && (
        <section aria-labelledby="notes-heading">
          <h2 id="notes-heading">Notes</h2>
          <ul class="notes">
            {run.notes.map((note, index) => (
              <li key={index}>{note}</li>
            ))}
          </ul>
        </section>
      )}
      <Discovery report={report} />
      {run.types && <Matrix types={run.types} filter={filter} />}
      <Untried run={run} />
      <Slowest run={run} />
      <Waiting run={run} />
      <Counting run={run} />
      <div class="columns">
        <Hooks run={run} />
        <Settings run={run} />
      </div>
      <Suppressions run={run} />
    </article>
  );
}
