import tokenmint = require("tokenmint");
import verify = require("tokenmint/verify");

export const token: string = new tokenmint.Issuer(new tokenmint.KeySet(tokenmint.Key.hmac("x")), { issuer: "i" }).mintSync({}, "1h");
export const claims: verify.Claims = new verify.Verifier(verify.KeySet.fromJwks("{}"), { anyIssuer: true, anyAudience: true }).verifySync(token);
