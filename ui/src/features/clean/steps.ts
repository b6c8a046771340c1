import type { RecipeStep, StepInfo } from "../../generated/rpc";

/** A new step of a kind; where a column was chosen it goes into the setting that takes one. */
export function newStep(info: StepInfo, id: string, column?: string): RecipeStep {
  const config = { ...(info.default_config as Record<string, unknown>) };
  if (column !== undefined && info.column_field !== null) {
    config[info.column_field] = withColumn(info, info.column_field, column);
  }
  return { id, kind: info.kind, config, enabled: true, comment: "" };
}

/** The column as the setting takes it: a name, a list of names, or a list of entries that each name a column. */
function withColumn({ schema }: StepInfo, field: string, column: string): unknown {
  const { properties } = schema as {
    properties?: Record<string, { type?: unknown; items?: { properties?: unknown } }>;
  };
  const setting = properties?.[field];
  const takesList = setting?.type === "array" || (Array.isArray(setting?.type) && setting.type.includes("array"));
  if (!takesList) return column;
  return setting?.items?.properties ? [{ column }] : [column];
}

/** A new id for a step: unlike `crypto.randomUUID` it can be made on any page, however it is served. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The kinds that a column's menu offers for its type. */
export function kindsForColumn(catalogue: readonly StepInfo[], type: string): StepInfo[] {
  const word = type.replace(/\(.*$/, "");
  return catalogue.filter(
    (info) => info.column_field !== null && (info.applies_to.length === 0 || info.applies_to.includes(word)),
  );
}

/** The kinds whose name, description, group or word in recipe files has all the words searched for. */
export function findKinds(catalogue: readonly StepInfo[], wanted: string): StepInfo[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (info: StepInfo) => (words.every((word) => info.title.toLowerCase().includes(word)) ? 0 : 1);
  return catalogue
    .filter((info) => {
      const text = `${info.title} ${info.description} ${info.group} ${info.kind}`.toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .sort((one, other) => rank(one) - rank(other));
}

/** The kinds under their headings, both in the order of the catalogue. */
export function grouped(catalogue: readonly StepInfo[]): [group: string, kinds: StepInfo[]][] {
  const groups = new Map<string, StepInfo[]>();
  for (const info of catalogue) groups.set(info.group, [...(groups.get(info.group) ?? []), info]);
  return [...groups];
}

/** The steps with one of them at another place. */
export function moved(steps: readonly RecipeStep[], id: string, to: number): RecipeStep[] {
  const step = steps.find((each) => each.id === id);
  if (!step) return [...steps];
  const rest = steps.filter((each) => each.id !== id);
  const at = Math.max(0, Math.min(to, rest.length));
  return [...rest.slice(0, at), step, ...rest.slice(at)];
}

/** The steps with one more after the step `after`, or at the end. */
export function inserted(steps: readonly RecipeStep[], step: RecipeStep, after?: string): RecipeStep[] {
  const at = steps.findIndex((each) => each.id === after);
  return at < 0 ? [...steps, step] : [...steps.slice(0, at + 1), step, ...steps.slice(at + 1)];
}

/** The steps with some members of one of them replaced. */
export function edited(steps: readonly RecipeStep[], id: string, part: Partial<RecipeStep>): RecipeStep[] {
  return steps.map((each) => (each.id === id ? { ...each, ...part } : each));
}

/** What the result depends on: comments change nothing, so they start no new preview. */
export function effectKey(steps: readonly RecipeStep[]): string {
  return JSON.stringify(steps.map(({ id, kind, config, enabled }) => [id, kind, config, enabled]));
}
