import type { LogBatch } from "../../cluster/log-batch.ts";
import { nextTurn, type Cancel, type Clock } from "../../lib/clock.ts";
import type { PagerModel } from "../../ui/pager-model.ts";
import type { LineSource, StyledLine } from "../../ui/styled-line.ts";
import { FilteredLines } from "./filtered-lines.ts";
import { LogBuffer, type HeldLines, type LineMark, type LogEntry, type SourcedBatch } from "./log-buffer.ts";
import type { LineForm } from "./line-form.ts";
import type { LogFilter } from "./log-filter.ts";
import type { StreamLabel } from "./log-streams.ts";

/** Lines are shown this often at most: what arrives together is sorted together. */
const SHOW_MILLISECONDS = 40;
/** Where they come so fast that nobody reads them as they pass, so that keys find the screen free. */
const SHOW_BUSY_MILLISECONDS = 100;
const BUSY_LINES = 500;
/** How long looking through a filter holds up everything else at a go, and how often it shows what it has. */
const SLICE_MILLISECONDS = 5;
const TELL_MILLISECONDS = 100;
/** Styled lines kept for drawing again; a screen has fewer. */
const CACHED_LINES = 2000;

/** What a log view holds, and what a filter lets through of it, shown by a pager. */
export class LogLines {
  readonly buffer: LogBuffer;
  readonly #clock: Clock;
  readonly #pager: PagerModel;
  readonly #form: () => LineForm;
  readonly #label: (source: number) => StreamLabel | undefined;
  readonly #changed: () => void;
  #pending: SourcedBatch[] = [];
  #pendingLines = 0;
  #shownAt = 0;
  #busy = false;
  #cancelShow: Cancel | undefined;
  #filtered: FilteredLines | undefined;
  /** Lines that the filter has let through before those it let through first. */
  #before = 0;
  #beforeShown = 0;
  #cancelFilter: Cancel | undefined;
  #toldAt = 0;
  #cache = new Map<number, StyledLine>();

  constructor(options: {
    readonly clock: Clock;
    readonly pager: PagerModel;
    readonly limitBytes: number;
    readonly form: () => LineForm;
    readonly label: (source: number) => StreamLabel | undefined;
    /** After every change of what is shown. */
    readonly changed: () => void;
  }) {
    this.buffer = new LogBuffer(options.limitBytes);
    this.#clock = options.clock;
    this.#pager = options.pager;
    this.#form = options.form;
    this.#label = options.label;
    this.#changed = options.changed;
  }

  get filter(): LogFilter | undefined {
    return this.#filtered?.filter;
  }

  /** Share of what is held that the filter has looked at, 0 to 1. */
  get filterProgress(): number {
    return this.#filtered?.progress ?? 1;
  }

  /** Lines that are shown: those held, or those that pass the filter. */
  get length(): number {
    return this.#filtered?.length ?? this.buffer.length;
  }

  /** @param index among the lines that are shown */
  at(index: number): LogEntry | undefined {
    return index >= 0 && index < this.length ? this.buffer.at(this.#indexOf(index)) : undefined;
  }

  /** Takes in lines of a stream; they are shown soon. */
  take(source: number, batch: LogBatch): void {
    this.#pending.push({ source, batch });
    this.#pendingLines += batch.length;
    if (this.#cancelShow !== undefined) return;
    const least = this.#busy ? SHOW_BUSY_MILLISECONDS : SHOW_MILLISECONDS;
    this.#cancelShow = this.#clock.after(least, () => this.show(), { background: true });
  }

  /** A key is about to change the screen: what is due to be shown is shown with it, not in a frame just before or after. */
  showWithKey(): void {
    if (this.#clock.now() - this.#shownAt >= SHOW_MILLISECONDS) this.show(true);
  }

  /** Shows all that was taken in. @param filterLater what a filter lets through of it is shown in a frame after */
  show(filterLater = false): void {
    this.#cancelShow?.();
    this.#cancelShow = undefined;
    if (this.#pending.length === 0) return;
    this.#shownAt = this.#clock.now();
    this.#busy = this.#pendingLines >= BUSY_LINES;
    const batches = this.#pending;
    this.#pending = [];
    this.#pendingLines = 0;
    const marks = this.#marks();
    const change = this.buffer.add(batches);
    let shown = change;
    if (this.#filtered !== undefined) {
      const { dropped, stable } = this.#filtered.change(change);
      shown = { dropped, stable: stable - this.#before + this.#beforeShown };
      this.#workFilter(performance.now() + (filterLater ? 0 : SLICE_MILLISECONDS));
    }
    this.#tell(marks, shown);
  }

  /** Takes in lines from before those that are held; those on the screen stay where they are. */
  takeOlder(batches: readonly SourcedBatch[]): void {
    this.show();
    const marks = this.#marks();
    this.buffer.add(batches, true);
    if (this.#filtered !== undefined) this.#startFilter(this.#filtered.filter, marks);
    this.#tell(marks);
  }

  clear(): void {
    this.#pending = [];
    this.#pendingLines = 0;
    this.buffer.clear();
    this.#cache = new Map();
    if (this.#filtered !== undefined) this.#startFilter(this.#filtered.filter, []);
    this.#tell([]);
  }

  setFilter(filter: LogFilter | undefined): void {
    this.show();
    const marks = this.#marks();
    this.#endFilter();
    if (filter !== undefined) this.#startFilter(filter, marks);
    this.#tell(marks);
  }

  /** Every line may look different. */
  redraw(): void {
    this.#cache = new Map();
    this.#tell(this.#marks());
  }

  /** The lines that are shown as they are now, for reading at leisure. */
  snapshot(): HeldLines & { readonly release: () => void } {
    const held = this.buffer.snapshot();
    const filtered = this.#filtered;
    if (filtered === undefined) return held;
    const indexes = Float64Array.from({ length: filtered.length }, (_, place) => filtered.indexAt(place));
    return {
      length: indexes.length,
      at: (place) => held.at(indexes[place] ?? 0),
      keyAt: (place) => held.keyAt(indexes[place] ?? 0),
      sourceAt: (place) => held.sourceAt(indexes[place] ?? 0),
      bytesAt: (place) => held.bytesAt(indexes[place] ?? 0),
      release: () => held.release(),
    };
  }

  /** Resolves when the filter has looked at everything that is held. */
  async filtered(): Promise<void> {
    while (this.#filtered?.complete === false) {
      await new Promise<void>((resolve) => {
        nextTurn(resolve);
      });
    }
  }

  dispose(): void {
    this.#cancelShow?.();
    this.#endFilter();
  }

  #indexOf(shown: number): number {
    return this.#filtered?.indexAt(shown) ?? shown;
  }

  /** The lines that the pager must keep in their place. */
  #marks(): readonly LineMark[] {
    const { length } = this;
    if (length === 0) return [];
    const moved = this.#before - this.#beforeShown;
    return this.#pager.places.map((place) =>
      this.buffer.markAt(this.#indexOf(Math.max(0, Math.min(length - 1, place + moved)))),
    );
  }

  /** @param change to what is shown, where most of it stayed the same */
  #tell(marks: readonly LineMark[], change?: { readonly dropped: number; readonly stable: number }): void {
    const came = this.#before - this.#beforeShown;
    this.#beforeShown = this.#before;
    this.#toldAt = performance.now();
    const places = marks.map((mark) => {
      const index = this.buffer.indexOf(mark);
      return this.#filtered?.placeOf(index) ?? index;
    });
    this.#pager.setSource(this.#source(), {
      ...(places.length === 0 ? {} : { places }),
      ...(change === undefined ? {} : { dropped: change.dropped - came, stable: change.stable + came }),
    });
    this.#changed();
  }

  #source(): LineSource {
    const shown = this.#before;
    const { length } = this;
    const at = (index: number): number => this.#indexOf(index + this.#before - shown);
    return {
      length,
      at: (index) => (index < length ? this.#styled(at(index)) : { text: "" }),
      finder: (search, pattern) => {
        const form = this.#form();
        const mayHave = form.mayHave(search);
        return (index) => {
          const place = at(index);
          if (this.buffer.sourceAt(place) >= 0 && !mayHave(this.buffer.textAt(place))) return false;
          pattern.lastIndex = 0;
          return pattern.test(form.draw(this.buffer.at(place)).text);
        };
      },
    };
  }

  #styled(index: number): StyledLine {
    const id = this.buffer.idAt(index);
    const known = this.#cache.get(id);
    if (known !== undefined) return known;
    const line = this.#form().draw(this.buffer.at(index));
    if (this.#cache.size >= CACHED_LINES) this.#cache = new Map();
    this.#cache.set(id, line);
    return line;
  }

  /** Looks first at what will be on screen: the end, or what is below the line at the top. */
  #startFilter(filter: LogFilter, [top]: readonly LineMark[]): void {
    this.#endFilter();
    const { follow } = this.#pager.state.get();
    const start = follow || top === undefined ? this.buffer.length : this.buffer.indexOf(top);
    this.#filtered = new FilteredLines(this.buffer, filter, start, this.#label);
    this.#workFilter(performance.now() + SLICE_MILLISECONDS);
  }

  #endFilter(): void {
    this.#cancelFilter?.();
    this.#cancelFilter = undefined;
    this.#filtered = undefined;
    this.#before = 0;
    this.#beforeShown = 0;
  }

  /** Looks at lines for a while; what is left is looked at in later turns. */
  #workFilter(until: number): void {
    const filtered = this.#filtered;
    if (filtered === undefined) return;
    this.#before += filtered.work(until);
    if (!filtered.complete) this.#cancelFilter ??= nextTurn(() => this.#goOn(filtered));
  }

  #goOn(filtered: FilteredLines): void {
    this.#cancelFilter = undefined;
    const marks = this.#marks();
    const { rows } = this.#pager;
    const wanting = filtered.length < rows;
    this.#workFilter(performance.now() + SLICE_MILLISECONDS);
    const screenful = wanting && filtered.length >= rows;
    if (!filtered.complete && !screenful && performance.now() - this.#toldAt < TELL_MILLISECONDS) return;
    this.#tell(marks, { dropped: 0, stable: filtered.length });
  }
}
