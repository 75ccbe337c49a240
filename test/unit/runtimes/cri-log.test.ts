import { describe, expect, it } from "vitest";
import { criTime, encodeCriLines, MAX_PIECE_BYTES } from "../../../src/embedded/runtimes/cri-log.ts";

const encode = (text: string, final = false) => {
  const { output, consumed } = encodeCriLines(Buffer.from(text), "stdout", "T", final);
  return { output: output.toString(), consumed };
};

describe("lines of the CRI log format", () => {
  it("tags whole lines F, empty ones too", () => {
    expect(encode("a\n\nb\n")).toEqual({ output: "T stdout F a\nT stdout F \nT stdout F b\n", consumed: 5 });
  });

  it("leaves a line that has not ended for later", () => {
    expect(encode("a\nhalf")).toEqual({ output: "T stdout F a\n", consumed: 2 });
    expect(encode("half")).toEqual({ output: "", consumed: 0 });
  });

  it("writes it as a piece when nothing more will come", () => {
    expect(encode("a\nhalf", true)).toEqual({ output: "T stdout F a\nT stdout P half\n", consumed: 6 });
  });

  it("cuts a long line into pieces of 16 KB, the last of them whole", () => {
    const long = "x".repeat(MAX_PIECE_BYTES * 2 + 5);
    const { output, consumed } = encode(`${long}\n`);
    const lines = output.trimEnd().split("\n");
    expect(lines.map((line) => [line.slice(0, 10), line.length - 11])).toEqual([
      ["T stdout P", MAX_PIECE_BYTES],
      ["T stdout P", MAX_PIECE_BYTES],
      ["T stdout F", 5],
    ]);
    expect(consumed).toBe(long.length + 1);
  });

  it("does not cut a line of exactly 16 KB", () => {
    const line = "x".repeat(MAX_PIECE_BYTES);
    expect(encode(`${line}\n`).output).toBe(`T stdout F ${line}\n`);
  });
});

it("writes times with nanoseconds", () => {
  expect(criTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6), 7)).toBe("2026-01-02T03:04:05.006000007Z");
});
