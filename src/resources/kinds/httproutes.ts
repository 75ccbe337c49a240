import { routeKind } from "../gateway-route.ts";

export const httproutes = routeKind({ resource: "httproutes", kind: "HTTPRoute", version: "v1", hostnames: true });
