import { errorCode, errorMessage, KelpieError, type KelpieErrorOptions } from "../lib/errors.ts";

export type ConnectionFault = "refused" | "dns" | "tls" | "timeout" | "cut" | "proxy" | "unreachable" | "protocol";

/** The server could not be reached, or the connection to it broke. */
export class ConnectionError extends KelpieError {
  override readonly name = "ConnectionError";
  readonly fault: ConnectionFault;

  constructor(fault: ConnectionFault, message: string, options: KelpieErrorOptions = {}) {
    super(message, options);
    this.fault = fault;
  }
}

const TLS_REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "its certificate is self-signed and not trusted",
    "set certificate-authority-data of the cluster in the kubeconfig",
  ],
  SELF_SIGNED_CERT_IN_CHAIN: [
    "its certificate was issued by an unknown authority",
    "set certificate-authority-data of the cluster in the kubeconfig",
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "its certificate was issued by an unknown authority",
    "set certificate-authority-data of the cluster in the kubeconfig",
  ],
  UNABLE_TO_GET_ISSUER_CERT: [
    "its certificate was issued by an unknown authority",
    "set certificate-authority-data of the cluster in the kubeconfig",
  ],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [
    "its certificate was issued by an unknown authority",
    "set certificate-authority-data of the cluster in the kubeconfig",
  ],
  CERT_SIGNATURE_FAILURE: [
    "its certificate was not signed by the authority the kubeconfig names",
    "the cluster was probably made anew: fetch its kubeconfig again",
  ],
  CERT_HAS_EXPIRED: ["its certificate has expired", "renew the certificate of the API server"],
  CERT_NOT_YET_VALID: ["its certificate is not valid yet", "check the clocks of this machine and of the server"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "its certificate is for another host name",
    "set tls-server-name of the cluster in the kubeconfig",
  ],
};

/** Translates an error of a socket, of TLS or of HTTP framing. `server` is the URL that was asked. */
export function connectionErrorFrom(error: unknown, server: string): KelpieError {
  if (error instanceof KelpieError) return error;
  const code = errorCode(error) ?? "";
  const host = hostOf(server);
  const fail = (fault: ConnectionFault, reason: string, hint?: string): ConnectionError =>
    new ConnectionError(fault, `cannot reach ${host}: ${reason}`, {
      cause: error,
      ...(hint === undefined ? {} : { hint }),
    });
  const tls = TLS_REASONS[code] ?? clientCertificateFault(code);
  if (tls !== undefined) return fail("tls", ...tls);
  switch (code) {
    case "ECONNREFUSED":
      return fail("refused", "connection refused", "start the cluster, or check the address in the kubeconfig");
    case "ENOTFOUND":
      return fail(
        "dns",
        "the host name is not known",
        "check the server address in the kubeconfig, the VPN and the DNS",
      );
    case "EAI_AGAIN":
      return fail("dns", "the name server does not answer", "check the network and the DNS");
    case "ETIMEDOUT":
      return fail("timeout", "no answer in time", "check the network, the VPN and the firewall");
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "ENETDOWN":
      return fail("unreachable", "no route to the host", "check the network and the VPN");
    case "ECONNRESET":
    case "EPIPE":
    case "ERR_STREAM_PREMATURE_CLOSE":
      return fail("cut", "the connection was cut");
    default:
  }
  if (code.startsWith("HPE_")) {
    return fail("protocol", "it does not speak HTTP", "check the scheme (http or https) and the port of the server");
  }
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "EPROTO") {
    return fail("tls", "it does not speak TLS", "check the scheme (http or https) and the port of the server");
  }
  if (code.startsWith("ERR_SSL_") || code.startsWith("ERR_TLS_")) {
    return fail("tls", `TLS failed: ${errorMessage(error)}`, "check the client certificate in the kubeconfig");
  }
  return fail("cut", errorMessage(error));
}

/** What a server says of our certificate, in an alert; the names differ between versions of OpenSSL. */
function clientCertificateFault(code: string): readonly [reason: string, hint: string] | undefined {
  const alert = /ALERT_(?:NO_)?(CERTIFICATE_\w+|BAD_CERTIFICATE|UNKNOWN_CA)$/.exec(code)?.[1];
  if (alert === undefined) return undefined;
  const reason =
    alert === "CERTIFICATE_EXPIRED"
      ? "it says that the client certificate has expired"
      : alert === "CERTIFICATE_REQUIRED"
        ? "it wants a client certificate"
        : "it does not accept the client certificate";
  return [reason, "log in again, or check client-certificate of the user in the kubeconfig"];
}

/** Why, for whom asked somebody else than the server. */
export function connectionReason(error: unknown): string {
  return connectionErrorFrom(error, "").message.replace(/^cannot reach : /, "");
}

function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).host : server;
}
