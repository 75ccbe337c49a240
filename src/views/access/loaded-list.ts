import { isApiError } from "../../cluster/api-error.ts";
import { errorMessage } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import { ListView, type ListColumn, type ListRow } from "../list-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewHost } from "../view.ts";

/** What a list shows once it is read. */
export interface LoadedRows {
  readonly columns: readonly ListColumn[];
  readonly rows: readonly ListRow[];
  /** What must be known of it: how it came about, what it lacks. */
  readonly notes: readonly string[];
  /** Where Enter leads from a row. */
  open?(key: string): void;
}

/** A list that is read when it opens, and again on demand: it says the time it was read. */
export function loadedList(
  host: ViewHost,
  parts: { readonly id: string; readonly what: string; readonly where: string; readonly empty: string },
  load: () => Promise<LoadedRows>,
): View {
  const freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  let loaded: LoadedRows | undefined;
  let failure = "";
  const read = async (): Promise<void> => {
    freshness.set({ state: "loading", loaded: loaded?.rows.length ?? 0 });
    try {
      loaded = await load();
      failure = "";
      freshness.set({ state: "static" });
      view.setRows(loaded.columns, loaded.rows);
    } catch (error) {
      failure = errorMessage(error);
      // What was read before must not look like an answer of now; where nothing was, nothing is stale.
      if (loaded !== undefined) freshness.set({ state: "stale", since: host.clock.now(), reason: failure });
      else freshness.set(isApiError(error, 403) ? { state: "denied", reason: failure } : { state: "static" });
      view.setRows(loaded?.columns ?? [], loaded?.rows ?? []);
    }
    view.refreshTitle();
  };
  const view = new ListView({
    ...parts,
    scopes: ["access"],
    freshness,
    empty: () => (failure === "" ? (loaded === undefined ? "reading the rules" : parts.empty) : failure),
    notes: () => loaded?.notes ?? [],
    selection: () => NOTHING_SELECTED,
    disabledReason: (name, key) => {
      if (name !== "open") return undefined;
      return loaded?.open === undefined || key === undefined ? "there is nothing to open" : undefined;
    },
    command: (name, key) => {
      if (name === "view.reload") void read();
      else if (name === "open" && key !== undefined) loaded?.open?.(key);
      else return false;
      return true;
    },
    show: () => {
      if (loaded === undefined) void read();
    },
  });
  return view;
}
