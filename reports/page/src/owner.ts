// Whose bug is it? By the frames that decide: those that the title is of.

import type { Finding, Frame } from "./report";

/** Whose code a frame is: "CPython", "numpy", "the test"; undefined where that can't be told. */
export function ownerOf(frame: Frame, tests: string[]): string | undefined {
  const file = frame.file ?? "";
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (frame.language === "python" && tests.some((test) => test.split("::")[0]?.endsWith(name)))
    return name ? "the test" : undefined;
  const installed = /\/(?:site|dist)-packages\/([^/]+?)(?:\.py)?(?:\/|$)/.exec(file);
  if (installed?.[1]) return installed[1];
  if (/^libpython3/.test(frame.module ?? "") || /\/lib\/python3\.[^/]*\//.test(file)) return "CPython";
  /* An unpacked source: numpy-2.4.6/numpy/random/_mt19937.pyx, or a built one: numpy-17d9c2aeb672/src/... */
  const source = /\/([A-Za-z][\w.]*)-\d[^/]*\//.exec(file) ?? /\/([A-Za-z][\w.]*)-[0-9a-f]{12}\//.exec(file);
  return source?.[1] === "cpython" ? "CPython" : source?.[1];
}

/** Of all sides, each once; empty where no frame decides. */
export function ownersOf(finding: Finding): string[] {
  const owners = new Set<string>();
  for (const { frames, site } of finding.threads) {
    const frame = site === undefined ? undefined : frames[site];
    const owner = frame && ownerOf(frame, finding.tests);
    if (owner) owners.add(owner);
  }
  return [...owners];
}
