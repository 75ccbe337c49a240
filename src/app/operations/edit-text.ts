import { cleanForEdit, parseEdited } from "../../cluster/edit.ts";
import type { KubeObject } from "../../lib/kube/object.ts";
import { maskSecret } from "../../lib/kube/secret-values.ts";
import { diffLines, type DiffLine } from "../../lib/line-diff.ts";
import { toYaml } from "../../lib/yaml.ts";

/** Begins every line that kelpie puts on top of the text; such lines are taken away again. */
const MARK = "#| ";

/** The text with lines for the reader on top. */
export function withNotes(text: string, notes: readonly string[]): string {
  const plain = notes.flatMap((note) => note.split("\n"));
  // The text was read without these lines; in the editor its lines stand lower.
  const shifted = plain.map((line) =>
    line.replace(/\bat line (\d+)/, (_, number: string) => `at line ${Number(number) + plain.length}`),
  );
  const lines = shifted.map((line) => `${MARK}${line}`.trimEnd());
  return `${[...lines, ""].join("\n")}${text}`;
}

/** The text without kelpie's own lines; the user's comments stay. */
export function withoutNotes(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith(MARK.trimEnd()))
    .join("\n");
}

/**
 * What an edit would change, for the user to look at. Values of a Secret are told by their size.
 * @throws YamlError, EditError as `parseEdited`
 */
export function editDiff(original: KubeObject, editedText: string): readonly DiffLine[] {
  const before = cleanForEdit(original);
  const after = parseEdited(editedText, original);
  if (original.kind !== "Secret") return diffLines(toYaml(before), toYaml(after));
  return diffLines(toYaml(maskSecret(before, before)), toYaml(maskSecret(after, before)));
}

/** A new object as it is shown before it is created: values of a Secret are told by their size. */
export function maskedManifest(manifest: KubeObject): Readonly<Record<string, unknown>> {
  const cleaned = cleanForEdit(manifest);
  return manifest.kind === "Secret" ? maskSecret(cleaned) : cleaned;
}
