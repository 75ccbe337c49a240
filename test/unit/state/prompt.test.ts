import { expect, test } from "vitest";
import { editKey, insertText, lineOf, type LineEdit } from "../../../src/state/line-editor.ts";
import { Prompt } from "../../../src/state/prompt.ts";

const edit = (line: LineEdit, ...keys: readonly string[]): LineEdit =>
  keys.reduce((now, key) => editKey(now, key) ?? insertText(now, key), line);

test.each([
  [["a", "b", "left", "c"], "acb", 2],
  [["home", "x"], "xpods web", 1],
  [["ctrl-w"], "pods ", 5],
  [["ctrl-w", "ctrl-w"], "", 0],
  [["ctrl-left", "ctrl-k"], "pods ", 5],
  [["ctrl-left", "ctrl-u"], "web", 0],
  [["alt-b", "alt-d"], "pods ", 5],
  [["backspace", "backspace"], "pods w", 6],
  [["home", "delete"], "ods web", 0],
])("The keys %j leave %j with the cursor at %i", (keys, text, cursor) => {
  const start = keys[0] === "a" ? lineOf("") : lineOf("pods web");
  expect(edit(start, ...keys)).toEqual({ text, cursor });
});

test("A character of several code units is one step and one erasure", () => {
  const line = lineOf("a👩‍👩‍👧");
  expect(edit(line, "backspace").text).toBe("a");
  expect(edit(line, "left").cursor).toBe(1);
});

test("Pasted line ends and control characters become spaces", () => {
  expect(insertText(lineOf("a"), "b\n\tc\u001Bd").text).toBe("ab c d");
});

function prompt(): { prompt: Prompt; log: string[] } {
  const log: string[] = [];
  const made = new Prompt({
    suggest: (_mode, text) =>
      ["pods", "podtemplates", "services"]
        .filter((name) => name.startsWith(text))
        .map((name) => ({ text: name, label: name, description: "" })),
    changed: (mode, text) => log.push(`${mode} changed ${text}`),
    accepted: (mode, text) => log.push(`${mode} accepted ${text}`),
    cancelled: (mode, before) => log.push(`${mode} cancelled ${before}`),
  });
  return { prompt: made, log };
}

const typed = (at: Prompt, text: string): void => {
  for (const character of text) at.key(character, character);
};

test("Tab takes the suggestion, arrows choose one, Enter accepts it", () => {
  const { prompt: at, log } = prompt();
  at.open("command");
  typed(at, "po");
  at.key("down");
  at.key("down");
  expect(at.state.get()?.chosen).toBe(1);
  at.key("enter");
  expect(log.at(-1)).toBe("command accepted podtemplates");
  at.open("command");
  typed(at, "se");
  at.key("tab");
  expect(at.state.get()?.line.text).toBe("services");
});

test("Earlier lines come back newest first, each once, and the draft after them", () => {
  const { prompt: at } = prompt();
  for (const line of ["pods", "services", "pods"]) {
    at.open("command");
    typed(at, line);
    at.key("enter");
  }
  expect(at.history("command")).toEqual(["services", "pods"]);
  at.open("command");
  typed(at, "x");
  at.key("up");
  expect(at.state.get()?.line.text).toBe("pods");
  at.key("up");
  expect(at.state.get()?.line.text).toBe("services");
  at.key("down");
  at.key("down");
  expect(at.state.get()?.line.text).toBe("x");
});

test("A search tells every change, and Esc brings back what was there", () => {
  const { prompt: at, log } = prompt();
  at.open("search", "old");
  typed(at, "er");
  at.key("escape");
  expect(log).toEqual(["search changed olde", "search changed older", "search cancelled old"]);
  expect(at.state.get()).toBeUndefined();
});

test("Erasing an empty line leaves the prompt", () => {
  const { prompt: at, log } = prompt();
  at.open("command");
  at.key("backspace");
  expect(log).toEqual(["command cancelled "]);
});
