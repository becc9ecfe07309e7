import { outcome } from "./check.mjs";

const FILE = "lifetimes.json";

export async function lifetimes(tokenmint, { file, report }) {
  const { parseExpiresIn, parseExpiresInJson, formatExpiresIn, nodeJsonwebtokenExpiry } = tokenmint;
  for (const { id, function: name, input, iat, expect } of file.cases) {
    let call;
    switch (name) {
      case "parse":
        call = () => ({ seconds: parseExpiresIn(input) });
        break;
      case "from_json":
        call = () => ({ seconds: parseExpiresInJson(input) });
        break;
      case "format":
        call = () => ({ text: formatExpiresIn(input) });
        break;
      case "node_jsonwebtoken":
        call = () => ({ exp: nodeJsonwebtokenExpiry(input, iat) });
        break;
      default:
        throw new Error(`no such function: ${name}`);
    }
    report.same(FILE, id, await outcome(tokenmint, call), expect.error ?? expect);
  }
}
