// Country-year food-security indicators laid out like a FAOSTAT bulk download: real area names and codes, invented values.

import { AGGREGATES, AREAS } from "./areas.mjs";
import { fixed, seeded } from "./random.mjs";

const HEADER =
  "Area Code,Area Code (M49),Area,Item Code,Item,Element Code,Element,Year Code,Year,Unit,Value,Flag,Note";

/** item code, item, unit, span of years a value stands for, range of levels, drift per year, smallest reported value */
const ITEMS = [
  [210041, "Prevalence of undernourishment (percent) (3-year average)", "%", 3, [1, 38], -0.35, 2.5],
  [210011, "Number of people undernourished (million) (3-year average)", "million No", 3, [0.05, 30], -0.2, 0.1],
  [210401, "Prevalence of severe food insecurity in the total population (percent) (3-year average)", "%", 3, [0.3, 30], 0.2, 0.5],
  [21010, "Average dietary energy supply adequacy (percent) (3-year average)", "%", 3, [85, 140], 0.5, 0],
  [22013, "Gross domestic product per capita, PPP, (constant 2017 international $)", "Int$/cap", 1, [800, 24000], 140, 0],
  [21025, "Percentage of children under 5 years of age who are stunted (modelled estimates) (percent)", "%", 1, [6, 52], -0.5, 0],
];
const FIRST_YEAR = 2001;
const LAST_YEAR = 2023;
const NOTES = [
  "Estimate based on a household survey, adjusted for seasonality",
  'Revised; see "Methodology", section 2',
  "Break in series:\nnew population census",
  "FAO estimate, not an official figure",
];

/** The whole file as text, with CRLF line ends as in the download it imitates. */
export function foodSecurityIndicators() {
  const random = seeded(20240115);
  const records = [];
  for (const area of [...AREAS, ...AGGREGATES]) {
    for (const item of ITEMS) series(records, random, area, item);
  }
  for (let at = 97; at < records.length; at += 211) records.splice(at, 0, records[at - 1]);
  return `${[HEADER, ...records].join("\r\n")}\r\n`;
}

/** Appends the years of one item of one area. */
function series(records, random, [code, m49, name], [item, label, unit, span, [low, high], drift, limit]) {
  if (random.chance(0.04)) return;
  let level = random.between(low, high);
  for (let year = FIRST_YEAR; year <= LAST_YEAR - span + 1; year += 1) {
    level = Math.min(high * 1.2, Math.max(low * 0.4, level + drift * random.between(-0.5, 2)));
    if (random.chance(0.02)) continue;
    const [value, flag] = reported(random, level, limit, unit);
    const note = random.chance(0.015) ? random.pick(NOTES) : "";
    const years = span === 1 ? [year, year] : [`${year}${year + span - 1}`, `${year}-${year + span - 1}`];
    const spelled = random.chance(0.01) ? `${name} ` : name;
    const fields = [code, `'${m49}`, spelled, item, label, 6121, "Value", ...years, unit, value, flag, note];
    records.push(fields.map(quoted).join(","));
  }
}

/** A level as the file reports it, with its flag: A official, E estimated, O missing. */
function reported(random, level, limit, unit) {
  if (random.chance(0.03)) return ["", "O"];
  if (level < limit) return [`<${limit}`, "E"];
  const text = fixed(level, unit === "Int$/cap" || unit === "%" ? 1 : 2);
  return [random.chance(0.004) ? `${text}*` : text, random.chance(0.3) ? "A" : "E"];
}

/** A field with quotes where CSV asks for them. */
function quoted(field) {
  const text = String(field);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
