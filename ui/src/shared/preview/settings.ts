import type { ReadOptions } from "../../generated/rpc";

/** A choice of a setting with its name for people. */
export interface Choice {
  value: string;
  label: string;
}

/** How a setting is shown and changed. */
export interface SettingForm {
  label: string;
  control: "choice" | "character" | "switch" | "count" | "text";
  choices?: readonly Choice[];
  placeholder?: string;
}

/** The members of the options that have a control of their own; types are chosen in the table. */
export type SettingKey = Exclude<keyof ReadOptions, "types">;

const ENCODINGS =
  "utf-8 windows-1252 iso-8859-2 iso-8859-15 windows-1250 windows-1251 windows-1253 windows-1254 windows-1255 " +
  "windows-1256 windows-1257 koi8-r macintosh ibm866 utf-16le utf-16be shift_jis euc-jp euc-kr gb18030 big5";

/** The settings' forms; the engine says which of them a format has. */
export const SETTINGS: Record<SettingKey, SettingForm> = {
  format: {
    label: "Format",
    control: "choice",
    choices: [
      { value: "csv", label: "CSV (text with delimiters)" },
      { value: "json", label: "JSON" },
      { value: "ndjson", label: "NDJSON (one JSON value a line)" },
      { value: "parquet", label: "Parquet" },
    ],
  },
  encoding: {
    label: "Encoding",
    control: "choice",
    choices: ENCODINGS.split(" ").map((value) => ({ value, label: value })),
  },
  delimiter: {
    label: "Delimiter",
    control: "character",
    choices: [
      { value: ",", label: "Comma ," },
      { value: ";", label: "Semicolon ;" },
      { value: "\\t", label: "Tabulator" },
      { value: "|", label: "Bar |" },
      { value: " ", label: "Space" },
    ],
  },
  quote: {
    label: "Quote",
    control: "character",
    choices: [
      { value: '"', label: 'Double quote "' },
      { value: "'", label: "Single quote '" },
      { value: "", label: "Nothing is quoted" },
    ],
  },
  header: { label: "The first record names the columns", control: "switch" },
  skip_lines: { label: "Lines to skip at the beginning", control: "count" },
  records_path: { label: "Where the records are", control: "text", placeholder: "such as data.items" },
  source_column: { label: "Add the file's name as a column", control: "switch" },
};

/** Whether a key of the engine's settings has a form here. */
export function isSettingKey(key: string): key is SettingKey {
  return key in SETTINGS;
}

/** A confidence from 0 to 1 as a word. */
export function confidenceWord(confidence: number): string {
  if (confidence >= 0.9) return "Sure";
  return confidence >= 0.6 ? "Likely" : "A guess";
}

/** The options with one setting changed; `undefined` lets it be detected again. */
export function withOption<K extends keyof ReadOptions>(
  options: ReadOptions,
  key: K,
  value: ReadOptions[K] | undefined,
): ReadOptions {
  const { [key]: _, ...others } = options;
  return value === undefined ? others : { ...others, [key]: value };
}

/** The options with one column's type chosen; `undefined` lets it be detected again. */
export function withType(options: ReadOptions, column: string, type: string | undefined): ReadOptions {
  const { [column]: _, ...others } = options.types ?? {};
  const types = type === undefined ? others : { ...others, [column]: type };
  return withOption(options, "types", Object.keys(types).length > 0 ? types : undefined);
}
