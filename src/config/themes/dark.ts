import type { Colour, Theme } from "../theme.ts";

const colour = (ansi256: number, ansi16: number): Colour => ({ ansi256, ansi16 });

const grey = colour(245, 8);
/** Rules and frames, which nobody reads. */
const frame = colour(240, 8);
const faint = colour(243, 8);
const plain = colour(252, 7);
const white = colour(255, 15);
const black = colour(16, 0);
const blue = colour(75, 12);
const cyan = colour(80, 14);
const green = colour(114, 2);
const amber = colour(215, 3);
const red = colour(203, 9);
const violet = colour(141, 5);

export const darkTheme: Theme = {
  name: "dark",
  tones: {
    ok: { fg: plain },
    progress: { fg: blue },
    warning: { fg: amber },
    error: { fg: red },
    muted: { fg: grey },
    done: { fg: faint },
    accent: { fg: cyan },
  },
  roles: {
    text: { fg: plain },
    dim: { fg: grey },
    label: { fg: grey },
    value: { fg: white },
    title: { fg: cyan, bold: true },
    heading: { fg: grey, bold: true },
    border: { fg: frame },
    key: { fg: blue },
    hint: { fg: grey },
    crumb: { fg: grey },
    "crumb-current": { fg: white, bold: true },
    selected: { fg: white, bg: colour(24, 4) },
    marked: { fg: violet, bold: true },
    match: { fg: black, bg: amber },
    "match-current": { fg: black, bg: colour(220, 11), bold: true },
    prompt: { fg: white },
    suggestion: { fg: faint },
    danger: { fg: red, bold: true },
    button: { fg: plain, bg: colour(237, 8) },
    "button-focused": { fg: black, bg: cyan, bold: true },
    "flash-info": { fg: green },
    "flash-warning": { fg: amber },
    "flash-error": { fg: red, bold: true },
    "read-only": { fg: amber, bold: true },
  },
};
