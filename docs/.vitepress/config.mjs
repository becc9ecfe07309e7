// The site of the documents in this folder, which are also right to read where they are: on a code host, in an editor.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";

const DOCUMENTS = dirname(dirname(fileURLToPath(import.meta.url)));
const ROOT = dirname(DOCUMENTS);
const TARGET = process.env.TOKENMINT_TARGET ?? join(ROOT, "target");
const REPOSITORY = "https://github.com/tokenmint/tokenmint";

/** The id of a heading as code hosts make it, so that a link is right there and here. */
function slugify(heading) {
  const kept = heading.trim().toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "");
  return kept.replaceAll(" ", "-");
}

/** What stands in the repository but is no page leads to the repository; a folder's README is its first page. */
function repositoryLinks(md) {
  md.core.ruler.push("repository-links", ({ tokens, env }) => {
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href === null || /^([a-z]+:|#|\/)/.test(href)) continue;
      const [path, anchor] = href.split("#");
      const target = resolve(dirname(env.realPath ?? env.path), path);
      if (!relative(DOCUMENTS, target).startsWith("..")) {
        token.attrSet("href", href.replace(/README\.md(?=#|$)/, "index.md"));
        continue;
      }
      const kind = existsSync(target) && statSync(target).isDirectory() ? "tree" : "blob";
      token.attrSet("href", `${REPOSITORY}/${kind}/main/${relative(ROOT, target)}${anchor === undefined ? "" : `#${anchor}`}`);
    }
  });
}

/** The pages of a folder in the order of their names, but for its first page. */
function pages(folder) {
  const files = readdirSync(join(DOCUMENTS, folder)).filter((name) => name.endsWith(".md") && name !== "README.md");
  return files.sort().map((name) => {
    const [, heading] = /^# (.*)$/m.exec(readFileSync(join(DOCUMENTS, folder, name), "utf8"));
    return { text: heading.replaceAll("`", ""), link: `/${folder}/${basename(name, ".md")}` };
  });
}

const page = (text, link) => ({ text, link });

export default defineConfig({
  title: "tokenmint",
  description: "The token endpoint as a library: sessions, links that work once, API keys, narrow tokens, OAuth.",
  lang: "en",
  srcDir: ".",
  outDir: join(TARGET, "site"),
  cacheDir: join(TARGET, "site-cache"),
  rewrites: { "README.md": "index.md", ":folder/README.md": ":folder/index.md" },
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: { html: false, anchor: { slugify }, config: repositoryLinks },
  themeConfig: {
    search: { provider: "local" },
    outline: [2, 3],
    nav: [
      page("Tutorials", "/tutorials/"),
      page("Server", "/deploy"),
      page("Errors", "/errors"),
      page("Repository", REPOSITORY),
    ],
    sidebar: [
      { text: "Begin", items: [page("By task", "/")] },
      { text: "Tutorials", items: [page("Which one", "/tutorials/"), ...pages("tutorials")] },
      { text: "Coming from", items: [page("What is different", "/migrate/"), ...pages("migrate")] },
      {
        text: "How it works",
        items: [page("Flows", "/flows"), page("Token sources", "/token-source"), page("OAuth", "/oauth"), page("The vendors' endpoints", "/endpoints")],
      },
      { text: "Operate", items: [page("From nothing to a server", "/deploy"), page("The command", "/cli"), page("Stores", "/storage")] },
      { text: "Look up", items: [page("Errors", "/errors"), page("Operations", "/operations"), page("C", "/c-abi")] },
    ],
  },
});
