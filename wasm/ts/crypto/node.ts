// The host's crypto by node:crypto, which answers at once.

import * as crypto from "node:crypto";
import { type Algorithm, curve, hashBits, isEdwards } from "../algorithm.js";
import { invalid, TokenmintError } from "../error.js";
import type { HostCrypto, HostKey, Jwk } from "./host.js";

/** @internal */
export const hostCrypto: HostCrypto = {
  sync: true,
  publicKey(algorithm, jwk) {
    return new NodeKey(algorithm, undefined, publicKeyOf(JSON.parse(jwk) as Jwk));
  },
  privateKey(algorithm, jwk) {
    let key: crypto.KeyObject;
    try {
      key = crypto.createPrivateKey({ key: jwk as crypto.JsonWebKey, format: "jwk" });
    } catch {
      // The host's message is not repeated: it may tell of the key.
      throw new TokenmintError("key_malformed", "the host cannot read the private half", { field: "d" });
    }
    return new NodeKey(algorithm, key, publicKeyOf(jwk));
  },
  complete(algorithm, jwk) {
    const scalar = Buffer.from(String(jwk["d"]), "base64url");
    try {
      if (isEdwards(algorithm)) {
        const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), scalar]);
        const { x } = crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ format: "jwk" });
        return { ...jwk, x };
      }
      const names = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };
      const half = crypto.createECDH(names[algorithm as "ES256"]);
      half.setPrivateKey(scalar);
      const point = half.getPublicKey();
      const middle = (point.length + 1) / 2;
      return {
        ...jwk,
        x: point.subarray(1, middle).toString("base64url"),
        y: point.subarray(middle).toString("base64url"),
      };
    } catch {
      throw new TokenmintError("key_malformed", "there is no public half to this private half", { field: "d" });
    } finally {
      scalar.fill(0);
    }
  },
  generate(algorithm) {
    const { privateKey, publicKey } = pair(algorithm);
    return { publicJwk: publicKey.export({ format: "jwk" }) as Jwk, host: new NodeKey(algorithm, privateKey, publicKey) };
  },
  keyObject(key, wanted) {
    const given = key as crypto.KeyObject;
    if (given.type !== "private" && given.type !== "public") throw invalid("key", "expected a KeyObject");
    const privateKey = given.type === "private" ? given : undefined;
    const algorithm = wanted ?? told(given);
    if (algorithm === undefined) {
      throw new TokenmintError("key_usage", "the key does not tell its algorithm: give one", { field: "algorithm" });
    }
    const publicKey = apart(privateKey ? crypto.createPublicKey(privateKey) : given);
    let publicJwk: Jwk;
    try {
      publicJwk = publicKey.export({ format: "jwk" }) as Jwk;
    } catch {
      throw new TokenmintError("key_unsupported", `keys of the type ${given.asymmetricKeyType} have no JWK`);
    }
    return { algorithm, publicJwk, host: new NodeKey(algorithm, privateKey, publicKey) };
  },
  generateJwk(algorithm) {
    return pair(algorithm).privateKey.export({ format: "jwk" }) as Jwk;
  },
};

/** The algorithm that a key tells; none for RSA, which has six. */
function told(key: crypto.KeyObject): Algorithm | undefined {
  if (key.asymmetricKeyType === "ed25519") return "EdDSA";
  const curves = { prime256v1: "ES256", secp384r1: "ES384", secp521r1: "ES512" } as const;
  return curves[key.asymmetricKeyDetails?.namedCurve as keyof typeof curves];
}

function publicKeyOf({ kty, crv, n, e, x, y }: Jwk): crypto.KeyObject {
  const numbers = { kty, crv, n, e, x, y } as crypto.JsonWebKey;
  return crypto.createPublicKey({ key: JSON.parse(JSON.stringify(numbers)), format: "jwk" });
}

function pair(algorithm: Algorithm): crypto.KeyPairKeyObjectResult {
  const { privateKey, publicKey } = generated(algorithm);
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  try {
    return { privateKey: crypto.createPrivateKey({ key: der, format: "der", type: "pkcs8" }), publicKey: apart(publicKey) };
  } finally {
    der.fill(0);
  }
}

function generated(algorithm: Algorithm): crypto.KeyPairKeyObjectResult {
  if (isEdwards(algorithm)) return crypto.generateKeyPairSync("ed25519");
  if (algorithm.startsWith("ES")) return crypto.generateKeyPairSync("ec", { namedCurve: curve(algorithm) });
  return crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });
}

/**
 * The same key as an object of its own. In Node 20 the export of a generated key as a JWK waits for itself for ever, where
 * what had generated it is collected meanwhile: both take the lock of that key.
 */
function apart(key: crypto.KeyObject): crypto.KeyObject {
  return crypto.createPublicKey({ key: key.export({ format: "der", type: "spki" }), format: "der", type: "spki" });
}

/** What node:crypto is told beside the key. */
interface Parameters {
  key: crypto.KeyObject;
  padding?: number;
  saltLength?: number;
  dsaEncoding?: "ieee-p1363";
}

class NodeKey implements HostKey {
  readonly sync = true;
  readonly sign: ((message: Uint8Array) => Uint8Array) | undefined;
  readonly verify: (message: Uint8Array, signature: Uint8Array) => boolean;

  constructor(algorithm: Algorithm, privateKey: crypto.KeyObject | undefined, publicKey: crypto.KeyObject) {
    const hash = isEdwards(algorithm) ? null : `sha${hashBits(algorithm)}`;
    const verifying = parameters(algorithm, publicKey);
    this.verify = (message, signature) => crypto.verify(hash, message, verifying, signature);
    if (privateKey !== undefined) {
      const signing = parameters(algorithm, privateKey);
      this.sign = (message) => crypto.sign(hash, message, signing);
    }
  }
}

function parameters(algorithm: Algorithm, key: crypto.KeyObject): Parameters {
  switch (algorithm.slice(0, 2)) {
    case "RS":
      return { key, padding: crypto.constants.RSA_PKCS1_PADDING };
    case "PS":
      // RFC 7518 section 3.5: the salt is as long as the hash.
      return {
        key,
        padding: crypto.constants.RSA_PKCS1_PSS_PADDING,
        saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST,
      };
    case "ES":
      return { key, dsaEncoding: "ieee-p1363" };
    default:
      return { key };
  }
}
