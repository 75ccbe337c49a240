import type { ConfirmRequest, InputRequest, PickRequest } from "../lib/dialog-request.ts";
import { fuzzyScore } from "../lib/fuzzy.ts";
import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { editKey, insertText, lineOf, type LineEdit } from "./line-editor.ts";

/** What has the focus in a confirm dialog: a choice by its index, the text to type, or a button. */
export type ConfirmFocus = number | "typing" | "cancel" | "confirm";

export interface ConfirmDialog {
  readonly type: "confirm";
  readonly request: ConfirmRequest;
  readonly focus: ConfirmFocus;
  /** Index of the chosen option of every choice. */
  readonly chosen: readonly number[];
  readonly typed: LineEdit;
  /** First visible line of the list. */
  readonly scroll: number;
}

export interface InputDialog {
  readonly type: "input";
  readonly request: InputRequest;
  readonly line: LineEdit;
  /** The whole text is selected: what is typed replaces it. */
  readonly selected: boolean;
  readonly fault: string | undefined;
}

export interface PickDialog {
  readonly type: "pick";
  readonly request: PickRequest;
  readonly filter: LineEdit;
  /** Indexes into the request's items that match, best first. */
  readonly matches: readonly number[];
  readonly cursor: number;
}

export type Dialog = ConfirmDialog | InputDialog | PickDialog;

/** What the mouse can hit in a dialog. */
export type DialogHit =
  | { readonly on: "cancel" | "confirm" | "typing" }
  /** An option of a choice, by their indexes. */
  | { readonly on: "option"; readonly choice: number; readonly option: number }
  /** An item of a pick dialog, by its index among those that match. */
  | { readonly on: "item"; readonly at: number };

/** Cells that a dialog's lines have at least. */
const NARROW = 12;

interface Waiting {
  dialog: Dialog;
  readonly answer: (value: Dialog | undefined) => void;
}

/** Questions on the screen: one at a time, in the order they were asked. The one in front gets every key. */
export class Dialogs {
  readonly #front = createValue<Dialog | undefined>(undefined);
  readonly #queue: Waiting[] = [];

  get front(): Subscribable<Dialog | undefined> {
    return this.#front;
  }

  /** Resolves with the chosen options by id, `undefined` when cancelled. Cancel has the focus. */
  async confirm(request: ConfirmRequest): Promise<Readonly<Record<string, string>> | undefined> {
    const answered = await this.#ask({
      type: "confirm",
      request,
      focus: request.typeToConfirm === undefined ? "cancel" : "typing",
      chosen: (request.choices ?? []).map(() => 0),
      typed: lineOf(""),
      scroll: 0,
    });
    if (answered?.type !== "confirm") return undefined;
    return Object.fromEntries(
      (request.choices ?? []).map((choice, index) => [choice.id, choice.options[answered.chosen[index] ?? 0] ?? ""]),
    );
  }

  async input(request: InputRequest): Promise<string | undefined> {
    const answered = await this.#ask({
      type: "input",
      request,
      line: lineOf(request.initial),
      selected: request.selectInitial === true,
      fault: undefined,
    });
    return answered?.type === "input" ? answered.line.text : undefined;
  }

  async pick(request: PickRequest): Promise<string | undefined> {
    const answered = await this.#ask(narrow({ type: "pick", request, filter: lineOf(""), matches: [], cursor: 0 }));
    if (answered?.type !== "pick") return undefined;
    const index = answered.matches[answered.cursor];
    return index === undefined ? undefined : request.items[index];
  }

  /** A key for the dialog in front. @param text what the key types, if anything */
  key(key: string, text?: string): void {
    const dialog = this.#front.get();
    if (dialog === undefined) return;
    if (key === "escape" || key === "ctrl-c") this.#close(undefined);
    else if (dialog.type === "confirm") this.#confirmKey(dialog, key, text);
    else if (dialog.type === "input") this.#inputKey(dialog, key, text);
    else this.#pickKey(dialog, key, text);
  }

  /** The mouse was pressed on a part of the dialog in front. */
  click(hit: DialogHit): void {
    const dialog = this.#front.get();
    if (dialog?.type === "pick" && hit.on === "item") {
      if (hit.at < dialog.matches.length) this.#close({ ...dialog, cursor: hit.at });
    } else if (dialog?.type !== "confirm") return;
    else if (hit.on === "cancel") this.#close(undefined);
    else if (hit.on === "confirm") this.#confirmIfTyped(dialog);
    else if (hit.on === "typing") this.#set({ ...dialog, focus: "typing" });
    else if (hit.on === "option") {
      const chosen = dialog.chosen.map((each, index) => (index === hit.choice ? hit.option : each));
      this.#set({ ...dialog, chosen, focus: hit.choice });
    }
  }

  /** Pasted text goes where one types; a dialog without a text field ignores it. */
  paste(text: string): void {
    const dialog = this.#front.get();
    if (dialog?.type === "input") this.#typeInto(dialog, text);
    else if (dialog?.type === "pick") this.#set(narrow({ ...dialog, filter: insertText(dialog.filter, text) }));
    else if (dialog?.type === "confirm" && dialog.focus === "typing") {
      this.#set({ ...dialog, typed: insertText(dialog.typed, text) });
    }
  }

  /** Cancels everything that is asked: the program ends, or the cluster changes. */
  cancelAll(): void {
    while (this.#front.get() !== undefined) this.#close(undefined);
  }

  #ask(dialog: Dialog): Promise<Dialog | undefined> {
    return new Promise((resolve) => {
      this.#queue.push({ dialog, answer: resolve });
      if (this.#queue.length === 1) this.#front.set(dialog);
    });
  }

  #set(dialog: Dialog): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    first.dialog = dialog;
    this.#front.set(dialog);
  }

  #close(answer: Dialog | undefined): void {
    const closed = this.#queue.shift();
    this.#front.set(this.#queue[0]?.dialog);
    closed?.answer(answer);
  }

  #confirmKey(dialog: ConfirmDialog, key: string, text: string | undefined): void {
    const { focus, request } = dialog;
    if (key === "page-up" || key === "page-down") {
      // A narrow screen shows a line on several rows.
      const rows = request.lines.reduce((sum, line) => sum + 1 + Math.floor(line.length / NARROW), 0);
      const scroll = Math.max(0, Math.min(rows - 1, dialog.scroll + (key === "page-up" ? -5 : 5)));
      this.#set({ ...dialog, scroll });
      return;
    }
    if (key === "enter") {
      if (focus === "cancel") this.#close(undefined);
      else if (focus === "confirm") this.#confirmIfTyped(dialog);
      else this.#set({ ...dialog, focus: nextFocus(dialog, 1) });
      return;
    }
    if (focus === "typing" && key !== "tab" && key !== "shift-tab" && key !== "up" && key !== "down") {
      const typed = editKey(dialog.typed, key) ?? (text === undefined ? undefined : insertText(dialog.typed, text));
      if (typed !== undefined) this.#set({ ...dialog, typed });
      return;
    }
    const step = STEPS[key];
    if (step === undefined) return;
    const inRow = key === "left" || key === "right" || key === "space" || key === "h" || key === "l";
    if (inRow && typeof focus === "number") {
      const options = request.choices?.[focus]?.options.length ?? 1;
      const chosen = dialog.chosen.map((each, index) => (index === focus ? (each + step + options) % options : each));
      this.#set({ ...dialog, chosen });
    } else if (inRow) this.#set({ ...dialog, focus: focus === "cancel" ? "confirm" : "cancel" });
    else this.#set({ ...dialog, focus: nextFocus(dialog, step) });
  }

  #confirmIfTyped(dialog: ConfirmDialog): void {
    const { typeToConfirm } = dialog.request;
    if (typeToConfirm === undefined || dialog.typed.text === typeToConfirm) this.#close(dialog);
    else this.#set({ ...dialog, focus: "typing" });
  }

  #inputKey(dialog: InputDialog, key: string, text: string | undefined): void {
    if (key === "enter") {
      const fault = dialog.request.validate(dialog.line.text);
      if (fault === undefined) this.#close(dialog);
      else this.#set({ ...dialog, fault });
      return;
    }
    const erases = key === "backspace" || key === "delete";
    const line = dialog.selected && erases ? lineOf("") : editKey(dialog.line, key);
    if (line !== undefined) this.#set({ ...dialog, line, selected: false, fault: undefined });
    else if (text !== undefined) this.#typeInto(dialog, text);
  }

  #typeInto(dialog: InputDialog, text: string): void {
    const line = insertText(dialog.selected ? lineOf("") : dialog.line, text);
    this.#set({ ...dialog, line, selected: false, fault: undefined });
  }

  #pickKey(dialog: PickDialog, key: string, text: string | undefined): void {
    const count = dialog.matches.length;
    if (key === "enter") this.#close(count === 0 ? undefined : dialog);
    else if (key === "up" || key === "shift-tab" || key === "ctrl-p") {
      this.#set({ ...dialog, cursor: count === 0 ? 0 : (dialog.cursor - 1 + count) % count });
    } else if (key === "down" || key === "tab" || key === "ctrl-n") {
      this.#set({ ...dialog, cursor: count === 0 ? 0 : (dialog.cursor + 1) % count });
    } else if (key === "page-up" || key === "page-down") {
      const cursor = Math.max(0, Math.min(count - 1, dialog.cursor + (key === "page-up" ? -10 : 10)));
      this.#set({ ...dialog, cursor });
    } else {
      const filter = editKey(dialog.filter, key) ?? (text === undefined ? undefined : insertText(dialog.filter, text));
      if (filter !== undefined) this.#set(narrow({ ...dialog, filter }));
    }
  }
}

const STEPS: Readonly<Record<string, 1 | -1>> = {
  right: 1,
  l: 1,
  space: 1,
  tab: 1,
  down: 1,
  j: 1,
  left: -1,
  h: -1,
  "shift-tab": -1,
  up: -1,
  k: -1,
};

function nextFocus(dialog: ConfirmDialog, step: 1 | -1): ConfirmFocus {
  const order: ConfirmFocus[] = [
    ...dialog.chosen.map((_, index) => index),
    ...(dialog.request.typeToConfirm === undefined ? [] : (["typing"] as const)),
    "cancel",
    "confirm",
  ];
  const at = order.indexOf(dialog.focus);
  return order[(at + step + order.length) % order.length] ?? "cancel";
}

function narrow(dialog: PickDialog): PickDialog {
  const { items, details } = dialog.request;
  const scored: Array<{ readonly index: number; readonly score: number }> = [];
  for (const [index, item] of items.entries()) {
    const score = fuzzyScore(dialog.filter.text.trim(), item) ?? loose(dialog.filter.text.trim(), details?.[index]);
    if (score !== undefined) scored.push({ index, score });
  }
  if (dialog.filter.text.trim() !== "") scored.sort((left, right) => right.score - left.score);
  return { ...dialog, matches: scored.map(({ index }) => index), cursor: 0 };
}

/** A match in the words beside an item counts less than any in the item itself. */
function loose(query: string, details: string | undefined): number | undefined {
  const score = details === undefined ? undefined : fuzzyScore(query, details);
  return score === undefined ? undefined : score - 1000;
}
