// The sources of the pages keep to their types: esbuild only leaves them out.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("the sources keep to their types", () => {
  const tsc = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", fileURLToPath(new URL(".", import.meta.url))], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});
