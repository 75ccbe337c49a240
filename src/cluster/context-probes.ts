import type { Clock } from "../lib/clock.ts";
import { errorMessage, KelpieError } from "../lib/errors.ts";
import { asString, at } from "../lib/kube/object.ts";
import type { Logger } from "../lib/log.ts";
import { createValue } from "../lib/subscribable.ts";
import { isApiError } from "./api-error.ts";
import type { ContextProbes, Reachability } from "./cluster.ts";
import { connectionErrorFrom } from "./connection-error.ts";
import type { ConnectionTarget } from "./connection-target.ts";
import { CredentialError } from "./credential.ts";
import { createCredentials } from "./credentials.ts";
import type { ExecRequest } from "./exec-credentials.ts";
import { HttpClient } from "./http-client.ts";

/** Silence that is taken for an answer. */
const ANSWER_MILLISECONDS = 4000;
/** With a credential plugin that runs first. */
const WHOLE_MILLISECONDS = 8000;

export interface ContextProbesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether a plugin was agreed to before; it is never asked about here. */
  readonly execAgreed: (request: ExecRequest) => Promise<boolean>;
  /** Version of the server where the context is open and connected. */
  connected(context: string): string | undefined;
  /** @throws KubeconfigError where the context is incomplete */
  target(context: string): Promise<ConnectionTarget>;
}

interface Held {
  readonly fingerprint: string;
  readonly client: HttpClient;
}

/** Asks contexts for their version without opening them. Nothing is asked of the user. */
export function createContextProbes(options: ContextProbesOptions): ContextProbes {
  const { clock, env, logger } = options;
  const readOnly = createValue(true);
  const held = new Map<string, Held>();
  let closed = false;

  const clientFor = (target: ConnectionTarget): HttpClient => {
    const fingerprint = JSON.stringify(target);
    const known = held.get(target.context.name);
    if (known?.fingerprint === fingerprint) return known.client;
    known?.client.close();
    // No terminal: a plugin that must ask fails instead.
    const confirmExec = options.execAgreed;
    const credentials = createCredentials(target, { env, clock, logger, confirmExec });
    const client = new HttpClient({
      target,
      credentials,
      env,
      clock,
      logger,
      readOnly,
      timeoutMilliseconds: ANSWER_MILLISECONDS,
    });
    held.set(target.context.name, { fingerprint, client });
    return client;
  };

  const ask = async (context: string): Promise<Reachability> => {
    const target = await options.target(context);
    const { exec } = target.user;
    if (exec !== undefined) {
      const { command, args, env: variables } = exec;
      const request = { context, user: target.user.name, command, args, env: variables };
      if (!(await options.execAgreed(request))) {
        return { state: "login", reason: `the credential plugin ${command} was never allowed to run` };
      }
      if (exec.interactiveMode === "Always") {
        return { state: "login", reason: `the credential plugin ${command} asks in the terminal` };
      }
    }
    const client = clientFor(target);
    const asked = clock.now();
    const yes = (serverVersion: string): Reachability => ({
      state: "yes",
      milliseconds: clock.now() - asked,
      serverVersion,
    });
    const timeout = new AbortController();
    const cancel = clock.after(WHOLE_MILLISECONDS, () => timeout.abort(late()), { background: true });
    try {
      const about = { verb: "read", resource: "/version" };
      const answer = client.json({ path: "/version", about, signal: timeout.signal });
      return yes(asString(at(await orAborted(answer, timeout.signal), "gitVersion")));
    } catch (error) {
      // A server that forbids /version is there all the same.
      if (isApiError(error, 403, 404)) return yes("");
      if (isApiError(error, 401)) return { state: "login", reason: "the credentials are not accepted" };
      if (error instanceof CredentialError) return { state: "login", reason: errorMessage(error) };
      return { state: "no", reason: reasonOf(connectionErrorFrom(error, target.cluster.server)) };
    } finally {
      cancel();
    }
  };

  return {
    async ask(context) {
      try {
        const reach: Reachability = closed ? { state: "no", reason: "not asked" } : await ask(context);
        // The user has logged in there by hand, which is not done here.
        const serverVersion = reach.state === "login" ? options.connected(context) : undefined;
        return serverVersion === undefined ? reach : { state: "yes", serverVersion };
      } catch (error) {
        return { state: "no", reason: errorMessage(error) };
      }
    },
    close() {
      closed = true;
      for (const { client } of held.values()) client.close();
      held.clear();
    },
  };
}

const late = (): KelpieError => new KelpieError(`no answer in ${WHOLE_MILLISECONDS / 1000} s`);

/** The answer, or the reason of the signal: a plugin that hangs must not hold the answer up. */
function orAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(late()), { once: true });
    answer.then(resolve, reject);
  });
}

/** Without what the column SERVER says already. */
function reasonOf(error: KelpieError): string {
  return errorMessage(error).replace(/^cannot reach \S+: /, "");
}
