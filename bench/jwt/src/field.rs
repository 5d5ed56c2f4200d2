//! Everyone who takes part: the contenders of this process and those of the workers beside it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bench_harness::worker::{Prepared, Process};
use bench_harness::{Contender, Cost, Failure, Operation, Task};

/// The programs beside this one that may take part: what is in them, the one that is timed, the one that counts.
const WORKERS: [(&str, &str, &str); 2] = [
    ("jwt-simple (BoringSSL)", "bench-jwt-boring", "bench-jwt-boring-counting"),
    ("josekit, jwt and jwtk (OpenSSL)", "bench-jwt-openssl", "bench-jwt-openssl-counting"),
];

/// The program that counts the allocations of this process's contenders.
const COUNTING: &str = "bench-jwt-counting";

/// The workers that were started.
pub struct Programs {
    timed: Vec<Process>,
    /// One for this process, then one for each of `timed`.
    counting: Vec<Process>,
    /// What takes no part because its program was not built.
    pub missing: Vec<&'static str>,
}

/// Everyone who does one task.
pub struct Field<'p> {
    programs: &'p mut Programs,
    here: Vec<Contender>,
    entries: Vec<Entry>,
}

struct Entry {
    prepared: Prepared,
    place: Place,
}

/// Where a contender is, and its number there.
#[derive(Clone, Copy)]
enum Place {
    Here(usize),
    Worker(usize, usize),
}

impl Programs {
    /// Starts those that are in `folder`.
    ///
    /// # Errors
    /// If one that is there does not start.
    pub fn start(folder: &Path) -> Result<Self, Failure> {
        let mut programs = Self { timed: Vec::new(), counting: Vec::new(), missing: Vec::new() };
        programs.counting.push(Process::start(&folder.join(COUNTING))?);
        for (what, timed, counting) in WORKERS {
            let [timed, counting]: [PathBuf; 2] = [timed, counting].map(|name| folder.join(name));
            if timed.exists() && counting.exists() {
                programs.timed.push(Process::start(&timed)?);
                programs.counting.push(Process::start(&counting)?);
            } else {
                programs.missing.push(what);
            }
        }
        Ok(programs)
    }
}

impl<'p> Field<'p> {
    /// Prepares everyone for `task`.
    ///
    /// # Errors
    /// If someone cannot do all of it.
    pub fn prepare(programs: &'p mut Programs, task: &Task) -> Result<Self, Failure> {
        let here = crate::contenders(task)?;
        let mut entries: Vec<Entry> = here
            .iter()
            .enumerate()
            .map(|(index, contender)| Entry { prepared: prepared(contender), place: Place::Here(index) })
            .collect();
        for (worker, process) in programs.timed.iter_mut().enumerate() {
            let prepared = process.prepare(task)?.into_iter().enumerate();
            entries.extend(
                prepared.map(|(index, prepared)| Entry { prepared, place: Place::Worker(worker, index) }),
            );
        }
        for process in &mut programs.counting {
            process.prepare(task)?;
        }
        Ok(Self { programs, here, entries })
    }

    /// The tokens that were signed, each with who signed it.
    pub fn samples(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .filter_map(|entry| Some((entry.prepared.library.as_str(), entry.prepared.sample.as_deref()?)))
    }

    /// The numbers of those who do `operation`.
    #[must_use]
    pub fn who(&self, operation: Operation) -> Vec<usize> {
        let does = |index: &usize| self.entries[*index].prepared.operation == operation;
        (0..self.entries.len()).filter(does).collect()
    }

    /// The name of number `who`.
    #[must_use]
    pub fn library(&self, who: usize) -> &str {
        &self.entries[who].prepared.library
    }

    /// How long number `who` takes for `count` operations.
    ///
    /// # Errors
    /// If its worker has ended.
    pub fn time(&mut self, who: usize, count: u64) -> Result<Duration, Failure> {
        match self.entries[who].place {
            Place::Here(index) => Ok(self.here[index].time(count)),
            Place::Worker(worker, index) => self.programs.timed[worker].time(index, count),
        }
    }

    /// What number `who` asks of the allocator.
    ///
    /// # Errors
    /// If its worker has ended.
    pub fn count(&mut self, who: usize) -> Result<Cost, Failure> {
        match self.entries[who].place {
            Place::Here(index) => self.programs.counting[0].count(index),
            Place::Worker(worker, index) => self.programs.counting[worker + 1].count(index),
        }
    }
}

fn prepared(contender: &Contender) -> Prepared {
    Prepared {
        library: contender.library.clone(),
        operation: contender.operation,
        sample: contender.sample.clone(),
    }
}
