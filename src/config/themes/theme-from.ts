import type { Background, Colour, Style, Theme } from "../theme.ts";

/** The colours of a theme by what they are for. Bold, underline and what stands on what are the same in all of them. */
export interface ThemeColours {
  /** What is as it should be: most of the screen. */
  readonly plain: Colour;
  /** Names, values, what is in front. */
  readonly strong: Colour;
  /** What steps back: labels, titles of columns. */
  readonly grey: Colour;
  /** What is done or cannot be used now. */
  readonly faint: Colour;
  /** Rules and frames, which nobody reads. */
  readonly frame: Colour;
  readonly progress: Colour;
  readonly warning: Colour;
  readonly error: Colour;
  readonly accent: Colour;
  readonly good: Colour;
  readonly marked: Colour;
  readonly selected: readonly [text: Colour, under: Background];
  readonly match: readonly [text: Colour, under: Background];
  readonly currentMatch: readonly [text: Colour, under: Background];
  readonly button: readonly [text: Colour, under: Background];
  readonly focused: readonly [text: Colour, under: Background];
  readonly dangerous: readonly [text: Colour, under: Background];
  /** Under a cell that has just changed, and a little later; absent where bold and underline must do. */
  readonly changed?: readonly [now: Background, later: Background];
}

export const colour = (ansi256: number, ansi16: number): Colour => ({ ansi256, ansi16 });

/** A background that terminals of 16 colours do without. */
export const tint = (ansi256: number): Background => ({ ansi256 });

/** @param loud what is added to errors and warnings where colour alone must not tell them */
export function themeFrom(name: string, colours: ThemeColours, loud: Style = {}): Theme {
  const { plain, strong, grey, faint, frame, progress, warning, error, accent, good, marked, changed } = colours;
  const on = ([fg, bg]: readonly [Colour, Background]): Style => ({ fg, bg });
  return {
    name,
    tones: {
      ok: { fg: plain },
      progress: { fg: progress },
      warning: { fg: warning },
      error: { fg: error, ...loud },
      muted: { fg: grey },
      done: { fg: faint },
      accent: { fg: accent },
      added: { fg: good },
    },
    roles: {
      text: { fg: plain },
      dim: { fg: grey },
      label: { fg: grey },
      value: { fg: strong },
      title: { fg: accent, bold: true },
      heading: { fg: grey, bold: true },
      border: { fg: frame },
      key: { fg: progress },
      hint: { fg: grey },
      crumb: { fg: grey },
      "crumb-current": { fg: strong, bold: true },
      selected: on(colours.selected),
      marked: { fg: marked, bold: true },
      match: on(colours.match),
      "match-current": { ...on(colours.currentMatch), bold: true },
      prompt: { fg: strong },
      suggestion: { fg: faint },
      danger: { fg: error, bold: true },
      button: on(colours.button),
      "button-focused": { ...on(colours.focused), bold: true },
      "button-danger": on(colours.dangerous),
      changed: changed === undefined ? { bold: true, underline: true } : { bg: changed[0], bold: true },
      "changed-before": changed === undefined ? { underline: true } : { bg: changed[1] },
      "flash-info": { fg: good },
      "flash-warning": { fg: warning },
      "flash-error": { fg: error, bold: true },
      "read-only": { fg: warning, bold: true },
    },
  };
}
