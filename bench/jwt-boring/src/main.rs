//! A worker that is timed.

use bench_harness::Failure;
use bench_harness::worker::Worker;

fn main() -> Result<(), Failure> {
    Worker { contenders: bench_jwt_boring::contenders, allocator: None }.serve()
}
