// The pictures of two runs, held against each other.

import assert from "node:assert/strict";
import { mkdtemp, mkdir, readdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { album, begin, compare } from "./album.js";
import { launch } from "./browser.js";

test("pictures are new, gone, the same, or differ by a part", async () => {
  const dir = `${await mkdtemp(`${tmpdir()}/album-`)}/`;
  const browser = await launch();
  try {
    const page = await browser.newPage({ viewport: { width: 100, height: 100 } });
    const draw = async (name, style, height = 100) => {
      await page.setContent(`<style>body { margin: 0; background: #fff } div { ${style} }</style><div></div>`);
      await writeFile(dir + name, await page.screenshot({ clip: { x: 0, y: 0, width: 100, height } }));
    };
    const half = "width: 50px; height: 100px; background: #00f";
    await draw("half.png", "");
    await draw("same.png", half);
    await draw("gone.png", half);
    await draw("short.png", half, 50);
    await begin(dir);
    assert.deepEqual(await readdir(dir), ["last"]);
    await draw("half.png", half);
    await draw("same.png", half);
    await draw("new & <img>.png", half);
    await draw("short.png", half);
    const states = await compare(page, dir);
    assert.deepEqual(states, [
      { name: "gone.png", word: "gone" }, { name: "half.png", share: 0.5 }, { name: "new & <img>.png", word: "new" },
      { name: "same.png", share: 0 }, { name: "short.png", share: 0.5 },
    ]);
    await page.goto(`data:text/html,${encodeURIComponent(album(states))}`);
    const shown = await page.$$eval("section", (all) => all.map((s) => `${s.querySelector("h2").innerText}: ${[...s.querySelectorAll("a")].map((a) => a.className)}`));
    assert.deepEqual(shown, [
      "gone gone: last", "new & <img> new: now", "half 50.00 % changed: last,now,difference",
      "short 50.00 % changed: last,now,difference", "same 0.00 % changed: last,now",
    ]);

    await mkdir(`${dir}empty/last`, { recursive: true });
    await writeFile(`${dir}empty/last/kept.png`, "");
    await begin(`${dir}empty/`); // a run that made no picture takes away none
    assert.deepEqual(await readdir(`${dir}empty/last`), ["kept.png"]);
  } finally {
    await browser.close();
  }
});
