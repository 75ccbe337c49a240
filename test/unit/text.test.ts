import { expect, test } from "vitest";
import { textWidth, truncateMiddle } from "../../src/lib/text.ts";

test.each([
  ["front-6bd7755b9-6zz6b", 21, "front-6bd7755b9-6zz6b"],
  ["front-6bd7755b9-6zz6b", 12, "front-…6zz6b"],
  ["front-6bd7755b9-6zz6b", 4, "fro…"],
  ["front", 0, ""],
])("%s on %i cells is %s", (text, width, expected) => {
  const cut = truncateMiddle(text, width);
  expect(cut).toBe(expected);
  expect(textWidth(cut)).toBeLessThanOrEqual(width);
});
