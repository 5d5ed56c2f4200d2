//! A worker that counts allocations.

use std::alloc::System;

use bench_harness::Failure;
use bench_harness::worker::Worker;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<(), Failure> {
    Worker { contenders: bench_jwt_boring::contenders, allocator: Some(ALLOCATOR) }.serve()
}
