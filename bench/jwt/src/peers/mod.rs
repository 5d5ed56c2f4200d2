//! The other JWT crates, each asked for the whole of what ours does, through its cheapest public interface.

mod jsonwebtoken;
mod jwt;
mod jwt_compact;

use bench_harness::{Contenders, Task};

pub(crate) fn contenders(task: &Task) -> Contenders {
    let mut contenders = jsonwebtoken::contenders(task)?;
    contenders.extend(jwt::contenders(task)?);
    contenders.extend(jwt_compact::contenders(task)?);
    Ok(contenders)
}
