/** The release whose API the server speaks and whose behaviour the components follow. */
export const KUBERNETES_VERSION = "v1.36.0";
