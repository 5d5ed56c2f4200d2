"""Speaks for joserfc."""

import functools

from joserfc import jwk, jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import import_key
from joserfc.registry import HeaderParameter

from protocol import serve

CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
KEY_TYPES = {"HS": "oct", "RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}


def algorithms():
    return {"algorithms": sorted(set(jws.JWSRegistry.algorithms) - {"none"})}


@functools.cache
def rsa_key():
    """Of RSA one key serves all algorithms: making one takes long."""
    return jwk.RSAKey.generate_key(2048)


def generate(alg):
    match KEY_TYPES[alg[:2]]:
        case "oct":
            return {"private_jwk": jwk.OctKey.generate_key(512).as_dict(private=True)}
        case "RSA":
            key = rsa_key()
        case "EC":
            key = jwk.ECKey.generate_key(CURVES[alg])
        case "OKP":
            key = jwk.OKPKey.generate_key("Ed25519")
    return {
        "private_jwk": key.as_dict(private=True),
        "public_jwk": key.as_dict(private=False),
        "private_pem": key.as_pem(private=True).decode(),
        "public_pem": key.as_pem(private=False).decode(),
    }


def read_key(alg, key):
    if "jwks" in key:
        return jwk.KeySet.import_key_set(key["jwks"])
    return import_key(key.get("jwk") or key["pem"], KEY_TYPES[alg[:2]])


def sign(alg, key, header, claims):
    extensions = {name: HeaderParameter("an extension", "bool") for name in header.get("crit", [])}
    registry = jws.JWSRegistry(header_registry=extensions, algorithms=[alg])
    return {"token": jwt.encode({"alg": alg, **header}, claims, read_key(alg, key), registry=registry)}


def unsecured(claims):
    key = jwk.OctKey.generate_key(512)
    return {"token": jwt.encode({"alg": "none"}, claims, key, algorithms=["none"])}


def verify(alg, key, token, issuer, audience):
    token = jwt.decode(token, read_key(alg, key), algorithms=[alg])
    expected = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": audience},
        exp={"essential": True},
    )
    expected.validate(token.claims)
    return {"claims": token.claims}


def thumbprint(jwk):
    return {"thumbprint": import_key(jwk).thumbprint()}


serve(
    {
        "algorithms": algorithms,
        "generate": generate,
        "sign": sign,
        "unsecured": unsecured,
        "verify": verify,
        "thumbprint": thumbprint,
    },
    # A key that it will not take is a ValueError.
    (JoseError, ValueError),
)
