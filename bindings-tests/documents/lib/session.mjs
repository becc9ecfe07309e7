// A page as its reader does it: from an empty folder, in one terminal, each block in its turn.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";

const BY_ENDING = { mjs: "Node", js: "Node", ts: "Node", py: "Python", go: "Go", rs: "Rust", c: "C" };
/** Ports that pages name; each run has others. */
const PORTS = ["3000", "8080", "8081"];

/** For whom a block is: a tab's reader, or everybody. */
function reader({ label }) {
  return label === undefined ? undefined : (BY_ENDING[/\.(\w+)$/.exec(label)?.[1]] ?? (label.includes(".") ? undefined : label));
}

/** The readers of a page: one of each tab; one without a name where there are no tabs. */
export function readers(blocks) {
  const found = new Set(blocks.filter(runs).map(reader).filter((name) => name !== undefined));
  return found.size === 0 ? [undefined] : [...found].sort();
}

const isFile = ({ label }) => label?.includes(".") ?? false;
const isOutput = ({ language, words }) => language === "text" && words.includes("output");
const isShell = ({ language }) => language === "sh";

/** Whether a session does something with the block. */
export function runs(block) {
  return !block.words.includes("no-run") && (isFile(block) || isShell(block) || isOutput(block));
}

/** Runs a page's blocks for a reader in a folder, and compares what is printed with what the page says. */
export async function run(blocks, who, folder, env) {
  const outputs = `${folder}.output`;
  for (const each of [folder, outputs]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each, { recursive: true });
  }
  const ports = new Map();
  for (const port of PORTS) ports.set(port, await freePort());
  const moved = (text) => text.replace(/\b(3000|8080|8081)\b/g, (port) => ports.get(port));

  const script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", "exec 3>&1 4>&2"];
  const mine = blocks.filter(runs).filter((block) => [undefined, who].includes(reader(block)));
  for (const [number, block] of mine.entries()) {
    if (isOutput(block)) continue;
    if (isShell(block)) {
      const text = moved(block.text);
      // What fails on purpose says so, and the session goes on, as in a terminal.
      const body = block.words.includes("fails") ? `set +e\n${text}test $? -ne 0 || { echo "succeeded"; exit 97; }\nset -e` : text;
      script.push(`echo '${number}' >'${outputs}/at'`, `exec >'${outputs}/${number}' 2>&1`, body, "exec >&3 2>&4");
    } else {
      writeFileSync(join(outputs, `file-${number}`), moved(block.text));
      script.push(`mkdir -p '${dirname(block.label)}'`, `cp '${outputs}/file-${number}' '${block.label}'`);
    }
  }
  const file = join(outputs, "session.sh");
  writeFileSync(file, script.join("\n"));
  const code = await new Promise((resolve, reject) => {
    const bash = spawn("bash", [file], { cwd: folder, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] });
    const timer = setTimeout(() => bash.kill(), 120_000);
    bash.on("error", reject).on("exit", (status, signal) => {
      clearTimeout(timer);
      resolve(signal ?? status);
    });
  });
  const printed = (number) => readFileSync(join(outputs, String(number)), "utf8");
  if (code !== 0) {
    const at = Number(readFileSync(join(outputs, "at"), "utf8"));
    // What a server in the background has said stands with the block that began it.
    const said = mine.slice(0, at + 1).flatMap((block, number) => (isShell(block) ? [`${block.place}: ${printed(number).slice(-2000)}`] : []));
    assert.fail(`${mine[at].place}: ended with ${code}\n${said.join("\n")}`);
  }
  for (const [number, block] of mine.entries()) {
    if (!isOutput(block)) continue;
    const from = mine.slice(0, number).findLastIndex(isShell);
    assert.notEqual(from, -1, `${block.place}: nothing has printed this`);
    compare(moved(block.text), printed(from), block.place);
  }
  rmSync(outputs, { recursive: true });
  rmSync(folder, { recursive: true });
}

/** `...` stands for whatever is there within a line. */
function compare(wanted, printed, place) {
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = wanted.trim().split("...").map(escaped).join(".*");
  if (!new RegExp(`^${pattern}$`).test(printed.trim())) assert.equal(printed.trim(), wanted.trim(), place);
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}
