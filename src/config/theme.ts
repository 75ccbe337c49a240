import type { Tone } from "../lib/tone.ts";
import { colourBlindLightTheme } from "./themes/colour-blind-light.ts";
import { colourBlindTheme } from "./themes/colour-blind.ts";
import { darkTheme } from "./themes/dark.ts";
import { highContrastLightTheme } from "./themes/high-contrast-light.ts";
import { highContrastTheme } from "./themes/high-contrast.ts";
import { lightTheme } from "./themes/light.ts";
import { monoTheme } from "./themes/mono.ts";

/** Parts of the screen that have a look of their own. */
export type Role =
  | "text"
  | "dim"
  | "label"
  | "value"
  | "title"
  | "heading"
  | "border"
  | "key"
  | "hint"
  | "crumb"
  | "crumb-current"
  | "selected"
  | "marked"
  | "match"
  | "match-current"
  | "prompt"
  | "suggestion"
  | "danger"
  | "button"
  | "button-focused"
  | "button-danger"
  | "changed"
  | "changed-before"
  | "flash-info"
  | "flash-warning"
  | "flash-error"
  | "read-only";

/** A colour: one of the 256 of the xterm palette, and the one of the 16 that stands for it on small terminals. */
export interface Colour {
  readonly ansi256: number;
  readonly ansi16: number;
}

/** As {@link Colour}; without a colour of the 16 it is left out on small terminals. */
export interface Background {
  readonly ansi256: number;
  readonly ansi16?: number;
}

export interface Style {
  readonly fg?: Colour;
  readonly bg?: Background;
  readonly bold?: boolean;
  readonly dim?: boolean;
  readonly underline?: boolean;
  readonly inverse?: boolean;
}

export interface Theme {
  readonly name: string;
  readonly tones: Readonly<Record<Tone, Style>>;
  readonly roles: Readonly<Record<Role, Style>>;
}

/** How many colours the terminal shows. `none`: NO_COLOR, or a terminal without colours. */
export type ColourDepth = "none" | "ansi16" | "ansi256";

export type StyleName = Tone | Role;

/** A theme on a terminal: paints text. */
export interface Palette {
  readonly theme: string;
  readonly depth: ColourDepth;
  /**
   * Wraps `text` in the SGR sequences of one style, or of several where later names win over earlier ones. Every
   * sequence is closed again, in reverse order: what Ink's fast path and its tokeniser's cache want.
   */
  paint(text: string, ...names: readonly StyleName[]): string;
  /** Opening and closing sequences of {@link paint}, for rows made of many cells. */
  sgr(...names: readonly StyleName[]): readonly [open: string, close: string];
}

const THEMES: readonly Theme[] = [
  darkTheme,
  lightTheme,
  highContrastTheme,
  highContrastLightTheme,
  colourBlindTheme,
  colourBlindLightTheme,
  monoTheme,
];

export const themeNames: readonly string[] = THEMES.map((theme) => theme.name);

/** What `:theme` says beside a name. */
export const themeDescriptions: Readonly<Record<string, string>> = {
  dark: "for dark terminals",
  light: "for light terminals",
  "high-contrast": "for dark terminals, contrast 7 and more",
  "high-contrast-light": "for light terminals, contrast 7 and more",
  "colour-blind": "for dark terminals, safe without red or green",
  "colour-blind-light": "for light terminals, safe without red or green",
  mono: "weight, underline and inverse only",
};

/** @param name an unknown name gives the dark theme */
export function createPalette(name: string, depth: ColourDepth): Palette {
  const theme = THEMES.find((each) => each.name === name) ?? darkTheme;
  const cache = new Map<string, readonly [string, string]>();
  const sgr = (...names: readonly StyleName[]): readonly [string, string] => {
    const key = names.join(" ");
    const known = cache.get(key);
    if (known !== undefined) return known;
    const made = sequences(Object.assign({}, ...names.map((each) => styleOf(theme, each, depth))), depth);
    cache.set(key, made);
    return made;
  };
  return {
    theme: theme.name,
    depth,
    sgr,
    paint(text, ...names) {
      const [open, close] = sgr(...names);
      return open === "" || text === "" ? text : open + text + close;
    },
  };
}

function styleOf(theme: Theme, name: StyleName, depth: ColourDepth): Style {
  const from = depth === "none" ? monoTheme : theme;
  return isTone(name) ? from.tones[name] : from.roles[name];
}

const TONES: ReadonlySet<string> = new Set(Object.keys(darkTheme.tones));

function isTone(name: StyleName): name is Tone {
  return TONES.has(name);
}

function sequences(style: Style, depth: ColourDepth): readonly [string, string] {
  const opens: string[] = [];
  const closes: string[] = [];
  const add = (open: string, close: string): void => {
    opens.push(`\u001B[${open}m`);
    closes.unshift(`\u001B[${close}m`);
  };
  if (style.bold === true) add("1", "22");
  else if (style.dim === true) add("2", "22");
  if (style.underline === true) add("4", "24");
  if (style.inverse === true) add("7", "27");
  if (style.fg !== undefined && depth !== "none") add(foreground(style.fg, depth), "39");
  const under = style.bg === undefined || depth === "none" ? "" : background(style.bg, depth);
  if (under !== "") add(under, "49");
  return [opens.join(""), closes.join("")];
}

function foreground(colour: Colour, depth: ColourDepth): string {
  if (depth === "ansi256") return `38;5;${colour.ansi256}`;
  return String(colour.ansi16 < 8 ? 30 + colour.ansi16 : 82 + colour.ansi16);
}

function background(colour: Background, depth: ColourDepth): string {
  if (depth === "ansi256") return `48;5;${colour.ansi256}`;
  if (colour.ansi16 === undefined) return "";
  return String(colour.ansi16 < 8 ? 40 + colour.ansi16 : 92 + colour.ansi16);
}

/** Which variable of the environment says that there are no colours. */
export function colourlessReason(env: Readonly<Record<string, string | undefined>>): string {
  if ((env["NO_COLOR"] ?? "") !== "") return "NO_COLOR is set";
  return env["FORCE_COLOR"] === "0" ? "FORCE_COLOR=0" : `TERM=${env["TERM"] ?? ""}`;
}

/** What the environment says of colours: NO_COLOR, FORCE_COLOR, COLORTERM, TERM. */
export function colourDepth(env: Readonly<Record<string, string | undefined>>): ColourDepth {
  if ((env["NO_COLOR"] ?? "") !== "") return "none";
  const forced = env["FORCE_COLOR"];
  if (forced === "0") return "none";
  if (forced === "1") return "ansi16";
  if (forced === "2" || forced === "3") return "ansi256";
  const term = env["TERM"] ?? "";
  if (term === "dumb") return "none";
  if ((env["COLORTERM"] ?? "") !== "" || /256|truecolor|kitty|alacritty|ghostty|wezterm|foot|direct/.test(term)) {
    return "ansi256";
  }
  return "ansi16";
}
