import type { Action } from "../action.ts";

interface Parts {
  readonly id: string;
  readonly title: string;
  readonly key: string;
  readonly group: Action["group"];
  readonly mutates?: boolean;
}

/** An action on the file or folder under the cursor. */
const onFile = ({ key, ...parts }: Parts): Action => ({
  ...parts,
  keys: [key],
  scope: "dir",
  inHintBar: true,
  disabledReason: ({ view }) => view.disabledReason?.(parts.id),
  run: ({ view }) => view.command(parts.id),
});

/** Folders of manifests: `:dir path`. */
export const dirActions: readonly Action[] = [
  onFile({ id: "dir.open", title: "Open", key: "enter", group: "navigate" }),
  onFile({ id: "dir.difference", title: "Difference", key: "d", group: "view" }),
  onFile({ id: "dir.apply", title: "Apply", key: "a", group: "act", mutates: true }),
  onFile({ id: "dir.delete", title: "Delete its objects", key: "ctrl-d", group: "act", mutates: true }),
];
