import type { Problem, RowSource } from "../generated/rpc";
import { rpc, toProblem } from "../platform";
import { RowPage } from "./rowPage";

export const PAGE_ROWS = 400;
const KEPT_PAGES = 64;
const REQUESTS_AT_ONCE = 2;
const PAGES_AHEAD = 2;

export type FetchRows = (source: RowSource, offset: number, limit: number) => Promise<Uint8Array>;

/**
 * The rows of one source, fetched page by page and kept while they are recently used.
 *
 * What is on screen is fetched first, then what the scroll direction will need, then what a copy or a filter asked
 * for. Pages that were scrolled past before their request began are never requested.
 */
export class RowPages {
  readonly #pages = new Map<number, RowPage>();
  readonly #failed = new Map<number, Problem>();
  readonly #flying = new Set<number>();
  readonly #asked = new Map<number, Waiter[]>();
  readonly #listeners = new Set<() => void>();
  #wanted: number[] = [];
  #lastTop = 0;

  constructor(
    readonly source: RowSource,
    readonly rowCount: number,
    private readonly fetch: FetchRows = fetchRows,
  ) {}

  /** The page that holds the row, where it is here already. */
  peek(row: number): RowPage | undefined {
    return this.#pages.get(Math.floor(row / PAGE_ROWS));
  }

  /** Says which rows are on screen: their pages and the next ones in the scroll direction are fetched. */
  show(first: number, last: number): void {
    const down = first >= this.#lastTop;
    this.#lastTop = first;
    const wanted = this.#span(first, last);
    for (const index of wanted) {
      this.#touch(index);
    }
    const edge = down ? wanted[wanted.length - 1] : wanted[0];
    for (let ahead = 1; edge !== undefined && ahead <= PAGES_AHEAD; ahead++) {
      wanted.push(down ? edge + ahead : edge - ahead);
    }
    this.#wanted = wanted.filter((index) => index >= 0 && index * PAGE_ROWS < this.rowCount);
    this.#pump();
  }

  /** The pages of the rows in order, each fetched if need be; rejects where one cannot be read. */
  read(first: number, last: number): Promise<RowPage[]> {
    return Promise.all(this.#span(first, last).map((index) => this.#ask(index)));
  }

  /** Calls back whenever a page arrived or failed; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why a page on screen could not be read. */
  get problem(): Problem | undefined {
    return this.#wanted.map((index) => this.#failed.get(index)).find((problem) => problem !== undefined);
  }

  /** Asks again for what failed. */
  retry(): void {
    this.#failed.clear();
    this.#pump();
  }

  #ask(index: number): Promise<RowPage> {
    const page = this.#pages.get(index);
    if (page) {
      this.#touch(index);
      return Promise.resolve(page);
    }
    this.#failed.delete(index);
    return new Promise((resolve, reject) => {
      const waiters = this.#asked.get(index) ?? [];
      waiters.push({ resolve, reject });
      this.#asked.set(index, waiters);
      this.#pump();
    });
  }

  #pump(): void {
    while (this.#flying.size < REQUESTS_AT_ONCE) {
      const next = [...this.#wanted, ...this.#asked.keys()].find((index) => this.#missing(index));
      if (next === undefined) {
        return;
      }
      void this.#load(next);
    }
  }

  async #load(index: number): Promise<void> {
    this.#flying.add(index);
    try {
      const page = new RowPage(await this.fetch(this.source, index * PAGE_ROWS, PAGE_ROWS));
      this.#keep(index, page);
      this.#settle(index, (waiter) => waiter.resolve(page));
    } catch (error) {
      this.#failed.set(index, toProblem(error));
      this.#settle(index, (waiter) => waiter.reject(error));
    }
    this.#flying.delete(index);
    for (const listener of this.#listeners) {
      listener();
    }
    this.#pump();
  }

  #settle(index: number, answer: (waiter: Waiter) => void): void {
    const waiters = this.#asked.get(index) ?? [];
    this.#asked.delete(index);
    waiters.forEach(answer);
  }

  #keep(index: number, page: RowPage): void {
    this.#pages.set(index, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= KEPT_PAGES) {
        return;
      }
      this.#pages.delete(oldest);
    }
  }

  /** A Map iterates in insertion order, so inserting again makes a page the last one to go. */
  #touch(index: number): void {
    const page = this.#pages.get(index);
    if (page) {
      this.#pages.delete(index);
      this.#pages.set(index, page);
    }
  }

  #missing(index: number): boolean {
    return !this.#pages.has(index) && !this.#flying.has(index) && !this.#failed.has(index);
  }

  #span(first: number, last: number): number[] {
    const end = Math.min(last, this.rowCount - 1);
    const indexes = [];
    for (let index = Math.floor(Math.max(first, 0) / PAGE_ROWS); index * PAGE_ROWS <= end; index++) {
      indexes.push(index);
    }
    return indexes;
  }
}

interface Waiter {
  resolve: (page: RowPage) => void;
  reject: (error: unknown) => void;
}

const KEPT_SOURCES = 8;
const sources = new Map<string, RowPages>();

/** The pages of a source. Sources that never change are kept, so that coming back to one shows its rows at once. */
export function rowPages(source: RowSource, rowCount: number): RowPages {
  const key = JSON.stringify([source, rowCount]);
  const known = sources.get(key);
  const pages = known ?? new RowPages(source, rowCount);
  if ("id" in source || source.version !== undefined) {
    sources.delete(key);
    sources.set(key, pages);
    for (const oldest of sources.keys()) {
      if (sources.size <= KEPT_SOURCES) {
        break;
      }
      sources.delete(oldest);
    }
  }
  return pages;
}

/** Fetches the rows around `row` of a source that is about to be shown, so that it appears complete. */
export async function preloadRows(source: RowSource, rowCount: number, row = 0): Promise<void> {
  const first = Math.max(0, Math.min(row, rowCount - 1));
  await rowPages(source, rowCount).read(first, first);
}

function fetchRows(source: RowSource, offset: number, limit: number): Promise<Uint8Array> {
  return rpc("rows", { source, offset, limit });
}
