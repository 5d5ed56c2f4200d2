//! Every committed input of the fuzz targets goes through the checks again.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and says on what")]

use std::fs;
use std::path::Path;

use fuzz_invariants::{claims, header, jwk, jwk_set, pem, token};

fn replay(target: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus").join(target);
    let inputs: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!inputs.is_empty());
    for input in inputs {
        println!("{}", input.display());
        check(&fs::read(input).unwrap());
    }
}

#[test]
fn every_token_of_the_corpus_keeps_the_promises() {
    replay("token", token::check);
}

#[test]
fn every_header_of_the_corpus_keeps_the_promises() {
    replay("header", header::check);
}

#[test]
fn every_payload_of_the_corpus_keeps_the_promises() {
    replay("claims", claims::check);
}

#[test]
fn every_jwk_of_the_corpus_keeps_the_promises() {
    replay("jwk", jwk::check);
}

#[test]
fn every_jwk_set_of_the_corpus_keeps_the_promises() {
    replay("jwk_set", jwk_set::check);
}

#[test]
fn every_key_file_of_the_corpus_keeps_the_promises() {
    replay("pem", pem::check);
}
