// Every block of code of the documents is held by a test. Here is who holds it; a block that nobody does is a failure. A block that
// cannot be run says `no-run` behind its language, of which there are few.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, test } from "node:test";

import { ROOT, blocks, pages } from "./lib/blocks.mjs";
import { runs } from "./lib/session.mjs";

const TOKENMINT = process.env.TOKENMINT;
const TARGET = join(process.env.TOKENMINT_TARGET ?? join(ROOT, "target"), "documents");
mkdirSync(TARGET, { recursive: true });
const scratch = mkdtempSync(join(TARGET, "blocks-"));
after(() => rmSync(scratch, { recursive: true }));

const read = (path) => readFileSync(join(ROOT, path), "utf8");
const isPage = (...names) => ({ page }) => names.includes(page);
const squeezed = (text) => text.replace(/\s+/g, " ").trim();

function done(program, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: "utf8", cwd: scratch, ...options });
  if (error !== undefined) throw error;
  assert.equal(status, 0, `${program} ${args.join(" ")}\n${stdout}${stderr}`);
  return stdout;
}

/** The command's words, without what the shell, or a program that it begins, makes of the line's end. */
function words(line) {
  return line.replace(/\s+#.*$/, "").replace(/ < \S+$/, "").replace(/ --exec \S+$/, "");
}

/** A line of a reference: the command and each of its options are there. It is `--help` that is done. */
function commandIsThere(line) {
  const [name, ...rest] = words(line).replace(/^cargo run --release -p tokenmint-cli -- /, "tokenmint ").split(" ");
  if (name === "tokenmint") done("bash", ["-c", `"$TOKENMINT" ${rest.join(" ")} --help`]);
  else if (name === "cargo") assert.match(read("xtask/src/main.rs").toLowerCase(), new RegExp(`^    ${rest[1]}\\b`, "m"), line);
  else assert.match(line, /^(export [A-Z_]+=|openssl rand -hex 32 > |chmod 600 )/, `nothing holds \`${line}\``);
}

const BASE = { keys: '[[keys]]\nkid = "k1"\nalg = "EdDSA"\ngenerate = true\n', oauth: 'key = "k1"\naudience = "https://api.example.com"\nsession_secret_generate = true\n' };

/** A part of a configuration, with the least that it needs beside it: the command reads it as it would to serve. */
function configurationIsRead(text) {
  let whole = text.replaceAll('"..."', `"${"A".repeat(43)}"`);
  const table = /^\[oauth\]\n/m;
  if (!/^\[\[keys\]\]/m.test(whole)) whole += `\n${BASE.keys}`;
  if (!table.test(whole)) whole = `[oauth]\n${BASE.oauth}${whole}`;
  else if (!/^key = /m.test(whole)) whole = whole.replace(table, `[oauth]\n${BASE.oauth}`);
  const file = join(mkdtempSync(join(scratch, "toml-")), "tokenmint.toml");
  writeFileSync(file, whole);
  const store = /^\[store\]/m.test(whole) ? [] : ["--data-dir", scratch];
  done(TOKENMINT, ["admin", "list_clients", "--config", file, ...store], { env: { ...process.env, DATABASE_URL: `sqlite:${join(scratch, "a.db")}` } });
}

/** A session in a terminal: what follows each line that begins with `$` is what it prints. */
function consoleSays(text) {
  assert.match(text, /^\$ /);
  for (const [, command, wanted] of text.matchAll(/^\$ (.*)\n((?:(?!\$ ).*\n)*)/gm)) {
    assert.equal(done("bash", ["-c", command.replace(/^tokenmint/, '"$TOKENMINT"')]), wanted, command);
  }
}

/** Requests and replies in turn, as a store answers that is spoken to in lines. */
function storeAnswers(text) {
  const [request, reply] = text.trim().split("\n");
  assert.equal(done(TOKENMINT, ["store", "exec", "--store", "memory:"], { input: `${request}\n` }).trim(), reply);
}

/** A part of a program in C: the compiler takes it, with what the reader brings declared before it. */
function compiles(text) {
  const before = [
    "#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <tokenmint.h>",
    "void wait_for_the_other(const char *url); char *fetch(const char *url); char *carry_out(const char *command);",
    "void page(tokenmint_status_lists *lists, tokenmint_verifier *verifier, tokenmint_task *task, tokenmint_bytes claims, int64_t now);",
    "void page(tokenmint_status_lists *lists, tokenmint_verifier *verifier, tokenmint_task *task, tokenmint_bytes claims, int64_t now) {",
    "tokenmint_error error; (void)lists, (void)verifier, (void)task, (void)claims, (void)now;",
  ];
  const args = ["-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused-variable", "-Werror", `-I${join(ROOT, "include")}`, "-xc", "-"];
  done("cc", args, { input: `${before.join("\n")}\n${text}\n}\n` });
}

/** The demonstration, for the calls that pages show. */
async function demonstration(use) {
  const server = spawn(TOKENMINT, ["serve", "--demo", "--port", "0", "--quiet"], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const found = [];
    for await (const line of createInterface(server.stdout)) {
      found.push(line.split("//")[1]);
      if (found.length === 2) break;
    }
    await use(...found);
  } finally {
    server.kill();
  }
}

/** A call of the running demonstration succeeds. */
const isAnswered = (text) =>
  demonstration((base, admin) => {
    const call = text.replaceAll("127.0.0.1:8081", admin).replaceAll("127.0.0.1:8080", base);
    done("bash", ["-euo", "pipefail", "-c", call.replaceAll("curl ", "curl -sS --fail-with-body ")], { env: { ...process.env, KEY: "demo-admin-key" } });
  });

/** A test in another language has exactly these lines. */
const isIn = (file) => (text) => assert.ok(squeezed(read(file)).includes(squeezed(text)), `${file} has other lines`);
/** A test in another language reads the page; the line by which it does. */
const isReadBy = (file, line) => () => assert.ok(read(file).includes(line), `${file} has no ${line}`);
const README = isPage("README.md");

/** The first that fits holds the block; those that give nothing to do are done by `pages.test.mjs`. */
const HOLDERS = [
  [({ page, block }) => /^docs\/(tutorials|migrate)\//.test(page) && runs(block)],
  [({ block }) => block.words.includes("no-run") || ["text", "http", ""].includes(block.language)],
  [({ block }) => block.language === "rust", ({ text, page }) => isReadBy("core/src/lib.rs", `include_str!("../../${page}")`)(text)],
  [({ page, block }) => README({ page }) && block.language === "c", isReadBy("xtask/src/test/c/examples.rs", '"README.md"')],
  [({ page, block }) => README({ page }) && block.language === "go", isReadBy("xtask/src/test/go.rs", '"README.md"')],
  [({ page, block }) => README({ page }) && block.language === "python", isReadBy("bindings-tests/python/test_documents.py", '"README.md"')],
  [({ page, block }) => README({ page }) && block.language === "js", isReadBy("bindings-tests/node/test/documents.test.mjs", '"README.md"')],
  [({ page, block }) => page === "docs/operations.md" && block.language === "json", isReadBy("xtask/src/surface/reference.rs", "docs/operations.md")],
  [({ page, block }) => page === "docs/storage.md" && block.language === "json", ({ text }) => storeAnswers(text)],
  [({ page, block }) => page === "docs/flows.md" && block.language === "regex", isReadBy("core/tests/flows/api_keys.rs", "docs/flows.md")],
  [({ page, block }) => page === "docs/token-source.md" && block.language === "go", ({ text }) => isIn("bindings-tests/go/oauth2_test.go")(text)],
  [({ page, block }) => page === "docs/token-source.md" && block.language === "python", isReadBy("bindings-tests/python/test_documents.py", '"docs/token-source.md"')],
  [({ page, block }) => page === "docs/deploy.md" && block.language === "sh", isReadBy("cli/tests/cli/deploy.rs", "docs/deploy.md")],
  [({ page, block }) => page === "docs/c-abi.md" && block.language === "c", ({ text }) => compiles(text)],
  [({ block }) => block.language === "toml", ({ text }) => configurationIsRead(text)],
  [({ block }) => block.language === "console", ({ text }) => consoleSays(text)],
  [({ block }) => block.language === "sh" && block.text.startsWith("curl "), ({ text }) => isAnswered(text)],
  [({ block }) => block.language === "sh", ({ text }) => text.trim().split(/\n|&& /).filter(Boolean).forEach(commandIsThere)],
];

const found = ["README.md", ...pages("docs")].flatMap((page) => blocks(page).map((block) => ({ page, block, text: block.text })));

test("there are few blocks that nothing runs", () => {
  const marked = found.filter(({ block }) => block.words.includes("no-run")).map(({ block }) => block.place);
  assert.ok(marked.length <= 3, marked.join("\n"));
  assert.ok(found.length > 90, `${found.length} blocks`);
});

for (const each of found) {
  const { block } = each;
  const holder = HOLDERS.find(([fits]) => fits(each));
  const name = `${block.place} ${block.language}`;
  if (holder === undefined) test(name, () => assert.fail("nothing holds this block: HOLDERS in blocks.test.mjs says who may"));
  else if (holder[1] !== undefined) test(name, () => holder[1](each));
}
