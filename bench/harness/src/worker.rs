//! Contenders in a process of their own, told line by line what to do: a JSON request, a JSON answer.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use stats_alloc::StatsAlloc;

use crate::{Contender, Contenders, Cost, Failure, Operation, Task};

#[derive(Serialize, Deserialize)]
enum Request {
    /// Makes the contenders of a task; those of the task before are gone.
    Prepare(Box<Task>),
    Time {
        contender: usize,
        count: u64,
    },
    Count {
        contender: usize,
    },
}

#[derive(Serialize, Deserialize)]
enum Answer {
    Prepared(Vec<Prepared>),
    Nanoseconds(u64),
    Cost(Cost),
    Failed(String),
}

/// A contender that is ready in a worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prepared {
    /// Its name in the report.
    pub library: String,
    /// What it does.
    pub operation: Operation,
    /// A token that it signed.
    pub sample: Option<String>,
}

/// What a worker is: its contenders, and the allocator to count with where it has a counting one.
pub struct Worker {
    /// Makes the contenders of a task.
    pub contenders: fn(&Task) -> Contenders,
    /// The program's allocator. Counting costs time, so a program either counts or is timed.
    pub allocator: Option<&'static StatsAlloc<std::alloc::System>>,
}

impl Worker {
    /// Serves requests from standard input until it ends.
    ///
    /// # Errors
    /// If a request cannot be read or an answer not be written.
    pub fn serve(&self) -> Result<(), Failure> {
        let mut contenders = Vec::new();
        let mut output = std::io::stdout().lock();
        for line in std::io::stdin().lock().lines() {
            let answer = self.answer(serde_json::from_str(&line?)?, &mut contenders);
            let answer = answer.unwrap_or_else(|error| Answer::Failed(error.to_string()));
            serde_json::to_writer(&mut output, &answer)?;
            output.write_all(b"\n")?;
            output.flush()?;
        }
        Ok(())
    }

    fn answer(&self, request: Request, contenders: &mut Vec<Contender>) -> Result<Answer, Failure> {
        const UNKNOWN: &str = "there is no such contender";
        Ok(match request {
            Request::Prepare(task) => {
                *contenders = (self.contenders)(&task)?;
                let prepared = |contender: &Contender| Prepared {
                    library: contender.library.clone(),
                    operation: contender.operation,
                    sample: contender.sample.clone(),
                };
                Answer::Prepared(contenders.iter().map(prepared).collect())
            }
            Request::Time { contender, count } => {
                let took = contenders.get_mut(contender).ok_or(UNKNOWN)?.time(count);
                Answer::Nanoseconds(u64::try_from(took.as_nanos())?)
            }
            Request::Count { contender } => {
                let allocator = self.allocator.ok_or("this program does not count")?;
                Answer::Cost(contenders.get_mut(contender).ok_or(UNKNOWN)?.count(allocator))
            }
        })
    }
}

/// A worker that was started.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// Starts `program`, which must [serve](Worker::serve).
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(program: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().ok_or("no standard output")?;
        Ok(Self { input: child.stdin.take(), output: BufReader::new(output), child })
    }

    /// Makes the contenders of `task`.
    ///
    /// # Errors
    /// If one cannot take part.
    pub fn prepare(&mut self, task: &Task) -> Result<Vec<Prepared>, Failure> {
        match self.ask(&Request::Prepare(Box::new(task.clone())))? {
            Answer::Prepared(prepared) => Ok(prepared),
            answer => Err(unexpected(answer)),
        }
    }

    /// How long `count` operations of a contender take.
    ///
    /// # Errors
    /// If the worker has ended.
    pub fn time(&mut self, contender: usize, count: u64) -> Result<Duration, Failure> {
        match self.ask(&Request::Time { contender, count })? {
            Answer::Nanoseconds(nanoseconds) => Ok(Duration::from_nanos(nanoseconds)),
            answer => Err(unexpected(answer)),
        }
    }

    /// What one operation of a contender asks of the allocator.
    ///
    /// # Errors
    /// If the worker does not count.
    pub fn count(&mut self, contender: usize) -> Result<Cost, Failure> {
        match self.ask(&Request::Count { contender })? {
            Answer::Cost(cost) => Ok(cost),
            answer => Err(unexpected(answer)),
        }
    }

    fn ask(&mut self, request: &Request) -> Result<Answer, Failure> {
        let input = self.input.as_mut().ok_or("the worker's standard input is closed")?;
        serde_json::to_writer(&mut *input, request)?;
        input.write_all(b"\n")?;
        input.flush()?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Process {
    /// Closes its standard input, which ends it.
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.wait();
    }
}

fn unexpected(answer: Answer) -> Failure {
    match answer {
        Answer::Failed(reason) => reason.into(),
        _ => "the worker answered something else".into(),
    }
}
