import type { StoredRelease } from "../../resources/helm/stored-release.ts";
import type { ViewHost } from "../view.ts";
import type { ReleaseText } from "./text-view.ts";

const TEXTS: Readonly<Record<string, ReleaseText>> = {
  "helm.values": "values",
  "helm.manifest": "manifest",
  "helm.notes": "notes",
};

/** Opens the text of a revision that a command of the list or the history names. @returns whether it was one */
export function openReleaseText(host: ViewHost, name: string, release: StoredRelease): boolean {
  const what = TEXTS[name];
  if (what === undefined) return false;
  const title = `${what} ${release.name} ${release.revision}`;
  host.app.open({ view: "helm-text", parameters: { release, what }, title });
  return true;
}
