// Several findings, told as one: of a type, what its operations lack, and all its races.

import { Row } from "./FindingList";
import type { Entry, Field, Finding, Report } from "./report";
import { isRace, membersOf } from "./report";
import { type Filter, linkTo } from "./route";
import { capital, count, groupWords, plural, rankMeaning, statusMeaning } from "./words";

interface Props {
  entry: Entry;
  report: Report;
  filter: Filter;
}

function FieldRow({ field, shown, filter }: { field: Field; shown: Finding[]; filter: Filter }) {
  return (
    <tr>
      <th scope="row">
        <code>{field.text}</code>
      </th>
      <td>{field.name && field.type && `offset ${field.offset} of ${field.type}`}</td>
      <td>
        <details>
          <summary>{plural(field.findings.length, "race")}</summary>
          <ul class="plain">
            {shown
              .filter((finding) => field.findings.includes(finding.id))
              .map((finding) => (
                <li key={finding.id}>
                  <a href={linkTo({ name: "finding", id: finding.id }, filter)}>
                    {finding.title ?? finding.id}
                  </a>
                </li>
              ))}
          </ul>
        </details>
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

export function EntryView({ entry, report, filter }: Props) {
  const members = membersOf(entry, report);
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
      {entry.rank && (
        <p class="rank">
          {capital(entry.rank)}. {rankMeaning(entry.rank)}
        </p>
      )}
      {entry.evidence && <p class="evidence">Tried: {entry.evidence}.</p>}
      {members[0]?.script && (
        <p class="script">
          Shown without ftstress by <code>{members[0].script}</code>
        </p>
      )}
      {members[0]?.no_script && <p class="script">There is no script: {members[0].no_script}.</p>}
      <Names label="Operations that race" names={operations} open={operations.length <= 60} />
      <Names label="Functions that race" names={functions} open={functions.length <= 60} />
      <Names label="Pairs that race" names={pairs} open={pairs.length <= 20} />
      {fields.length > 0 && (
        <section aria-labelledby="fields-heading">
          <h2 id="fields-heading">Fields that they race on</h2>
          <table class="fields">
            <tbody>
              {fields.map((field) => (
                <FieldRow key={field.text} field={field} shown={members} filter={filter} />
              ))}
            </tbody>
          </table>
        </section>
      )}
      <section class="group" aria-labelledby="races-heading">
        <h2 id="races-heading">
          {members.every(isRace) ? "Races" : "Findings"}{" "}
          <span class="meaning">the one to look at first stands first</span>
        </h2>
        <ul class="rows">
          {members.map((finding) => (
            <Row key={finding.id} finding={finding} filter={filter} />
          ))}
        </ul>
      </section>
    </article>
  );
}
