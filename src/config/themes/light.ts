import type { Colour, Theme } from "../theme.ts";

const colour = (ansi256: number, ansi16: number): Colour => ({ ansi256, ansi16 });

const grey = colour(243, 8);
/** Rules and frames, which nobody reads. */
const frame = colour(248, 8);
const faint = colour(244, 8);
const plain = colour(236, 0);
const black = colour(16, 0);
const white = colour(231, 15);
const blue = colour(25, 4);
const teal = colour(30, 6);
const green = colour(28, 2);
const amber = colour(130, 3);
const red = colour(160, 1);
const violet = colour(91, 5);

export const lightTheme: Theme = {
  name: "light",
  tones: {
    ok: { fg: plain },
    progress: { fg: blue },
    warning: { fg: amber },
    error: { fg: red },
    muted: { fg: grey },
    done: { fg: faint },
    accent: { fg: teal },
  },
  roles: {
    text: { fg: plain },
    dim: { fg: grey },
    label: { fg: grey },
    value: { fg: black },
    title: { fg: teal, bold: true },
    heading: { fg: grey, bold: true },
    border: { fg: frame },
    key: { fg: blue },
    hint: { fg: grey },
    crumb: { fg: grey },
    "crumb-current": { fg: black, bold: true },
    selected: { fg: black, bg: colour(153, 14) },
    marked: { fg: violet, bold: true },
    match: { fg: black, bg: colour(222, 11) },
    "match-current": { fg: white, bg: amber, bold: true },
    prompt: { fg: black },
    suggestion: { fg: faint },
    danger: { fg: red, bold: true },
    button: { fg: plain, bg: colour(254, 7) },
    "button-focused": { fg: white, bg: teal, bold: true },
    "flash-info": { fg: green },
    "flash-warning": { fg: amber },
    "flash-error": { fg: red, bold: true },
    "read-only": { fg: amber, bold: true },
  },
};
