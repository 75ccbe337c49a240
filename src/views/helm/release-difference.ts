import { TimeSlice } from "../../cluster/time-slice.ts";
import { diffLines, type DiffLine } from "../../lib/line-diff.ts";
import { toYaml } from "../../lib/yaml.ts";
import { maskedText, maskSecrets, manifestObjects, type ManifestObject } from "../../resources/helm/manifest.ts";
import type { ReleaseBody } from "../../resources/helm/release-body.ts";

/** What two revisions of a release differ in: the user's values first, then object by object. */
export async function releaseDifference(before: ReleaseBody, after: ReleaseBody): Promise<readonly DiffLine[]> {
  const slice = new TimeSlice();
  const breathe = (): Promise<void> => slice.breathe();
  const lines = section("values", textOf(before.values), textOf(after.values));
  const old = byPath(await manifestObjects(before.manifest, breathe));
  const target = byPath(await manifestObjects(after.manifest, breathe));
  for (const path of new Set([...old.keys(), ...target.keys()])) {
    await breathe();
    const [left, right] = maskedPair(old.get(path)?.object, target.get(path)?.object);
    lines.push(...section(path, left, right));
  }
  return lines;
}

function byPath(objects: readonly ManifestObject[]): Map<string, ManifestObject> {
  return new Map(objects.map((each) => [`${each.kind} ${each.namespace ?? ""}/${each.name}`.replace(" /", " "), each]));
}

function textOf(value: unknown): string {
  return value === undefined ? "" : toYaml(value);
}

function section(title: string, before: string, after: string): DiffLine[] {
  const lines = before === after ? [] : diffLines(before, after);
  return lines.length === 0 ? [] : [{ kind: "heading", text: title }, ...lines];
}

/** The YAML of an object before and after, values of Secrets masked so that a change of one can be seen. */
export function maskedPair(before: unknown, after: unknown): readonly [before: string, after: string] {
  const seen = new Map<string, string>();
  const numbers = new Map<string, number>();
  // The same value is masked by the same text; another one of the same length by another.
  const mask: typeof maskedText = (value, field) => {
    const known = seen.get(`${field} ${value}`);
    if (known !== undefined) return known;
    const plain = maskedText(value, field);
    const number = (numbers.get(plain) ?? 0) + 1;
    numbers.set(plain, number);
    const text = number === 1 ? plain : plain.replace(/>$/, `, value ${number}>`);
    seen.set(`${field} ${value}`, text);
    return text;
  };
  return [textOf(maskSecrets(before, mask)), textOf(maskSecrets(after, mask))];
}
