import type { ListState } from "../cluster/cluster.ts";
import type { KelpieError } from "../lib/errors.ts";
import type { Freshness } from "./view.ts";

function hintOf({ hint }: KelpieError): { readonly hint?: string } {
  return hint === undefined ? {} : { hint };
}

/** A list's state in the words of the screen. */
export function freshnessOf(state: ListState): Freshness {
  switch (state.state) {
    case "loading":
      return { state: "loading", loaded: state.loaded };
    case "live":
      return state;
    case "stale":
      return { state: "stale", since: state.since, reason: state.error.message, ...hintOf(state.error) };
    case "denied":
      return { state: "denied", reason: state.error.message };
  }
}
