/** Which two of a list of revisions, newest first, are compared: those marked, else the one under the cursor. */
export class RevisionMarks {
  #marked: readonly string[] = [];

  has(key: string): boolean {
    return this.#marked.includes(key);
  }

  /** Marks a revision or takes its mark away. Of three, the one marked first loses its mark. */
  toggle(key: string): void {
    this.#marked = this.has(key) ? this.#marked.filter((each) => each !== key) : [...this.#marked, key].slice(-2);
  }

  /** Revisions that are gone lose their marks. */
  keep(keys: readonly string[]): void {
    this.#marked = this.#marked.filter((each) => keys.includes(each));
  }

  notes(): readonly string[] {
    return this.#marked.length === 0 ? [] : [`marked: ${this.#marked.join(", ")}`];
  }

  /**
   * What to compare, as `[before, after]`: two marked revisions, the older first; one marked with the one under the
   * cursor; else the newest with the one under the cursor, and the newest itself with the one before it.
   */
  pair(cursor: string, keys: readonly string[]): readonly [before: string, after: string] | undefined {
    const [newest = "", second = ""] = keys;
    const older = (left: string, right: string): readonly [string, string] =>
      keys.indexOf(left) > keys.indexOf(right) ? [left, right] : [right, left];
    const [first, other = cursor] = this.#marked;
    if (first !== undefined && first !== other) return older(first, other);
    if (cursor !== newest) return [newest, cursor];
    return second === "" ? undefined : [second, newest];
  }
}
