import { expect, test } from "vitest";
import { KeyParser, type InputEvent } from "../../../src/hotkeys/keys.ts";
import { seeded } from "../../support/hostile-objects.ts";

const SEED = Number(process.env["KELPIE_FUZZ_SEED"] ?? 1);

test("The mouse of a terminal without SGR reports is a click, not three typed characters", () => {
  expect(new KeyParser().parse("\u001B[M *!\u001B[M#*!\u001B[M`!!j")).toEqual([
    { type: "click", column: 9, row: 0 },
    { type: "wheel", by: -1 },
    { type: "key", key: "j", text: "j" },
  ]);
});

test("Half a sequence is nobody's keys, and its other half ends it", () => {
  const parser = new KeyParser();
  expect(parser.parse("\u001B[<0;10")).toEqual([]);
  expect(parser.flush()).toEqual([]);
  expect(parser.parse(";5M")).toEqual([{ type: "click", column: 9, row: 4 }]);
  expect(parser.parse("\u001B]11;rgb:00")).toEqual([]);
  expect(parser.flush()).toEqual([]);
  expect(parser.parse("j")).toEqual([{ type: "key", key: "j", text: "j" }]);
});

test("A sequence that another one cuts short is dropped, and the other one is read", () => {
  expect(new KeyParser().parse("\u001B[<0;1\u001B[A")).toEqual([{ type: "key", key: "up" }]);
  expect(new KeyParser().parse(`\u001B[${"1;".repeat(60)}`)).toEqual([]);
});

/** Sequences as broken terminals, cut lines and noise make them. */
function garbage(random: () => number): string {
  const pick = (characters: string): string => characters[Math.floor(random() * characters.length)] ?? "";
  const many = (characters: string, most: number): string =>
    Array.from({ length: Math.floor(random() * most) }, () => pick(characters)).join("");
  switch (Math.floor(random() * 6)) {
    case 0:
      return `\u001B[${pick("<?=>  ")}${many("0123456789;:", 30)}${pick("ABCDHFZMmRncut~@ ")}`;
    case 1:
      return `\u001B[<${many("0123456789;", 12)}${pick("Mm")}`;
    case 2:
      return `\u001B[M${pick(" !#`a")}${pick(" *d~")}${pick(" !x")}`;
    case 3:
      return `\u001B]${many("0123456789;rgb:/qd:", 40)}\u0007`;
    case 4:
      return `\u001BP${many("1$r0m:qd", 20)}\u001B\\`;
    default:
      return `\u001B[${many("0123456789;", 200)}m`;
  }
}

const typed = (event: InputEvent): boolean => event.type === "key" && event.text !== undefined;

test(`Broken sequences type nothing, wherever the line cuts them (seed ${SEED})`, () => {
  for (let round = 0; round < 300; round += 1) {
    const random = seeded(SEED * 1000 + round);
    const text = Array.from({ length: 30 }, () => garbage(random)).join("");
    const parser = new KeyParser();
    const events: InputEvent[] = [];
    for (let at = 0; at < text.length;) {
      const size = 1 + Math.floor(random() * 40);
      events.push(...parser.parse(text.slice(at, at + size)));
      at += size;
    }
    expect(events.filter(typed), JSON.stringify(text)).toEqual([]);
  }
});

test(`Random bytes never stop the keys that follow for longer than one sequence (seed ${SEED})`, () => {
  for (let round = 0; round < 300; round += 1) {
    const random = seeded(SEED * 7000 + round);
    const bytes = Buffer.from(Array.from({ length: 200 }, () => Math.floor(random() * 256)));
    const parser = new KeyParser();
    parser.parse(bytes.toString("utf8").replaceAll("\u001B[200~", ""));
    parser.flush();
    parser.parse("j");
    parser.flush();
    expect(parser.parse("j"), bytes.toString("hex")).toEqual([{ type: "key", key: "j", text: "j" }]);
  }
});

test("A paste that the terminal does not mark is pasted text, to its last piece", () => {
  const parser = new KeyParser();
  const text = "kubectl delete pod web\r".repeat(20);
  expect(parser.parse(text)).toEqual([{ type: "paste", text }]);
  expect(parser.parse("d\r")).toEqual([{ type: "paste", text: "d\r" }]);
  expect(parser.flush()).toEqual([]);
  expect(parser.parse("d")).toEqual([{ type: "key", key: "d", text: "d" }]);
  expect(parser.parse("j".repeat(500))).toHaveLength(500);
});
