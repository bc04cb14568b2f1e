// What earlier runs found, and this one did not, in enough turns of its tests to say that it is fixed.

import type { Fixed } from "./report";
import { capital, count, kindName, when } from "./words";

export function FixedList({ fixed }: { fixed: Fixed[] }) {
  if (!fixed.length) return null;
  return (
    <section class="group fixed" id="fixed" aria-labelledby="group-fixed">
      <h2 id="group-fixed">
        Fixed <span class="meaning">found by earlier runs, and not in enough turns of their tests since</span>
      </h2>
      <ul class="rows">
        {fixed.map((entry) => (
          <li key={entry.id}>
            <div class="finding-row still">
              <span class="kind">
                {entry.findings > 1 ? `${count(entry.findings)} findings` : capital(kindName(entry.kind))}
              </span>
              <span class="what">
                <span class="title">{entry.title}</span>
                <span class="why">{entry.why}</span>
              </span>
              <span class="often">
                <span class="since">last seen {when(entry.last_seen).split(",")[0]}</span>
              </span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
