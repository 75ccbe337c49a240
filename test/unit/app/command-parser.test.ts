import { expect, test } from "vitest";
import { parseCommand } from "../../../src/app/command-parser.ts";

test.each([
  ["pods", { name: "pods" }],
  ["Deploy kube-system", { name: "deploy", namespace: "kube-system" }],
  ["po all", { name: "po", namespace: "" }],
  ["po -A", { name: "po", namespace: "" }],
  ["po -n team-1", { name: "po", namespace: "team-1" }],
  ["po /web app=shop team-1", { namespace: "team-1", filter: "web", labelSelector: "app=shop" }],
  ["po @staging /x", { context: "staging", filter: "x" }],
  ["po a,b,a,", { namespace: "a,b" }],
  ["po -n a,all", { namespace: "" }],
  ["po -f wb", { filter: "-f wb" }],
  ["po -l tier,app!=x a=b", { labelSelector: "tier,app!=x,a=b" }],
  ["po -l tier in (a, b) all", { namespace: "", labelSelector: "tier in (a, b)" }],
  ["po -l 'tier = a' all", { namespace: "", labelSelector: "tier = a" }],
  ["rs =web-1", { filter: "name:=web-1" }],
  ["events --field-selector=involvedObject.uid=1", { fieldSelector: "involvedObject.uid=1" }],
  ["  deployments.apps   default ", { name: "deployments.apps", namespace: "default" }],
])("%s", (text, expected) => {
  expect(parseCommand(text)).toMatchObject(expected);
});

test.each([
  ["po a b", "two namespaces: a and b"],
  ["po a,$(rm)", "is no namespace"],
  ["po -x", "unknown flag -x"],
  ["po -n", "-n needs a value"],
  ["po $(rm)", "is no namespace"],
])("%s is refused: %s", (text, message) => {
  expect(() => parseCommand(text)).toThrow(message);
});
