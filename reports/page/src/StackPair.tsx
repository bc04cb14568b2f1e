// The heart of the page: what each thread did, side by side, innermost call first.

import { Fragment } from "preact";
import { type Finding, type Frame, type Lock, type Thread, keyFrame } from "./report";
import { calledName, capital, kindWaits, languageName, lineText, plural, shortPath } from "./words";

function Place({ frame }: { frame: Frame }) {
  if (!frame.file) {
    /* Without a symbol the function's name is "module+0x12ab" already. */
    const says = frame.module && !frame.function.startsWith(frame.module);
    return says ? <span class="place">{frame.module}</span> : null;
  }
  const path = shortPath(frame.file);
  const name = path.slice(path.lastIndexOf("/") + 1);
  return (
    <span class="place" title={frame.file}>
      <span class="folder">{path.slice(0, path.length - name.length)}</span>
      <span class="name">
        {name}
        {frame.line > 0 && (
          <b title={frame.near ? "the compiler merged the code of several lines near this" : undefined}>
            :{lineText(frame)}
          </b>
        )}
      </span>
    </span>
  );
}

/** Without the indentation that all lines share: columns are narrow. */
function dedent(source: [number, string][]): [number, string][] {
  const lines = source.map(([number, text]): [number, string] => [
    number,
    text.replaceAll("\t", "    "),
  ]);
  const indents = lines.filter(([, text]) => text.trim()).map(([, text]) => text.search(/\S/));
  const least = indents.length ? Math.min(...indents) : 0;
  return lines.map(([number, text]) => [number, text.slice(least)]);
}

function Source({ frame, mark }: { frame: Frame; mark: string }) {
  return (
    <pre class="source" tabIndex={0}>
      {dedent(frame.source ?? []).map(([number, text]) => {
        const here = number === frame.line;
        return (
          <span key={number} class={here ? "line here" : "line"}>
            <span class="number">{number}</span>
            <span class="arrow" aria-hidden={!here}>
              {here ? <span aria-label={mark}>▸</span> : " "}
            </span>
            {text || " "}
            {"\n"}
          </span>
        );
      })}
    </pre>
  );
}

interface RowProps {
  frame: Frame;
  isKey: boolean;
  open: boolean;
  mark: string;
}

function Call({ frame }: { frame: Frame }) {
  return (
    <>
      <span class="language">{languageName[frame.language]}</span>
      <span class="call">
        <span class="function" title={frame.short && frame.function}>
          {frame.short ?? frame.function}
        </span>
        {frame.inline && (
          <span class="inlined" title="the compiler put this call into the next one">
            inlined
          </span>
        )}
        <Place frame={frame} />
      </span>
    </>
  );
}

function FrameRow({ frame, isKey, open, mark }: RowProps) {
  const language = frame.language === "c++" ? "cxx" : frame.language;
  const classes = ["frame", `in-${language}`];
  if (isKey) classes.push("key");
  if (frame.plumbing) classes.push("plumbing");
  return (
    <li class={classes.join(" ")}>
      {frame.source?.length ? (
        <details open={open}>
          <summary>
            <Call frame={frame} />
          </summary>
          <Source frame={frame} mark={mark} />
        </details>
      ) : (
        <div class="row">
          <Call frame={frame} />
        </div>
      )}
    </li>
  );
}

interface Group {
  frames: Frame[];
  folded: boolean;
}

/**
 * Runs of interpreter internals become one line. A single frame takes no more room than that line,
 * and where it happened is never hidden.
 */
function groupFrames(frames: Frame[], showFirst: boolean, site?: number): Group[] {
  const groups: Group[] = [];
  frames.forEach((frame, index) => {
    const folded = frame.plumbing && !(showFirst && index === 0) && index !== site;
    const last = groups.at(-1);
    if (last && last.folded === folded) last.frames.push(frame);
    else groups.push({ frames: [frame], folded });
  });
  return groups.map((group) => ({ ...group, folded: group.folded && group.frames.length > 1 }));
}

function foldName(frames: Frame[]): string {
  const what = frames.every((frame) => frame.language === "python") ? "runner" : "interpreter";
  return plural(frames.length, `${what} frame`);
}

interface StackProps {
  frames: Frame[];
  /** Whether the innermost frame is where it happened, rather than where a thread waits. */
  showFirst?: boolean;
  /** Whether to point at the frame that matters and open its source. */
  point?: boolean;
  /** Index of the frame that the title is of. */
  site?: number;
  mark?: string;
}

export function Stack({ frames, showFirst = false, point = false, site, mark = "here" }: StackProps) {
  const key = point ? keyFrame(frames, site) : undefined;
  /* Source under what matters: where it happened, and the first own line of each language. */
  const shown = new Set<Frame | undefined>();
  if (point) {
    shown.add(key);
    for (const language of ["python", "cython", "c", "c++", "rust"])
      shown.add(frames.find((frame) => frame.language === language && !frame.plumbing));
    if (showFirst) shown.add(frames[0]);
    if (site !== undefined) shown.add(frames[site]);
  }
  const row = (frame: Frame, index: number) => (
    <FrameRow
      key={index}
      frame={frame}
      isKey={frame === key}
      open={shown.has(frame)}
      mark={mark}
    />
  );
  return (
    <ol class="stack">
      {groupFrames(frames, showFirst, site).map((group, index) =>
        group.folded ? (
          <li class="fold" key={index}>
            <details>
              <summary>
                <span class="fold-name">{foldName(group.frames)}</span>
                <span class="fold-hint" aria-hidden="true">
                  {calledName(group.frames[0])} … {calledName(group.frames.at(-1))}
                </span>
              </summary>
              <ol class="stack">{group.frames.map(row)}</ol>
            </details>
          </li>
        ) : (
          <Fragment key={index}>{group.frames.map(row)}</Fragment>
        ),
      )}
    </ol>
  );
}

function LockList({ locks, known }: { locks: Lock[]; known: boolean }) {
  if (!locks.length) return known ? <p class="locks">Holds no lock.</p> : null;
  return (
    <div class="locks">
      {locks.map((lock, index) =>
        lock.frames.length ? (
          <details key={index}>
            <summary>
              Holds <code>{lock.name}</code>, taken here
            </summary>
            <Stack frames={lock.frames} />
          </details>
        ) : (
          <p key={index}>
            Holds <code>{lock.name}</code>
          </p>
        ),
      )}
    </div>
  );
}

/** Was no C function called for it? Then there is no line of C to show. */
function inLoop({ access, frames }: Thread): boolean {
  return !!access && frames[0]?.language === "python";
}

function Side({ thread, index, knowsLocks, showFirst }: SideProps) {
  const heading = `side-${index}`;
  const mark = thread.access ? `the ${thread.access}` : "here";
  return (
    <section class="side" aria-labelledby={`${heading} ${heading}-thread`}>
      <header>
        <h3 id={heading}>
          {thread.access && (
            <span class={`access ${thread.access}`} aria-hidden="true">
              {thread.access === "write" ? "W" : "R"}
            </span>
          )}
          {capital(thread.role ?? "stood here")}
        </h3>
        <p class="thread" id={`${heading}-thread`}>
          {thread.thread}
          {thread.address && <span class="address"> at {thread.address}</span>}
        </p>
        <LockList locks={thread.locks} known={knowsLocks} />
        {thread.mixed && (
          <p class="caution">
            A stack of several greenlets, one over the other: only the innermost calls are right.
          </p>
        )}
        {inLoop(thread) && (
          <p class="caution">The interpreter’s loop itself did it, for that line of Python.</p>
        )}
      </header>
      {thread.frames.length ? (
        <Stack
          frames={thread.frames}
          showFirst={showFirst}
          point
          site={thread.site}
          mark={mark}
        />
      ) : (
        <p class="empty">The stack is no longer known: it fell out of the history.</p>
      )}
      {thread.created.length > 0 && (
        <details class="created">
          <summary>Where this thread was started</summary>
          <Stack frames={thread.created} />
        </details>
      )}
    </section>
  );
}

interface SideProps {
  thread: Thread;
  index: number;
  knowsLocks: boolean;
  showFirst: boolean;
}

/** What the locks say about a race, where it can be said: in one sentence. */
function lockVerdict(threads: Thread[], knowsLocks: boolean): string | null {
  const [one, other] = threads;
  if (threads.length !== 2 || !one?.access || !other?.access) return null;
  const holders = threads.filter((thread) => thread.locks.length);
  if (!holders.length) return knowsLocks ? "Neither side holds a lock." : null;
  if (holders.length === 1) {
    const bare = holders[0] === one ? other : one;
    const access = one.access === other.access ? "access" : bare.access;
    return knowsLocks ? `Only one side holds a lock; the other’s ${access} happens without it.` : null;
  }
  const names = new Set(one.locks.map((lock) => lock.name));
  return other.locks.some((lock) => names.has(lock.name))
    ? null
    : "Each side holds a lock, but not the same one.";
}

export function StackPair({ finding, knowsLocks }: { finding: Finding; knowsLocks: boolean }) {
  const { threads } = finding;
  const waits = kindWaits(finding.kind);
  const sentence = lockVerdict(threads, knowsLocks);
  const languages = new Set(threads.flatMap((thread) => thread.frames).map((f) => f.language));
  const races = threads.some((thread) => thread.access);
  return (
    <section class="stacks" aria-labelledby="stacks-heading">
      <div class="stacks-head">
        <h2 id="stacks-heading">
          {threads.length === 1 ? "Where it happened" : races ? "Both sides" : "Each thread"}
        </h2>
        <p class="legend">
          {(["python", "cython", "c", "c++", "rust"] as const)
            .filter((language) => languages.has(language))
            .map((language) => (
              <span key={language} class={`in-${language === "c++" ? "cxx" : language}`}>
                {languageName[language]}
              </span>
            ))}
          <span class="order">innermost call first</span>
        </p>
      </div>
      {sentence && <p class="lock-verdict">{sentence}</p>}
      <div class="pair" data-count={Math.min(threads.length, 4)}>
        {threads.map((thread, index) => (
          <Side
            key={index}
            thread={thread}
            index={index}
            knowsLocks={knowsLocks && races}
            showFirst={!waits}
          />
        ))}
      </div>
    </section>
  );
}
