import tokenmint = require("tokenmint");
import dpop = require("tokenmint/dpop");
import slim = require("tokenmint/slim");
import verify = require("tokenmint/verify");
import verifySlim = require("tokenmint/verify/slim");

export const token: string = new tokenmint.Issuer(new tokenmint.KeySet(tokenmint.Key.hmac("x")), { issuer: "i" }).mintSync({}, "1h");
export const claims: verify.Claims = new verify.Verifier(verify.KeySet.fromJwks("{}"), { anyIssuer: true, anyAudience: true }).verifySync(token);
export const ready: Promise<void> = slim.init(new Uint8Array(8)).then(() => verifySlim.init("tokenmint.wasm"));
export const key: Promise<dpop.DpopKey> = dpop.DpopKey.generate();
