import type { Action, Scope } from "../action.ts";

const helmCommand = (
  id: string,
  title: string,
  keys: readonly string[],
  options: Partial<Pick<Action, "group" | "mutates" | "inHintBar">> & { readonly scope?: Scope } = {},
): Action => ({
  id,
  title,
  keys,
  scope: options.scope ?? "helm",
  group: options.group ?? "view",
  inHintBar: options.inHintBar ?? true,
  ...(options.mutates === true ? { mutates: true } : {}),
  disabledReason: ({ view }) => view.disabledReason?.(id),
  run: ({ view }) => view.command(id),
});

/** Keys of the list of helm's releases, of the history of one, and of its values. */
export const helmActions: readonly Action[] = [
  {
    ...helmCommand("helm.history", "History", ["enter"], { scope: "helm-releases", group: "navigate" }),
    run: ({ view }) => view.command("open"),
  },
  helmCommand("helm.values", "Values", ["v"]),
  helmCommand("helm.manifest", "Manifest", ["m", "y"]),
  helmCommand("helm.notes", "Notes", ["n"]),
  helmCommand("helm.roll-back", "Roll back", ["r"], { group: "act", mutates: true }),
  helmCommand("helm.uninstall", "Uninstall", ["ctrl-d"], { group: "act", mutates: true }),
  helmCommand("helm.all-values", "Chart's values too", ["a"], { scope: "helm-values" }),
];
