import type { ListSnapshot } from "../../cluster/cluster.ts";
import type { Cancel, Clock } from "../../lib/clock.ts";
import type { TableColumn, TableRow } from "../../state/table/table-column.ts";
import type { TableEntry } from "../../state/table/table-entry.ts";
import type { TableChanges } from "../../state/table/table-state.ts";

/** How fresh a mark is: it fades in two steps. */
type MarkPhase = "changed" | "changed-before";

const STEP_MILLISECONDS = 1500;
/** More changes than this at once are no news but weather: none is marked. */
const MOST_CHANGES = 500;
/** A fade need not be exact: one repaint takes many of them. */
const LEAST_WAIT_MILLISECONDS = 250;

/** In place of a column: the whole row is new. */
const WHOLE_ROW = "";

/** Rows as they were painted last, and as the store has them now. */
interface RowVersions {
  readonly before: ReadonlyMap<string, TableEntry>;
  readonly after: ListSnapshot["rows"];
  readonly onScreen: ReadonlySet<string>;
  readonly columns: readonly TableColumn[];
}

/** Which cells on screen have changed lately: what the eye should find without reading everything again. */
export class ChangeMarks {
  readonly #clock: Clock;
  readonly #repaint: () => void;
  /** When cells changed, by row and column. */
  readonly #rows = new Map<string, ReadonlyMap<string, number>>();
  #cancel: Cancel | undefined;
  #paintedAt = Number.NEGATIVE_INFINITY;

  /** @param repaint called whenever marks have faded a step */
  constructor(clock: Clock, repaint: () => void) {
    this.#clock = clock;
    this.#repaint = repaint;
  }

  /**
   * Marks rows that came, and cells on screen that read otherwise. Those that the clock or metrics change are left out.
   * The work is that of the changes.
   */
  take(changes: Pick<TableChanges, "changed" | "removed">, { before, after, onScreen, columns }: RowVersions): void {
    for (const key of changes.removed) this.#rows.delete(key);
    if (changes.changed.size > MOST_CHANGES) return;
    const now = this.#clock.now();
    for (const key of changes.changed) {
      const [old, row] = [before.get(key)?.row, after.get(key)];
      if (old === undefined) this.#rows.set(key, new Map([[WHOLE_ROW, now]]));
      else if (row !== undefined && onScreen.has(key)) this.#compare(old, row, columns, now);
    }
    this.#fadeLater();
  }

  clear(): void {
    this.#rows.clear();
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** The rows are painted now, each mark as fresh as it is: while that happens anyway, fading asks for nothing. */
  painted(): void {
    this.#paintedAt = this.#clock.now();
  }

  /** The mark of a cell. */
  phaseOf(key: string, column: string): MarkPhase | undefined {
    const since = this.#rows.get(key);
    if (since === undefined) return undefined;
    return phase(Math.max(since.get(column) ?? 0, since.get(WHOLE_ROW) ?? 0), this.#clock.now());
  }

  /** Another text means that the row must be painted again; `""` where nothing in it is marked. */
  lookOf(key: string): string {
    const since = this.#rows.get(key);
    if (since === undefined) return "";
    let look = "";
    for (const [column, time] of since) {
      const at = phase(time, this.#clock.now());
      if (at !== undefined) look += ` ${column}:${at}`;
    }
    return look;
  }

  #compare(old: TableRow, row: TableRow, columns: readonly TableColumn[], now: number): void {
    const found = columns.filter((column) => column.needs !== "metrics" && readOf(column, old) !== readOf(column, row));
    if (found.length === 0) return;
    const since = new Map(this.#rows.get(row.key));
    for (const column of found) since.set(column.id, now);
    this.#rows.set(row.key, since);
  }

  #fadeLater(): void {
    if (this.#cancel !== undefined) return;
    const wait = this.#fade();
    if (wait === undefined) return;
    const later = (milliseconds: number): void => {
      const after = Math.max(LEAST_WAIT_MILLISECONDS, milliseconds);
      this.#cancel = this.#clock.after(after, faded, { background: true });
    };
    const faded = (): void => {
      this.#cancel = undefined;
      if (this.#clock.now() - this.#paintedAt < LEAST_WAIT_MILLISECONDS) {
        later(LEAST_WAIT_MILLISECONDS);
        return;
      }
      this.#fadeLater();
      this.#repaint();
    };
    later(wait);
  }

  /** Drops what has faded. @returns milliseconds until something fades further, `undefined` where nothing is marked */
  #fade(): number | undefined {
    const now = this.#clock.now();
    let next: number | undefined;
    for (const [key, since] of this.#rows) {
      let wait: number | undefined;
      for (const time of since.values()) {
        const at = phase(time, now);
        if (at === undefined) continue;
        const end = time + (at === "changed" ? STEP_MILLISECONDS : 2 * STEP_MILLISECONDS) - now;
        wait = Math.min(wait ?? end, end);
      }
      if (wait === undefined) this.#rows.delete(key);
      else next = Math.min(next ?? wait, wait);
    }
    return next;
  }
}

/** What a cell says apart from the time: a clock column sorts by what its object says. */
function readOf(column: TableColumn, row: TableRow): number | string {
  return column.clock === true && column.sortKey !== undefined ? column.sortKey(row) : column.text(row);
}

function phase(since: number, now: number): MarkPhase | undefined {
  const age = now - since;
  if (age >= 2 * STEP_MILLISECONDS) return undefined;
  return age < STEP_MILLISECONDS ? "changed" : "changed-before";
}
