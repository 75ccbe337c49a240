import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { openSession } from "../../../src/embedded/runtimes/process-session.ts";
import { systemClock } from "../../../src/lib/clock.ts";

test("What a command says before it ends is there for a client that opens its streams later", async () => {
  const command = ["/bin/sh", "-c", "echo said; echo complained >&2; exit 3"];
  const session = await openSession(
    { command, environment: { PATH: "/usr/bin:/bin" }, clock: systemClock },
    { command: [], tty: false, stdin: false },
  );
  expect(await session.exited).toBe(3);
  // Node lets go of what nobody reads in the turn after the exit.
  await new Promise((resolve) => setImmediate(resolve));
  expect(await text(session.stdout)).toBe("said\n");
  expect(session.stderr === undefined ? "" : await text(session.stderr)).toBe("complained\n");
});
