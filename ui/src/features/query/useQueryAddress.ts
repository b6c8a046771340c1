import { useEffect, useRef, useState } from "react";
import { useLocation, useSearch } from "wouter";

/** How long the query rests before the address takes it over, in ms. */
const REST_MS = 400;

// What was last in the editor, for the rail's plain address `#/sql`.
let draft = "";

/** The query in the editor; the address keeps it (`#/sql?q=…`), so that a reload and a link show it. */
export function useQueryAddress(): [string, (text: string) => void] {
  const given = new URLSearchParams(useSearch()).get("q");
  const [, navigate] = useLocation();
  const [text, setText] = useState(given ?? draft);
  const written = useRef(given);

  useEffect(() => {
    if (given === null || given === written.current) return;
    written.current = given;
    setText(given);
  }, [given]);

  useEffect(() => {
    draft = text;
    const timer = setTimeout(() => {
      if (text === (written.current ?? "")) return;
      written.current = text;
      navigate(text === "" ? "/sql" : `/sql?q=${encodeURIComponent(text)}`, { replace: true });
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text, navigate]);

  return [text, setText];
}
