import { expect, test } from "vitest";
import { duplicateFields } from "../../../src/embedded/machinery/duplicate-fields.ts";

test.for([
  ['{"a":1,"b":{"a":1},"c":[{"a":1},{"a":1}]}', []],
  ['{"a":1,"a":2,"a":3}', ["a"]],
  ['{"spec":{"x":{},"x":{}}}', ["spec.x"]],
  ['{"spec":{"containers":[{"n":1},{"image":"a","n":2,"image":"b"}]}}', ["spec.containers[1].image"]],
  ['{"a":"b\\"a\\":{","a\\u0062":1,"ab":"x:y,z"}', ["ab"]],
  ['{"a":[[1,2],[{"b":":"}]], "b" : "," , "b" : null}', ["b"]],
  ['["a","a"]', []],
  ['"text"', []],
] as const)("in %s the duplicates are %j", ([text, duplicates]) => {
  expect(() => JSON.parse(text)).not.toThrow();
  expect(duplicateFields(text)).toEqual(duplicates);
});
