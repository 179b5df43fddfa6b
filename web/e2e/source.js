// Modules of the pages' sources, for tests that need no page.

import { mkdtemp, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const src = fileURLToPath(new URL("../src", import.meta.url));
let made;

/** Imports a TypeScript file that needs no library, by its path below web/src. */
export async function source(name) {
  made ??= transpile();
  return import(pathToFileURL(join(await made, name.replace(/\.ts$/, ".mjs"))));
}

/** Leaves the types out of all sources, into a folder of its own. */
async function transpile() {
  const folder = await mkdtemp(join(tmpdir(), "quasar-src-"));
  for (const name of (await readdir(src, { recursive: true })).filter((file) => file.endsWith(".ts"))) {
    const { outputText } = ts.transpileModule(await readFile(join(src, name), "utf8"), { compilerOptions: { target: "es2022", module: "esnext", verbatimModuleSyntax: true } });
    const to = join(folder, name.replace(/\.ts$/, ".mjs"));
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, outputText.replace(/(from "\.[^"]*)\.js"/g, '$1.mjs"'));
  }
  return folder;
}
