// A finding as Markdown, for pasting into a bug tracker.

import type { Finding, Frame, Run, Thread } from "./report";
import {
  calledName,
  capital,
  kindMeaning,
  kindName,
  languageName,
  lineText,
  shortPath,
  times,
} from "./words";

function place(frame: Frame): string {
  if (!frame.file) return frame.module ? `in ${frame.module}` : "";
  return `${shortPath(frame.file)}${frame.line ? `:${lineText(frame)}` : ""}`;
}

function stack(frames: Frame[]): string {
  return frames
    .map((frame) => `${languageName[frame.language].padEnd(6)} ${calledName(frame)}  ${place(frame)}`)
    .join("\n");
}

/** A fence that the text can't end: longer than any run of backticks in it. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}

function side(thread: Thread): string {
  const held = thread.locks.length
    ? `\n\nHolds ${thread.locks.map((lock) => lock.name).join(", ")}.`
    : "";
  const title = [thread.role ?? "thread", thread.thread].filter(Boolean).join(", ");
  return `### ${capital(title)}${held}\n\n${fenced(stack(thread.frames))}`;
}

export function toMarkdown(finding: Finding, run: Run): string {
  const parts = [
    `## ${capital(kindName(finding.kind))}: ${finding.title ?? ""}`,
    finding.explanation ?? kindMeaning(finding.kind) ?? "",
    finding.because ? `${capital(finding.because)}.` : "",
    finding.said && !finding.title?.includes(finding.said) ? finding.said : "",
    finding.subject?.description ? `About: ${finding.subject.description}` : "",
    finding.interleaving ? fenced(finding.interleaving.trimEnd()) : "",
    ...finding.threads.map(side),
    finding.detail ? fenced(finding.detail.trimEnd()) : "",
    finding.tests.length ? `Seen ${times(finding.run_count)}, in \`${finding.tests[0]}\`.` : "",
    finding.command ? `Shown again by:\n\n${fenced(finding.command)}` : "",
    `Found by ftstress ${run.version ?? ""} on Python ${run.python_version ?? ""} as ${finding.id}.`,
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}
