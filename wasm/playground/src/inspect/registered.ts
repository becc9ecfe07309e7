// What registered names mean (RFC 7515, RFC 7519, RFC 8693, OpenID Connect), in a sentence each.

export const HEADER: Record<string, string> = {
  alg: "Algorithm of the signature. A verifier does not obey it: its key says which algorithm counts.",
  typ: "Kind of token.",
  cty: "Kind of content.",
  kid: "Which of the issuer's keys signed.",
  crit: "Extensions that a verifier must understand; tokenmint refuses all of them.",
  b64: "Unencoded payload; refused.",
  zip: "Compression; refused.",
  jwk: "A key sent along. Never followed: anybody can send one.",
  jku: "Where keys are said to be. Never followed.",
  x5c: "A certificate sent along. Never followed.",
  x5u: "Where a certificate is said to be. Never followed.",
  x5t: "Thumbprint of a certificate.",
};

export const CLAIMS: Record<string, string> = {
  iss: "Issuer: who made it.",
  sub: "Subject: whom it is about.",
  aud: "Audience: for whom it is.",
  exp: "End of life.",
  nbf: "Start of life.",
  iat: "When it was issued.",
  jti: "Its own id, by which it can be revoked.",
  auth_time: "When credentials were last asked for.",
  azp: "Authorized party: the client it was issued to.",
  client_id: "The client it was issued to.",
  scope: "What it allows.",
  sid: "The session it belongs to.",
  nonce: "Binds it to one request.",
  acr: "How strong the login was.",
  amr: "How the login was done.",
  act: "Who acts on the subject's behalf.",
  cnf: "The key that its holder must prove.",
  at_hash: "Hash of the access token beside it.",
  epoch: "tokenmint: which round of tokens; a new round ends the earlier ones.",
  typ: "Kind of token, said in the claims.",
};

/** Claims whose numbers are seconds since 1970. */
export const TIMES: ReadonlySet<string> = new Set(["exp", "nbf", "iat", "auth_time", "updated_at"]);
