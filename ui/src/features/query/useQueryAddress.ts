import { useEffect, useState } from "react";

const WAIT_MS = 400;

// What was last in the editor, for the rail's plain address `#/sql`.
let draft = "";

/** The query in the editor; the address keeps it (`#/sql?q=…`), so that a reload and a link show it. */
export function useQueryAddress(): [string, (text: string) => void] {
  const [text, setText] = useState(() => inAddress() ?? draft);

  useEffect(() => {
    const onAddress = () => {
      const given = inAddress();
      if (given !== null) setText(given);
    };
    window.addEventListener("hashchange", onAddress);
    return () => window.removeEventListener("hashchange", onAddress);
  }, []);

  useEffect(() => {
    draft = text;
    const timer = setTimeout(() => {
      if (!onPage() || inAddress() === text) return;
      const address = text === "" ? "#/sql" : `#/sql?q=${encodeURIComponent(text)}`;
      window.history.replaceState(window.history.state, "", address);
    }, WAIT_MS);
    return () => clearTimeout(timer);
  }, [text]);

  return [text, setText];
}

function onPage(): boolean {
  return window.location.hash.split("?")[0] === "#/sql";
}

function inAddress(): string | null {
  return onPage() ? new URLSearchParams(window.location.hash.split("?")[1] ?? "").get("q") : null;
}
