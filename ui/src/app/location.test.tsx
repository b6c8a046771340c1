import { act, renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useHashAddress } from "./location";

it("keeps path and search apart and forgets the search with its page", () => {
  window.location.hash = "#/tables/silver.prices?version=3";
  const { result } = renderHook(() => ({ path: useHashAddress(), search: useHashAddress.searchHook() }));
  expect(result.current.path[0]).toBe("/tables/silver.prices");
  expect(result.current.search).toBe("version=3");
  act(() => result.current.path[1]("/sql"));
  expect(result.current.path[0]).toBe("/sql");
  expect(result.current.search, "the search belongs to the page that was left").toBe("");
  expect(window.location.hash).toBe("#/sql");
});
