//! Misuse does not compile. What the compiler says to each file of `compile_fail` stands beside it; after a change of the
//! compiler or of these files, `TRYBUILD=overwrite cargo test -p countersign-jwt --test compile_fail` writes it anew.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
