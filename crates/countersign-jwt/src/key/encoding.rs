//! PEM (RFC 7468) and DER: finding the key in a file.

use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Tag, Tagged};
use pkcs1::{RsaPrivateKeyRef, RsaPublicKeyRef};
use pkcs8::PrivateKeyInfoRef;
use pkcs8::spki::SubjectPublicKeyInfoRef;
use x509_cert::Certificate;
use zeroize::Zeroizing;

use super::KeyError;

/// One block of a PEM text.
pub(super) struct PemBlock<'t> {
    pub(super) label: &'t str,
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// The first block of `text` whose label is one of `labels`; other blocks and text around them are passed over.
pub(super) fn pem_block<'t>(
    text: &'t str,
    labels: &[&str],
    expected: &'static str,
) -> Result<PemBlock<'t>, KeyError> {
    const BEGIN: &str = "-----BEGIN ";
    const DASHES: &str = "-----";
    let refused = || KeyError::Pem { expected };
    let mut rest = text;
    while let Some(begin) = rest.find(BEGIN) {
        let block = &rest[begin..];
        let label = &block[BEGIN.len()..];
        let label = &label[..label.find(DASHES).ok_or_else(refused)?];
        let end = format!("-----END {label}-----");
        let length = block.find(&end).ok_or_else(refused)? + end.len();
        if labels.contains(&label) {
            let (_, der) = der::pem::decode_vec(&block.as_bytes()[..length]).map_err(|_| refused())?;
            return Ok(PemBlock { label, der: Zeroizing::new(der) });
        }
        rest = &block[length..];
    }
    Err(refused())
}

/// `der` in a PEM block of 64 characters a line.
pub(super) fn to_pem(label: &'static str, der: &[u8]) -> Result<Zeroizing<String>, KeyError> {
    let pem = der::pem::encode_string(label, der::pem::LineEnding::LF, der);
    pem.map(Zeroizing::new).map_err(|_| KeyError::Backend)
}

/// Whether `der` is one element of DER with nothing behind it, which the cryptographic library does not ask.
pub(super) fn is_one_element(der: &[u8]) -> bool {
    AnyRef::from_der(der).is_ok()
}

/// The kinds of key that a DER structure can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DerKey<'d> {
    /// `RSAPublicKey` of RFC 8017.
    Rsa(&'d [u8]),
    /// A point on the curve of this name.
    Ec(&'static str, &'d [u8]),
    Ed25519(&'d [u8]),
    /// The ML-DSA algorithm of this name.
    MlDsa(&'static str, &'d [u8]),
}

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const CURVES: [(ObjectIdentifier, &str); 3] = [
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"), "P-256"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.34"), "P-384"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.35"), "P-521"),
];

const ML_DSA: [(ObjectIdentifier, &str); 3] = [
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.17"), "ML-DSA-44"),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.18"), "ML-DSA-65"),
    (ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.3.19"), "ML-DSA-87"),
];

fn named(names: &[(ObjectIdentifier, &'static str)], oid: ObjectIdentifier) -> Option<&'static str> {
    names.iter().find(|(known, _)| *known == oid).map(|(_, name)| *name)
}

/// The key in a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7); `None` when it is of a kind that is not known here.
pub(super) fn read_spki(der: &[u8]) -> Result<Option<DerKey<'_>>, KeyError> {
    let refused = |_| KeyError::Der { expected: "a SubjectPublicKeyInfo" };
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(refused)?;
    let Some(key) = info.subject_public_key.as_bytes() else { return Ok(None) };
    Ok(match info.algorithm.oid {
        RSA => Some(DerKey::Rsa(key)),
        EC => {
            let curve =
                info.algorithm.parameters.filter(|parameters| parameters.tag() == Tag::ObjectIdentifier);
            let curve = curve.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
            curve.and_then(|curve| named(&CURVES, curve)).map(|curve| DerKey::Ec(curve, key))
        }
        ED25519 => Some(DerKey::Ed25519(key)),
        oid => named(&ML_DSA, oid).map(|name| DerKey::MlDsa(name, key)),
    })
}

/// The `SubjectPublicKeyInfo` of an X.509 certificate. Nothing else of the certificate is looked at.
pub(super) fn certificate_spki(der: &[u8]) -> Result<Vec<u8>, KeyError> {
    let refused = |_| KeyError::Der { expected: "an X.509 certificate" };
    let certificate = Certificate::from_der(der).map_err(refused)?;
    certificate.tbs_certificate().subject_public_key_info().to_der().map_err(refused)
}

/// Modulus and public exponent of an `RSAPublicKey` (RFC 8017 A.1.1).
pub(super) fn read_rsa_public(der: &[u8]) -> Result<(&[u8], &[u8]), KeyError> {
    let key = RsaPublicKeyRef::from_der(der).map_err(|_| KeyError::Der { expected: "an RSAPublicKey" })?;
    Ok((key.modulus.as_bytes(), key.public_exponent.as_bytes()))
}

/// The `RSAPrivateKey` (RFC 8017 A.1.2) inside a PKCS#8 structure.
pub(super) fn read_rsa_private(pkcs8: &[u8]) -> Result<RsaPrivateKeyRef<'_>, KeyError> {
    let refused = |_| KeyError::Der { expected: "a PKCS#8 PrivateKeyInfo of an RSA key" };
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(refused)?;
    RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).map_err(refused)
}

/// The seed of an ML-DSA key in a PKCS#8 structure (RFC 9881 §6), if the key is stored as its seed.
pub(super) fn ml_dsa_seed(pkcs8: &[u8]) -> Option<&[u8]> {
    /// Context-specific tag 0, primitive, 32 bytes.
    const SEED: [u8; 2] = [0x80, 32];
    let info = PrivateKeyInfoRef::from_der(pkcs8).ok()?;
    let seed = info.private_key.as_bytes().strip_prefix(&SEED)?;
    (seed.len() == 32).then_some(seed)
}
