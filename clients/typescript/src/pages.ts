/** Lists of any length. */

/** One page of a list. */
export interface Page<Item> {
  data: Item[];
  /** Where the next page begins; null on the last one. */
  next_cursor?: string | null;
}

/**
 * A list, newest first. Iterating over it yields every entry and requests a page only once it is needed; a
 * `break` ends the requests. Each iteration begins anew.
 */
export class List<Item> implements AsyncIterable<Item> {
  readonly #page: (cursor: string | undefined) => Promise<Page<Item>>;
  readonly #cursor: string | undefined;

  constructor(page: (cursor: string | undefined) => Promise<Page<Item>>, cursor?: string | null) {
    this.#page = page;
    this.#cursor = cursor ?? undefined;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void, undefined> {
    for await (const page of this.pages()) yield* page.data;
  }

  /** The pages, each with the `next_cursor` that `list({ cursor })` continues from. */
  async *pages(): AsyncGenerator<Page<Item>, void, undefined> {
    let cursor = this.#cursor;
    do {
      const page = await this.#page(cursor);
      yield page;
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }
}
