//! A server in a process of its own.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use bench_harness::{Contender, Failure, Operation, Task, median};
use bench_jwt::PRIMITIVE;
use bench_jwt::primitive::Verification;
use tower::ServiceExt;

use crate::apps::{self, App};

/// The core of the servers. The load generator has the first.
const CORE: &str = "1";

/// Serves the app of this name on a free port, on one thread, and prints its address.
pub(crate) fn serve(name: &str) -> Result<(), Failure> {
    let task = read_task()?;
    runtime()?.block_on(async {
        let app = apps::app(name, &task).await?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        println!("{}", listener.local_addr()?);
        match app {
            App::Axum(router) => axum::serve(listener, router).await?,
            App::Axum07(router) => axum_07::serve(listener, router).await?,
        }
        Ok(())
    })
}

/// Sends requests to the app of this name without a network: what a profiler sees is the app alone.
pub(crate) fn repeat(name: &str, count: &str) -> Result<(), Failure> {
    let (task, count) = (read_task()?, count.parse::<u64>()?);
    runtime()?.block_on(async {
        let App::Axum(router) = apps::app(name, &task).await? else {
            return Err("another version of axum".into());
        };
        // As `axum::serve` does: the routes are built once, not again for each request.
        let mut router = router.with_state(());
        let authorization = format!("Bearer {}", task.token);
        for _ in 0..count {
            let request = Request::get("/").header("authorization", &authorization).body(Body::empty())?;
            let answer = (&mut router).oneshot(request).await?;
            if answer.status() != StatusCode::OK {
                return Err(format!("{name} answers {}", answer.status()).into());
            }
        }
        Ok(())
    })
}

/// Prints what the cryptography of a verification takes in a loop of nothing else, in nanoseconds.
pub(crate) fn primitive() -> Result<(), Failure> {
    const BATCH: u64 = 50;
    const BATCHES: usize = 40;
    let verification = Verification::of(&read_task()?)?;
    let mut verify = Contender::repeat(PRIMITIVE, Operation::Verify, move || verification.is_good());
    let times = (0..BATCHES).map(|_| verify.time(BATCH).as_nanos() as f64 / BATCH as f64);
    println!("{}", median(times));
    Ok(())
}

/// Prints a task for `serve` and `repeat`.
pub(crate) fn print_task(algorithm: &str) -> Result<(), Failure> {
    println!("{}", serde_json::to_string(&bench_jwt::task::task(algorithm)?)?);
    Ok(())
}

fn read_task() -> Result<Task, Failure> {
    Ok(serde_json::from_reader(std::io::stdin().lock())?)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

/// This program again, on the servers' core, with a task.
fn start(words: &[&str], task: &Task) -> Result<Child, Failure> {
    let program = std::env::current_exe()?;
    let mut child = Command::new("taskset")
        .args(["-c", CORE])
        .arg(program)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut input = child.stdin.take().ok_or("no standard input")?;
    serde_json::to_writer(&mut input, task)?;
    Ok(child)
}

/// What the cryptography of this task's verification takes on the servers' core in a loop of nothing else, in microseconds.
pub(crate) fn time_primitive(task: &Task) -> Result<f64, Failure> {
    let output = start(&["primitive"], task)?.wait_with_output()?;
    let nanoseconds: f64 = String::from_utf8(output.stdout)?.trim().parse()?;
    Ok(nanoseconds / 1000.0)
}

/// A server that is up. It ends with this value.
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the app of this name for this task, and shows that it does the whole of it.
    pub(crate) fn start(name: &'static str, task: &Task) -> Result<Self, Failure> {
        let mut child = start(&["serve", name], task)?;
        let output = child.stdout.take().ok_or("no standard output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().map_err(|_| format!("{name} does not start"))?;
        let server = Self { name, child, address };
        server.check(task)?;
        Ok(server)
    }

    /// The good token passes, and where there is a guard, nothing else does.
    fn check(&self, task: &Task) -> Result<(), Failure> {
        if self.ask(&task.token)? != 200 {
            return Err(format!("{} refuses a good token", self.name).into());
        }
        if !apps::is_guarded(self.name) {
            return Ok(());
        }
        for (wrong, token) in &task.refused {
            if self.ask(token)? == 200 {
                return Err(format!("{} accepts a token: {wrong}", self.name).into());
            }
        }
        Ok(())
    }

    /// The status of the answer to a request with this token.
    fn ask(&self, token: &str) -> Result<u16, Failure> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(
            stream,
            "GET / HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).ok_or("not an answer")?;
        Ok(status.parse()?)
    }

    /// The processor time that its threads have had so far.
    pub(crate) fn processor_time(&self) -> Result<Duration, Failure> {
        let mut nanoseconds = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            let text = fs::read_to_string(thread?.path().join("schedstat"))?;
            let first = text.split(' ').next().unwrap_or_default();
            nanoseconds += first.parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
