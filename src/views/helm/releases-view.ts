import type { Disposer } from "../../lib/disposer.ts";
import { namespacesOf, namespacesText } from "../../lib/kube/namespaces.ts";
import { asString } from "../../lib/kube/object.ts";
import { createValue } from "../../lib/subscribable.ts";
import { isPending, latestReleases, releaseKey, type StoredRelease } from "../../resources/helm/stored-release.ts";
import { ListView } from "../list-view.tsx";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { openReleaseText } from "./commands.ts";
import { ReleaseRecords } from "./release-records.ts";
import { releaseColumns, releaseRow } from "./rows.ts";

/** Ages on screen are this old at most. */
const REFRESH_MILLISECONDS = 5000;

/** Why helm's own work keeps a release from being changed; `undefined` where nothing does. */
export function reasonAgainstChange(release: StoredRelease): string | undefined {
  if (!isPending(release.status)) return undefined;
  return `revision ${release.revision} is ${release.status}: helm is at work on it, or was cut off`;
}

/** The releases of a namespace, or of all, each with its newest revision. */
class ReleasesView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #namespace: string;
  readonly #records: ReleaseRecords;
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #releases: readonly StoredRelease[] = [];

  constructor(host: ViewHost, namespace: string) {
    this.#host = host;
    this.#namespace = namespace;
    this.#records = new ReleaseRecords(host.cluster, { namespace }, () => this.#refresh());
    this.view = new ListView({
      id: "helm",
      scopes: ["helm-releases", "helm"],
      what: "helm releases",
      where: namespace === "" ? "all" : namespace,
      freshness: this.#freshness,
      empty: () => this.#emptyText(),
      selection: () => NOTHING_SELECTED,
      disabledReason: (name, key) => this.#reasonAgainst(name, key),
      command: (name, key) => this.#command(name, key),
      show: (shown) => this.#show(shown),
    });
  }

  #show(shown: Disposer): void {
    this.#records.start();
    shown.add(() => this.#records.stop());
    shown.add(this.#host.clock.every(REFRESH_MILLISECONDS, () => this.#refresh(), { background: true }));
  }

  #refresh(): void {
    this.#freshness.set(this.#records.freshness());
    this.#releases = latestReleases(this.#records.stored());
    const options = { allNamespaces: namespacesOf(this.#namespace).length !== 1, now: this.#host.clock.now() };
    this.view.setRows(
      releaseColumns(options.allNamespaces),
      this.#releases.map((each) => releaseRow(each, this.#records.summary(each), options)),
    );
  }

  #emptyText(): string {
    const freshness = this.#freshness.get();
    if (freshness.state === "denied") return freshness.reason;
    if (freshness.state === "loading") return "loading";
    const more = this.#namespace === "" ? "" : "; :helm all looks everywhere";
    return `no releases in ${namespacesText(this.#namespace)}${more}`;
  }

  #find(key: string | undefined): StoredRelease | undefined {
    return this.#releases.find((each) => releaseKey(each) === key);
  }

  #reasonAgainst(name: string, key: string | undefined): string | undefined {
    const release = this.#find(key);
    if (release === undefined) return "nothing is selected";
    return name === "helm.roll-back" || name === "helm.uninstall" ? reasonAgainstChange(release) : undefined;
  }

  #command(name: string, key: string | undefined): boolean {
    if (name === "view.reload") {
      this.#records.reload();
      return true;
    }
    const release = this.#find(key);
    if (release === undefined) return false;
    const { app } = this.#host;
    if (name === "open") app.open({ view: "helm-history", parameters: { release }, title: `history ${release.name}` });
    else if (name === "helm.roll-back") void app.operations.rollBackRelease(release, undefined);
    else if (name === "helm.uninstall") void app.operations.uninstallRelease(release);
    else return openReleaseText(this.#host, name, release);
    return true;
  }
}

export const releasesView: ViewDefinition = {
  id: "helm",
  create(host, parameters): View {
    return new ReleasesView(host, asString(parameters["namespace"])).view;
  },
};
