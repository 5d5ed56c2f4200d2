//! What a service does besides answering.

use std::{sync::Arc, time::Duration};

use countersign::jwt::Clock;
use countersign_store::Store;

use super::{Service, StartError, leeway, remembered, unique_name};
use crate::{
    config::Config,
    fan_out::{CLOCKS_DIFFER, FanOut},
    flow::{Accounts, UserSessions},
    key_ring::Vault,
    presence::{Account, Presence},
    purge::{self, PurgeTask},
    rotation::{
        Schedule,
        task::{Keeper, RotationTask},
    },
    seal::Sealer,
    status_lists::StatusLists,
};

/// How much longer than it has to be a key is kept: for instances that are late to hear that it signs no more.
const KEPT_LONGER: Duration = Duration::from_secs(60);

/// What a running service does besides answering, until it is dropped.
pub(super) struct Tasks {
    /// Keeps what is known of revocations up to date.
    _fan_out: FanOut,
    /// Says so to whoever looks.
    _presence: Presence,
    /// Clear away what is over.
    _purges: [PurgeTask; 2],
    /// Keeps the keys up to date, where they can change.
    _rotation: Option<RotationTask>,
}

impl Tasks {
    /// Has the store know of one more instance, and does its part from now on. `sealer` is for keys that can change.
    pub(super) async fn start(
        config: &Config,
        service: &Service,
        sealer: Option<Sealer>,
    ) -> Result<Self, StartError> {
        let Service { accounts, keys, pickups, readers, clock, .. } = service;
        let Accounts { store, sessions, revocations, .. } = accounts;
        let fan_out = FanOut::run(service.ask_once().await?);
        let account = Account {
            id: unique_name()?,
            view: revocations.clone(),
            keys: Arc::clone(keys),
            readers: readers.clone(),
            clock: Arc::clone(clock),
        };
        let rotation = sealer.map(|sealer| {
            let vault = Vault { store: store.clone(), sealer };
            let (keys, clock, pickups) = (Arc::clone(keys), Arc::clone(clock), Arc::clone(pickups));
            let keeper = Keeper::new(keys, vault, clock, schedule(config), pickups);
            RotationTask::start(keeper, config.keys.check_every)
        });
        Ok(Self {
            _fan_out: fan_out,
            _presence: Presence::start(store.clone(), account),
            _purges: purges(config, sessions.clone(), store.clone(), clock),
            _rotation: rotation,
        })
    }
}

/// What clears away sessions that ended long ago, and revocations that concern no token any more.
fn purges(config: &Config, sessions: UserSessions, store: Store, clock: &Arc<dyn Clock>) -> [PurgeTask; 2] {
    // A session that was revoked is remembered for as long as an access token of it may be good. Then another session may
    // get its place in the status lists, of which none may count any more that shows it as revoked.
    let shown = StatusLists::LIFETIME + leeway(config);
    let keep = config.session.keep_ended.max(remembered(config) + shown);
    let of_sessions = move |now| {
        let sessions = sessions.clone();
        async move { sessions.purge(keep, purge::BATCH, now).await }
    };
    let of_revocations = move |now| {
        let store = store.clone();
        async move { store.purge_revocations(now - CLOCKS_DIFFER, purge::BATCH).await }
    };
    [
        PurgeTask::start("sessions that ended long ago", of_sessions, Arc::clone(clock)),
        PurgeTask::start("revocations that concern no token any more", of_revocations, Arc::clone(clock)),
    ]
}

fn schedule(config: &Config) -> Schedule {
    Schedule {
        rotate_every: config.keys.rotate_every,
        announce: config.keys.announce(),
        hold_back: config.keys.hold_back,
        margin: leeway(config) + 2 * config.keys.check_every + KEPT_LONGER,
        token_lifetime: config.token.access_lifetime,
    }
}
