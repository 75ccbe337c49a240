import { parseArgs, type ParseArgsConfig } from "node:util";
import { errorMessage, UsageError } from "../../lib/errors.ts";

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** Name of its value in the help; absent for a switch. */
  readonly value?: string;
  readonly multiple?: boolean;
  readonly help: string;
}

/** Values of the flags given: `true` for a switch. */
export class Arguments {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>, positionals: readonly string[]) {
    this.#values = values;
    this.positionals = positionals;
  }

  has(name: string): boolean {
    return this.#values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
  }

  /** @throws UsageError where the value is none of `allowed` */
  choice<T extends string>(name: string, allowed: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const found = allowed.find((each) => each === value);
    if (found === undefined) throw new UsageError(`--${name}: "${value}" is none of ${allowed.join(", ")}`);
    return found;
  }
}

/**
 * Parses `argv` by `flags`.
 * @throws UsageError naming the unknown flag or the missing value
 */
export function parseArguments(argv: readonly string[], flags: readonly Flag[], command: string): Arguments {
  const options: NonNullable<ParseArgsConfig["options"]> = {};
  for (const flag of flags) {
    options[flag.name] = {
      type: flag.value === undefined ? "boolean" : "string",
      ...(flag.short === undefined ? {} : { short: flag.short }),
      ...(flag.multiple === true ? { multiple: true } : {}),
    };
  }
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
    return new Arguments(values, positionals);
  } catch (error) {
    const [sentence = ""] = errorMessage(error).split(". ");
    const message = `${sentence.charAt(0).toLowerCase()}${sentence.slice(1)}`;
    throw new UsageError(message, { hint: `\`${command} --help\` lists the flags.`, cause: error });
  }
}

/** Help lines of flags, aligned. */
export function flagHelp(flags: readonly Flag[]): string {
  const rows = flags.map((flag) => {
    const short = flag.short === undefined ? "    " : `-${flag.short}, `;
    return [`  ${short}--${flag.name}${flag.value === undefined ? "" : ` <${flag.value}>`}`, flag.help] as const;
  });
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `${left.padEnd(width)}${right}\n`).join("");
}
