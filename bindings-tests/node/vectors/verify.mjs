import { outcome } from "./check.mjs";
import { parse } from "./json.mjs";

const ALGORITHMS = [
  ...["HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

export async function verify(tokenmint, { name = "verify.json", file, sync, report }) {
  for (const wanted of file.cases) {
    const { verdict, explained } = await judge(tokenmint, wanted, sync);
    const id = wanted.id;
    if (wanted.expect === "invalid") {
      report.same(name, id, verdict, wanted.code);
    } else {
      const claims = wanted.claims && typeof verdict === "object" ? wanted.claims : {};
      report.same(name, id, typeof verdict === "object" && wanted.claims ? verdict : {}, claims);
      report.same(name, id, typeof verdict, "object");
    }
    if (explained !== undefined) report.same(`${name} explained`, id, explained, explanationOf(verdict));
  }
}

/** The same for the corpus of RFC examples and Wycheproof, whose verdicts name classes instead of codes. */
export async function corpus(tokenmint, { name = "jws_rfc_wycheproof.json", file, sync, report }) {
  for (const wanted of file.vectors) {
    const { verdict, explained } = await judge(tokenmint, wanted, sync);
    const accepted = typeof verdict === "object";
    const reason = accepted ? undefined : REASONS[verdict] ?? "config";
    if (wanted.expect !== "either") report.same(name, wanted.id, accepted, wanted.expect === "valid");
    if (wanted.expect === "invalid") {
      const named = [wanted.reason, ...(wanted.reason_also ?? [])];
      const fits = named.includes(reason) || (reason === "key_not_found" && named.includes("key_mismatch"));
      report.same(name, `${wanted.id}: ${verdict}`, fits, true);
    }
    if (accepted && wanted.claims) report.same(name, wanted.id, verdict, wanted.claims);
    if (explained !== undefined) report.same(`${name} explained`, wanted.id, explained, explanationOf(verdict));
  }
}

function explanationOf(verdict) {
  return typeof verdict === "object" ? { accepted: true } : { accepted: false, error: verdict };
}

/** What a program would do: keys, a verifier, and its one call. */
async function judge(tokenmint, wanted, sync) {
  const token = tokenOf(wanted);
  let explained;
  const verdict = await outcome(tokenmint, async () => {
    const verifier = verifierOf(tokenmint, wanted, token);
    const now = wanted.opts.now;
    if (wanted.mode === "jws") {
      const { payload } = sync ? verifier.verifyJwsSync(token) : await verifier.verifyJws(token);
      return payload;
    }
    // What only verifies explains nothing.
    if ("explain" in verifier) {
      const told = sync ? verifier.explainSync(token, { now }) : await verifier.explain(token, { now });
      explained = told.error ? { accepted: told.accepted, error: told.error } : { accepted: told.accepted };
    }
    const claims = sync ? verifier.verifySync(token, { now }) : await verifier.verify(token, { now });
    return claims;
  });
  return { verdict, explained };
}

function verifierOf(tokenmint, wanted, token) {
  const { KeySet, Verifier, TokenmintError } = tokenmint;
  const { opts } = wanted;
  const algorithms = known(tokenmint, wanted.allowed_algs, token);
  if (algorithms.length === 0 && wanted.allowed_algs.length > 0) throw refusal(TokenmintError);
  const set = wanted.key ? { keys: [wanted.key] } : wanted.jwks ?? { keys: [] };
  const keys = KeySet.fromJwks(algorithms.length > 0 ? set : { keys: [] }, { algorithms });
  // Where no key is left, why the first was left out says more than that there is none.
  if (keys.size === 0 && keys.skipped.length > 0) throw keys.skipped[0].error;
  const required = opts.required ?? [];
  return new Verifier(keys, {
    issuer: opts.iss,
    anyIssuer: opts.iss === undefined || undefined,
    audience: opts.aud,
    anyAudience: opts.aud === undefined || undefined,
    subject: opts.sub,
    tokenType: opts.typ,
    anyTokenType: opts.typ === undefined || undefined,
    withoutExpiry: !required.includes("exp"),
    require: required,
    algorithms,
    maxAge: opts.max_age,
    leewaySeconds: opts.leeway ?? 0,
  });
}

/** The allow list without foreign names; first the algorithm that the token names, for a JWK which names none. */
function known(tokenmint, allowed, token) {
  const ours = allowed.filter((name) => ALGORITHMS.includes(name));
  let named;
  try {
    named = parse(base64urlText(token.split(".")[0])).alg;
  } catch {
    // What is no header names none.
  }
  return ours.sort((a, b) => Number(b === named) - Number(a === named));
}

function base64urlText(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0)));
}

function refusal(TokenmintError) {
  const error = Object.create(TokenmintError.prototype);
  return Object.defineProperty(error, "code", { value: "algorithm_not_allowed" });
}

function tokenOf({ token, token_rle: parts, token_utf16: units, token_b64: base64 }) {
  if (parts) return parts.map(([text, times]) => text.repeat(times)).join("");
  if (units) return String.fromCharCode(...units);
  if (base64) return base64urlText(base64);
  return token;
}

// The classes of the corpus.
const REASONS = {
  token_too_large: "too_large",
  token_malformed: "malformed",
  token_encoding: "malformed",
  header_malformed: "malformed",
  payload_malformed: "malformed",
  header_critical: "crit",
  header_unsupported: "unsupported",
  algorithm_not_allowed: "alg_not_allowed",
  key_not_found: "key_not_found",
  key_mismatch: "key_mismatch",
  key_usage: "key_mismatch",
  key_malformed: "bad_key",
  key_duplicate: "bad_key",
  key_unsupported: "bad_key",
  key_weak: "weak_key",
  signature_invalid: "bad_signature",
  claim_missing: "missing_claim",
  claim_invalid: "invalid_claim",
  token_expired: "expired",
  token_not_yet_valid: "not_yet_valid",
  token_too_old: "too_old",
  issuer_mismatch: "iss_mismatch",
  audience_mismatch: "aud_mismatch",
  subject_mismatch: "sub_mismatch",
  type_mismatch: "typ_mismatch",
};
