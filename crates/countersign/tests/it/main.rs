//! What the crate promises, through its public API alone.
#![expect(clippy::expect_used, reason = "a test that cannot be set up fails where it stands")]

mod common;

mod api_key;
mod at_once;
mod authorize;
mod basic;
mod body_guard;
mod cache;
mod combine;
mod decision;
mod extractors;
mod form;
mod grpc;
mod guard;
mod introspection;
mod issuers;
mod jwt_guard;
mod local;
mod parity;
mod pitfalls;
mod places;
mod refusals;
mod remote_revocations;
mod revocation;
mod routes;
mod status_list;
