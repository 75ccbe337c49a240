import { routeKind } from "../gateway-route.ts";

export const tlsroutes = routeKind({ resource: "tlsroutes", kind: "TLSRoute", version: "v1alpha3", hostnames: true });
