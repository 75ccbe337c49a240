import { routeKind } from "../gateway-route.ts";

export const grpcroutes = routeKind({ resource: "grpcroutes", kind: "GRPCRoute", version: "v1", hostnames: true });
