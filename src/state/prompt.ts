import { createValue, type Subscribable } from "../lib/subscribable.ts";
import { editKey, insertText, lineOf, type LineEdit } from "./line-editor.ts";

/** Something the prompt offers to complete. */
export interface Suggestion {
  /** The whole line after taking it. */
  readonly text: string;
  readonly label: string;
  readonly description: string;
}

export interface PromptState {
  readonly mode: "command" | "search";
  readonly line: LineEdit;
  readonly suggestions: readonly Suggestion[];
  /** The suggestion under the cursor, -1 while none was chosen. */
  readonly chosen: number;
}

export interface PromptHooks {
  suggest(mode: PromptState["mode"], text: string): readonly Suggestion[];
  /** Every change of the text: a search shows its hits while one types. */
  changed(mode: PromptState["mode"], text: string): void;
  accepted(mode: PromptState["mode"], text: string): void;
  cancelled(mode: PromptState["mode"], before: string): void;
}

const KEPT_LINES = 200;

/** The line at which commands (`:`) and searches (`/`) are typed, with completion and history. */
export class Prompt {
  readonly #state = createValue<PromptState | undefined>(undefined);
  readonly #hooks: PromptHooks;
  readonly #history: Readonly<Record<PromptState["mode"], string[]>> = { command: [], search: [] };
  #historyAt = -1;
  #draft = "";
  #before = "";

  constructor(hooks: PromptHooks) {
    this.#hooks = hooks;
  }

  get state(): Subscribable<PromptState | undefined> {
    return this.#state;
  }

  /** Newest last. */
  history(mode: PromptState["mode"]): readonly string[] {
    return this.#history[mode];
  }

  /** Lines of earlier runs, oldest first; they come before those of this run. */
  loadHistory(mode: PromptState["mode"], lines: readonly string[]): void {
    this.#history[mode].unshift(...lines.slice(-KEPT_LINES));
  }

  /** Lines in place of all that are known: another context has its own. */
  setHistory(mode: PromptState["mode"], lines: readonly string[]): void {
    const history = this.#history[mode];
    history.splice(0, history.length, ...lines.slice(-KEPT_LINES));
  }

  open(mode: PromptState["mode"], text = ""): void {
    this.#historyAt = -1;
    this.#before = text;
    this.#set(mode, lineOf(text));
  }

  close(): void {
    this.#state.set(undefined);
  }

  /** @param text what the key types, if anything */
  key(key: string, text?: string): void {
    const state = this.#state.get();
    if (state === undefined) return;
    const { mode, line, suggestions, chosen } = state;
    switch (key) {
      case "escape":
      case "ctrl-c":
        this.#state.set(undefined);
        this.#hooks.cancelled(mode, this.#before);
        return;
      case "enter":
        this.#accept(state);
        return;
      case "tab":
      case "right":
        if (key === "right" && line.cursor < line.text.length) break;
        this.#complete(state);
        return;
      case "shift-tab":
      case "up":
      case "ctrl-p":
        if (mode === "command" && chosen > 0) this.#state.set({ ...state, chosen: chosen - 1 });
        else if (chosen === 0) this.#state.set({ ...state, chosen: -1 });
        else this.#recall(state, 1);
        return;
      case "down":
      case "ctrl-n":
        if (this.#historyAt >= 0) this.#recall(state, -1);
        else if (chosen + 1 < suggestions.length) this.#state.set({ ...state, chosen: chosen + 1 });
        return;
      case "backspace":
        // As in vi: erasing more than there is leaves the prompt.
        if (line.text === "") {
          this.#state.set(undefined);
          this.#hooks.cancelled(mode, this.#before);
          return;
        }
        break;
      default:
    }
    const edited = editKey(line, key) ?? (text === undefined ? undefined : insertText(line, text));
    if (edited !== undefined) this.#edit(mode, line, edited);
  }

  /** Takes a suggestion by its index, as Tab takes the chosen one. */
  take(index: number): void {
    const state = this.#state.get();
    if (state !== undefined && index in state.suggestions) this.#complete({ ...state, chosen: index });
  }

  paste(text: string): void {
    const state = this.#state.get();
    if (state === undefined) return;
    this.#edit(state.mode, state.line, insertText(state.line, text.trim()));
  }

  #edit(mode: PromptState["mode"], before: LineEdit, after: LineEdit): void {
    this.#historyAt = -1;
    this.#set(mode, after);
    if (after.text !== before.text) this.#hooks.changed(mode, after.text);
  }

  #set(mode: PromptState["mode"], line: LineEdit): void {
    this.#state.set({ mode, line, suggestions: this.#hooks.suggest(mode, line.text), chosen: -1 });
  }

  #complete({ mode, line, suggestions, chosen }: PromptState): void {
    const taken = suggestions[Math.max(chosen, 0)];
    if (taken !== undefined) this.#edit(mode, line, lineOf(taken.text));
  }

  #accept({ mode, line, suggestions, chosen }: PromptState): void {
    const text = (suggestions[chosen]?.text ?? line.text).trim();
    this.#state.set(undefined);
    if (text !== "") {
      const history = this.#history[mode];
      const known = history.indexOf(text);
      if (known !== -1) history.splice(known, 1);
      history.push(text);
      if (history.length > KEPT_LINES) history.shift();
    }
    this.#hooks.accepted(mode, text);
  }

  #recall(state: PromptState, by: 1 | -1): void {
    const history = this.#history[state.mode];
    if (this.#historyAt === -1) this.#draft = state.line.text;
    const at = Math.min(history.length - 1, this.#historyAt + by);
    if (at < -1 || (at === -1 && this.#historyAt === -1)) return;
    this.#historyAt = at;
    const text = at === -1 ? this.#draft : (history[history.length - 1 - at] ?? "");
    this.#state.set({ ...state, line: lineOf(text), suggestions: [], chosen: -1 });
    this.#hooks.changed(state.mode, text);
  }
}
