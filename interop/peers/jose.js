'use strict';
// Speaks for jose.

const jose = require('jose');
const { serve } = require('./protocol.js');

const isHmac = (alg) => alg.startsWith('HS');
const isRsa = (alg) => /^[RP]S/.test(alg);

const ALGORITHMS = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
  'EdDSA', 'Ed25519', 'ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87',
];

const privateKey = (alg, { jwk, pem }) => (jwk ? jose.importJWK(jwk, alg) : jose.importPKCS8(pem, alg));
const publicKey = (alg, { jwk, pem, jwks }) => {
  if (jwks) return jose.createLocalJWKSet(jwks);
  return jwk ? jose.importJWK(jwk, alg) : jose.importSPKI(pem, alg);
};

// Of RSA one key serves all algorithms: making one takes long.
let rsa;
async function generate(alg) {
  if (!isRsa(alg)) return jose.generateKeyPair(alg, { extractable: true });
  rsa ??= await jose.generateKeyPair('RS256', { extractable: true });
  return rsa;
}

serve(
  {
    algorithms: () => ({ algorithms: ALGORITHMS }),
    generate: async ({ alg }) => {
      if (isHmac(alg)) {
        return { private_jwk: await jose.exportJWK(await jose.generateSecret(alg, { extractable: true })) };
      }
      const pair = await generate(alg);
      return {
        private_jwk: await jose.exportJWK(pair.privateKey),
        public_jwk: await jose.exportJWK(pair.publicKey),
        private_pem: await jose.exportPKCS8(pair.privateKey),
        public_pem: await jose.exportSPKI(pair.publicKey),
      };
    },
    sign: async ({ alg, key, header, claims }) => {
      const crit = Object.fromEntries((header.crit ?? []).map((name) => [name, true]));
      const jwt = new jose.SignJWT(claims).setProtectedHeader({ alg, ...header });
      return { token: await jwt.sign(await privateKey(alg, key), { crit }) };
    },
    unsecured: ({ claims }) => ({ token: new jose.UnsecuredJWT(claims).encode() }),
    verify: async ({ alg, key, token, issuer, audience }) => {
      const options = { algorithms: [alg], issuer, audience, requiredClaims: ['exp'] };
      const { payload } = await jose.jwtVerify(token, await publicKey(alg, key), options);
      return { claims: payload };
    },
    thumbprint: async ({ jwk }) => ({ thumbprint: await jose.calculateJwkThumbprint(jwk) }),
  },
  (error) => error instanceof jose.errors.JOSEError,
);
