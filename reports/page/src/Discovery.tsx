// Would more iterations find more? Entries over iterations, and what those that came once say.

import type { Report } from "./report";
import { count, plural } from "./words";

interface Found {
  /** In which iteration each entry came first, sorted. */
  first: number[];
  /** Entries that came in one iteration only. */
  once: number;
}

/** Iterations of the run's own plan that a finding's tokens name: "SEED.ITERATION.SLICE". */
function iterationsOf(replays: string[], seed: string): number[] {
  const own = seed.replace(/^0+(?=.)/, "");
  return replays
    .map((replay) => replay.split("."))
    .filter(([from, , slice]) => from === own && /^\d+$/.test(slice ?? ""))
    .map(([, iteration]) => Number(iteration))
    .filter((iteration) => !Number.isNaN(iteration));
}

export function discovered({ run, entries, findings }: Report): Found {
  const byId = new Map(findings.map((finding) => [finding.id, finding]));
  const first: number[] = [];
  let once = 0;
  for (const entry of entries) {
    const replays = entry.findings.flatMap((id) => byId.get(id)?.replays ?? []);
    const seen = new Set(iterationsOf(replays, run.seed ?? ""));
    if (!seen.size) continue;
    first.push(Math.min(...seen));
    if (seen.size === 1) once++;
  }
  return { first: first.sort((a, b) => a - b), once };
}

const WIDTH = 640;
const HEIGHT = 120;

function Curve({ first, iterations }: { first: number[]; iterations: number }) {
  const x = (iteration: number) => (iteration / Math.max(iterations, 1)) * WIDTH;
  const y = (number: number) => HEIGHT - (number / first.length) * (HEIGHT - 4);
  const steps = first.map((iteration, index) => `H${x(iteration).toFixed(1)}V${y(index + 1).toFixed(1)}`);
  return (
    <svg
      class="discovery"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`${plural(first.length, "entry", "entries")} over ${plural(iterations, "iteration")}`}
    >
      <path d={`M0 ${HEIGHT}${steps.join("")}H${WIDTH}`} />
    </svg>
  );
}

/** Good and Turing: what came once among N says how likely the next one brings something that never came. */
function outlook({ once }: Found, iterations: number): string {
  if (!once)
    return "Each entry came in more than one iteration: more of the same will hardly find another.";
  const every = Math.max(1, Math.round(iterations / once));
  return (
    `${plural(once, "entry", "entries")} came in one iteration only, so about one in ${count(every)} ` +
    "further iterations would bring an entry that is not here yet."
  );
}

export function Discovery({ report }: { report: Report }) {
  const found = discovered(report);
  const iterations = report.run.iterations.done;
  if (!found.first.length || iterations < 2) return null;
  const last = (found.first.at(-1) ?? 0) + 1;
  return (
    <section aria-labelledby="discovery-heading">
      <h2 id="discovery-heading">Would more find more?</h2>
      <p>
        {plural(found.first.length, "entry", "entries")} in {plural(iterations, "iteration")}, the last
        one first seen in iteration {count(Math.min(last, iterations))}. {outlook(found, iterations)}
      </p>
      <Curve first={found.first} iterations={iterations} />
    </section>
  );
}
