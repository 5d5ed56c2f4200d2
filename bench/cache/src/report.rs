//! The figures as Markdown.

use std::fmt::Write;

use bench_harness::{Scaling, Verdict};

use crate::contenders::{Contender, HIT};

/// The most that a hit may take, in nanoseconds.
const MOST: f64 = 60.0;
/// How many times as much two threads must find as one, in the best rounds.
const LEAST_TIMES: f64 = 1.6;
/// What must be left of the control's scaling, in the middle round.
const LEAST_OF_CONTROL: f64 = 0.95;

const CONTROL: &str = "\
The control is a computation on registers alone, on one thread and on two in the same rounds: what its two threads do not reach,
the machine did not have to give. What is left of the control's scaling is what two threads that share a cache leave each other.";

/// What was measured, and what a cache takes.
pub(crate) fn markdown(
    measured: &[(&Contender, Scaling<'_>)],
    (capacity, bytes, length): (usize, usize, usize),
) -> String {
    let mut text = Verdict::table(&verdicts(measured));
    text.push_str(
        "\n### Everyone\n\n\
         | 64 tokens in use | ns, middle | ns, best | two threads do, middle | control | of the control | best rounds | control |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for (way, scaling) in measured {
        // Writing into a String does not fail.
        let _ = writeln!(
            text,
            "| {} | {:.0} | {:.0} | {:.2} times one | {:.2} | {:.2} | {:.2} | {:.2} |",
            way.name,
            scaling.nanoseconds(),
            scaling.nanoseconds_at_best(),
            scaling.times(),
            scaling.control(),
            scaling.of_control(),
            scaling.times_at_best(),
            scaling.control_at_best(),
        );
    }
    let _ = writeln!(
        text,
        "\n{CONTROL}\n\n\
         Room for {capacity} tokens of {length} characters takes at most {:.1} MiB, and what the claims own.",
        bytes as f64 / f64::from(1 << 20),
    );
    text
}

fn verdicts(measured: &[(&Contender, Scaling<'_>)]) -> Vec<Verdict> {
    let Some((_, hit)) = measured.iter().find(|(way, _)| way.name == HIT) else { return Vec::new() };
    vec![
        Verdict {
            promise: format!("A hit: at most {MOST} ns"),
            measured: format!("{:.0} ns", hit.nanoseconds()),
            reached: hit.nanoseconds() <= MOST,
        },
        Verdict {
            promise: format!(
                "Two threads find at least {LEAST_TIMES:.1} times as much as one, best round against best round"
            ),
            measured: format!("{:.2} (the control: {:.2})", hit.times_at_best(), hit.control_at_best()),
            reached: hit.times_at_best() >= LEAST_TIMES,
        },
        Verdict {
            promise: format!(
                "Two threads scale at least {LEAST_OF_CONTROL} times as well as the control's, middle round"
            ),
            measured: format!("{:.2}", hit.of_control()),
            reached: hit.of_control() >= LEAST_OF_CONTROL,
        },
    ]
}
