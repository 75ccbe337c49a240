import { routeKind } from "../gateway-route.ts";

export const tcproutes = routeKind({ resource: "tcproutes", kind: "TCPRoute", version: "v1alpha2", hostnames: false });
