"""Speaks for PyJWT. It has no keys of its own: those of `cryptography` are what its users give it."""

import base64
import functools
import os

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from protocol import serve

CURVES = {"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}


@functools.cache
def rsa_key():
    """Of RSA one key serves all algorithms: making one takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def generate_pair(alg):
    if alg in CURVES:
        return ec.generate_private_key(CURVES[alg]()), ECAlgorithm
    if alg == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate(), OKPAlgorithm
    return rsa_key(), RSAAlgorithm


def algorithms():
    return {"algorithms": sorted(set(jwt.algorithms.get_default_algorithms()) - {"none"})}


def generate(alg):
    if alg.startswith("HS"):
        secret = base64.urlsafe_b64encode(os.urandom(64)).rstrip(b"=").decode()
        return {"private_jwk": {"kty": "oct", "k": secret}}
    private, family = generate_pair(alg)
    public = private.public_key()
    private_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public_pem = public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "private_jwk": family.to_jwk(private, as_dict=True),
        "public_jwk": family.to_jwk(public, as_dict=True),
        "private_pem": private_pem.decode(),
        "public_pem": public_pem.decode(),
    }


def read_key(alg, key, token=None):
    if "jwks" in key:
        return jwt.PyJWKSet.from_dict(key["jwks"])[jwt.get_unverified_header(token)["kid"]]
    return jwt.PyJWK(key["jwk"], alg) if "jwk" in key else key["pem"]


def sign(alg, key, header, claims):
    key = read_key(alg, key)
    return {"token": jwt.encode(claims, key, algorithm=alg, headers=header)}


def unsecured(claims):
    return {"token": jwt.encode(claims, None, algorithm="none")}


def verify(alg, key, token, issuer, audience):
    options = {"require": ["exp", "iss", "aud"]}
    key = read_key(alg, key, token)
    claims = jwt.decode(token, key, algorithms=[alg], issuer=issuer, audience=audience, options=options)
    return {"claims": claims}


serve(
    {
        "algorithms": algorithms,
        "generate": generate,
        "sign": sign,
        "unsecured": unsecured,
        "verify": verify,
    },
    jwt.PyJWTError,
)
