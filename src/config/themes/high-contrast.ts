import { colour, themeFrom } from "./theme-from.ts";

const white = colour(231, 15);
const black = colour(16, 0);
const grey = colour(252, 7);
const yellow = colour(226, 11);

/** For dark terminals; every text has a contrast of 7 at least. */
export const highContrastTheme = themeFrom(
  "high-contrast",
  {
    plain: white,
    strong: white,
    grey,
    faint: colour(250, 7),
    frame: colour(248, 7),
    progress: colour(117, 14),
    warning: yellow,
    error: colour(210, 9),
    accent: colour(123, 14),
    good: colour(120, 10),
    marked: colour(219, 13),
    selected: [black, colour(159, 14)],
    match: [black, yellow],
    currentMatch: [black, white],
    button: [white, colour(236, 8)],
    focused: [black, yellow],
    dangerous: [white, colour(52, 1)],
  },
  { bold: true },
);
