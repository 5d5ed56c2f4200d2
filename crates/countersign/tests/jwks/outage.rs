//! The outage table: what is wrong with the issuer, how we met it, and what the bearer of a good token is answered.

use countersign_testkit::Fault;
use http::StatusCode;

use crate::common::{Api, DAY, HOUR, World, key, set, settle};

/// What is wrong, how the service stands, and the answers: at once, an hour later, a day after that.
const TABLE: [(Wrong, Standing, [&str; 3]); 18] = [
    (Wrong::Down, Standing::Running, ["200", "200", "503"]),
    (Wrong::Down, Standing::StartingWithCopy, ["200", "200", "503"]),
    (Wrong::Down, Standing::Starting, ["503", "503", "503"]),
    (Wrong::Slow, Standing::Running, ["200", "200", "503"]),
    (Wrong::Slow, Standing::StartingWithCopy, ["200", "200", "503"]),
    (Wrong::Slow, Standing::Starting, ["503", "503", "503"]),
    (Wrong::Status500, Standing::Running, ["200", "200", "503"]),
    (Wrong::Status500, Standing::StartingWithCopy, ["200", "200", "503"]),
    (Wrong::Status500, Standing::Starting, ["503", "503", "503"]),
    (Wrong::Garbage, Standing::Running, ["200", "200", "503"]),
    (Wrong::Garbage, Standing::StartingWithCopy, ["200", "200", "503"]),
    (Wrong::Garbage, Standing::Starting, ["503", "503", "503"]),
    (Wrong::Empty, Standing::Running, ["200", "200", "503"]),
    (Wrong::Empty, Standing::StartingWithCopy, ["200", "200", "503"]),
    (Wrong::Empty, Standing::Starting, ["503", "503", "503"]),
    (Wrong::KeyRemoved, Standing::Running, ["200", "401 key_unknown", "401 key_unknown"]),
    (Wrong::KeyRemoved, Standing::StartingWithCopy, ["401 key_unknown"; 3]),
    (Wrong::KeyRemoved, Standing::Starting, ["401 key_unknown"; 3]),
];

#[derive(Clone, Copy, Debug)]
enum Wrong {
    Down,
    Slow,
    Status500,
    Garbage,
    Empty,
    KeyRemoved,
}

#[derive(Clone, Copy, Debug)]
enum Standing {
    Running,
    StartingWithCopy,
    Starting,
}

impl Wrong {
    fn words(self) -> &'static str {
        match self {
            Self::Down => "cannot be reached",
            Self::Slow => "does not answer in time",
            Self::Status500 => "answers 500",
            Self::Garbage => "answers something that is no key set",
            Self::Empty => "publishes an empty set",
            Self::KeyRemoved => "publishes another key instead",
        }
    }

    fn befall(self, world: &World) {
        match self {
            Self::Down => world.fake.fail(Fault::Down),
            Self::Slow => world.fake.fail(Fault::Slow),
            Self::Status500 => world.fake.fail(Fault::Status(StatusCode::INTERNAL_SERVER_ERROR)),
            Self::Garbage => world.fake.fail(Fault::Garbage),
            Self::Empty => world.fake.fail(Fault::Empty),
            Self::KeyRemoved => world.fake.publish(&set(&[&key("second")])),
        }
    }
}

impl Standing {
    fn words(self) -> &'static str {
        match self {
            Self::Running => "is running",
            Self::StartingWithCopy => "starts, with a copy on disk",
            Self::Starting => "starts, without a copy",
        }
    }
}

/// A service for which this has just gone wrong.
async fn service(world: &World, wrong: Wrong, standing: Standing, copy: &std::path::Path) -> Api {
    match standing {
        Standing::Running => {
            let api = world.start_warm().await;
            wrong.befall(world);
            api
        }
        Standing::StartingWithCopy => {
            let before = world.start_as(world.builder().disk_copy(copy));
            before.keys.refresh().await.expect("an issuer in good health");
            before.keys.close().await;
            wrong.befall(world);
            let api = world.start_as(world.builder().disk_copy(copy));
            world.fake.fetched(2).await;
            api
        }
        Standing::Starting => {
            wrong.befall(world);
            let api = world.start();
            world.fake.fetched(1).await;
            api
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_issuer_is_answered_as_the_table_says() {
    for (wrong, standing, expected) in TABLE {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::new();
        let api = service(&world, wrong, standing, &folder.path().join("keys.json")).await;
        settle().await;

        let mut answers = vec![api.present(&world.token(&world.key)).await];
        for time in [HOUR, DAY] {
            world.pass(time).await;
            answers.push(api.present(&world.token(&world.key)).await);
        }
        assert_eq!(answers, expected, "the issuer {wrong:?}, the service {standing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn when_an_outage_ends_every_request_is_served_again() {
    for (wrong, standing, _) in TABLE {
        let folder = tempfile::tempdir().expect("a folder");
        let world = World::new();
        let api = service(&world, wrong, standing, &folder.path().join("keys.json")).await;
        world.pass(DAY + HOUR).await;

        world.fake.recover();
        world.fake.publish(&set(&[&world.key]));
        world.pass(HOUR).await;
        let answer = api.present(&world.token(&world.key)).await;
        assert_eq!(answer, "200", "the issuer {wrong:?}, the service {standing:?}");
        assert_eq!(api.failure(), None);
    }
}

#[test]
fn the_guide_shows_the_outage_table() {
    let mut table = String::from(
        "| the issuer | the service | at once | an hour later | a day after that |\n|---|---|---|---|---|\n",
    );
    for (wrong, standing, [at_once, hour, day]) in TABLE {
        let (wrong, standing) = (wrong.words(), standing.words());
        table.push_str(&format!("| {wrong} | {standing} | {at_once} | {hour} | {day} |\n"));
    }
    let guide = include_str!("../../../../docs/guide/key-sets.md");
    assert!(guide.contains(&table), "the guide should show this table:\n\n{table}");
}
