/** A kubeconfig text with one cluster, one user and one context, all named `fake` unless told. */
export function fakeKubeconfig(options: {
  readonly server: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly token?: string;
  /** PEM text. */
  readonly ca?: string;
  /** Merged into the user. */
  readonly user?: Readonly<Record<string, unknown>>;
  /** Merged into the cluster. */
  readonly cluster?: Readonly<Record<string, unknown>>;
}): string {
  const { name = "fake", namespace } = options;
  // JSON is YAML.
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": name,
      clusters: [
        {
          name,
          cluster: {
            server: options.server,
            ...(options.ca === undefined
              ? {}
              : { "certificate-authority-data": Buffer.from(options.ca).toString("base64") }),
            ...options.cluster,
          },
        },
      ],
      users: [{ name, user: { ...(options.token === undefined ? {} : { token: options.token }), ...options.user } }],
      contexts: [{ name, context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) } }],
    },
    undefined,
    2,
  );
}
