import { readFile } from "node:fs/promises";
import { fileFault, KelpieError, type KelpieErrorOptions } from "../lib/errors.ts";
import { isApiError } from "./api-error.ts";
import { KubeconfigError, type PemSource } from "./kubeconfig.ts";

/** What proves who we are: headers for every request and, for TLS, PEM texts. Secret: never logged. */
export interface Credential {
  readonly headers: Readonly<Record<string, string>>;
  readonly certificate?: string;
  readonly key?: string;
}

/** Credentials could not be had. */
export class CredentialError extends KelpieError {
  override readonly name = "CredentialError";
  /** Nothing is tried again before the user says so: it would be asked, or lose the terminal, over and over. */
  readonly held: boolean;

  constructor(message: string, options: KelpieErrorOptions & { readonly held?: boolean } = {}) {
    super(message, options);
    this.held = options.held ?? false;
  }
}

/** Nobody was asked, or the server does not know who asks: what was asked is not at fault. */
export function isLoginFault(error: unknown): boolean {
  return error instanceof CredentialError || isApiError(error, 401);
}

/** Where credentials come from. Requests that come at the same time share one refresh. */
export interface CredentialSource {
  /** @throws CredentialError */
  current(): Promise<Credential>;
  /** Called after a 401 to a request made with `used`. `false`: nothing newer can be had. @throws CredentialError */
  refresh(used: Credential): Promise<boolean>;
  /** The certificate was refused while connecting: what stands in files is read again. Runs nothing. */
  reread(): void;
  /** Forgets failures and refusals, so that the next request tries again at once. */
  retry(): void;
  close(): void;
}

/** The PEM text of a source, `undefined` where the kubeconfig names none. @throws KubeconfigError */
export async function readPem(source: PemSource, what: string): Promise<string | undefined> {
  if (source.data !== undefined) {
    const text = Buffer.from(source.data, "base64").toString("utf8");
    if (!text.includes("-----BEGIN")) throw new KubeconfigError(`the ${what} in the kubeconfig is not PEM in base64`);
    return text;
  }
  if (source.file === undefined) return undefined;
  try {
    return await readFile(source.file, "utf8");
  } catch (error) {
    throw new KubeconfigError(`cannot read the ${what} ${source.file}: ${fileFault(error)}`, { cause: error });
  }
}
