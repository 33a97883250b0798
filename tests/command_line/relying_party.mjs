// A system that carries changes out, as it verifies a signed permit by itself: `jose` and the published keys.
//
//     JOSE=FOLDER node relying_party.mjs JWKS PERMIT ISSUER AUDIENCE [NOW]
//
// prints the claims as one JSON object and ends with 0, or prints the reason and ends with 1. NOW is seconds since 1970.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { createLocalJWKSet, jwtVerify } = createRequire(`${process.env.JOSE}/`)("jose");

const [keysFile, permitFile, issuer, audience, now] = process.argv.slice(2);
const keys = createLocalJWKSet(JSON.parse(readFileSync(keysFile, "utf8")));
const permit = readFileSync(permitFile, "utf8").trim();
try {
  const { payload } = await jwtVerify(permit, keys, {
    algorithms: ["EdDSA"],
    typ: "portcullis-permit+jwt",
    issuer,
    audience,
    requiredClaims: ["sub", "jti", "iat", "nbf", "exp", "authorization_details"],
    currentDate: now === undefined ? new Date() : new Date(Number(now) * 1000),
  });
  console.log(JSON.stringify(payload));
} catch (refusal) {
  console.log(`${refusal.code}: ${refusal.message}`);
  process.exitCode = 1;
}
