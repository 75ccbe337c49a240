/** An open object or list of the text. */
interface Level {
  /** Names seen so far; `undefined` for a list. */
  readonly names: Set<string> | undefined;
  /** Name or index of the value that is being read. */
  at: string | number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;

/**
 * Paths of fields that a JSON text has twice, `spec.containers[0].image`, each once: what `JSON.parse` does not tell.
 * The text must be valid JSON.
 */
export function duplicateFields(text: string): readonly string[] {
  const found = new Set<string>();
  const levels: Level[] = [];
  let name = "";
  for (let index = 0; index < text.length; index += 1) {
    const level = levels.at(-1);
    switch (text.charCodeAt(index)) {
      case QUOTE: {
        const end = endOfString(text, index);
        if (level?.names !== undefined) name = text.slice(index, end + 1);
        index = end;
        break;
      }
      case COLON:
        if (level?.names !== undefined) addName(level, level.names, decoded(name), levels, found);
        break;
      case COMMA:
        if (typeof level?.at === "number") level.at += 1;
        break;
      case OPEN_OBJECT:
        levels.push({ names: new Set(), at: "" });
        break;
      case OPEN_LIST:
        levels.push({ names: undefined, at: 0 });
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        levels.pop();
        break;
      default:
    }
  }
  return [...found];
}

function endOfString(text: string, start: number): number {
  let index = start + 1;
  while (index < text.length && text.charCodeAt(index) !== QUOTE) {
    index += text.charCodeAt(index) === BACKSLASH ? 2 : 1;
  }
  return index;
}

/** A name without its quotes; one with escapes is read as JSON reads it. */
function decoded(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  const value: unknown = JSON.parse(quoted);
  return typeof value === "string" ? value : quoted;
}

function addName(level: Level, names: Set<string>, name: string, levels: readonly Level[], found: Set<string>): void {
  level.at = name;
  if (names.has(name)) found.add(pathOf(levels));
  names.add(name);
}

function pathOf(levels: readonly Level[]): string {
  let path = "";
  for (const { at } of levels) {
    if (typeof at === "number") path += `[${at}]`;
    else path += path === "" ? at : `.${at}`;
  }
  return path;
}
