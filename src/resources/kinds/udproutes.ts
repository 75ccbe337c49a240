import { routeKind } from "../gateway-route.ts";

export const udproutes = routeKind({ resource: "udproutes", kind: "UDPRoute", version: "v1alpha2", hostnames: false });
