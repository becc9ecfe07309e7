import { bytes, camel, outcome } from "./check.mjs";

const FILE = "mint.json";

export async function mint(tokenmint, { file, read, sync, report }) {
  const issuers = new Map();
  for (const [name, described] of Object.entries(file.issuers)) {
    issuers.set(name, await issuer(tokenmint, described, read, sync));
  }
  for (const wanted of file.cases) {
    const { signer, keys } = issuers.get(wanted.issuer);
    const { claims, members, expires_in: lifetime, now } = wanted;
    const call = { now, seed: bytes(wanted.seed) };
    const token = await outcome(tokenmint, () => {
      if (members === undefined) {
        return sync ? signer.mintSync(claims, lifetime, call) : signer.mint(claims, lifetime, call);
      }
      return sync
        ? signer.mintJsonSync(claims ?? {}, members, lifetime, call)
        : signer.mintJson(claims ?? {}, members, lifetime, call);
    });
    const output = wanted.output ?? {};
    if (output.signing_input === undefined) {
      report.same(FILE, wanted.id, token, wanted.error ?? output.token);
      continue;
    }
    // Signatures that are random by nature are verified instead.
    report.same(FILE, wanted.id, token.slice(0, token.lastIndexOf(".")), output.signing_input);
    const verifier = new tokenmint.Verifier(keys, { anyIssuer: true, anyAudience: true });
    const jws = await outcome(tokenmint, () => (sync ? verifier.verifyJwsSync(token) : verifier.verifyJws(token)));
    const payload = tokenmint.decodeUnverified(token).claims;
    report.same(FILE, wanted.id, JSON.parse(new TextDecoder().decode(jws.payload)), payload);
  }
}

async function issuer(tokenmint, described, read, sync) {
  const { key: given, ...policy } = described;
  const { Issuer, Key, KeySet } = tokenmint;
  let key;
  if (given.pem === undefined) {
    key = sync ? Key.fromJwkSync(given) : await Key.fromJwk(given);
  } else {
    const pem = await read(given.pem);
    const options = { kid: given.kid, algorithm: given.alg };
    key = sync ? Key.fromPemSync(pem, options) : await Key.fromPem(pem, options);
  }
  const keys = new KeySet(key);
  return { signer: new Issuer(keys, camel(policy)), keys };
}
