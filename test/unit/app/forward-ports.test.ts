import { expect, test } from "vitest";
import { parsePortPairs } from "../../../src/app/operations/forward-ports.ts";

test.each([
  { text: "8080:80", pairs: [{ local: 8080, remote: 80 }] },
  { text: "5432", pairs: [{ local: 5432, remote: 5432 }] },
  { text: ":80", pairs: [{ local: 0, remote: 80 }] },
  { text: "8080:http", pairs: [{ local: 8080, remote: "http" }] },
  { text: "http-web", pairs: [{ local: 0, remote: "http-web" }] },
  {
    text: "8080:80, 9090:90",
    pairs: [
      { local: 8080, remote: 80 },
      { local: 9090, remote: 90 },
    ],
  },
])("$text names ports", ({ text, pairs }) => {
  expect(parsePortPairs(text)).toEqual(pairs);
});

test.each([
  { text: "", fault: /not local:remote/ },
  { text: "80:http_1", fault: /not local:remote/ },
  { text: "80:-", fault: /not local:remote/ },
  { text: "8080:0", fault: /1 to 65535/ },
  { text: "70000:80", fault: /1 to 65535/ },
  { text: "8080:80,8080:90", fault: /named twice/ },
])("$text is refused", ({ text, fault }) => {
  expect(parsePortPairs(text)).toMatch(fault);
});
