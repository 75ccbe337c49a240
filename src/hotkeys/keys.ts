/** What came from the keyboard. */
export type InputEvent =
  /** `key` is a name such as `a`, `shift-a`, `ctrl-d`, `alt-b`, `enter`, `shift-left`; `text` what it would type. */
  | { readonly type: "key"; readonly key: string; readonly text?: string }
  | { readonly type: "paste"; readonly text: string }
  | { readonly type: "wheel"; readonly by: -1 | 1 }
  | { readonly type: "click"; readonly column: number; readonly row: number };

const PASTE_START = "\u001B[200~";
const X10_MOUSE = "\u001B[M";
const PASTE_END = "\u001B[201~";

const CONTROL: Readonly<Record<string, string>> = {
  "\r": "enter",
  "\n": "ctrl-j",
  "\t": "tab",
  "\u007F": "backspace",
  "\b": "ctrl-h",
  "\u0000": "ctrl-space",
  "\u001C": "ctrl-\\",
  "\u001D": "ctrl-]",
  "\u001E": "ctrl-^",
  "\u001F": "ctrl-_",
};

const FINAL: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  F: "end",
  H: "home",
  P: "f1",
  Q: "f2",
  R: "f3",
  S: "f4",
  Z: "shift-tab",
};

const TILDE: Readonly<Record<string, string>> = {
  "1": "home",
  "2": "insert",
  "3": "delete",
  "4": "end",
  "5": "page-up",
  "6": "page-down",
  "7": "home",
  "8": "end",
  "11": "f1",
  "12": "f2",
  "13": "f3",
  "14": "f4",
  "15": "f5",
  "17": "f6",
  "18": "f7",
  "19": "f8",
  "20": "f9",
  "21": "f10",
  "23": "f11",
  "24": "f12",
};

// oxlint-disable-next-line no-control-regex -- terminals speak in control characters
const CSI = /^\u001B\[([<?]?)([0-9;:]*)([ -/]*)([@-~])/;

// oxlint-disable-next-line no-control-regex -- terminals speak in control characters
const CSI_PARAMETERS = /^\u001B\[[ -?]*/;
// oxlint-disable-next-line no-control-regex -- terminals speak in control characters
const HALF_CSI = /^\u001B\[./s;
// oxlint-disable-next-line no-control-regex -- terminals speak in control characters
const HALF_STRING = /^\u001B[\]P_]./s;
const BURST_LENGTH = 200;
const LONGEST_SEQUENCE = 8192;

/** A paste that never ends is given up at this size, so that memory stays bounded. */
const PASTE_LIMIT = 1_000_000;

/**
 * Turns the bytes of a terminal into events. Chunks may hold many keys and may end inside a sequence or a paste; what
 * is incomplete waits for the next chunk. Pasted text never becomes keys.
 */
export class KeyParser {
  #rest = "";
  #paste: string | undefined;
  #burst = false;

  /** True where a lone escape character waits: it is the Escape key unless more comes soon. Call `flush` then. */
  get pending(): boolean {
    return this.#rest !== "" || this.#burst;
  }

  /** More of a paste without marks may come. */
  get bursting(): boolean {
    return this.#burst;
  }

  parse(chunk: string): InputEvent[] {
    const events: InputEvent[] = [];
    this.#rest += chunk;
    while (this.#rest !== "") {
      if (this.#paste !== undefined) {
        if (!this.#continuePaste(events)) break;
        continue;
      }
      const taken = this.#takeBurst(this.#rest, events) || this.#take(this.#rest, events);
      if (taken === 0) {
        // A sequence without an end takes no memory, and what still comes of it no keys.
        if (this.#rest.length > LONGEST_SEQUENCE) this.#rest = this.#rest.slice(0, 3);
        break;
      }
      this.#rest = this.#rest.slice(taken);
    }
    return events;
  }

  /** What waited is taken as typed: a lone escape character becomes the Escape key. */
  flush(): InputEvent[] {
    this.#burst = false;
    if (this.#paste !== undefined) return [];
    const rest = this.#rest;
    // A slow line may cut a sequence anywhere: what is missing still comes, and half of it is nobody's keys.
    if (HALF_CSI.test(rest)) return [];
    this.#rest = "";
    if (HALF_STRING.test(rest)) return [];
    return rest === "" ? [] : [{ type: "key", key: "escape" }, ...(rest.length > 1 ? this.parse(rest.slice(1)) : [])];
  }

  /** @returns false where the end of the paste has not come yet */
  #continuePaste(events: InputEvent[]): boolean {
    const end = this.#rest.indexOf(PASTE_END);
    if (end === -1) {
      // The end mark itself may be cut in two by the chunk.
      const keep = Math.max(0, this.#rest.length - PASTE_END.length + 1);
      if ((this.#paste?.length ?? 0) < PASTE_LIMIT) this.#paste += this.#rest.slice(0, keep);
      this.#rest = this.#rest.slice(keep);
      return false;
    }
    events.push({ type: "paste", text: this.#paste + this.#rest.slice(0, end) });
    this.#paste = undefined;
    this.#rest = this.#rest.slice(end + PASTE_END.length);
    return true;
  }

  /** Takes text that nobody has typed, and the Escape before it. @returns characters taken, 0 where there is none */
  #takeBurst(text: string, events: InputEvent[]): number {
    const escaped = text.startsWith("\u001B");
    if (escaped && "[O]P_\u001B".includes(text[1] ?? "")) return 0;
    const plain = text.slice(escaped ? 1 : 0).split("\u001B", 1)[0] ?? "";
    if (this.#burst ? escaped || !isPlain(plain) : !isBurst(plain)) return 0;
    this.#burst = true;
    if (escaped) events.push({ type: "key", key: "escape" });
    events.push({ type: "paste", text: plain });
    return plain.length + (escaped ? 1 : 0);
  }

  /** Takes one event from the head of `text`. @returns characters taken, 0 where more must come first */
  #take(text: string, events: InputEvent[]): number {
    if (text[0] !== "\u001B") return takeCharacter(text, "", events);
    if (text.length === 1) return 0;
    if (text.startsWith(PASTE_START)) {
      this.#paste = "";
      return PASTE_START.length;
    }
    if (text[1] === "[") return takeCsi(text, events);
    if (text[1] === "O") {
      const final = text[2];
      if (final === undefined) return 0;
      const name = FINAL[final];
      if (name !== undefined) events.push({ type: "key", key: name });
      return 3;
    }
    if (text[1] === "\u001B") {
      events.push({ type: "key", key: "escape" });
      return 1;
    }
    // Strings to the terminal (OSC, DCS, APC) are answers to questions; up to their end they are nobody's keys.
    if (text[1] === "]" || text[1] === "P" || text[1] === "_") {
      // oxlint-disable-next-line no-control-regex -- the end of such a string
      const end = /\u0007|\u001B\\/.exec(text.slice(2));
      return end === null ? (text.length > 4096 ? text.length : 0) : 2 + end.index + end[0].length;
    }
    return 1 + takeCharacter(text.slice(1), "alt-", events);
  }
}

/** From a terminal that marks no pastes: more at once than anybody types, and not a key that is held down. */
function isBurst(chunk: string): boolean {
  return chunk.length >= BURST_LENGTH && isPlain(chunk) && new Set(chunk).size > 3;
}

function isPlain(chunk: string): boolean {
  // oxlint-disable-next-line no-control-regex -- terminals speak in control characters
  return !/[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F]/.test(chunk);
}

function takeCharacter(text: string, prefix: string, events: InputEvent[]): number {
  const point = text.codePointAt(0) ?? 0;
  const character = String.fromCodePoint(point);
  const control = CONTROL[character];
  if (control !== undefined) events.push({ type: "key", key: prefix + control });
  else if (point < 0x20) events.push({ type: "key", key: `${prefix}ctrl-${String.fromCodePoint(point + 0x60)}` });
  else if (prefix === "") events.push({ type: "key", key: nameOf(character), text: character });
  else events.push({ type: "key", key: prefix + nameOf(character) });
  return character.length;
}

function nameOf(character: string): string {
  if (character === " ") return "space";
  return /^[A-Z]$/.test(character) ? `shift-${character.toLowerCase()}` : character;
}

function takeCsi(text: string, events: InputEvent[]): number {
  // The mouse as terminals without SGR reports tell it: three bytes that look like typed text.
  if (text.startsWith(X10_MOUSE)) return text.length < X10_MOUSE.length + 3 ? 0 : takeX10Mouse(text, events);
  const match = CSI.exec(text);
  if (match === null) return malformedCsi(text);
  const [whole, marker, parameters = "", , final = ""] = match;
  const numbers = parameters.split(";").map((each) => each.split(":")[0] ?? "");
  if (marker === "<") mouse(numbers.map(Number), final, events);
  else if (marker === "") {
    const modifiers = modifierNames(Number(numbers[1] ?? "1") || 1);
    if (final === "u") codePointKey(Number(numbers[0]), modifiers, events);
    else if (final === "~" && numbers[0] === "27") codePointKey(Number(numbers[2]), modifiers, events);
    else {
      const name = final === "~" ? TILDE[numbers[0] ?? ""] : FINAL[final];
      if (name !== undefined) events.push({ type: "key", key: modifiers + name });
    }
  }
  return whole.length;
}

/** Characters of a sequence that has no end yet, or has what no sequence may have. It is never typed text. */
function malformedCsi(text: string): number {
  const { length } = CSI_PARAMETERS.exec(text)?.[0] ?? "";
  if (length === text.length) return 0;
  // An escape character begins another sequence.
  return text[length] === "\u001B" ? length : length + 1;
}

function takeX10Mouse(text: string, events: InputEvent[]): number {
  const [button = 0, column = 0, row = 0] = [0, 1, 2].map((at) => text.charCodeAt(X10_MOUSE.length + at) - 32);
  mouse([button, column, row], button === 3 ? "m" : "M", events);
  return X10_MOUSE.length + 3;
}

/** Modifiers as xterm numbers them: 1 + shift 1 + alt 2 + ctrl 4. */
function modifierNames(value: number): string {
  const bits = value - 1;
  return `${(bits & 4) === 0 ? "" : "ctrl-"}${(bits & 2) === 0 ? "" : "alt-"}${(bits & 1) === 0 ? "" : "shift-"}`;
}

function codePointKey(point: number, modifiers: string, events: InputEvent[]): void {
  if (!Number.isInteger(point) || point < 0 || point > 0x10_ff_ff) return;
  const character = String.fromCodePoint(point);
  const name = point === 27 ? "escape" : (CONTROL[character] ?? nameOf(character.toLowerCase()));
  if (modifiers === "" && point >= 0x20 && point !== 0x7f) events.push({ type: "key", key: name, text: character });
  else if (modifiers === "shift-" && point >= 0x20) {
    const upper = character.toUpperCase();
    events.push({ type: "key", key: nameOf(upper), text: upper });
  } else events.push({ type: "key", key: modifiers + name });
}

function mouse([button = 0, column = 1, row = 1]: readonly number[], final: string, events: InputEvent[]): void {
  if (button === 64) events.push({ type: "wheel", by: -1 });
  else if (button === 65) events.push({ type: "wheel", by: 1 });
  else if (button === 0 && final === "M") events.push({ type: "click", column: column - 1, row: row - 1 });
}

/** What line editors do with Alt; other keys with it are Escape and a key that were joined on their way. */
const EDITING = new Set(["alt-b", "alt-f", "alt-d"]);

/** The key typed right after Escape, where tmux, ssh or a fast hand made one of both. */
export function keyAfterEscape(key: string): Extract<InputEvent, { type: "key" }> | undefined {
  const name = EDITING.has(key) ? undefined : /^alt-(.|space|shift-[a-z])$/u.exec(key)?.[1];
  if (name === undefined) return undefined;
  const text = name === "space" ? " " : name.startsWith("shift-") ? name.slice(-1).toUpperCase() : name;
  return { type: "key", key: name, text };
}

const SHOWN: Readonly<Record<string, string>> = {
  escape: "Esc",
  enter: "Enter",
  space: "Space",
  tab: "Tab",
  backspace: "Bksp",
  "page-up": "PgUp",
  "page-down": "PgDn",
  up: "↑",
  down: "↓",
  left: "←",
  right: "→",
  home: "Home",
  end: "End",
  delete: "Del",
};

/** A key's name as people write it: `ctrl-d` is `Ctrl-D`, `shift-left` is `Shift-←`, `g` stays `g`. */
export function showKey(key: string): string {
  const parts = key === "-" ? ["-"] : key.split(/-(?=.)/);
  let name = parts.at(-1) ?? key;
  let modifiers = parts.slice(0, -1);
  if (key.startsWith("page-")) [name, modifiers] = [key, []];
  else if (modifiers.at(-1) === "page") [name, modifiers] = [`page-${name}`, modifiers.slice(0, -1)];
  const shown = SHOWN[name] ?? (modifiers.length > 0 ? name.toUpperCase() : name);
  return [...modifiers.map((each) => each[0]?.toUpperCase() + each.slice(1)), shown].join("-");
}
