//! Who is compared with whom.

use std::fmt;

use bench_harness::{Failure, Task, median, quantile};
use bench_jwt::task::task;

use crate::apps::{
    AXUM_JWT_AUTH, BARE, BARE_07, CACHED, CHOICE, GUARD, HANDWRITTEN, JWT_AUTHORIZER, LAYER, REMOTE, REQUIRE,
    ROUTES, VALIDATE, VERIFICATION,
};
use crate::load::{self, Turn};
use crate::server::{self, Server};

/// Two servers, which are sent the same token of this algorithm.
pub(crate) struct Pair {
    pub(crate) server: &'static str,
    pub(crate) beside: &'static str,
    pub(crate) algorithm: &'static str,
    /// How often both have a turn, for figures that are published.
    rounds: usize,
}

/// The rounds of most pairs.
const ROUNDS: usize = 10;
/// Those of a pair that is close to what is promised of it: the middle of ten differs from run to run by more than is between.
const CLOSE_ROUNDS: usize = 40;

const fn pair(server: &'static str, beside: &'static str, algorithm: &'static str) -> Pair {
    Pair { server, beside, algorithm, rounds: ROUNDS }
}

const fn close(server: &'static str, beside: &'static str, algorithm: &'static str) -> Pair {
    Pair { server, beside, algorithm, rounds: CLOSE_ROUNDS }
}

/// All that is measured. A server beside itself shows what chance does.
pub(crate) static PAIRS: [Pair; 19] = [
    pair(BARE, BARE, "HS256"),
    pair(LAYER, BARE, "HS256"),
    close(GUARD, BARE, "HS256"),
    pair(VERIFICATION, BARE, "HS256"),
    pair(GUARD, VERIFICATION, "HS256"),
    pair(HANDWRITTEN, BARE, "HS256"),
    pair(AXUM_JWT_AUTH, BARE, "HS256"),
    pair(JWT_AUTHORIZER, BARE_07, "HS256"),
    pair(GUARD, BARE, "ES256"),
    close(VERIFICATION, BARE, "ES256"),
    close(GUARD, VERIFICATION, "ES256"),
    pair(HANDWRITTEN, BARE, "ES256"),
    pair(CACHED, BARE, "ES256"),
    pair(GUARD, GUARD, "ES256"),
    pair(REMOTE, GUARD, "ES256"),
    pair(VALIDATE, GUARD, "HS256"),
    pair(CHOICE, GUARD, "HS256"),
    pair(REQUIRE, GUARD, "HS256"),
    pair(ROUTES, GUARD, "HS256"),
];

/// The numbers of the pairs that `word` names: one by its number, or all in whose line of the [`list`] it stands, however
/// it is capitalised. None if it names no pair.
pub(crate) fn named(word: &str) -> Option<Vec<usize>> {
    let wanted = word.to_lowercase();
    let numbers: Vec<usize> = match word.parse::<usize>() {
        Ok(number) => (0..PAIRS.len()).filter(|other| *other == number).collect(),
        Err(_) => (0..PAIRS.len())
            .filter(|number| PAIRS[*number].to_string().to_lowercase().contains(&wanted))
            .collect(),
    };
    (!numbers.is_empty()).then_some(numbers)
}

/// Every pair in a line of its own, behind its number.
pub(crate) fn list() -> String {
    PAIRS.iter().enumerate().map(|(number, pair)| format!("{number:4}  {pair}\n")).collect()
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} beside {}, {}", self.server, self.beside, self.algorithm)
    }
}

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) enum Effort {
    /// For figures that are published.
    Full,
    /// For a first impression.
    Quick,
}

impl Effort {
    /// How often both servers of this pair have a turn.
    fn rounds(self, pair: &Pair) -> usize {
        match self {
            Self::Full => pair.rounds,
            Self::Quick => 3,
        }
    }
}

/// What a pair did.
pub(crate) struct Race {
    pub(crate) pair: &'static Pair,
    /// Both servers' turns of each round: the server's, and that of the one beside it.
    rounds: Vec<(Turn, Turn)>,
    /// The verification in a loop of nothing else, in microseconds, round by round; only beside the verification in a request.
    looped: Vec<f64>,
}

/// Measures the pairs of these numbers.
pub(crate) fn measure(numbers: &[usize], effort: Effort) -> Result<Vec<Race>, Failure> {
    // Made once each, so that pairs of one algorithm are sent the same token. They outlast the run.
    let tasks = [task("HS256")?, task("ES256")?];
    let mut races = Vec::new();
    for number in numbers {
        let pair = &PAIRS[*number];
        let task = tasks.iter().find(|task| task.algorithm == pair.algorithm).ok_or("no such algorithm")?;
        eprintln!("measuring {number}: {pair}");
        races.push(race(pair, task, effort)?);
    }
    Ok(races)
}

fn race(pair: &'static Pair, task: &Task, effort: Effort) -> Result<Race, Failure> {
    let mut race = Race { pair, rounds: Vec::new(), looped: Vec::new() };
    for round in 0..effort.rounds(pair) {
        // New ones each round: two processes of the same program differ by where their memory happens to lie.
        let server = Server::start(pair.server, task)?;
        let beside = Server::start(pair.beside, task)?;
        // Another one begins each round, so that what grows or wanes favours nobody.
        let turns = if round % 2 == 0 {
            let first = load::turn(&beside, &task.token)?;
            (load::turn(&server, &task.token)?, first)
        } else {
            (load::turn(&server, &task.token)?, load::turn(&beside, &task.token)?)
        };
        race.rounds.push(turns);
        if pair.server == VERIFICATION {
            race.looped.push(server::time_primitive(task)?);
        }
    }
    Ok(race)
}

impl Race {
    /// How much more processor time the server takes, in microseconds a request: middle, least and most of the rounds.
    pub(crate) fn added(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|(server, beside)| server.cost - beside.cost))
    }

    /// How many rounds there were.
    pub(crate) fn rounds(&self) -> usize {
        self.rounds.len()
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

    /// What the verification takes in a loop of nothing else, in microseconds, if it was measured.
    pub(crate) fn looped(&self) -> Option<f64> {
        (!self.looped.is_empty()).then(|| median(self.looped.iter().copied()))
    }

    /// Of a server beside itself: how much processor time chance adds, in microseconds a request. Three in four rounds differ
    /// by no more than that; the middle of ten rounds that differs by more has another reason.
    pub(crate) fn chance(&self) -> f64 {
        quantile(self.rounds.iter().map(|(server, beside)| (server.cost - beside.cost).abs()), 0.75)
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

#[cfg(test)]
impl Race {
    /// A race in which a request cost the servers of `pair` this much, round by round.
    pub(crate) fn of_costs(pair: &'static Pair, costs: &[(f64, f64)]) -> Self {
        let turn = |cost| Turn { rate: 1e6 / cost, cost, p50: 100.0, p99: 200.0 };
        let rounds = costs.iter().map(|(server, beside)| (turn(*server), turn(*beside))).collect();
        Self { pair, rounds, looped: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_is_what_three_in_four_rounds_stay_within_in_either_direction() {
        let costs = [(5.0, 8.0), (8.0, 8.0), (9.0, 8.0), (8.0, 10.0)];
        assert_eq!(Race::of_costs(&PAIRS[0], &costs).chance(), 3.0);
        let costs =
            [(8.0, 8.0), (8.1, 8.0), (8.0, 8.2), (8.3, 8.0), (8.0, 8.4), (88.0, 8.0), (8.0, 8.0), (8.0, 8.0)];
        let chance = Race::of_costs(&PAIRS[0], &costs).chance();
        assert!((chance - 0.4).abs() < 1e-9, "{chance}");
    }

    #[test]
    fn a_pair_is_named_by_its_number_or_by_a_part_of_its_line() {
        assert_eq!(named("0"), Some(vec![0]));
        let found = named("countersign beside AXUM, hs256").unwrap();
        assert_eq!(
            found.iter().map(|number| PAIRS[*number].to_string()).collect::<Vec<_>>(),
            ["countersign beside axum, HS256"]
        );
        let every = named("es256").unwrap();
        assert_eq!(every.len(), PAIRS.iter().filter(|pair| pair.algorithm == "ES256").count());
    }

    #[test]
    fn what_names_no_pair_is_not_understood() {
        for word in ["99", "-1", "--fast", "passport"] {
            assert_eq!(named(word), None, "{word}");
        }
    }
}
