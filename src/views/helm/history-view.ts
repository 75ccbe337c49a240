import type { Disposer } from "../../lib/disposer.ts";
import { errorMessage } from "../../lib/errors.ts";
import { createValue } from "../../lib/subscribable.ts";
import type { StoredRelease } from "../../resources/helm/stored-release.ts";
import { ListView } from "../list-view.tsx";
import { RevisionMarks } from "../revision-marks.ts";
import { NOTHING_SELECTED, type Freshness, type View, type ViewDefinition, type ViewHost } from "../view.ts";
import { openReleaseText } from "./commands.ts";
import { releaseParameter } from "./parameters.ts";
import { readRelease } from "./read-release.ts";
import { releaseDifference } from "./release-difference.ts";
import { ReleaseRecords } from "./release-records.ts";
import { reasonAgainstChange } from "./releases-view.ts";
import { HISTORY_COLUMNS, historyRow, revisionKey } from "./rows.ts";

/** Ages on screen are this old at most. */
const REFRESH_MILLISECONDS = 5000;

/** Every revision of a release, newest first. Enter shows what two of them differ in. */
class HistoryView {
  readonly view: ListView;
  readonly #host: ViewHost;
  readonly #release: StoredRelease;
  readonly #records: ReleaseRecords;
  readonly #marks = new RevisionMarks();
  readonly #freshness = createValue<Freshness>({ state: "loading", loaded: 0 });
  #revisions: readonly StoredRelease[] = [];

  constructor(host: ViewHost, release: StoredRelease) {
    this.#host = host;
    this.#release = release;
    const { namespace, name } = release;
    this.#records = new ReleaseRecords(host.cluster, { namespace, name }, () => this.#refresh());
    this.view = new ListView({
      id: "helm-history",
      scopes: ["helm", "revisions"],
      what: "helm history",
      where: `${namespace}/${name}`,
      freshness: this.#freshness,
      empty: () => this.#emptyText(),
      notes: () => this.#marks.notes(),
      selection: () => NOTHING_SELECTED,
      disabledReason: (command, key) => this.#reasonAgainst(command, key),
      command: (command, key) => this.#command(command, key),
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
    const { driver } = this.#release;
    this.#revisions = this.#records
      .stored()
      .filter((each) => each.driver === driver)
      .sort((left, right) => right.revision - left.revision);
    this.#marks.keep(this.#revisions.map(revisionKey));
    const now = this.#host.clock.now();
    this.view.setRows(
      HISTORY_COLUMNS,
      this.#revisions.map((each) =>
        historyRow(each, this.#records.summary(each), { marked: this.#marks.has(revisionKey(each)), now }),
      ),
    );
  }

  #emptyText(): string {
    const freshness = this.#freshness.get();
    if (freshness.state === "denied") return freshness.reason;
    return freshness.state === "loading" ? "loading" : "the release is gone, its history with it";
  }

  #find(key: string | undefined): StoredRelease | undefined {
    return this.#revisions.find((each) => revisionKey(each) === key);
  }

  #reasonAgainst(name: string, key: string | undefined): string | undefined {
    const revision = this.#find(key);
    const [newest] = this.#revisions;
    if (revision === undefined || newest === undefined) return "nothing is selected";
    if (name === "revisions.difference" && this.#revisions.length < 2) return "there is no other revision";
    return name === "helm.roll-back" || name === "helm.uninstall" ? reasonAgainstChange(newest) : undefined;
  }

  #command(name: string, key: string | undefined): boolean {
    if (name === "view.reload") {
      this.#records.reload();
      return true;
    }
    const revision = this.#find(key);
    const [newest] = this.#revisions;
    if (revision === undefined || newest === undefined) return false;
    const { operations } = this.#host.app;
    if (name === "revisions.mark") {
      this.#marks.toggle(revisionKey(revision));
      this.#refresh();
    } else if (name === "revisions.difference") void this.#openDifference(revision);
    else if (name === "helm.roll-back") void operations.rollBackRelease(newest, revision.revision);
    else if (name === "helm.uninstall") void operations.uninstallRelease(newest);
    else return openReleaseText(this.#host, name, revision);
    return true;
  }

  async #openDifference(revision: StoredRelease): Promise<void> {
    const pair = this.#marks.pair(revisionKey(revision), this.#revisions.map(revisionKey));
    const [before, after] = [this.#find(pair?.[0]), this.#find(pair?.[1])];
    if (before === undefined || after === undefined) return;
    const what = `revision ${before.revision} → ${after.revision}`;
    const where = `${before.namespace}/${before.name}`;
    try {
      const [from, to] = await Promise.all([
        readRelease(this.#host.cluster, before),
        readRelease(this.#host.cluster, after),
      ]);
      const lines = await releaseDifference(from, to);
      if (!this.view.isShown) return;
      this.#host.app.open({ view: "difference", parameters: { what, where, lines }, title: what });
    } catch (error) {
      this.#host.app.flash("error", `${what} of ${where}: ${errorMessage(error)}`);
    }
  }
}

export const releaseHistoryView: ViewDefinition = {
  id: "helm-history",
  create(host, parameters): View {
    return new HistoryView(host, releaseParameter(parameters)).view;
  },
};
