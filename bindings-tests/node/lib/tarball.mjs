// The package as npm would publish it, and scratch projects that install it.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

import { PACKAGE, TARGET, TESTS } from "./repository.mjs";

const FOLDER = join(TARGET, "npm-scratch");
mkdirSync(FOLDER, { recursive: true });

/** Packs the package, and gives the path of the tarball. Each process has its own. */
export function pack() {
  const into = mkdtempSync(join(FOLDER, "pack-"));
  process.on("exit", () => rmSync(into, { recursive: true, force: true }));
  const told = npm(["pack", "--json", "--ignore-scripts", "--pack-destination", into], PACKAGE);
  const packed = JSON.parse(told);
  const [{ filename }] = Array.isArray(packed) ? packed : Object.values(packed);
  return join(into, filename);
}

/** The files of a tarball: their names without `package/`, and their bytes. */
export function files(tarball) {
  const tar = gunzipSync(readFileSync(tarball));
  const found = new Map();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const text = (from, length) => tar.toString("utf8", at + from, at + from + length).replace(/\0.*$/s, "");
    const size = parseInt(text(124, 12), 8);
    const kind = text(156, 1);
    const name = [text(345, 155), text(0, 100)].filter(Boolean).join("/");
    // Regular files only: npm writes nothing else but extended headers for long names, which this package has none of.
    if (kind !== "0" && kind !== "") throw new Error(`${name} is no regular file (${kind})`);
    found.set(name.replace(/^package\//, ""), tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

/** Copies the template of that name, installs the tarball and nothing else, and gives the folder. */
export function scratch(name, tarball) {
  const folder = join(FOLDER, name);
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(TESTS, "scratch", name), folder, { recursive: true });
  const manifest = { name: `scratch-${name}`, private: true, version: "0.0.0", ...JSON.parse(readManifest(folder)) };
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  npm(["install", "--no-audit", "--no-fund", "--prefer-offline", "--no-package-lock", tarball], folder);
  return folder;
}

function readManifest(folder) {
  try {
    return readFileSync(join(folder, "package.json"), "utf8");
  } catch {
    return "{}";
  }
}

function npm(given, cwd) {
  return execFileSync("npm", given, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** Runs Node in a folder, and gives what it printed. A failure shows all of it. */
export function node(given, cwd, environment = {}) {
  try {
    const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined, ...environment };
    for (const name of Object.keys(env)) if (env[name] === undefined) delete env[name];
    return execFileSync(process.execPath, given, { cwd, encoding: "utf8", env, stdio: ["ignore", "pipe", "pipe"], timeout: 500_000 });
  } catch (error) {
    throw new Error(`node ${given.join(" ")}: ${error.message}\n${error.stdout}\n${error.stderr}`);
  }
}

/** A tool of these tests, by the path of its script in node_modules. */
export function tool(path) {
  return join(TESTS, "node_modules", path);
}
