// A product's own accounts: sessions after log-in, devices, a reset link, and API keys for customers.
import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import { pathToFileURL } from "node:url";
import express from "express";
import { Issuer, Key, KeySet, MemoryStore, TokenmintError } from "tokenmint";

/** `users` are yours, with the hashes of their passwords; so are the mails. */
export async function accounts(users, mail) {
  const keys = new KeySet(await Key.generate("EdDSA", { kid: "k1" })); // in earnest: Key.fromJwk of one that is kept
  const sessionSecret = "at least thirty-two bytes that are kept";
  const issuer = new Issuer(keys, { issuer: "https://api.example.com", audience: "app", sessionSecret });
  const store = new MemoryStore(); // in earnest: any object with `execute`, over a database of yours
  const app = express();
  app.use(express.json());
  app.use((_request, response, next) => {
    response.set("cache-control", "no-store");
    next();
  });

  /** Lets requests through of who is logged in; `check` knows also what was ended a moment ago. */
  const user = async (request, _response, next) => {
    request.user = (await issuer.check({ token: bearer(request) }).run(store)).subject;
    next();
  };

  app.post("/login", async (request, response) => {
    const { user, password, device } = request.body;
    if (!matches(users.get(user), password) || !users.has(user)) return void response.status(401).end();
    response.json(await issuer.startSession({ subject: user, scope: "account", details: { device } }).run(store));
  });

  app.post("/refresh", async (request, response) => {
    response.json(await issuer.refresh({ refreshToken: request.body.refreshToken }).run(store));
  });

  app.get("/devices", user, async (request, response) => {
    response.json(await issuer.listSessions({ subject: request.user }).run(store));
  });

  app.post("/logout-everywhere", user, async (request, response) => {
    await issuer.revokeSessions({ subject: request.user }).run(store);
    response.end();
  });

  // The answer is the same whether there is such a user or not. A newer link ends the older.
  app.post("/forgot", async (request, response) => {
    const { user } = request.body;
    if (users.has(user)) {
      const link = await issuer.issueSingleUse({ purpose: "reset", lifetime: "30m", subject: user, slot: user }).run(store);
      mail(user, `https://app.example.com/reset#${link.token}`);
    }
    response.end();
  });

  app.post("/reset", async (request, response) => {
    const { token, password } = request.body;
    const { subject } = await issuer.redeemSingleUse({ purpose: "reset", token }).run(store);
    users.set(subject, hashed(password));
    await issuer.revokeSessions({ subject }).run(store);
    response.end();
  });

  // Shown once: only the hash is kept.
  app.post("/api-keys", user, async (request, response) => {
    response.json(await issuer.createApiKey({ owner: request.user, scope: "reports", prefix: "acme" }).run(store));
  });

  // What customers' programs call.
  app.get("/reports", async (request, response) => {
    const { owner } = await issuer.verifyApiKey({ apiKey: bearer(request) }).run(store);
    response.json({ owner, reports: [] });
  });

  app.use((error, _request, response, next) => {
    if (!(error instanceof TokenmintError)) return next(error);
    response.status(error.status).json({ error: error.oauthError, error_description: error.message });
  });
  return app;
}

const nobody = hashed(""); // as much work as for somebody

export function hashed(password, salt = randomBytes(16)) {
  return Buffer.concat([salt, scryptSync(String(password), salt, 32)]);
}

function matches(known = nobody, password) {
  return timingSafeEqual(known, hashed(password, known.subarray(0, 16)));
}

function bearer(request) {
  return /^Bearer +(.+)$/i.exec(request.get("authorization") ?? "")?.[1] ?? "";
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const app = await accounts(new Map([["alice", hashed("correct horse")]]), console.log);
  app.listen(8080, "127.0.0.1", () => console.log("http://127.0.0.1:8080"));
}
