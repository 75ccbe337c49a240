import { useLayoutEffect, type ReactElement } from "react";
import type { Scope } from "../hotkeys/action.ts";
import { Disposer } from "../lib/disposer.ts";
import { errorMessage } from "../lib/errors.ts";
import { saveFile } from "../lib/save-file.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import type { PagerModel } from "../ui/pager-model.ts";
import type { PagerSearch } from "../ui/pager-state.ts";
import { Pager } from "../ui/pager.tsx";
import { useStore } from "../ui/use-store.ts";
import type { Freshness, View, ViewHost, ViewProps, ViewSelection, ViewTitle } from "./view.ts";

/** What makes one text view another than the next. */
export interface TextViewParts {
  readonly id: string;
  readonly scopes?: readonly Scope[];
  /** `describe`, `yaml`: the title. */
  readonly what: string;
  readonly where: string;
  readonly pager: PagerModel;
  readonly freshness: Subscribable<Freshness>;
  /** Name of the file that `save` writes. */
  readonly fileName: string;
  /** Words at the right of the title, read whenever the pager or `freshness` changes or `TextView.refreshTitle` is called. */
  notes(): readonly string[];
  /** A sentence in place of a text without lines; read again when `freshness` changes. */
  readonly empty?: () => string;
  /** What is shown in brackets; the number of lines where absent. */
  count?(): string;
  selection(): ViewSelection;
  /** Commands of its own, tried first. @returns whether it was one */
  command?(name: string, argument: string): boolean;
  disabledReason?(name: string): string | undefined;
  /** The text may stand in another way in so many columns. */
  resized?(columns: number): void;
  /** Undoes one thing of its own before the search is ended. */
  escape?(): boolean;
  /** What `copy` and `save` take; every line of the pager where absent. */
  wholeText?(): string;
  /** In front (again): what is added to `shown` ends when another view covers it. */
  show?(shown: Disposer): void;
  dispose?(): void;
}

/** A view that is a pager: scroll, find, wrap, fullscreen, copy and save are the same for all of them. */
export class TextView implements View {
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly search = "find" as const;
  readonly title;
  readonly fullscreen;
  readonly Component: (props: ViewProps) => ReactElement;
  readonly #host: ViewHost;
  readonly #parts: TextViewParts;
  #shown: Disposer | undefined;

  constructor(host: ViewHost, parts: TextViewParts) {
    this.id = parts.id;
    this.scopes = parts.scopes ?? ["text"];
    this.#host = host;
    this.#parts = parts;
    const { pager } = parts;
    this.title = createValue<ViewTitle>({ what: parts.what, where: parts.where });
    this.fullscreen = createValue(false);
    const empty = parts.empty === undefined ? {} : { empty: parts.empty };
    this.Component = ({ columns, rows }) => {
      useStore(parts.freshness);
      useLayoutEffect(() => parts.resized?.(columns), [columns]);
      return <Pager model={pager} columns={columns} rows={rows} {...empty} />;
    };
    // The pager lives and dies with this view: nothing to undo.
    pager.state.subscribe(() => this.refreshTitle());
    this.refreshTitle();
  }

  get freshness(): Subscribable<Freshness> {
    return this.#parts.freshness;
  }

  /** Computes the title anew; told to subscribers only where it is another one. */
  refreshTitle(): void {
    const { what, where, pager } = this.#parts;
    const { search, wrap } = pager.state.get();
    const notes = [...this.#parts.notes(), ...(wrap ? ["wrap"] : [])];
    const count = this.#parts.count?.() ?? String(pager.whole.length);
    const found = search === undefined ? "" : foundText(search);
    const next: ViewTitle = {
      what,
      where,
      count,
      notes,
      ...(search === undefined ? {} : { filter: `/${search.text} ${found}` }),
      ...(search?.fault === undefined ? {} : { fault: search.fault }),
    };
    if (JSON.stringify(next) !== JSON.stringify(this.title.get())) this.title.set(next);
  }

  selection(): ViewSelection {
    return this.#parts.selection();
  }

  command(name: string, argument = ""): void {
    if (this.#parts.command?.(name, argument) === true || this.#parts.pager.command(name, argument)) {
      this.refreshTitle();
      return;
    }
    if (name === "text.fullscreen") this.fullscreen.update((on) => !on);
    else if (name === "text.copy") void this.#host.app.operations.copy(this.#text(), this.#parts.what);
    else if (name === "text.save") void this.#save();
  }

  disabledReason(name: string): string | undefined {
    if (name === "text.fold" || name === "text.fold-all") {
      return this.#parts.pager.folds ? undefined : "this text has no blocks to fold";
    }
    return this.#parts.disabledReason?.(name);
  }

  searchText(): string {
    return this.#parts.pager.state.get().search?.text ?? "";
  }

  escape(): boolean {
    if (this.#parts.escape?.() === true || this.#parts.pager.endSearch() || this.#parts.pager.endCursor()) {
      this.refreshTitle();
      return true;
    }
    if (!this.fullscreen.get()) return false;
    this.fullscreen.set(false);
    return true;
  }

  /** Whether it is in front. */
  get isShown(): boolean {
    return this.#shown !== undefined;
  }

  show(): void {
    this.#shown = new Disposer();
    this.#parts.show?.(this.#shown);
    this.refreshTitle();
  }

  hide(): void {
    this.#shown?.dispose();
    this.#shown = undefined;
  }

  dispose(): void {
    this.hide();
    this.#parts.pager.dispose();
    this.#parts.dispose?.();
  }

  #text(): string {
    const own = this.#parts.wholeText?.();
    if (own !== undefined) return own;
    const { whole } = this.#parts.pager;
    return Array.from({ length: whole.length }, (_, index) => `${whole.at(index).text}\n`).join("");
  }

  async #save(): Promise<void> {
    try {
      const path = this.#host.savePath(this.#parts.fileName);
      // What is saved may hold secrets that were revealed: readable by the user alone.
      await saveFile(path, this.#text());
      this.#host.app.flash("info", `saved to ${path}`);
    } catch (error) {
      this.#host.app.flash("error", `${this.#parts.fileName} was not saved: ${errorMessage(error)}`);
    }
  }
}

/** Which of how many; `…` while more lines are looked at. */
function foundText({ hits, current, complete }: PagerSearch): string {
  const more = complete ? "" : "…";
  if (hits.length === 0) return complete ? "no match" : more;
  return `${current + 1}/${hits.length}${more}`;
}
