import { afterEach, expect, test } from "vitest";
import type { KubeObject } from "../../src/lib/kube/object.ts";
import type { Settings } from "../../src/config/settings-schema.ts";
import { memoryClusters, MemoryCluster, runningPod } from "../support/memory-cluster.ts";
import { TestScreen } from "../support/screen.ts";

let open: TestScreen | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

function pod(name: string, team: string, cpu: string): KubeObject {
  const made = runningPod(name, { labels: { team } });
  return { ...made, spec: { containers: [{ name: "main", image: "x", resources: { requests: { cpu } } }] } };
}

async function start(views: Settings["views"], columns = 160): Promise<{ dev: MemoryCluster; app: TestScreen }> {
  const dev = new MemoryCluster("dev");
  dev.put("pods", pod("a", "red", "1"));
  dev.put("pods", pod("b", "blue", "250m"));
  dev.put("pods", pod("c", "green", "1500m"));
  open = await TestScreen.open({ clusters: memoryClusters([dev]), columns, settings: { views } });
  return { dev, app: open };
}

const names = (app: TestScreen): readonly string[] => app.rows().map((row) => row.replace(" *selected*", ""));

test("the settings give a kind its columns, typed, sorted by value, and the rest in wide mode", async () => {
  const { app, dev } = await start({
    po: {
      columns: [
        "NAME",
        "TEAM:.metadata.labels.team",
        "CPUREQ:.spec.containers[0].resources.requests.cpu|quantity",
        "Status",
      ],
      sort: "CPUREQ:desc",
    },
  });
  expect(app.text()).toMatch(/NAME +TEAM +CPUREQ↓ +STATUS *\n/);
  expect(names(app)).toEqual(["c", "a", "b"]);
  expect(app.text()).toMatch(/b +blue +250m +Running/);
  await app.press("table.wide");
  expect(app.text()).toMatch(/NAME +TEAM +CPUREQ↓ +STATUS +READY/);
  dev.put("pods", pod("b", "black", "2"));
  await app.idle();
  expect(names(app)).toEqual(["b", "c", "a"]);
  await app.press("/");
  await app.type("black");
  expect(names(app)).toEqual(["b"]);
});

test("a path that leads nowhere is <none>, and a column that is not there is told", async () => {
  const { app } = await start({ "pods.": { columns: ["NAME", "GONE:.spec.nothing|number", "NAEM"] } });
  // `pods.` is no name of pods: nothing changes.
  expect(app.text()).toMatch(/NAME +READY +STATUS/);
  await app.close();
  const again = await start({
    pods: { columns: ["NAME", "GONE:.spec.nothing|number", "SINCE:.status.none|age", "NAEM"] },
  });
  expect(again.app.text()).toMatch(/a +<none> +<none>/);
  expect(again.app.text()).toContain("no column NAEM");
});
