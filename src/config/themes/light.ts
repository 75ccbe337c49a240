import { colour, themeFrom, tint } from "./theme-from.ts";

const white = colour(231, 15);
const black = colour(16, 0);
const plain = colour(236, 0);
const amber = colour(130, 3);
const teal = colour(23, 6);

export const lightTheme = themeFrom("light", {
  plain,
  strong: black,
  grey: colour(242, 8),
  faint: colour(243, 8),
  frame: colour(248, 8),
  progress: colour(25, 4),
  warning: amber,
  error: colour(160, 1),
  accent: teal,
  good: colour(28, 2),
  marked: colour(91, 5),
  selected: [black, colour(153, 14)],
  match: [black, colour(222, 11)],
  currentMatch: [white, amber],
  button: [plain, colour(254, 7)],
  focused: [white, teal],
  dangerous: [white, colour(124, 1)],
  changed: [tint(229), tint(230)],
});
