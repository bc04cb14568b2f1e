// Which draws of an iteration brought a finding: threads, schedule, GIL, interval. Of all iterations, in how many?

import type { Draw, Finding, Run } from "./report";
import { count, plural } from "./words";

interface Bar {
  label: string;
  seen: number;
  of: number;
}

interface Plot {
  name: string;
  bars: Bar[];
}

/** Seconds by their power of ten: "1–10 µs". */
function decade(seconds: number): string {
  const power = Math.floor(Math.log10(seconds) + 1e-9);
  const unit = power < -3 ? { name: "µs", power: -6 } : power < 0 ? { name: "ms", power: -3 } : { name: "s", power: 0 };
  const low = 10 ** (power - unit.power);
  return `${low}–${low * 10} ${unit.name}`;
}

const kinds: { name: string; label: (draw: Draw) => string | undefined; order: (draw: Draw) => number }[] = [
  { name: "Threads", label: ([threads]) => `${threads}`, order: ([threads]) => threads },
  { name: "Schedule", label: ([, , , schedule]) => schedule, order: ([, , , schedule]) => -schedule.length },
  { name: "GIL", label: ([, , gil]) => (gil ? "on" : "off"), order: ([, , gil]) => Number(gil) },
  {
    name: "Interval, with the GIL",
    label: ([, interval, gil]) => (gil ? decade(interval) : undefined),
    order: ([, interval]) => interval,
  },
];

/** What differed between the iterations of the run, and how often the finding came with each value. */
export function plotsOf(finding: Finding, run: Run): Plot[] {
  const draws = run.draws ?? [];
  const seen = new Set(finding.iterations ?? []);
  if (!draws.length || ![...seen].some((iteration) => iteration < draws.length)) return [];
  return kinds.flatMap(({ name, label, order }) => {
    const bars = new Map<string, Bar & { order: number }>();
    draws.forEach((draw, iteration) => {
      const text = label(draw);
      if (text === undefined) return;
      const bar = bars.get(text) ?? { label: text, seen: 0, of: 0, order: order(draw) };
      bar.of++;
      if (seen.has(iteration)) bar.seen++;
      bars.set(text, bar);
    });
    const sorted = [...bars.values()].sort((a, b) => a.order - b.order);
    return sorted.length > 1 ? [{ name, bars: sorted }] : [];
  });
}

function BarRow({ bar }: { bar: Bar }) {
  const share = bar.seen / bar.of;
  return (
    <tr>
      <th scope="row">{bar.label}</th>
      <td class="bar" aria-hidden="true">
        <i style={{ width: `${(share * 100).toFixed(1)}%` }} />
      </td>
      <td class="share">
        {count(bar.seen)} of {count(bar.of)}
      </td>
    </tr>
  );
}

export function Parameters({ finding, run }: { finding: Finding; run: Run }) {
  const plots = plotsOf(finding, run);
  if (!plots.length) return null;
  const told = Math.min(run.draws?.length ?? 0, run.iterations.done);
  return (
    <section class="parameters" aria-labelledby="parameters-heading">
      <h2 id="parameters-heading">
        What brought it <span class="meaning">in how many of the {plural(told, "iteration")} that ran so</span>
      </h2>
      <div class="plots">
        {plots.map(({ name, bars }) => (
          <table key={name}>
            <caption>{name}</caption>
            <tbody>
              {bars.map((bar) => (
                <BarRow key={bar.label} bar={bar} />
              ))}
            </tbody>
          </table>
        ))}
      </div>
    </section>
  );
}
