import { bytes, camel, outcome } from "./check.mjs";

const FILE = "proofs.json";
const DPOP = "dpop.json";

/** Proofs in every wrong way, each for itself. */
export async function dpop(tokenmint, { file, report }) {
  const { Key, KeySet, ProofWindow, Verifier } = tokenmint;
  const keys = new KeySet(await Key.fromJwk(file.issuer.key));
  for (const { id, now, token, proof, method, url, dpop, error, field, output } of file.cases) {
    const { issuer, audience, dpop: usual } = file.verifier;
    const verifier = new Verifier(keys, { issuer, audience, dpop: camel(dpop ?? usual) });
    const window = new ProofWindow(1);
    const call = () => verifier.verifyBound(token, { proof, method, url, window }, { now });
    let at = "";
    const found = await outcome(tokenmint, () =>
      call().catch((thrown) => {
        at = thrown.field ?? "";
        throw thrown;
      }),
    );
    if (error === undefined) report.same(DPOP, id, found.cnf?.jkt, output.jkt);
    else report.same(DPOP, id, [found, at], [error, field]);
    window.dispose();
  }
}

/** Tokens that are bound to a key or a certificate, and what arrives beside them. */
export async function proofs(tokenmint, { file, report }) {
  const { KeySet, ProofWindow, Verifier } = tokenmint;
  const verifier = new Verifier(KeySet.fromJwks(file.jwks), file.verifier);
  for (const { id, window: most = 10, steps } of file.cases) {
    const window = new ProofWindow(most);
    for (const [number, step] of steps.entries()) {
      const { now, token, proof, method, url, certificate_sha256: certificate } = step;
      const found = await outcome(tokenmint, () =>
        certificate === undefined
          ? verifier.verifyBound(token, { proof, method, url, window }, { now })
          : verifier.verifyWithCertificate(token, bytes(certificate), { now }),
      );
      report.same(FILE, `${id}, step ${number}`, found, step.error ?? step.claims);
    }
    window.dispose();
  }
}
