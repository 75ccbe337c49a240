import { colour, themeFrom, tint } from "./theme-from.ts";

const white = colour(231, 15);
const black = colour(16, 0);
const plain = colour(236, 0);
const blue = colour(25, 4);
const brown = colour(94, 3);

/** For light terminals: blue, brown and purple, which look apart without the red or the green cones too. */
export const colourBlindLightTheme = themeFrom(
  "colour-blind-light",
  {
    plain,
    strong: black,
    grey: colour(242, 8),
    faint: colour(243, 8),
    frame: colour(248, 8),
    progress: blue,
    warning: brown,
    error: colour(125, 5),
    accent: colour(24, 4),
    good: blue,
    marked: colour(55, 4),
    selected: [black, colour(153, 14)],
    match: [black, colour(222, 11)],
    currentMatch: [white, brown],
    button: [plain, colour(254, 7)],
    focused: [white, colour(24, 4)],
    dangerous: [white, colour(125, 5)],
    changed: [tint(229), tint(230)],
  },
  { bold: true },
);
