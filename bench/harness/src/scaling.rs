//! Whether two threads do twice as much as one, and whether the machine would have let them.

use std::hint::black_box;
use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::median;

/// What is done on one thread and on two: `(thread, count)` does it `count` times, as the thread of this number.
type Work<'w> = Box<dyn Fn(usize, u64) + Sync + 'w>;

/// One work on one thread and on two, and in the same rounds a control: a computation on registers alone, which shares
/// nothing but the machine. Where the control does not do twice as much on two threads, the machine was not there for two.
pub struct Scaling<'w> {
    work: Measured<'w>,
    control: Measured<'w>,
}

/// A work, how often it is done in a turn, and how long its turns took.
struct Measured<'w> {
    work: Work<'w>,
    count: u64,
    one: Vec<Duration>,
    two: Vec<Duration>,
}

impl<'w> Scaling<'w> {
    /// Finds out how often `work` is to be done for a turn of about this length.
    pub fn new(turn: Duration, work: impl Fn(usize, u64) + Sync + 'w) -> Self {
        let control = Measured::new(turn, |_, count| registers(count));
        Self { work: Measured::new(turn, work), control }
    }

    /// Measures a round: the work and the control on one thread, then both on two; the other one first each time.
    pub fn round(&mut self) {
        for threads in [1, 2] {
            // Whoever runs first would pay for waking the cores that slept meanwhile.
            self.control.time(threads);
            let mut order = [&mut self.work, &mut self.control];
            if order[0].two.len() % 2 == 1 {
                order.reverse();
            }
            for measured in order {
                measured.turn(threads);
            }
        }
    }

    /// Nanoseconds that the work takes once, on one thread, in the middle round.
    #[must_use]
    pub fn nanoseconds(&self) -> f64 {
        median(self.work.one.iter().map(|took| took.as_nanos() as f64)) / self.work.count as f64
    }

    /// The same in the best round.
    #[must_use]
    pub fn nanoseconds_at_best(&self) -> f64 {
        fastest(&self.work.one).as_nanos() as f64 / self.work.count as f64
    }

    /// How many times as much two threads do as one, in the middle round.
    #[must_use]
    pub fn times(&self) -> f64 {
        median(self.work.times())
    }

    /// The best round of two threads against the best round of one.
    #[must_use]
    pub fn times_at_best(&self) -> f64 {
        self.work.times_at_best()
    }

    /// How many times as much the control does on two threads, in the middle round.
    #[must_use]
    pub fn control(&self) -> f64 {
        median(self.control.times())
    }

    /// The best round of the control's on two threads against its best round on one.
    #[must_use]
    pub fn control_at_best(&self) -> f64 {
        self.control.times_at_best()
    }

    /// What is left of the control's scaling: the middle one of the rounds' ratios. What keeps the machine from two threads
    /// keeps it from the control's as well; what the threads do to each other shows here alone.
    #[must_use]
    pub fn of_control(&self) -> f64 {
        median(self.work.times().zip(self.control.times()).map(|(work, control)| work / control))
    }
}

impl<'w> Measured<'w> {
    fn new(turn: Duration, work: impl Fn(usize, u64) + Sync + 'w) -> Self {
        let mut measured = Self { work: Box::new(work), count: 1, one: Vec::new(), two: Vec::new() };
        while measured.time(1) < turn {
            measured.count *= 2;
        }
        measured
    }

    /// Takes a turn.
    fn turn(&mut self, threads: usize) {
        let took = self.time(threads);
        if threads == 1 { self.one.push(took) } else { self.two.push(took) }
    }

    /// How long so many threads take for a turn each: from when the first begins to when the last ends.
    #[expect(clippy::disallowed_methods, reason = "measuring time is what this program does")]
    fn time(&self, threads: usize) -> Duration {
        let ready = Barrier::new(threads);
        let one = |thread| {
            ready.wait();
            let start = Instant::now();
            (self.work)(thread, self.count);
            (start, Instant::now())
        };
        let times: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
            let one = &one;
            let started: Vec<_> = (0..threads).map(|thread| scope.spawn(move || one(thread))).collect();
            started.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let first = times.iter().map(|(start, _)| *start).min();
        let last = times.iter().map(|(_, end)| *end).max();
        first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first)
    }

    /// How many times as much two threads did as one, round by round.
    fn times(&self) -> impl Iterator<Item = f64> {
        self.one.iter().zip(&self.two).map(|(one, two)| times(*one, *two))
    }

    fn times_at_best(&self) -> f64 {
        times(fastest(&self.one), fastest(&self.two))
    }
}

/// How many times as much two threads do, if one takes `one` for a turn and two take `two` for a turn each.
fn times(one: Duration, two: Duration) -> f64 {
    2.0 * one.as_secs_f64() / two.as_secs_f64()
}

fn fastest(turns: &[Duration]) -> Duration {
    turns.iter().copied().min().unwrap_or_default()
}

/// Numbers that follow from each other, four rows of them side by side: enough to keep the units of a core busy, so that
/// two threads which have to share those would show it.
fn registers(count: u64) {
    let mut rows = black_box([1_u64, 2, 3, 4]);
    for _ in 0..count {
        for row in &mut rows {
            *row ^= *row << 13;
            *row ^= *row >> 7;
            *row ^= *row << 17;
        }
    }
    black_box(rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(one: &[u64], two: &[u64]) -> Measured<'static> {
        let turns = |turns: &[u64]| turns.iter().copied().map(Duration::from_millis).collect();
        Measured { work: Box::new(|_, _| ()), count: 1000, one: turns(one), two: turns(two) }
    }

    #[test]
    fn two_threads_that_take_no_longer_each_do_twice_as_much() {
        let (work, control) = (measured(&[4, 4, 4], &[4, 8, 5]), measured(&[2, 2, 2], &[2, 4, 2]));
        let scaling = Scaling { work, control };
        assert_eq!((scaling.nanoseconds(), scaling.nanoseconds_at_best()), (4000.0, 4000.0));
        assert_eq!((scaling.times(), scaling.times_at_best()), (1.6, 2.0));
        assert_eq!((scaling.control(), scaling.control_at_best()), (2.0, 2.0));
        // Alike in the first round, alike in the second, where the machine was busy, and less in the third.
        assert_eq!(scaling.of_control(), 1.0);
    }

    #[test]
    fn each_thread_does_the_whole_of_a_turn_under_its_own_number() {
        let done = [0, 1].map(|_| std::sync::atomic::AtomicU64::new(0));
        let work = |thread: usize, count| {
            done[thread].fetch_add(count, std::sync::atomic::Ordering::Relaxed);
        };
        let measured = Measured { work: Box::new(work), count: 7, one: Vec::new(), two: Vec::new() };
        measured.time(1);
        measured.time(2);
        drop(measured);
        assert_eq!(done.map(std::sync::atomic::AtomicU64::into_inner), [14, 7]);
    }
}
