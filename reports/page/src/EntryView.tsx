// Several findings, told as one: of a type, what its operations lack, and all its races.

import { useState } from "preact/hooks";
import { Command } from "./CopyButton";
import { Row } from "./FindingList";
import { LongList } from "./LongList";
import { StackPair } from "./StackPair";
import type { Entry, Field, Finding, Report } from "./report";
import { membersOf } from "./report";
import { type Filter, linkTo } from "./route";
import { capital, count, groupWords, plural, rankMeaning, statusMeaning } from "./words";

interface Props {
  entry: Entry;
  report: Report;
  filter: Filter;
}

/** What is inside is only made when it is unfolded. */
function Unfolding({ title, children }: { title: string; children: () => preact.ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && children()}
    </details>
  );
}

function FieldRow({ field, members, filter }: { field: Field; members: Finding[]; filter: Filter }) {
  const races = () => {
    const ids = new Set(field.findings);
    return (
      <ul class="plain">
        {members
          .filter((finding) => ids.has(finding.id))
          .map((finding) => (
            <li key={finding.id}>
              <a href={linkTo({ name: "finding", id: finding.id }, filter)}>
                {finding.title ?? finding.id}
              </a>
            </li>
          ))}
      </ul>
    );
  };
  return (
    <tr>
      <th scope="row">
        <code>{field.text}</code>
      </th>
      <td>{field.name && field.type && `offset ${field.offset} of ${field.type}`}</td>
      <td>
        <Unfolding title={plural(field.findings.length, "race")}>{races}</Unfolding>
      </td>
    </tr>
  );
}

function Names({ label, names, open }: { label: string; names: string[]; open: boolean }) {
  if (!names.length) return null;
  return (
    <details class="names" open={open}>
      <summary>
        {label} <span class="number">{count(names.length)}</span>
      </summary>
      <ul class="words">
        {names.map((name) => (
          <li key={name}>
            <code>{name}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The finding to look at first, as far as it shows what the bug is. */
function Witness({ finding, report, filter }: { finding: Finding; report: Report; filter: Filter }) {
  const knowsLocks = report.run.hooks.some((hook) => hook.live && hook.name === "locks");
  return (
    <section class="witness" aria-labelledby="witness-heading">
      <h2 id="witness-heading">
        The one to look at first:{" "}
        <a href={linkTo({ name: "finding", id: finding.id }, filter)}>
          {finding.title ?? finding.id}
        </a>
      </h2>
      <StackPair finding={finding} knowsLocks={knowsLocks} />
      {finding.command && <Command command={finding.command} />}
    </section>
  );
}

export function EntryView({ entry, report, filter }: Props) {
  const members = membersOf(entry, report);
  const [first, ...others] = members;
  const { operations = [], functions = [], pairs = [], fields = [] } = entry;
  return (
    <article class="entry" aria-labelledby="title">
      <nav class="pager" aria-label="Findings">
        <a href={linkTo({ name: "list" }, filter)}>All findings</a>
      </nav>
      <p class="labels">
        <span class={`status ${entry.status}`} title={statusMeaning[entry.status]}>
          {capital(entry.status)}
        </span>
        <span class="kind">{groupWords(entry)}</span>
      </p>
      <h1 id="title" tabIndex={-1}>
        {entry.title}
      </h1>
      {entry.evidence && <p class="evidence">Tried: {entry.evidence}.</p>}
      {entry.rank && (
        <p class="rank">
          {capital(entry.rank)}. {rankMeaning(entry.rank)}
        </p>
      )}
      {first && <Witness finding={first} report={report} filter={filter} />}
      {first?.script && (
        <p class="script">
          Shown without ftstress by <code>{first.script}</code>
        </p>
      )}
      {first?.no_script && <p class="script">There is no script: {first.no_script}.</p>}
      <Names label="Operations that race" names={operations} open={operations.length <= 60} />
      <Names label="Functions that race" names={functions} open={functions.length <= 60} />
      <Names label="Pairs that race" names={pairs} open={pairs.length <= 20} />
      {fields.length > 0 && (
        <section aria-labelledby="fields-heading">
          <h2 id="fields-heading">Fields that they race on</h2>
          <table class="fields">
            <tbody>
              {fields.map((field) => (
                <FieldRow key={field.text} field={field} members={members} filter={filter} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      {others.length > 0 && (
        <section class="group" aria-labelledby="races-heading">
          <h2 id="races-heading">
            Also seen as <span class="meaning">{plural(others.length, "other finding")}</span>
          </h2>
          <LongList
            items={others}
            row={(finding) => (
              <Row key={finding.id} finding={finding} filter={filter} within={entry.status} />
            )}
          />
        </section>
      )}
    </article>
  );
}
