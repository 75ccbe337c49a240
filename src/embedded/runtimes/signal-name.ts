import { constants } from "node:os";
import { RuntimeError } from "./runtime-error.ts";

/** `SIGTERM`, `TERM`, `15` and `sigterm` are the same. @throws RuntimeError `InvalidSignal` */
export function parseSignal(text: string): NodeJS.Signals {
  const upper = text.toUpperCase();
  for (const [name, number] of Object.entries(constants.signals)) {
    if (upper === name || `SIG${upper}` === name || text === String(number)) return isSignal(name) ? name : "SIGTERM";
  }
  throw new RuntimeError("InvalidSignal", `"${text}" is no signal of this machine`);
}

function isSignal(name: string): name is NodeJS.Signals {
  return name in constants.signals;
}
