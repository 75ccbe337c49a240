import type { ListState } from "../cluster/cluster.ts";
import type { Freshness } from "./view.ts";

/** A list's state in the words of the screen. */
export function freshnessOf(state: ListState): Freshness {
  switch (state.state) {
    case "loading":
      return { state: "loading", loaded: state.loaded };
    case "live":
      return state;
    case "stale":
      return { state: "stale", since: state.since, reason: state.error.message };
    case "denied":
      return { state: "denied", reason: state.error.message };
  }
}
