// A small seeded generator (mulberry32, a public-domain mixing function by Tommy Ettinger). It uses 32-bit integer
// arithmetic and one division only, so every machine draws the same numbers.

/** A source of draws that depends on `seed` alone. */
export function seeded(seed) {
  let state = seed >>> 0;
  /** A number in [0, 1). */
  const draw = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  return {
    /** A number in [low, high). */
    between: (low, high) => low + draw() * (high - low),
    /** True with the given probability. */
    chance: (probability) => draw() < probability,
    /** One member of a list. */
    pick: (list) => list[Math.floor(draw() * list.length)],
  };
}

/** `number` with `digits` decimals, computed on integers so that rounding is the same everywhere. */
export function fixed(number, digits) {
  const scale = 10 ** digits;
  const scaled = Math.round(Math.abs(number) * scale);
  const sign = number < 0 && scaled > 0 ? "-" : "";
  const whole = Math.floor(scaled / scale);
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${String(scaled % scale).padStart(digits, "0")}`;
}
