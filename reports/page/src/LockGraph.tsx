/** "A: threading.Lock a" and "T1: ... wants B at x.py:3" of Graphviz source as ftstress writes it. */
function labels(source: string): { locks: string[]; arcs: string[] } {
  const found = [...source.matchAll(/^\t\w+( -> \w+)? \[label="((?:[^"\\]|\\.)*)"\];$/gm)];
  const text = (label: string | undefined) => (label ?? "").replace(/\\n/g, ", ").replace(/\\(.)/g, "$1");
  return {
    locks: found.filter((match) => !match[1]).map((match) => text(match[2])),
    arcs: found.filter((match) => match[1]).map((match) => text(match[2])),
  };
}

function Plain({ graph }: { graph: string }) {
  const { locks, arcs } = labels(graph);
  return (
    <>
      <ul class="notes arcs">
        {[...locks, ...arcs].map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      <details>
        <summary>Graphviz source</summary>
        <pre class="text">{graph}</pre>
      </details>
    </>
  );
}

/**
 * A cycle of locks: as a picture if it was drawn, else as a list and Graphviz source to draw. As an
 * image, so that nothing in the SVG can run.
 */
export function LockGraph({ graph }: { graph: string }) {
  const start = graph.indexOf("<svg");
  return (
    <section aria-labelledby="graph-heading">
      <h2 id="graph-heading">Order of the locks</h2>
      {start >= 0 ? (
        <img
          class="graph"
          alt="Graph of the locks: an arrow leads from a lock to one that is taken while it is held"
          src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(graph.slice(start))}`}
        />
      ) : (
        <Plain graph={graph} />
      )}
    </section>
  );
}
