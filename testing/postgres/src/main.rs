//! A PostgreSQL to try things with: prints the URL of an empty database, and is gone when its input ends.
#![expect(clippy::print_stdout, reason = "the URL is what was asked for")]

use std::io;

fn main() -> io::Result<()> {
    println!("{}", throwaway_postgres::shared().database());
    io::copy(&mut io::stdin(), &mut io::sink())?;
    throwaway_postgres::shared().stop();
    Ok(())
}
