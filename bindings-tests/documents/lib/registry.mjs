// A registry with the npm package as it would be published; for every other package it sends to the one that npm is configured for.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";

/** Packs the package of a folder into another. Close it by `close()`. */
export async function registry(folder, into) {
  mkdirSync(into, { recursive: true });
  const npm = (args) => execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const told = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", into]));
  const [{ filename }] = Array.isArray(told) ? told : Object.values(told);
  const tarball = readFileSync(join(into, filename));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const elsewhere = npm(["config", "get", "registry"]).trim();
  const integrity = `sha512-${createHash("sha512").update(tarball).digest("base64")}`;

  const server = createServer((request, response) => {
    if (request.url === "/tokenmint.tgz") return void response.end(tarball);
    if (request.url !== "/tokenmint") return void response.writeHead(302, { location: new URL(request.url.slice(1), elsewhere).href }).end();
    const dist = { tarball: `${origin}/tokenmint.tgz`, integrity };
    const versions = { [manifest.version]: { ...manifest, dist } };
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify({ name: "tokenmint", "dist-tags": { latest: manifest.version }, versions }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;
  return { origin, close: () => server.close() };
}
