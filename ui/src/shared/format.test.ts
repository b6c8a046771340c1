import { describe, expect, it } from "vitest";
import { ago, bytes, count, counted, duration, estimate, fileName, moment, number, percent } from "./format";

describe("formatting", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [12431, "12,431"],
    [1_000_000, "1,000,000"],
  ])("separates thousands of %d", (value, text) => expect(count(value)).toBe(text));

  it.each([
    [0, "0 rows"],
    [1, "1 row"],
    [2, "2 rows"],
  ])("says %d with its noun", (value, text) => expect(counted(value, "row")).toBe(text));

  it("keeps irregular plurals", () => expect(counted(2, "entry", "entries")).toBe("2 entries"));

  it.each([
    [0, "0"],
    [42, "42"],
    [3_138_802, "3,100,000"],
  ])("estimates %d", (value, text) => expect(estimate(value)).toBe(text));

  it.each([
    [3, "3"],
    [12.3456, "12.35"],
    [0.000123456, "0.0001235"],
  ])("shortens %d", (value, text) => expect(number(value)).toBe(text));

  it.each([
    [0, "0%"],
    [0.0001, "<1%"],
    [0.5, "50%"],
    [0.9999, ">99%"],
    [1, "100%"],
  ])("never rounds the share %d to nothing or everything", (share, text) => expect(percent(share)).toBe(text));

  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1.0 kB"],
    [12_400_000, "12.4 MB"],
    [766_000_000, "766 MB"],
    [999_960, "1.0 MB"],
    [99_960_000, "100 MB"],
    [2e15, "2.0 PB"],
    [5e18, "5000 PB"],
  ])("shows %d bytes", (value, text) => expect(bytes(value)).toBe(text));

  it.each([
    [0, "under 0.01 s"],
    [0.42, "0.42 s"],
    [3.0, "3 s"],
    [3.14, "3.1 s"],
    [59.7, "1 min"],
    [185, "3 min 5 s"],
    [3600, "1 h"],
    [7440, "2 h 4 min"],
  ])("shows %d seconds", (value, text) => expect(duration(value)).toBe(text));

  it("writes dates in ISO order", () => expect(moment(new Date(2026, 10, 2, 4, 5).getTime())).toBe("2026-11-02 04:05"));

  it.each([
    [5_000, "just now"],
    [5 * 60_000, "5 min ago"],
    [3 * 3_600_000, "3 h ago"],
    [30 * 3_600_000, "yesterday"],
    [3 * 86_400_000, "3 days ago"],
    [-5_000, "just now"],
  ])("tells what was %d ms ago", (past, text) => expect(ago(1e12 - past, 1e12)).toBe(text));

  it.each([
    ["/data/prices.csv", "prices.csv"],
    ["C:\\data\\prices.csv", "prices.csv"],
    ["prices.csv", "prices.csv"],
  ])("finds the name in %s", (path, name) => expect(fileName(path)).toBe(name));
});
