//! Who is compared with whom.

use bench_harness::{Failure, Task};
use bench_jwt::rounds::median;
use bench_jwt::task::task;

use crate::apps::{
    AXUM_JWT_AUTH, BARE, BARE_07, CACHED, CHOICE, GUARD, HANDWRITTEN, JWT_AUTHORIZER, REMOTE, REQUIRE,
    ROUTES, VALIDATE,
};
use crate::load::{self, Turn};
use crate::server::{self, Server};

/// Two servers, which are sent the same token of this algorithm.
pub(crate) struct Pair {
    pub(crate) server: &'static str,
    pub(crate) beside: &'static str,
    pub(crate) algorithm: &'static str,
}

const fn pair(server: &'static str, beside: &'static str, algorithm: &'static str) -> Pair {
    Pair { server, beside, algorithm }
}

/// All that is measured. The first shows what chance does.
pub(crate) static PAIRS: [Pair; 13] = [
    pair(BARE, BARE, "HS256"),
    pair(GUARD, BARE, "HS256"),
    pair(HANDWRITTEN, BARE, "HS256"),
    pair(AXUM_JWT_AUTH, BARE, "HS256"),
    pair(JWT_AUTHORIZER, BARE_07, "HS256"),
    pair(GUARD, BARE, "ES256"),
    pair(HANDWRITTEN, BARE, "ES256"),
    pair(CACHED, BARE, "ES256"),
    pair(REMOTE, GUARD, "ES256"),
    pair(VALIDATE, GUARD, "HS256"),
    pair(CHOICE, GUARD, "HS256"),
    pair(REQUIRE, GUARD, "HS256"),
    pair(ROUTES, GUARD, "HS256"),
];

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    /// For figures that are published.
    Full,
    /// For a first impression.
    Quick,
}

impl Effort {
    /// How often both servers of a pair have a turn.
    pub(crate) fn rounds(self) -> usize {
        match self {
            Self::Full => 10,
            Self::Quick => 3,
        }
    }
}

/// What a pair did.
pub(crate) struct Race {
    pub(crate) pair: &'static Pair,
    /// Both servers' turns of each round: the server's, and that of the one beside it.
    rounds: Vec<(Turn, Turn)>,
    /// The cryptography alone, in microseconds, round by round; only where it is asked for.
    primitive: Vec<f64>,
}

/// Measures the pairs of these numbers.
pub(crate) fn measure(numbers: &[usize], effort: Effort) -> Result<Vec<Race>, Failure> {
    // Made once each, so that pairs of one algorithm are sent the same token. They outlast the run.
    let tasks = [task("HS256")?, task("ES256")?];
    let mut races = Vec::new();
    for number in numbers {
        let pair = &PAIRS[*number];
        let task = tasks.iter().find(|task| task.algorithm == pair.algorithm).ok_or("no such algorithm")?;
        eprintln!("measuring {number}: {} beside {}, {}", pair.server, pair.beside, pair.algorithm);
        races.push(race(pair, task, effort)?);
    }
    Ok(races)
}

fn race(pair: &'static Pair, task: &Task, effort: Effort) -> Result<Race, Failure> {
    let server = Server::start(pair.server, task)?;
    let beside = Server::start(pair.beside, task)?;
    let mut race = Race { pair, rounds: Vec::new(), primitive: Vec::new() };
    for round in 0..effort.rounds() {
        // Another one begins each round, so that what grows or wanes favours nobody.
        let turns = if round % 2 == 0 {
            let first = load::turn(&beside, &task.token)?;
            (load::turn(&server, &task.token)?, first)
        } else {
            (load::turn(&server, &task.token)?, load::turn(&beside, &task.token)?)
        };
        race.rounds.push(turns);
        if pair.is_full_signature() {
            race.primitive.push(server::time_primitive(task)?);
        }
    }
    Ok(race)
}

impl Pair {
    /// Whether what it costs is to be held against the verification of an asymmetric signature.
    fn is_full_signature(&self) -> bool {
        self.algorithm == "ES256" && self.beside == BARE && self.server != CACHED
    }
}

impl Race {
    /// How much more processor time the server takes, in microseconds a request: middle, least and most of the rounds.
    pub(crate) fn added(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(server, beside)| server.cost - beside.cost))
    }

    /// How many requests the server answers for each of the one beside it.
    pub(crate) fn rate(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(server, beside)| server.rate / beside.rate))
    }

    /// The middle of what both did, the server first.
    pub(crate) fn middles(&self) -> [Turn; 2] {
        let of = |turn: fn(&(Turn, Turn)) -> Turn| {
            let middle = |value: fn(Turn) -> f64| median(self.rounds.iter().map(|round| value(turn(round))));
            Turn {
                rate: middle(|turn| turn.rate),
                cost: middle(|turn| turn.cost),
                p50: middle(|turn| turn.p50),
                p99: middle(|turn| turn.p99),
            }
        };
        [of(|round| round.0), of(|round| round.1)]
    }

    /// What the cryptography alone takes, in microseconds, if it was measured.
    pub(crate) fn primitive(&self) -> Option<f64> {
        (!self.primitive.is_empty()).then(|| median(self.primitive.iter().copied()))
    }
}

/// The middle of some values and how far they go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    pub(crate) middle: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        Self {
            middle: median(values.clone()),
            least: values.clone().fold(f64::INFINITY, f64::min),
            most: values.fold(f64::NEG_INFINITY, f64::max),
        }
    }
}
