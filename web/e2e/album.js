// The pictures of a run beside those of the run before, to leaf through.
//
//   node album.js begin   puts the pictures of the last run aside
//   node album.js         writes shots/index.html: what is new, what is gone, what changed, by how much

import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { launch } from "./browser.js";

export const folder = fileURLToPath(new URL("shots/", import.meta.url));

/** The names of the pictures in a folder, sorted; none where there is no folder. */
async function pictures(dir) {
  const names = await readdir(dir).catch(() => []);
  return names.filter((name) => name.endsWith(".png")).sort();
}

/** Puts the pictures of the last run aside. Without any, those before them stay. */
export async function begin(dir = folder) {
  const names = await pictures(dir);
  if (names.length === 0) return;
  await rm(`${dir}last`, { recursive: true, force: true });
  await mkdir(`${dir}last`, { recursive: true });
  for (const name of names) await rename(dir + name, `${dir}last/${name}`);
}

/** What part of the pixels differ so that an eye may see it; 1 where the sizes differ in all but length. */
async function changed(page, last, now) {
  const urls = await Promise.all([last, now].map(async (path) => `data:image/png;base64,${(await readFile(path)).toString("base64")}`));
  return page.evaluate(async (both) => {
    const [a, b] = await Promise.all(both.map(async (url) => {
      const image = new Image();
      image.src = url;
      await image.decode();
      return image;
    }));
    const width = Math.max(a.width, b.width), height = Math.max(a.height, b.height);
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    context.drawImage(a, 0, 0);
    context.globalCompositeOperation = "difference"; // what only one of them has, differs too
    context.drawImage(b, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] + data[i + 1] + data[i + 2] > 24) count++;
    return count / (width * height);
  }, urls);
}

/** Every state of both runs: new, gone, or which part of it changed. */
export async function compare(page, dir = folder) {
  const last = new Set(await pictures(`${dir}last`)), now = new Set(await pictures(dir));
  const states = [];
  for (const name of [...new Set([...last, ...now])].sort()) {
    if (!last.has(name)) states.push({ name, word: "new" });
    else if (!now.has(name)) states.push({ name, word: "gone" });
    else states.push({ name, share: await changed(page, `${dir}last/${name}`, dir + name) });
  }
  return states;
}

const escape = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

const figure = (word, ...sources) =>
  `<figure><figcaption>${word}</figcaption><a href="${sources.at(-1)}" class="${word}">${sources.map((s) => `<img src="${s}" alt="" loading="lazy">`).join("")}</a></figure>`;

function section({ name, word, share }) {
  const source = encodeURIComponent(name);
  const said = word ?? `${(share * 100).toFixed(2)} % changed`;
  const figures = [
    word !== "new" && figure("last", `last/${source}`), word !== "gone" && figure("now", source),
    word === undefined && share > 0 && figure("difference", `last/${source}`, source),
  ].filter(Boolean);
  return `<section><h2>${escape(name.replace(/\.png$/, ""))} <small>${said}</small></h2><div>${figures.join("")}</div></section>`;
}

/** The page that shows states: those first that changed most. */
export function album(states) {
  const weight = ({ share }) => share ?? 2;
  const sorted = [...states].sort((a, b) => weight(b) - weight(a) || a.name.localeCompare(b.name));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>What the pages look like</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; margin: 1.5rem; background: #ddd; color: #111 }
section > div { display: flex; gap: 1rem; align-items: flex-start } figure { margin: 0; flex: 1 1 0; min-width: 0 }
a { display: grid; background: #000 } a > img { grid-area: 1 / 1; width: 100% } .difference > img + img { mix-blend-mode: difference }
.difference { filter: contrast(3) } small { font-weight: normal }
</style>
<h1>What the pages look like <small>${states.length} states, this run and the last; times and figures differ in every run</small></h1>
${sorted.map(section).join("\n")}
</html>
`;
}

async function show() {
  const browser = await launch();
  try {
    const states = await compare(await browser.newPage());
    await writeFile(`${folder}index.html`, album(states));
    const count = (test) => states.filter(test).length;
    console.log(`${folder}index.html: ${states.length} states, ${count((s) => s.word === "new")} new, ${count((s) => s.word === "gone")} gone, ${count((s) => s.share > 0.01)} changed by more than 1 %`);
  } finally {
    await browser.close();
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await (process.argv[2] === "begin" ? begin() : show());
