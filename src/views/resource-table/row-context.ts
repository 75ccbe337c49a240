import type { RowContext } from "../../resources/kind.ts";
import type { ViewHost } from "../view.ts";

const USAGE_OF = { pod: "pods", container: "containers", node: "nodes" } as const;

/** What a table knows of its rows beside them. */
export interface RowJoins {
  isForwarded(pod: string): boolean;
  answer: NonNullable<RowContext["joined"]>;
}

/** One for the life of the table: sorting and filtering ask for it once for every row. */
export function createRowContext(host: ViewHost, joins: RowJoins, now: () => number): RowContext {
  const { metrics } = host.cluster;
  return {
    get now() {
      return now();
    },
    usage: (kind, path) => metrics.get()[USAGE_OF[kind]].get(path),
    isForwarded: (pod) => joins.isForwarded(pod),
    favourite: (namespace) => {
      const index = host.settings.namespaces.favourites.indexOf(namespace);
      return index === -1 ? undefined : index + 1;
    },
    joined: (name, path) => joins.answer(name, path),
  };
}
