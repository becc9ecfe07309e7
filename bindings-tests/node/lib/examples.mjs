// The examples in the documentation: fenced blocks of TypeScript and JavaScript.

import { readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

import { ROOT } from "./repository.mjs";

const FENCE = /^```(ts|typescript|js|javascript|mjs)(?: (\w+))?\n([\s\S]*?)^```/gm;

/** The blocks under `@example` in the comments of the package's sources. */
export function ofSources() {
  const found = [];
  for (const file of sources(join(ROOT, "wasm/ts"))) {
    const text = readFileSync(file, "utf8");
    for (const [comment] of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
      const plain = comment.replace(/^\s*(\/\*\*|\*\/|\*) ?/gm, "").replace(/\*\/$/, "");
      for (const part of plain.split(/^@example/m).slice(1)) {
        for (const [, , mark, code] of part.matchAll(FENCE)) {
          const line = text.slice(0, text.indexOf(comment)).split("\n").length;
          found.push({ name: `${relative(ROOT, file)}:${line}`, mark, code });
        }
      }
    }
  }
  return found;
}

/** The blocks of a document. */
export function ofDocument(path) {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(FENCE)].map(({ 1: language, 2: mark, 3: code, index }) => ({
    name: `${path}:${text.slice(0, index).split("\n").length}`,
    language,
    mark,
    code,
  }));
}

function sources(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? sources(path) : path.endsWith(".ts") ? [path] : [];
  });
}
