import { expect, test } from "vitest";
import { colourDepth, createPalette, type Style, type Theme } from "../../../src/config/theme.ts";
import { darkTheme } from "../../../src/config/themes/dark.ts";
import { lightTheme } from "../../../src/config/themes/light.ts";

/** Relative luminance of a colour of the xterm palette beyond the first 16, which terminals define themselves. */
function luminance(colour: number): number {
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  const cube = colour - 16;
  const grey = 8 + (colour - 232) * 10;
  const channels =
    colour >= 232
      ? [grey, grey, grey]
      : [level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6)];
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const share = channel / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** As WCAG 2 counts it: 1 to 21. */
function contrast(left: number, right: number): number {
  const [low, high] = [luminance(left), luminance(right)].toSorted((one, other) => one - other);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

function stylesOf(theme: Theme): ReadonlyArray<readonly [string, Style]> {
  return [...Object.entries(theme.tones), ...Object.entries(theme.roles)];
}

test.each([
  [darkTheme, 234],
  [lightTheme, 231],
] as const)("Every text of theme $name can be read on its background", (theme, background) => {
  const poor = stylesOf(theme).flatMap(([name, { fg, bg }]) => {
    // Rules and frames are no text.
    if (fg === undefined || name === "border") return [];
    const ratio = contrast(fg.ansi256, bg?.ansi256 ?? background);
    return ratio < 3.5 ? [`${name} ${ratio.toFixed(1)}`] : [];
  });
  expect(poor).toEqual([]);
});

test.each([
  [darkTheme, [0]],
  [lightTheme, [7, 15]],
] as const)("With 16 colours no text of theme $name has the colour of what it stands on", (theme, backgrounds) => {
  const unseen = stylesOf(theme).flatMap(([name, { fg, bg }]) => {
    if (fg === undefined) return [];
    return (bg === undefined ? [...backgrounds] : [bg.ansi16]).some((each) => each === fg.ansi16) ? [name] : [];
  });
  expect(unseen).toEqual([]);
});

test("Without colours the cursor, marks, faults and focus still differ from plain text", () => {
  for (const palette of [createPalette("mono", "ansi256"), createPalette("dark", "none")]) {
    for (const name of ["selected", "error", "danger", "button-focused", "match-current", "flash-error"] as const) {
      const painted = palette.paint("x", name);
      expect(painted, name).not.toBe(palette.paint("x", "text"));
      expect(painted, name).not.toMatch(/[34]8;5|\[[349]\dm/);
    }
  }
});

test.each([
  [{ NO_COLOR: "1", TERM: "xterm-256color" }, "none"],
  [{ TERM: "dumb" }, "none"],
  [{ TERM: "xterm" }, "ansi16"],
  [{ TERM: "linux" }, "ansi16"],
  [{ TERM: "tmux-256color" }, "ansi256"],
  [{ TERM: "xterm", COLORTERM: "truecolor" }, "ansi256"],
])("%j has the colours %s", (env, depth) => {
  expect(colourDepth(env)).toBe(depth);
});
