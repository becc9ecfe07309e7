// node-oidc-provider with its in-memory adapter. It prints its address, and a refresh token for each connection.
import { once } from "node:events";
import { createServer } from "node:http";
import { generateKeyPairSync, webcrypto } from "node:crypto";
import Provider from "oidc-provider";

const [sessions, format] = [Number(process.argv[2]), process.argv[3]];
const resource = "https://api.example.com";
const jwk = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" });

const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const base = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(base, {
  clients: [
    {
      client_id: "bench-client",
      client_secret: "the-secret-of-a-client-of-the-benchmark",
      grant_types: ["client_credentials", "refresh_token", "authorization_code"],
      redirect_uris: ["https://client.example.com/cb"],
      id_token_signed_response_alg: "ES256",
      scope: "read write offline_access",
    },
  ],
  jwks: { keys: [{ ...jwk, alg: "ES256", use: "sig", kid: "k1" }] },
  cookies: { keys: [Buffer.from(webcrypto.getRandomValues(new Uint8Array(32))).toString("hex")] },
  scopes: ["read", "write", "offline_access"],
  rotateRefreshToken: true,
  ttl: { Grant: 86_400, RefreshToken: 86_400 },
  findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: "read write",
        audience: resource,
        accessTokenFormat: format,
        accessTokenTTL: 3600,
        ...(format === "jwt" && { jwt: { sign: { alg: "ES256" } } }),
      }),
    },
  },
});
server.on("request", provider.callback());

console.log(base);
const client = await provider.Client.find("bench-client");
for (let number = 0; number < sessions; number += 1) {
  const accountId = `user_${number}`;
  const grant = new provider.Grant({ clientId: "bench-client", accountId });
  grant.addOIDCScope("offline_access");
  grant.addResourceScope(resource, "read write");
  const token = new provider.RefreshToken({
    accountId,
    client,
    grantId: await grant.save(),
    gty: "authorization_code",
    authTime: Math.floor(Date.now() / 1000),
    scope: "read write offline_access",
    resource,
  });
  console.log(`refresh ${await token.save()}`);
}
console.log("end");
