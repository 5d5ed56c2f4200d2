//! The queue and the threads are tested by stepping workers by hand: nothing here waits for a thread to be somewhere.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::worker::Worker;
use super::*;

/// A front and its workers, of which no thread has hold.
fn by_hand(queue: usize) -> (Passwords, Worker) {
    let (passwords, mut workers) =
        Passwords::builder().queue(queue).insecure_for_tests().prepare().expect("tiny parameters are valid");
    (passwords, workers.pop().expect("one worker"))
}

fn password(text: &str) -> Password {
    Password::from(text.to_owned())
}

fn new_password(text: &str) -> NewPassword {
    NewPassword::try_from(password(text)).expect("a valid length")
}

/// Lets a future send its job, and returns what it has to say already.
fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Sends the job of a future, has the worker do it, and returns the answer.
fn answer<F: Future>(worker: &mut Worker, future: F) -> F::Output {
    let mut future = pin!(future);
    assert!(poll(future.as_mut()).is_pending(), "the job is queued, not done by its caller");
    assert!(worker.step());
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the worker did not answer"),
    }
}

fn stored(text: &str) -> PasswordHash {
    text.parse().expect("a usable hash")
}

#[tokio::test]
async fn a_password_matches_its_own_hash_and_no_other_password_does() {
    let passwords = Passwords::insecure_for_tests().unwrap();
    let hash = passwords.hash(&new_password("correct horse")).await.unwrap();

    assert!(matches!(passwords.verify(&password("correct horse"), &hash).await, Ok(Verification::Match)));
    for wrong in ["correct horsf", "correct hors", "correct horse ", "Correct horse", ""] {
        assert!(
            matches!(passwords.verify(&password(wrong), &hash).await, Ok(Verification::Mismatch)),
            "{wrong:?} was accepted"
        );
    }
}

#[tokio::test]
async fn a_hash_survives_its_storage_as_text() {
    let passwords = Passwords::insecure_for_tests().unwrap();
    let text = passwords.hash(&new_password("correct horse")).await.unwrap().as_str().to_owned();

    let verification = passwords.verify(&password("correct horse"), &stored(&text)).await;

    assert!(text.starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    assert!(matches!(verification, Ok(Verification::Match)));
}

#[test]
fn two_hashes_of_one_password_share_nothing() {
    let (passwords, mut worker) = by_hand(1);
    let chosen = new_password("correct horse");
    let first = answer(&mut worker, passwords.hash(&chosen)).unwrap();
    let second = answer(&mut worker, passwords.hash(&chosen)).unwrap();
    assert_ne!(first.as_str(), second.as_str());
    assert_ne!(first.salt(), second.salt());
}

/// Both were made with the C reference implementation.
const OF_PASSWORD: &str =
    "$argon2id$v=19$m=1024,t=2,p=2$c29tZXNhbHRzb21lc2FsdA$0BVReoAdLpo3BExQFubBlIRIJpCSLMU1";
const OF_PASSWORD_IN_UTF8: &str =
    "$argon2id$v=19$m=64,t=3,p=1$c29tZXNhbHQ$C25Ta3wNz1nUNt5WG+zZGcvIzwFRUhQof09wHxQ/a6s";

#[test]
fn hashes_of_the_reference_implementation_match_and_are_renewed() {
    let (passwords, mut worker) = by_hand(1);
    for (text, right, wrong) in
        [(OF_PASSWORD, "password", "passwore"), (OF_PASSWORD_IN_UTF8, "pässwörd", "password")]
    {
        let reference = stored(text);
        let refused = answer(&mut worker, passwords.verify(&password(wrong), &reference));
        assert!(matches!(refused, Ok(Verification::Mismatch)));

        let renewed = match answer(&mut worker, passwords.verify(&password(right), &reference)) {
            Ok(Verification::MatchRehashed(renewed)) => renewed,
            other => panic!("expected a renewed hash, got {other:?}"),
        };
        assert!(renewed.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        let accepted = answer(&mut worker, passwords.verify(&password(right), &renewed));
        assert!(matches!(accepted, Ok(Verification::Match)));
    }
}

#[test]
fn a_wrong_password_never_renews_a_hash() {
    let (passwords, mut worker) = by_hand(1);
    let outdated = {
        let (costlier, mut workers) =
            Passwords::builder().iterations(5).memory_kib(7 * 1024).threads(1).prepare().unwrap();
        answer(&mut workers[0], costlier.hash(&new_password("correct horse"))).unwrap()
    };
    let before = passwords.statistics().computations;

    let verification = answer(&mut worker, passwords.verify(&password("wrong horse"), &outdated));

    assert!(matches!(verification, Ok(Verification::Mismatch)));
    assert_eq!(passwords.statistics().computations, before + 1);
}

#[test]
fn a_full_queue_answers_busy_at_once_and_has_room_again_when_a_job_is_taken() {
    let (passwords, mut worker) = by_hand(2);
    let (chosen, presented) = (new_password("correct horse"), password("correct horse"));
    let hash = answer(&mut worker, passwords.hash(&chosen)).unwrap();

    let mut first = Box::pin(passwords.hash(&chosen));
    let mut second = Box::pin(passwords.verify(&presented, &hash));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());

    for _ in 0..3 {
        let refused = poll(pin!(passwords.verify(&presented, &hash)));
        assert!(matches!(
            refused,
            Poll::Ready(Err(HashingError::Busy { retry_after })) if retry_after == Duration::from_secs(1)
        ));
    }
    assert!(matches!(poll(pin!(passwords.hash(&chosen))), Poll::Ready(Err(HashingError::Busy { .. }))));
    assert!(matches!(
        poll(pin!(passwords.verify_absent(&presented))),
        Poll::Ready(Err(HashingError::Busy { .. }))
    ));

    assert!(worker.step());
    assert!(matches!(poll(first.as_mut()), Poll::Ready(Ok(_))));
    assert!(poll(pin!(passwords.hash(&chosen))).is_pending(), "one job was taken, so one place is free");
}

#[test]
fn a_caller_that_leaves_before_its_turn_keeps_its_place_and_costs_nothing() {
    let (passwords, mut worker) = by_hand(1);
    let chosen = new_password("correct horse");
    {
        let mut abandoned = Box::pin(passwords.hash(&chosen));
        assert!(poll(abandoned.as_mut()).is_pending());
    }
    assert!(
        matches!(poll(pin!(passwords.hash(&chosen))), Poll::Ready(Err(HashingError::Busy { .. }))),
        "leaving did not free the place"
    );

    assert!(worker.step());
    assert_eq!(passwords.statistics().computations, 0, "the abandoned job was skipped");
    assert!(answer(&mut worker, passwords.hash(&chosen)).is_ok());
    assert_eq!(passwords.statistics().computations, 1);
}

#[test]
fn an_abandoned_verification_is_skipped_too() {
    let (passwords, mut worker) = by_hand(1);
    let presented = password("correct horse");
    drop(poll(pin!(passwords.verify_absent(&presented))));
    assert!(worker.step());
    assert_eq!(passwords.statistics().computations, 0);
}

#[test]
fn an_unknown_user_costs_the_computation_that_a_wrong_password_costs() {
    let (passwords, mut worker) = by_hand(1);
    let hash = answer(&mut worker, passwords.hash(&new_password("correct horse"))).unwrap();

    let start = passwords.statistics();
    let wrong = answer(&mut worker, passwords.verify(&password("wrong horse"), &hash));
    let after_wrong = passwords.statistics();
    let absent = answer(&mut worker, passwords.verify_absent(&password("wrong horse")));
    let after_absent = passwords.statistics();

    assert!(matches!((wrong, absent), (Ok(Verification::Mismatch), Ok(Verification::Mismatch))));
    assert_eq!(after_wrong.computations - start.computations, 1);
    assert_eq!(after_absent.computations - after_wrong.computations, 1);
    assert_eq!(passwords.nobody.params(), hash.params(), "the same parameters, so the same work");
    assert_eq!(passwords.nobody.salt().len(), hash.salt().len());
    assert_eq!(passwords.nobody.output_length(), hash.output_length());
}

#[test]
fn a_presented_password_beyond_the_limit_is_refused_without_work_for_known_and_unknown_users_alike() {
    let (passwords, mut worker) = by_hand(1);
    let longest = "x".repeat(Password::MAX_BYTES);
    let hash = answer(&mut worker, passwords.hash(&new_password(&longest))).unwrap();
    let before = passwords.statistics();

    let too_long = password(&format!("{longest}y"));
    assert!(matches!(
        poll(pin!(passwords.verify(&too_long, &hash))),
        Poll::Ready(Ok(Verification::Mismatch))
    ));
    assert!(matches!(
        poll(pin!(passwords.verify_absent(&too_long))),
        Poll::Ready(Ok(Verification::Mismatch))
    ));
    assert_eq!(passwords.statistics(), before);

    assert!(matches!(
        answer(&mut worker, passwords.verify(&password(&longest), &hash)),
        Ok(Verification::Match)
    ));
}

#[test]
fn a_thread_allocates_its_memory_once_however_many_passwords_it_hashes() {
    let (passwords, mut worker) = by_hand(1);
    assert_eq!(passwords.statistics().allocations, 1);
    let hash = answer(&mut worker, passwords.hash(&new_password("correct horse"))).unwrap();
    for _ in 0..10 {
        let _ = answer(&mut worker, passwords.verify(&password("correct horse"), &hash));
        let _ = answer(&mut worker, passwords.verify_absent(&password("correct horse")));
    }
    assert_eq!(passwords.statistics(), HashingStatistics { computations: 21, allocations: 1 });
}

#[test]
fn every_thread_allocates_before_it_starts() {
    let (passwords, workers) = Passwords::builder().threads(3).prepare().unwrap();
    assert_eq!(workers.len(), 3);
    assert_eq!(passwords.statistics(), HashingStatistics { computations: 0, allocations: 3 });
}

#[test]
fn a_stored_hash_of_more_memory_is_verified_with_memory_for_that_one_time() {
    let (passwords, mut worker) = by_hand(1);
    let larger = stored(OF_PASSWORD);
    for time in 1..=2 {
        let _ = answer(&mut worker, passwords.verify(&password("another"), &larger));
        assert_eq!(passwords.statistics().allocations, 1 + time);
    }
}

#[test]
fn a_thread_ends_when_the_last_front_is_dropped() {
    let (passwords, worker) = by_hand(1);
    let thread = thread::spawn(move || worker.run());
    let clone = passwords.clone();
    drop(passwords);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert!(runtime.block_on(clone.hash(&new_password("correct horse"))).is_ok(), "a clone keeps the thread");
    drop(clone);
    thread.join().expect("the thread ends of itself");
}

#[test]
fn jobs_left_in_a_closed_queue_are_skipped() {
    let (passwords, worker) = by_hand(4);
    let counters = Arc::clone(&passwords.counters);
    let chosen = new_password("correct horse");
    for _ in 0..4 {
        assert!(poll(pin!(passwords.hash(&chosen))).is_pending());
    }
    drop(passwords);
    worker.run();
    assert_eq!(counters.read().computations, 0);
}

#[test]
fn when_the_threads_are_gone_callers_get_an_error_and_never_wait() {
    let (passwords, worker) = by_hand(1);
    let chosen = new_password("correct horse");
    let mut waiting = Box::pin(passwords.hash(&chosen));
    assert!(poll(waiting.as_mut()).is_pending());
    drop(worker);
    assert!(matches!(poll(waiting.as_mut()), Poll::Ready(Err(HashingError::Failed { .. }))));
    assert!(matches!(poll(pin!(passwords.hash(&chosen))), Poll::Ready(Err(HashingError::Failed { .. }))));
}

#[cfg(target_os = "linux")]
#[test]
fn the_hashing_thread_and_no_other_gives_way() {
    let niceness = || rustix::process::getpriority_process(None).unwrap();
    let before = niceness();
    let (passwords, worker) = by_hand(1);
    drop(passwords);
    let of_worker = thread::spawn(move || {
        worker.run();
        niceness()
    });
    assert_eq!(of_worker.join().unwrap(), 10.max(before));
    assert_eq!(niceness(), before);
}

#[test]
fn a_chosen_password_has_8_to_256_bytes() {
    let choose = |length: usize| NewPassword::try_from(password(&"é".repeat(length / 2)));
    assert_eq!(choose(6).unwrap_err(), NewPasswordError::TooShort { minimum: 8 });
    assert!(choose(8).is_ok());
    assert!(choose(256).is_ok());
    assert_eq!(choose(258).unwrap_err(), NewPasswordError::TooLong { maximum: 256 });
    assert_eq!(NewPasswordError::TooShort { minimum: 8 }.code(), "password_too_short");
    assert_eq!(
        NewPasswordError::TooShort { minimum: 8 }.to_string(),
        "the password is too short: at least 8 bytes are required"
    );
    assert_eq!(NewPasswordError::TooLong { maximum: 256 }.code(), "password_too_long");
    assert_eq!(
        NewPasswordError::TooLong { maximum: 256 }.to_string(),
        "the password is too long: at most 256 bytes are accepted"
    );
}

#[test]
fn debug_output_shows_neither_password_nor_hash() {
    let (passwords, mut worker) = by_hand(1);
    let chosen = new_password("correct horse");
    let hash = answer(&mut worker, passwords.hash(&chosen)).unwrap();
    assert_eq!(format!("{chosen:?}"), "NewPassword(Password(..))");
    assert_eq!(format!("{hash:?}"), "PasswordHash(m=8,t=1,p=1, ..)");

    let mut queued = Box::pin(passwords.hash(&chosen));
    assert!(poll(queued.as_mut()).is_pending());
    assert!(!format!("{passwords:?} {worker:?}").contains("horse"));
}

#[test]
fn a_stored_text_that_cannot_be_verified_against_is_refused_when_it_is_read() {
    let parse = |text: &str| text.parse::<PasswordHash>().map(|_| ()).unwrap_err();
    let tail = "$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert!(format!("$argon2id$v=19$m=19456,t=2,p=1{tail}").parse::<PasswordHash>().is_ok());

    for other in [
        format!("$argon2i$v=19$m=19456,t=2,p=1{tail}"),
        format!("$argon2d$v=19$m=19456,t=2,p=1{tail}"),
        format!("$argon2id$v=16$m=19456,t=2,p=1{tail}"),
        format!("$argon2id$m=19456,t=2,p=1{tail}"),
        format!("$scrypt$ln=15,r=8,p=1{tail}"),
    ] {
        assert_eq!(parse(&other), UnusableHash::OtherAlgorithm, "{other}");
    }
    for costly in [
        "m=262145,t=2,p=1",
        "m=4294967295,t=2,p=1",
        "m=19456,t=11,p=1",
        "m=19456,t=4294967295,p=1",
        "m=19456,t=2,p=17",
    ] {
        assert_eq!(parse(&format!("$argon2id$v=19${costly}{tail}")), UnusableHash::CostTooHigh, "{costly}");
    }
    for malformed in [
        String::new(),
        "correct horse".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA".to_owned(),
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAA".to_owned(),
        format!("$argon2id$v=19$m=19456,t=2,p=1{tail}$"),
        format!(" $argon2id$v=19$m=19456,t=2,p=1{tail}"),
        format!("$argon2id$v=19$m=19456,t=2,p=1{tail}="),
        format!("$argon2id$v=19{tail}"),
        format!("$argon2id$v=19$m=19456,t=2{tail}"),
        format!("$argon2id$v=19$t=2,m=19456,p=1{tail}"),
        format!("$argon2id$v=19$m=8,m=19456,t=2,p=1{tail}"),
        format!("$argon2id$v=19$m=019456,t=2,p=1{tail}"),
        format!("$argon2id$v=19$m=19456,t=0,p=1{tail}"),
        format!("$argon2id$v=19$m=7,t=2,p=1{tail}"),
        format!("$argon2id$v=19$m=19456,t=2,p=1,keyid=AAAA{tail}"),
        format!("$argon2id$v=19$m=19456,t=2,p=1,data=AAAA{tail}"),
    ] {
        assert_eq!(parse(&malformed), UnusableHash::Malformed, "{malformed:?}");
    }
}

#[test]
fn a_configuration_that_protects_nobody_or_serves_nobody_is_refused() {
    let refusal = |builder: PasswordsBuilder| builder.prepare().map(|_| ()).unwrap_err().to_string();
    let builder = Passwords::builder;

    assert_eq!(refusal(builder().threads(0)), "0 hashing threads: 1 to 64 are accepted");
    assert_eq!(refusal(builder().threads(65)), "65 hashing threads: 1 to 64 are accepted");
    assert_eq!(refusal(builder().queue(0)), "a password queue of 0: 1 to 65536 are accepted");
    assert_eq!(refusal(builder().queue(65_537)), "a password queue of 65537: 1 to 65536 are accepted");
    assert_eq!(refusal(builder().iterations(0)), "0 Argon2 iterations: 1 to 10 are accepted");
    assert_eq!(refusal(builder().iterations(11)), "11 Argon2 iterations: 1 to 10 are accepted");
    assert_eq!(refusal(builder().memory_kib(7167)), "Argon2 memory of 7167 KiB: 7168 to 262144 are accepted");
    assert_eq!(
        refusal(builder().memory_kib(262_145)),
        "Argon2 memory of 262145 KiB: 7168 to 262144 are accepted"
    );
    assert_eq!(
        refusal(builder().memory_kib(19_456).iterations(1)),
        "1 Argon2 iterations over 19456 KiB are too cheap: their product must be at least 35840"
    );
}

#[test]
fn every_parameter_set_that_owasp_recommends_is_accepted() {
    for (memory_kib, iterations) in [(47_104, 1), (19_456, 2), (12_288, 3), (9_216, 4), (7_168, 5)] {
        let builder = Passwords::builder().threads(1).memory_kib(memory_kib).iterations(iterations);
        assert!(builder.prepare().is_ok(), "m={memory_kib}, t={iterations}");
    }
}

#[test]
fn the_default_is_two_passes_over_19_mebibytes() {
    let (passwords, _) = Passwords::builder().prepare().unwrap();
    assert!(passwords.nobody.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
}
