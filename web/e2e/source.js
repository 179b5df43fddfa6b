// A module of the pages' sources, for tests that need no page.

import { readFile } from "node:fs/promises";
import ts from "typescript";

/** Imports a TypeScript file that imports nothing itself, by its path below web. */
export async function source(name) {
  const text = await readFile(new URL(`../src/${name}`, import.meta.url), "utf8");
  const { outputText } = ts.transpileModule(text, { compilerOptions: { target: "es2022", module: "esnext" } });
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`);
}
