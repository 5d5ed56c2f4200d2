'use strict';
// Speaks for jsonwebtoken. It has no keys of its own: Node's are what its users give it.

const crypto = require('node:crypto');
const jwt = require('jsonwebtoken');
const { serve } = require('./protocol.js');

const ALGORITHMS = [
  'HS256', 'HS384', 'HS512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512',
];
const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };

const secret = ({ jwk }) => Buffer.from(jwk.k, 'base64url');
const isSecret = ({ jwk }) => jwk?.kty === 'oct';

function privateKey(key) {
  if (isSecret(key)) return secret(key);
  return key.jwk ? crypto.createPrivateKey({ key: key.jwk, format: 'jwk' }) : key.pem;
}

function publicKey(key) {
  if (isSecret(key)) return secret(key);
  return key.jwk ? crypto.createPublicKey({ key: key.jwk, format: 'jwk' }) : key.pem;
}

// Of RSA one key serves all algorithms: making one takes long.
let rsa;
function generate(alg) {
  if (CURVES[alg]) return crypto.generateKeyPairSync('ec', { namedCurve: CURVES[alg] });
  rsa ??= crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
  return rsa;
}

serve(
  {
    algorithms: () => ({ algorithms: ALGORITHMS }),
    generate: ({ alg }) => {
      if (alg.startsWith('HS')) {
        return { private_jwk: { kty: 'oct', k: crypto.randomBytes(64).toString('base64url') } };
      }
      const pair = generate(alg);
      return {
        private_jwk: pair.privateKey.export({ format: 'jwk' }),
        public_jwk: pair.publicKey.export({ format: 'jwk' }),
        private_pem: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
        public_pem: pair.publicKey.export({ type: 'spki', format: 'pem' }),
      };
    },
    sign: ({ alg, key, header, claims }) => ({
      token: jwt.sign(claims, privateKey(key), { algorithm: alg, header, noTimestamp: true }),
    }),
    unsecured: ({ claims }) => ({ token: jwt.sign(claims, '', { algorithm: 'none', noTimestamp: true }) }),
    verify: ({ alg, key, token, issuer, audience }) => ({
      claims: jwt.verify(token, publicKey(key), { algorithms: [alg], issuer, audience }),
    }),
  },
  (error) => error instanceof jwt.JsonWebTokenError,
);
