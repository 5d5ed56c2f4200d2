//! One turn of load on one server.

use std::process::Command;

use bench_harness::Failure;

use crate::server::Server;

/// Connections that are kept open, each with one request under way.
pub(crate) const CONNECTIONS: u32 = 16;

/// The core of the load generator.
const CORE: &str = "0";

/// What a server did in one turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Turn {
    /// Requests per second.
    pub(crate) rate: f64,
    /// Processor time of the server, in microseconds a request.
    pub(crate) cost: f64,
    /// Half of the answers took no longer, in microseconds.
    pub(crate) p50: f64,
    /// 99 of a hundred answers took no longer, in microseconds.
    pub(crate) p99: f64,
}

/// Loads `server` for a second with requests that present `token`.
pub(crate) fn turn(server: &Server, token: &str) -> Result<Turn, Failure> {
    let before = server.processor_time()?;
    let output = Command::new("taskset")
        .args(["-c", CORE, "wrk", "--threads", "1", "--duration", "1s", "--latency"])
        .args(["--connections", &CONNECTIONS.to_string()])
        .args(["--header", &format!("authorization: Bearer {token}")])
        .arg(format!("http://{}/", server.address))
        .output()?;
    let took = server.processor_time()? - before;
    let report = String::from_utf8(output.stdout)?;
    if !output.status.success() || report.contains("Non-2xx") || report.contains("Socket errors") {
        return Err(format!("not all requests were answered well:\n{report}").into());
    }
    read(&report, took.as_secs_f64() * 1e6).ok_or_else(|| format!("this is no report:\n{report}").into())
}

/// Reads the report of `wrk`.
fn read(report: &str, took: f64) -> Option<Turn> {
    let after = |name: &str| {
        let line = report.lines().map(str::trim).find_map(|line| line.strip_prefix(name))?;
        Some(line.trim())
    };
    let requests =
        report.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse::<f64>().ok());
    Some(Turn {
        rate: after("Requests/sec:")?.parse().ok()?,
        cost: took / requests?,
        p50: microseconds(after("50%")?)?,
        p99: microseconds(after("99%")?)?,
    })
}

/// `412.00us`, `1.03ms` or `1.20s`.
fn microseconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|letter: char| letter.is_ascii_alphabetic())?);
    let scale = match unit {
        "us" => 1.0,
        "ms" => 1e3,
        "s" => 1e6,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_read() {
        let report = "\
Running 1s test @ http://127.0.0.1:4000/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   231.29us  150.31us   2.67ms   88.33%
    Req/Sec    69.75k     4.45k   75.62k    72.73%
  Latency Distribution
     50%  210.00us
     75%  245.00us
     90%  301.00us
     99%    1.03ms
  76272 requests in 1.10s, 9.75MB read
Requests/sec:  69343.18
Transfer/sec:      8.86MB
";
        let turn = read(report, 1_067_808.0).unwrap();
        assert_eq!((turn.rate, turn.cost, turn.p50, turn.p99), (69343.18, 14.0, 210.0, 1030.0));
    }

    #[test]
    fn what_is_no_report_is_not_read() {
        assert!(read("unable to connect", 1.0).is_none());
    }
}
