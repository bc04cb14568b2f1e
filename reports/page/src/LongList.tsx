// A list of any length: what is near the window is drawn, the rest when one gets there.

import { useEffect, useRef, useState } from "preact/hooks";

const STEP = 100;

interface Props<T> {
  items: T[];
  row: (item: T) => preact.ComponentChildren;
}

export function LongList<T>({ items, row }: Props<T>) {
  const [shown, setShown] = useState(STEP);
  const end = useRef<HTMLLIElement>(null);
  const rest = items.length - shown;
  useEffect(() => {
    if (rest <= 0 || !end.current) return;
    const observer = new IntersectionObserver(
      (seen) => seen.some((one) => one.isIntersecting) && setShown((now) => now + STEP),
      { rootMargin: "1200px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [rest]);
  return (
    <ul class="rows">
      {items.slice(0, shown).map(row)}
      {rest > 0 && (
        <li ref={end} class="rest">
          <button type="button" class="copy" onClick={() => setShown(items.length)}>
            Show all {items.length.toLocaleString("en")}
          </button>
        </li>
      )}
    </ul>
  );
}
