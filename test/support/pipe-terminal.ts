import { PassThrough } from "node:stream";
import { ReadStream, WriteStream } from "node:tty";
import type { HandedOverTerminal } from "../../src/app/suspend.ts";

/** A terminal made of pipes, as an operation gets it that hands the real one over. */
export interface PipeTerminal {
  readonly terminal: HandedOverTerminal;
  /** What is typed is written here. */
  readonly keys: PassThrough;
  /** Everything that was written so far. */
  screen(): string;
}

export function pipeTerminal(): PipeTerminal {
  const keys = new PassThrough();
  const output = new PassThrough();
  let screen = "";
  output.on("data", (data: Buffer) => {
    screen += data.toString();
  });
  const over = <T extends object>(prototype: T, stream: PassThrough, own: Readonly<Record<string, unknown>>): T =>
    new Proxy(prototype, {
      get: (_, name) => {
        if (typeof name === "string" && name in own) return own[name];
        const value: unknown = Reflect.get(stream, name);
        return typeof value === "function" ? value.bind(stream) : value;
      },
    });
  return {
    terminal: {
      stdin: over<ReadStream>(Object.create(ReadStream.prototype), keys, { setRawMode: () => undefined }),
      stdout: over<WriteStream>(Object.create(WriteStream.prototype), output, { columns: 80, rows: 24 }),
    },
    keys,
    screen: () => screen,
  };
}
