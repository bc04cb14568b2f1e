import { useMemo, useState } from "preact/hooks";
import type { Filter } from "./route";
import { linkTo } from "./route";
import type { PairType } from "./report";
import { count, plural } from "./words";

// Which two operations of a type may two threads call at once? A line a type; its table, unfolded.

/** By the letter of a cell: what it means, in the order of the legend. */
const states: [letter: string, name: string, text: string][] = [
  ["C", "crash", "crash"],
  ["D", "deadlock", "deadlock, hang or livelock"],
  ["r", "race", "race"],
  ["o", "other", "other finding"],
  ["~", "ordered", "clean, but ordered by a lock that has nothing to do with the object"],
  [".", "clean", "clean"],
  ["-", "apart", "apart: they touch nothing in common that one of them changes"],
  ["?", "not-exercised", "not exercised: a call failed on its own"],
  [" ", "not-run", "not run"],
];
const nameOf = new Map(states.map(([letter, name]) => [letter, name]));

function bad(type: PairType): number {
  return type.pairs.race + type.pairs.crash + type.pairs.deadlock + type.pairs.other;
}

/** Operations that no finding names: two threads may call them, as far as this run has seen. */
export function quietOperations(type: PairType): number {
  return type.rows.filter((row) => !/[rCDo]/.test(row)).length;
}

function Grid({ type, filter }: { type: PairType; filter: Filter }) {
  const cell = type.operations.length > 60 ? 8 : 14;
  const links = useMemo(
    () => new Map(type.findings.flatMap(([a, b, id]) => [[`${a},${b}`, id] as const, [`${b},${a}`, id] as const])),
    [type],
  );
  const locks = useMemo(
    () => new Map((type.ordered ?? []).flatMap(([a, b, by]) => [[`${a},${b}`, by] as const, [`${b},${a}`, by] as const])),
    [type],
  );
  const label = Math.max(...type.operations.map((name) => name.length)) * 6.2 + 10;
  const side = type.operations.length * cell;
  return (
    <svg
      class="matrix"
      width={side + label}
      height={side + label}
      role="img"
      aria-label={`${type.name}: operations by operations`}
    >
      {type.operations.map((name, i) => (
        <>
          <text x={label - 4} y={label + i * cell + cell * 0.8} text-anchor="end">
            {name}
          </text>
          <text transform={`translate(${label + i * cell + cell * 0.8},${label - 4}) rotate(-90)`}>
            {name}
          </text>
        </>
      ))}
      {type.rows.flatMap((row, i) =>
        [...row].map((letter, j) => {
          const id = links.get(`${i},${j}`);
          const square = (
            <rect
              key={`${i},${j}`}
              class={`cell ${nameOf.get(letter) ?? "not-run"}`}
              x={label + j * cell}
              y={label + i * cell}
              width={cell - 1}
              height={cell - 1}
            >
              <title>
                {`${type.operations[i]} | ${type.operations[j]}: ${nameOf.get(letter)}`}
                {locks.has(`${i},${j}`) && ` by ${locks.get(`${i},${j}`)}`}
              </title>
            </rect>
          );
          return id ? <a href={linkTo({ name: "finding", id }, filter)}>{square}</a> : square;
        }),
      )}
    </svg>
  );
}

function TypeRow({ type, filter }: { type: PairType; filter: Filter }) {
  const [open, setOpen] = useState(false);
  const all = Object.values(type.pairs).reduce((sum, number) => sum + number, 0);
  const entries = new Set(type.findings.map(([, , id]) => id)).size;
  return (
    <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <code>{type.name}</code>: {plural(type.operations.length, "operation")}, {plural(all, "pair")}:{" "}
        {count(type.pairs.clean + type.pairs.apart)} clean
        {type.pairs.apart > 0 && ` (${count(type.pairs.apart)} apart)`}
        {bad(type) > 0 && (
          <strong>
            , {count(bad(type))} in {plural(entries, "finding")}
          </strong>
        )}
        {type.pairs.ordered > 0 && `, ${count(type.pairs.ordered)} ordered`}
        {type.pairs.not_exercised > 0 && `, ${count(type.pairs.not_exercised)} not exercised`}
        {type.pairs.not_run > 0 && `, ${count(type.pairs.not_run)} not run`}
        {type.not_called && `; ${plural(type.not_called.length, "method")} never called`}
      </summary>
      {open && type.not_called && (
        <p>
          Never called, since no arguments are known that they take: <code>{type.not_called.join(", ")}</code>
        </p>
      )}
      {open && (
        <div class="scroll">
          <Grid type={type} filter={filter} />
        </div>
      )}
    </details>
  );
}

export function Matrix({ types, filter }: { types: PairType[]; filter: Filter }) {
  const sorted = [...types].sort((a, b) => bad(b) - bad(a) || a.name.localeCompare(b.name));
  return (
    <section class="types" aria-labelledby="types-heading">
      <h2 id="types-heading">Which operations may two threads call at once?</h2>
      <p class="legend">
        {states.map(([, name, text]) => (
          <span key={name}>
            <i class={`cell ${name}`} /> {text}
          </span>
        ))}
      </p>
      {sorted.map((type) => (
        <TypeRow key={type.name} type={type} filter={filter} />
      ))}
    </section>
  );
}
