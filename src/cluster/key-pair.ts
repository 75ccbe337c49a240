import { createPrivateKey, X509Certificate, type KeyObject } from "node:crypto";
import { errorCode, errorMessage } from "../lib/errors.ts";
import { KubeconfigError } from "./kubeconfig.ts";

/**
 * Looks at PEM texts before TLS does, whose words (`PEM routines::no start line`) do not say which of them is meant.
 * @throws KubeconfigError
 */
export function checkKeyPair(certificate: string, key: string, user: string): void {
  const parsed = checkCertificate(certificate, `client certificate of user "${user}"`);
  if (!parsed.checkPrivateKey(parseKey(key, user))) {
    throw new KubeconfigError(`the client key of user "${user}" does not belong to its client certificate`, {
      hint: "let the tool that made the kubeconfig write both again",
    });
  }
}

/** @throws KubeconfigError */
export function checkCertificate(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new KubeconfigError(`the ${what} is not a PEM certificate`, {
      hint: "let the tool that made the kubeconfig write it again",
      cause: error,
    });
  }
}

function parseKey(key: string, user: string): KeyObject {
  try {
    return createPrivateKey(key);
  } catch (error) {
    const locked = errorCode(error) === "ERR_MISSING_PASSPHRASE" || /passphrase/i.test(errorMessage(error));
    throw new KubeconfigError(
      `the client key of user "${user}" ${locked ? "is encrypted with a passphrase" : "is not a PEM private key"}`,
      {
        hint: locked
          ? "write it without one: kubectl cannot use it either"
          : "let the tool that made the kubeconfig write it again",
        cause: error,
      },
    );
  }
}
