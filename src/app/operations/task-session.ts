import type { ExecSession } from "../../cluster/cluster.ts";
import type { Task } from "../../lib/task.ts";
import type { AppServices } from "../context.ts";
import { runRemoteSession, type SessionEnd } from "./remote-session.ts";

/**
 * Hands the terminal over to a session of a task. The session ends with the task: the end of the program must not wait
 * for somebody to leave it.
 * @param greeting lines that are written first
 */
export async function runTaskSession(
  { suspend, clock }: AppServices,
  session: ExecSession,
  task: Task,
  greeting: readonly string[],
): Promise<SessionEnd> {
  const end = (): void => session.close();
  task.signal.addEventListener("abort", end, { once: true });
  try {
    task.signal.throwIfAborted();
    return await suspend((terminal) => {
      for (const line of greeting) terminal.stdout.write(`kelpie: ${line}\r\n`);
      return runRemoteSession(terminal, session, { tty: true, stdin: true, clock });
    });
  } finally {
    task.signal.removeEventListener("abort", end);
    session.close();
  }
}
