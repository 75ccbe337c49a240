import { colour, themeFrom, tint } from "./theme-from.ts";

const white = colour(255, 15);
const black = colour(16, 0);
const blue = colour(75, 12);
const yellow = colour(220, 11);

/** For dark terminals: blue, yellow and orange, which look apart without the red or the green cones too. */
export const colourBlindTheme = themeFrom(
  "colour-blind",
  {
    plain: colour(252, 7),
    strong: white,
    grey: colour(247, 8),
    faint: colour(245, 8),
    frame: colour(240, 8),
    progress: blue,
    warning: yellow,
    error: colour(208, 3),
    accent: colour(117, 14),
    good: blue,
    marked: colour(147, 13),
    selected: [white, colour(24, 4)],
    match: [black, yellow],
    currentMatch: [black, white],
    button: [colour(252, 7), colour(237, 8)],
    focused: [black, colour(117, 14)],
    dangerous: [white, colour(94, 3)],
    changed: [tint(17), tint(235)],
  },
  { bold: true },
);
