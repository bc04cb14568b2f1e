import { useEffect, useState } from "preact/hooks";

/** Copies without the clipboard interface too: a report opened from a mail or a share has none. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** `text` is made when it is asked for. The label says for a moment how it went. */
export function CopyButton({ text, label = "Copy" }: { text: () => string; label?: string }) {
  const [said, say] = useState("");
  useEffect(() => {
    if (!said) return;
    const timer = setTimeout(() => say(""), 1600);
    return () => clearTimeout(timer);
  }, [said]);
  return (
    <button
      type="button"
      class="copy"
      onClick={async (event) => {
        const button = event.currentTarget;
        say((await copy(text())) ? "Copied" : "Can’t copy");
        button.focus();
      }}
    >
      <span aria-live="polite">{said || label}</span>
    </button>
  );
}

export function Command({ command }: { command: string }) {
  return (
    <div class="command">
      <code>{command}</code>
      <CopyButton text={() => command} />
    </div>
  );
}
