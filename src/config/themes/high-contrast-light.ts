import { colour, themeFrom } from "./theme-from.ts";

const white = colour(231, 15);
const black = colour(16, 0);
const blue = colour(18, 4);
const maroon = colour(88, 1);

/** For light terminals; every text has a contrast of 7 at least. */
export const highContrastLightTheme = themeFrom(
  "high-contrast-light",
  {
    plain: black,
    strong: black,
    grey: colour(238, 0),
    faint: colour(239, 0),
    frame: colour(240, 8),
    progress: blue,
    warning: colour(54, 5),
    error: maroon,
    accent: colour(23, 4),
    good: colour(22, 2),
    marked: colour(53, 5),
    selected: [white, blue],
    match: [black, colour(226, 11)],
    currentMatch: [white, black],
    button: [black, colour(254, 7)],
    focused: [white, black],
    dangerous: [white, maroon],
  },
  { bold: true },
);
