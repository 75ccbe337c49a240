import { colour, themeFrom, tint } from "./theme-from.ts";

const white = colour(255, 15);
const black = colour(16, 0);
const amber = colour(215, 3);
const cyan = colour(80, 14);

export const darkTheme = themeFrom("dark", {
  plain: colour(252, 7),
  strong: white,
  grey: colour(247, 8),
  faint: colour(245, 8),
  frame: colour(240, 8),
  progress: colour(75, 12),
  warning: amber,
  error: colour(203, 9),
  accent: cyan,
  good: colour(114, 2),
  marked: colour(141, 5),
  selected: [white, colour(24, 4)],
  match: [black, amber],
  currentMatch: [black, colour(220, 11)],
  button: [colour(252, 7), colour(237, 8)],
  focused: [black, cyan],
  dangerous: [white, colour(88, 1)],
  changed: [tint(17), tint(235)],
});
