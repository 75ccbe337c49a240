/** Sockets between the engine and netd, relative to the runtime's directory: paths of sockets may be 107 bytes long. */
export const NETD_SOCKET = "netd.sock";
export const UPSTREAM_SOCKET = "upstream.sock";

/** Another engine that finds a netd of its own version takes it over. */
export const NETD_VERSION = "1";
