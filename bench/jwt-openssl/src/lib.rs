//! The crates that are built on OpenSSL. In a process of their own: OpenSSL and BoringSSL have the same symbols.

mod josekit;
mod jwt;
mod jwtk;

use bench_harness::{Contenders, Task};

/// The contenders for `task`.
///
/// # Errors
/// If one of them cannot do it.
pub fn contenders(task: &Task) -> Contenders {
    let mut contenders = josekit::contenders(task)?;
    contenders.extend(jwt::contenders(task)?);
    contenders.extend(jwtk::contenders(task)?);
    Ok(contenders)
}
