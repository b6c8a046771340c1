import { Bool, Table, tableToIPC, Utf8, vectorFromArray } from "apache-arrow";
import { describe, expect, it } from "vitest";
import type { RowSource } from "../generated/rpc";
import { RpcProblem } from "../platform";
import { changedRows } from "./changedRows";
import { PAGE_ROWS, RowPages } from "./rowPages";

const SOURCE: RowSource = { kind: "table", table: "bronze.prices", version: 1 };

/** A source of rows whose answers are given by hand, in any order. */
class Server {
  asked: number[] = [];
  #waiting = new Map<number, { resolve(bytes: Uint8Array): void; reject(error: unknown): void }>();

  fetch = (_source: RowSource, offset: number, _limit: number) => {
    this.asked.push(offset / PAGE_ROWS);
    return new Promise<Uint8Array>((resolve, reject) => this.#waiting.set(offset / PAGE_ROWS, { resolve, reject }));
  };

  async answer(...pages: number[]) {
    for (const page of pages) {
      const waiting = this.#waiting.get(page);
      this.#waiting.delete(page);
      waiting?.resolve(bytesOf(page));
      await settle();
    }
  }

  async fail(page: number) {
    this.#waiting.get(page)?.reject(new RpcProblem({ code: "damaged", message: "The file is torn." }));
    await settle();
  }

  async answerAll() {
    while (this.#waiting.size > 0) await this.answer(...this.#waiting.keys());
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve));

function bytesOf(page: number): Uint8Array {
  const first = page * PAGE_ROWS;
  const rows = Array.from({ length: PAGE_ROWS }, (_, row) => first + row);
  return tableToIPC(
    new Table({
      id: vectorFromArray(rows.map(String), new Utf8()),
      note: vectorFromArray(
        rows.map((row) => (row % 2 ? null : "")),
        new Utf8(),
      ),
      __mark: vectorFromArray(
        rows.map((row) => (row % 500 === 7 ? "removed" : "")),
        new Utf8(),
      ),
      "__changed:id": vectorFromArray(
        rows.map((row) => row % 1000 === 9),
        new Bool(),
      ),
    }),
    "stream",
  );
}

function pagesOf(rowCount = 1_000_000) {
  const server = new Server();
  return { server, pages: new RowPages(SOURCE, rowCount, server.fetch) };
}

describe("RowPages", () => {
  it("fetches what is on screen, then ahead in the scroll direction, two requests at once", async () => {
    const { server, pages } = pagesOf();
    pages.show(0, 40);
    expect(server.asked, "the page on screen and the next one").toEqual([0, 1]);
    await server.answer(0, 1);
    expect(server.asked, "one more ahead, then rest").toEqual([0, 1, 2]);
    await server.answer(2);
    pages.show(PAGE_ROWS * 10, PAGE_ROWS * 10 + 40);
    await server.answer(10, 11, 12);
    pages.show(PAGE_ROWS * 8, PAGE_ROWS * 8 + 40);
    expect(server.asked.slice(6), "upwards the pages before are next").toEqual([8, 7]);
  });

  it("never asks twice for a page under way, nor for pages that were scrolled past", async () => {
    const { server, pages } = pagesOf();
    pages.show(0, 40);
    pages.show(0, 41);
    for (const page of [20, 40, 60, 80]) pages.show(PAGE_ROWS * page, PAGE_ROWS * page + 40);
    expect(server.asked).toEqual([0, 1]);
    await server.answer(0, 1);
    expect(server.asked, "only the last place is fetched").toEqual([0, 1, 80, 81]);
  });

  it("shows the text of a row, and tells null from empty", async () => {
    const { server, pages } = pagesOf();
    expect(pages.peek(3)).toBeUndefined();
    pages.show(0, 40);
    await server.answer(0);
    const page = pages.peek(3);
    expect(page?.text("id", 3)).toBe("3");
    expect(page?.text("note", 3), "a missing value is null").toBeNull();
    expect(page?.text("note", 4), "an empty text is not missing").toBe("");
    expect(page?.text("other", 3), "there is no such column").toBeUndefined();
  });

  it("keeps recently used pages only", async () => {
    const { server, pages } = pagesOf();
    pages.show(0, 40);
    await server.answerAll();
    for (let page = 3; page < 90; page++) {
      pages.show(PAGE_ROWS * page, PAGE_ROWS * page + 1);
      await server.answer(page, page + 1, page + 2);
    }
    expect(pages.peek(0), "the first page was forgotten").toBeUndefined();
    expect(pages.peek(PAGE_ROWS * 88)).toBeDefined();
  });

  it("says why a page on screen cannot be read and reads it again when asked", async () => {
    const { server, pages } = pagesOf();
    pages.show(0, 40);
    await server.fail(0);
    expect(pages.problem?.message).toBe("The file is torn.");
    expect(
      server.asked.filter((page) => page === 0),
      "it does not ask on its own",
    ).toHaveLength(1);
    pages.retry();
    await server.answer(1, 0, 2);
    expect(pages.problem).toBeUndefined();
    expect(pages.peek(0)).toBeDefined();
  });

  it("does not ask beyond the last row", async () => {
    const { server, pages } = pagesOf(PAGE_ROWS + 5);
    pages.show(PAGE_ROWS, PAGE_ROWS + 40);
    await server.answerAll();
    expect(server.asked).toEqual([1]);
  });

  it("reads many pages in order for a copy", async () => {
    const { server, pages } = pagesOf();
    const read = pages.read(PAGE_ROWS - 1, PAGE_ROWS * 4);
    await server.answerAll();
    expect((await read).map((page) => page.text("id", 0))).toEqual(["0", "400", "800", "1200", "1600"]);
  });
});

describe("changedRows", () => {
  it("finds removed rows and changed cells over all pages", async () => {
    const { server, pages } = pagesOf(PAGE_ROWS * 3);
    const rows = changedRows(pages, ["id"]);
    await server.answerAll();
    expect(await rows).toEqual([7, 9, 507, 1007, 1009]);
  });
});
