import { expect, test } from "vitest";
import {
  colourDepth,
  createPalette,
  themeDescriptions,
  themeNames,
  type Style,
  type Theme,
} from "../../../src/config/theme.ts";
import { settingsSchema } from "../../../src/config/settings-schema.ts";
import { colourBlindLightTheme } from "../../../src/config/themes/colour-blind-light.ts";
import { colourBlindTheme } from "../../../src/config/themes/colour-blind.ts";
import { darkTheme } from "../../../src/config/themes/dark.ts";
import { highContrastLightTheme } from "../../../src/config/themes/high-contrast-light.ts";
import { highContrastTheme } from "../../../src/config/themes/high-contrast.ts";
import { lightTheme } from "../../../src/config/themes/light.ts";
import type { Tone } from "../../../src/lib/tone.ts";

type Linear = readonly [red: number, green: number, blue: number];

/** Linear light, 0 to 1, of a colour of the xterm palette beyond the first 16, which terminals define themselves. */
function linear(colour: number): Linear {
  const level = (step: number): number => (step === 0 ? 0 : 55 + 40 * step);
  const cube = colour - 16;
  const grey = 8 + (colour - 232) * 10;
  const light = (channel: number): number => {
    const share = channel / 255;
    return share <= 0.040_45 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return colour >= 232
    ? [light(grey), light(grey), light(grey)]
    : [light(level(Math.floor(cube / 36))), light(level(Math.floor(cube / 6) % 6)), light(level(cube % 6))];
}

function luminance([red, green, blue]: Linear): number {
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** As WCAG 2 counts it: 1 to 21. */
function contrast(left: number, right: number): number {
  const [low, high] = [luminance(linear(left)), luminance(linear(right))].toSorted((one, other) => one - other);
  return ((high ?? 0) + 0.05) / ((low ?? 0) + 0.05);
}

/** What eyes without one kind of cones see: Machado, Oliveira and Fernandes (2009), full severity, in linear light. */
const EYES = {
  protanopia: [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
  ],
  deuteranopia: [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_82, 0.042_94, 0.968_881],
  ],
} as const;

function seenBy(eyes: keyof typeof EYES, [red, green, blue]: Linear): Linear {
  const row = ([r, g, b]: readonly [number, number, number]): number =>
    Math.min(1, Math.max(0, r * red + g * green + b * blue));
  const [first, second, third] = EYES[eyes];
  return [row(first), row(second), row(third)];
}

/** CIE 1976 difference of two colours; 2.3 can just be told apart side by side. */
function difference(left: Linear, right: Linear): number {
  const lab = ([red, green, blue]: Linear): Linear => {
    const root = (value: number): number => (value > 0.008_856 ? Math.cbrt(value) : 7.787 * value + 16 / 116);
    const x = root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.950_47);
    const y = root(luminance([red, green, blue]));
    const z = root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.088_83);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };
  const [one, other] = [lab(left), lab(right)];
  return Math.hypot(one[0] - other[0], one[1] - other[1], one[2] - other[2]);
}

function stylesOf(theme: Theme): ReadonlyArray<readonly [string, Style]> {
  return [...Object.entries(theme.tones), ...Object.entries(theme.roles)];
}

/** Each theme with a background of terminals it is for, that of xterm palette 16 being black and 231 white. */
const THEMES = [
  [darkTheme, [16, 234], 4.5],
  [lightTheme, [231], 4.5],
  [highContrastTheme, [16, 234], 7],
  [highContrastLightTheme, [231], 7],
  [colourBlindTheme, [16, 234], 4.5],
  [colourBlindLightTheme, [231], 4.5],
] as const;

test.each(THEMES)("Every text of theme $name can be read on its background", (theme, backgrounds, least) => {
  const poor = stylesOf(theme).flatMap(([name, { fg, bg }]) => {
    // Rules and frames are no text.
    if (fg === undefined || name === "border") return [];
    const under = bg === undefined ? backgrounds : [bg.ansi256];
    const ratio = Math.min(...under.map((background) => contrast(fg.ansi256, background)));
    return ratio < least ? [`${name} ${ratio.toFixed(1)}`] : [];
  });
  expect(poor).toEqual([]);
});

test.each(THEMES)("What has just changed can be read in every tone of theme $name", (theme, _backgrounds, least) => {
  const poor: string[] = [];
  for (const name of ["changed", "changed-before"] as const) {
    const { bg } = theme.roles[name];
    if (bg === undefined) continue;
    for (const [tone, { fg }] of Object.entries(theme.tones)) {
      // The painter shows these two as plain text there.
      if (fg === undefined || tone === "muted" || tone === "done") continue;
      const ratio = contrast(fg.ansi256, bg.ansi256);
      if (ratio < least) poor.push(`${tone} on ${name} ${ratio.toFixed(1)}`);
    }
  }
  expect(poor).toEqual([]);
});

test.each([colourBlindTheme, colourBlindLightTheme])(
  "Health is told apart in theme $name by eyes without red or green",
  ({ tones }) => {
    const health: readonly Tone[] = ["ok", "progress", "warning", "error"];
    const alike: string[] = [];
    for (const eyes of ["protanopia", "deuteranopia"] as const) {
      for (const [index, one] of health.entries()) {
        for (const other of health.slice(index + 1)) {
          const seen = [one, other].map((tone) => seenBy(eyes, linear(tones[tone].fg?.ansi256 ?? 0)));
          const [left, right] = seen;
          if (left === undefined || right === undefined) continue;
          const apart = difference(left, right);
          if (apart < 15) alike.push(`${one} and ${other} by ${apart.toFixed(0)} with ${eyes}`);
        }
      }
    }
    expect(alike).toEqual([]);
    // Where colour fails altogether, an error still stands out.
    expect(tones.error).toMatchObject({ bold: true });
  },
);

test.each([
  [darkTheme, [0]],
  [lightTheme, [7, 15]],
  [highContrastTheme, [0]],
  [highContrastLightTheme, [7, 15]],
  [colourBlindTheme, [0]],
  [colourBlindLightTheme, [7, 15]],
] as const)("With 16 colours no text of theme $name has the colour of what it stands on", (theme, backgrounds) => {
  const unseen = stylesOf(theme).flatMap(([name, { fg, bg }]) => {
    if (fg === undefined) return [];
    return (bg?.ansi16 === undefined ? [...backgrounds] : [bg.ansi16]).some((each) => each === fg.ansi16) ? [name] : [];
  });
  expect(unseen).toEqual([]);
});

test("Every theme is named in the settings and described for the prompt", () => {
  const { description = "" } = settingsSchema.shape.theme.meta() ?? {};
  for (const name of themeNames) {
    expect(description).toMatch(new RegExp(`[ ]${name}(,|\\.| or)`));
    expect(themeDescriptions[name]).toMatch(/\w/);
    expect(createPalette(name, "ansi256").theme).toBe(name);
  }
  expect(Object.keys(themeDescriptions)).toEqual(themeNames);
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
