/**
 * A cycle of locks: as a picture if it was drawn, else as Graphviz source to draw. As an image, so
 * that nothing in the SVG can run.
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
        <details>
          <summary>Graphviz source</summary>
          <pre class="text">{graph}</pre>
        </details>
      )}
    </section>
  );
}
