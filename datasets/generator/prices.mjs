// Monthly food prices of many markets, as people collect them: each market writes numbers, dates and names its own way.

import { fixed, seeded } from "./random.mjs";

const COLUMNS =
  "Country;ISO2;M49;Market;Commodity;Unit;Date;Price;Currency;Price (USD);Price type;Note";
const PREAMBLE = [
  "Food prices by market, monthly",
  "Synthetic sample: no statement about any country, market or price",
  "Exported 14/02/2025 09:30",
  "",
];
const FOOTER = "Marks: (a) provisional, * estimated, .. not available, < below the smallest price recorded";

/** Spellings of a country (the official one first), ISO2, M49, markets, currency, its mark in prices, units of it per US dollar, how numbers are written. */
const COUNTRIES = [
  [["Afghanistan"], "AF", "004", ["Kabul", "Herat"], "AFN", "Af", 70, "point"],
  [["Angola"], "AO", "024", ["Luanda", "Huambo"], "AOA", "Kz", 830, "comma"],
  [["Bangladesh"], "BD", "050", ["Dhaka", "Khulna"], "BDT", "Tk", 110, "point"],
  [["Bolivia (Plurinational State of)", "Bolivia"], "BO", "068", ["La Paz", "Potosí"], "BOB", "Bs", 6.9, "comma"],
  [["Burkina Faso"], "BF", "854", ["Ouagadougou", "Bobo-Dioulasso"], "XOF", "FCFA", 600, "space"],
  [["Côte d'Ivoire", "Cote d'Ivoire", "Ivory Coast"], "CI", "384", ["Abidjan", "Bouaké"], "XOF", "FCFA", 600, "space"],
  [["Ethiopia"], "ET", "231", ["Addis Ababa", "Mekele"], "ETB", "Br", 57, "point"],
  [["Guatemala"], "GT", "320", ["Ciudad de Guatemala", "Cobán"], "GTQ", "Q", 7.8, "point"],
  [["Haiti"], "HT", "332", ["Port-au-Prince", "Jérémie"], "HTG", "G", 132, "space"],
  [["India"], "IN", "356", ["Delhi", "Patna"], "INR", "Rs", 83, "point"],
  [["Indonesia"], "ID", "360", ["Jakarta", "Kupang"], "IDR", "Rp", 15700, "comma"],
  [["Kenya"], "KE", "404", ["Nairobi", "Turkana"], "KES", "KSh", 130, "point"],
  [["Lao People's Democratic Republic", "Laos", "Lao PDR"], "LA", "418", ["Vientiane", "Pakse"], "LAK", "LAK", 20500, "comma"],
  [["Mali"], "ML", "466", ["Bamako", "Gao"], "XOF", "FCFA", 600, "space"],
  [["Namibia"], "NA", "516", ["Windhoek", "Rundu"], "NAD", "N$", 18.5, "point"],
  [["Niger"], "NE", "562", ["Niamey", "Zinder"], "XOF", "FCFA", 600, "space"],
  [["Nigeria"], "NG", "566", ["Lagos", "Maiduguri"], "NGN", "NGN", 900, "point"],
  [["Peru"], "PE", "604", ["Lima", "Ayacucho"], "PEN", "S/", 3.75, "point"],
  [["Senegal", "Sénégal"], "SN", "686", ["Dakar", "Kédougou"], "XOF", "FCFA", 600, "space"],
  [["Türkiye", "Turkey"], "TR", "792", ["Ankara", "Van"], "TRY", "TL", 29, "comma"],
  [["United Republic of Tanzania", "Tanzania", "Tanzania, United Republic of"], "TZ", "834", ["Dodoma", "Mwanza"], "TZS", "TSh", 2500, "point"],
  [["Viet Nam", "Vietnam"], "VN", "704", ["Hanoi", "Can Tho"], "VND", "VND", 24400, "comma"],
];
/** commodity, usual price in US dollars for a unit, unit */
const COMMODITIES = [
  ["Maize (white)", 0.42, "kg"],
  ["Rice (imported)", 0.95, "kg"],
  ["Wheat flour", 0.7, "kg"],
  ["Beans (dry)", 1.25, "kg"],
  ["Oil (vegetable)", 1.9, "litre"],
];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MISSING = ["..", "n/a", "-", ""];
const NOTES = ["provisional", "Market closed on the 1st", "Enumerator: \"phone interview\"", "prix relevé par téléphone", "n/a"];
const NBSP = "\u00a0";

/** The whole file as text; every character fits in latin-1. */
export function foodPrices() {
  const random = seeded(837);
  const records = [];
  for (const country of COUNTRIES) {
    for (const market of country[3]) {
      for (const commodity of COMMODITIES) series(records, random, country, market, commodity);
    }
  }
  for (let at = 53; at < records.length; at += 97) records.splice(at, 0, records[at - 1]);
  raggedRecords(records);
  return `${[...PREAMBLE, COLUMNS, ...records, FOOTER].join("\r\n")}\r\n`;
}

/** Appends 36 months of one commodity on one market. */
function series(records, random, country, market, [commodity, usual, unit]) {
  const [names, iso2, m49, , currency, mark, rate, style] = country;
  const type = random.chance(0.8) ? "Retail" : "Wholesale";
  const form = random.pick(["iso", "iso", "slashes", "words"]);
  let dollars = usual * random.between(0.6, 1.5);
  for (let month = 0; month < 36; month += 1) {
    dollars = Math.min(usual * 3, Math.max(usual * 0.4, dollars * random.between(0.95, 1.06)));
    const missing = random.chance(0.025);
    const fields = [
      spelled(random, random.chance(0.25) ? random.pick(names) : names[0]),
      random.chance(0.03) ? iso2.toLowerCase() : iso2,
      m49,
      spelled(random, market),
      random.chance(0.06) ? random.pick([commodity.toUpperCase(), commodity.toLowerCase()]) : spelled(random, commodity),
      random.chance(0.08) ? random.pick([unit.toUpperCase(), ` ${unit}`, `${unit} `]) : unit,
      date(random.chance(0.1) ? random.pick(["iso", "slashes", "words"]) : form, 2022 + Math.floor(month / 12), month % 12),
      missing ? random.pick(MISSING) : price(random, dollars * rate, mark, style),
      currency,
      missing ? random.pick(MISSING) : fixed(dollars, 2),
      random.chance(0.1) ? random.pick([type.toUpperCase(), type.toLowerCase()]) : type,
      random.chance(0.03) ? random.pick(NOTES) : "",
    ];
    records.push(fields.map(quoted).join(";"));
  }
}

/** A name with the whitespace and case people leave in it. */
function spelled(random, name) {
  if (random.chance(0.02)) return name.toUpperCase();
  if (random.chance(0.02)) return name.replace(" ", NBSP);
  if (random.chance(0.015)) return name.replace(" ", "  ");
  return random.chance(0.03) ? random.pick([` ${name}`, `${name} `, `${name}${NBSP}`]) : name;
}

/** The fifteenth of a month in one of the forms in use. */
function date(form, year, month) {
  const two = String(month + 1).padStart(2, "0");
  return { iso: `${year}-${two}-15`, slashes: `15/${two}/${year}`, words: `${MONTHS[month]} 15 ${year}` }[form];
}

/** An amount as the market writes it, sometimes with its currency or a footnote mark. */
function price(random, amount, mark, style) {
  if (random.chance(0.006)) return "<2.5";
  const [thousands, decimal] = { point: [",", "."], comma: [".", ","], space: [NBSP, ","] }[style];
  const [whole, cents] = fixed(amount, 2).split(".");
  const text = `${whole.replace(/\B(?=(\d{3})+$)/, thousands)}${decimal}${cents}`;
  if (random.chance(0.12)) return style === "space" ? `${text} ${mark}` : `${mark} ${text}`;
  if (random.chance(0.02)) return `${text} (a)`;
  return random.chance(0.02) ? `${text}*` : text;
}

/** Breaks a few records the way an unquoted delimiter or a lost end does. */
function raggedRecords(records) {
  for (const at of [1200, 3456, 7000]) records[at] = `${records[at]};see sheet 2`;
  for (const at of [2500, 5005]) records[at] = records[at].split(";").slice(0, 7).join(";");
}

/** A field with quotes where CSV asks for them. */
function quoted(field) {
  return /[";\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
