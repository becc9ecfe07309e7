// The blocks of code of a page, in order.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The pages below a folder of the repository, by their paths. */
export function pages(folder) {
  const found = readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return /^(node_modules|\.)/.test(entry.name) ? [] : pages(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
  return found.sort();
}

/**
 * Each block: its place, `language`, the words behind it, the `label` in brackets, and its lines. One that is indented, as in a list,
 * is a block, too.
 */
export function blocks(path) {
  const found = [];
  let open = null;
  for (const [index, line] of readFileSync(join(ROOT, path), "utf8").split("\n").entries()) {
    const fence = /^( *)(```+)(.*)$/.exec(line);
    if (open === null && fence !== null) {
      const [language = "", ...words] = fence[3].replace(/\[.*?\]/, "").trim().split(/\s+/);
      const label = /\[(.*?)\]/.exec(fence[3])?.[1];
      open = { place: `${relative("", path)}:${index + 1}`, indent: fence[1].length, fence: fence[2], language, words, label, lines: [] };
    } else if (open !== null && fence !== null && fence[2] === open.fence && fence[3].trim() === "") {
      found.push({ ...open, text: open.lines.map((each) => `${each}\n`).join("") });
      open = null;
    } else if (open !== null) {
      open.lines.push(line.slice(Math.min(open.indent, /^ */.exec(line)[0].length)));
    }
  }
  if (open !== null) throw new Error(`${open.place}: the block does not end`);
  return found;
}
