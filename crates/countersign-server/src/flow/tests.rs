use std::sync::Arc;

use countersign::{
    jwt::{Clock as _, ManualClock, NumericDate},
    password::{Password, Passwords},
};

use super::{login::still_good, *};
use crate::app::Service;

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

struct Scene {
    _folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    service: Service,
}

impl Scene {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(NumericDate::from_secs(1_700_000_000)));
        let service = Service::for_tests(folder.path(), clock.clone()).await;
        Self { _folder: folder, clock, service }
    }

    async fn register(
        &self,
        email: &str,
        password: &str,
        taken: TakenEmail,
    ) -> Result<Registered, RegisterError> {
        let input = Registration { email: email.to_owned(), password: Password::from(password.to_owned()) };
        let Accounts { store, passwords, .. } = &self.service.accounts;
        register(input, store, passwords, taken, self.clock.now()).await
    }

    async fn login(&self, email: &str, password: &str) -> Result<TokenPair, LoginError> {
        login(typed(email, password), &self.service.accounts, self.clock.now()).await
    }

    async fn refused(&self, email: &str, password: &str) -> (LoginRefused, u64) {
        let before = self.computations();
        match self.login(email, password).await {
            Err(LoginError::Refused(reason)) => (reason, self.computations() - before),
            outcome => panic!("{outcome:?}"),
        }
    }

    /// The user whose address is [`EMAIL`].
    async fn stored(&self) -> User {
        self.service.accounts.store.user_by_email(EMAIL).await.unwrap().unwrap()
    }

    /// A login that must succeed.
    async fn logged_in(&self) -> TokenPair {
        self.login(EMAIL, PASSWORD).await.unwrap()
    }

    async fn refresh(&self, pair: &TokenPair) -> Result<TokenPair, RefreshError> {
        refresh(pair.refresh.token.as_str(), None, &self.service.accounts, self.clock.now()).await
    }

    async fn change_password(
        &self,
        pair: &TokenPair,
        current: &str,
        new: &str,
    ) -> Result<usize, PasswordChangeError> {
        let input = PasswordChange {
            user_id: pair.refresh.session.user_id.clone(),
            session_id: Some(pair.refresh.session.id),
            current: Password::from(current.to_owned()),
            new: Password::from(new.to_owned()),
        };
        change_password(input, &self.service.accounts, self.clock.now()).await
    }

    fn computations(&self) -> u64 {
        self.service.accounts.passwords.statistics().computations
    }
}

fn typed(email: &str, password: &str) -> Login {
    let password = Password::from(password.to_owned());
    Login { email: email.to_owned(), password, device: Device::default() }
}

#[tokio::test]
async fn every_refused_login_is_the_same_work() {
    let scene = Scene::new().await;
    scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let disabled = scene.register("eve@example.com", PASSWORD, TakenEmail::Conceal).await.unwrap();
    scene.service.accounts.store.disable_user(&disabled.user_id, scene.clock.now()).await.unwrap();

    assert_eq!(scene.refused(EMAIL, "another password").await, (LoginRefused::WrongPassword, 1));
    assert_eq!(scene.refused("nobody@example.com", PASSWORD).await, (LoginRefused::UnknownUser, 1));
    assert_eq!(scene.refused("not an address", PASSWORD).await, (LoginRefused::UnknownUser, 1));
    assert_eq!(scene.refused("eve@example.com", PASSWORD).await, (LoginRefused::DisabledUser, 1));
    assert_eq!(scene.refused("eve@example.com", "another password").await, (LoginRefused::DisabledUser, 1));
}

#[tokio::test]
async fn a_concealed_registration_is_the_same_work_and_leaves_the_account_alone() {
    let scene = Scene::new().await;
    let first = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let before = scene.computations();
    let second = scene.register("ADA@example.com", "another password", TakenEmail::Conceal).await.unwrap();
    assert_eq!(scene.computations() - before, 1);
    assert_eq!(second.email, first.email);
    assert_ne!(second.user_id, first.user_id);
    assert!(scene.login(EMAIL, PASSWORD).await.is_ok());
    assert!(matches!(scene.register(EMAIL, PASSWORD, TakenEmail::Reveal).await, Err(RegisterError::Taken)));
}

#[tokio::test]
async fn what_is_wrong_with_a_registration_is_told_before_anything_is_hashed() {
    let scene = Scene::new().await;
    let outcome = scene.register("nobody", PASSWORD, TakenEmail::Conceal).await;
    assert!(matches!(outcome, Err(RegisterError::Email(_))), "{outcome:?}");
    for password in ["1234567".to_owned(), "x".repeat(257), "é".repeat(129)] {
        let outcome = scene.register(EMAIL, &password, TakenEmail::Conceal).await;
        assert!(matches!(outcome, Err(RegisterError::Password(_))), "{outcome:?}");
    }
    assert_eq!(scene.computations(), 0);
    for (number, password) in ["12345678".to_owned(), "x".repeat(256), "é".repeat(128)].iter().enumerate() {
        scene.register(&format!("{number}@example.com"), password, TakenEmail::Conceal).await.unwrap();
    }
}

#[tokio::test]
async fn a_login_renews_a_hash_of_other_parameters() {
    let mut scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let cheap = scene.stored().await.password_hash;
    assert!(scene.login(EMAIL, PASSWORD).await.is_ok());
    assert_eq!(scene.stored().await.password_hash, cheap, "a hash of today's parameters is renewed");

    let dear = Passwords::builder().threads(1).memory_kib(7 * 1024).iterations(5).start().unwrap();
    scene.service.accounts.passwords = dear;
    scene.login(EMAIL, PASSWORD).await.unwrap();
    let renewed = scene.stored().await.password_hash;
    assert!(renewed.contains("m=7168,t=5"), "{renewed}");
    scene.login(EMAIL, PASSWORD).await.unwrap();
    assert_eq!(scene.stored().await.password_hash, renewed);
    assert_eq!(scene.stored().await.id, user.user_id);
}

#[tokio::test]
async fn user_ids_are_uuids_of_their_moment() {
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let id: uuid::Uuid = user.user_id.parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.get_timestamp().map(|moment| moment.to_unix().0), Some(1_700_000_000));
}

const ANOTHER: &str = "another password";

fn code(outcome: Result<TokenPair, RefreshError>) -> &'static str {
    match outcome {
        Err(RefreshError::Refused(refused)) => refused.code,
        outcome => panic!("{outcome:?}"),
    }
}

#[tokio::test]
async fn a_refresh_is_for_the_user_and_the_session_of_its_token() {
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let login = scene.logged_in().await;
    let refreshed = scene.refresh(&login).await.unwrap();
    assert_eq!(refreshed.refresh.session.user_id, user.user_id);
    assert_eq!(refreshed.refresh.session.id, login.refresh.session.id);
    assert_ne!(refreshed.refresh.token.as_str(), login.refresh.token.as_str());
    let claims = |pair: &TokenPair| -> AccessClaims {
        countersign::jwt::Unverified::decode(pair.access.as_str()).unwrap().claims().unwrap()
    };
    assert_eq!(claims(&refreshed), claims(&login));
    assert_eq!((claims(&login).sid, claims(&login).email.as_str()), (Some(login.refresh.session.id), EMAIL));
}

#[tokio::test]
async fn a_disabled_user_has_no_session_left() {
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let (one, two) = (scene.logged_in().await, scene.logged_in().await);
    let (store, now) = (&scene.service.accounts.store, scene.clock.now());
    assert_eq!(disable(&user.user_id, store, now).await.unwrap(), Disabled::Done { sessions: 2 });
    assert_eq!(disable(&user.user_id, store, now).await.unwrap(), Disabled::Done { sessions: 0 });
    assert_eq!(disable("nobody", store, now).await.unwrap(), Disabled::Unknown);
    assert_eq!(code(scene.refresh(&one).await), "session_revoked");
    assert_eq!(code(scene.refresh(&two).await), "session_revoked");
}

#[tokio::test]
async fn a_refresh_finds_out_by_itself_that_the_user_is_disabled_and_ends_the_sessions() {
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let (one, two) = (scene.logged_in().await, scene.logged_in().await);
    // As an operator who was interrupted before the sessions ended.
    scene.service.accounts.store.disable_user(&user.user_id, scene.clock.now()).await.unwrap();
    assert_eq!(code(scene.refresh(&one).await), "session_revoked");
    let sessions = &scene.service.accounts.sessions;
    assert_eq!(sessions.list(&user.user_id, 10, scene.clock.now()).await.unwrap(), []);
    assert_eq!(code(scene.refresh(&two).await), "session_revoked");
}

#[tokio::test]
async fn a_changed_password_ends_every_session_but_the_one_that_changed_it() {
    let scene = Scene::new().await;
    scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let (here, there) = (scene.logged_in().await, scene.logged_in().await);
    assert_eq!(scene.change_password(&here, PASSWORD, ANOTHER).await.unwrap(), 1);
    assert_eq!(code(scene.refresh(&there).await), "session_revoked");
    scene.refresh(&here).await.unwrap();
    assert_eq!(scene.refused(EMAIL, PASSWORD).await.0, LoginRefused::WrongPassword);
    scene.login(EMAIL, ANOTHER).await.unwrap();
}

#[tokio::test]
async fn a_password_that_is_not_changed_ends_nothing() {
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let (here, there) = (scene.logged_in().await, scene.logged_in().await);
    let before = scene.computations();
    let outcome = scene.change_password(&here, PASSWORD, "short").await;
    assert!(matches!(outcome, Err(PasswordChangeError::New(_))), "{outcome:?}");
    assert_eq!(scene.computations(), before, "a password that cannot be chosen was hashed");
    let outcome = scene.change_password(&here, PASSWORD, PASSWORD).await;
    assert!(matches!(outcome, Err(PasswordChangeError::Unchanged)), "{outcome:?}");
    let outcome = scene.change_password(&here, ANOTHER, ANOTHER).await;
    assert!(
        matches!(outcome, Err(PasswordChangeError::Refused(LoginRefused::WrongPassword))),
        "that the two are the same is told before it is known that the first is right: {outcome:?}"
    );
    scene.refresh(&there).await.unwrap();

    scene.service.accounts.store.disable_user(&user.user_id, scene.clock.now()).await.unwrap();
    let outcome = scene.change_password(&here, PASSWORD, ANOTHER).await;
    assert!(matches!(outcome, Err(PasswordChangeError::Refused(LoginRefused::DisabledUser))), "{outcome:?}");
}

#[tokio::test]
async fn of_password_changes_at_the_same_moment_one_is_made() {
    let scene = Scene::new().await;
    scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let sessions = [scene.logged_in().await, scene.logged_in().await, scene.logged_in().await];
    let chosen = ["the first password", "the second password", "the third password"];
    // One thread hashes, so all three have verified the old password before the first has hashed its new one.
    let (one, two, three) = tokio::join!(
        scene.change_password(&sessions[0], PASSWORD, chosen[0]),
        scene.change_password(&sessions[1], PASSWORD, chosen[1]),
        scene.change_password(&sessions[2], PASSWORD, chosen[2]),
    );
    let outcomes = [one, two, three];
    let changed: Vec<_> = (0..3).filter(|number| outcomes[*number].is_ok()).collect();
    assert_eq!(changed.len(), 1, "{outcomes:?}");
    for outcome in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert!(matches!(outcome, PasswordChangeError::ChangedMeanwhile), "{outcome:?}");
    }
    scene.login(EMAIL, chosen[changed[0]]).await.unwrap();
    // Each has ended the sessions of the others, so whoever knows the new password logs in anew.
    let live = scene.service.accounts.sessions.list(&scene.stored().await.id, 10, scene.clock.now()).await;
    assert_eq!(live.unwrap().len(), 1);
}

#[tokio::test]
async fn a_login_that_a_change_has_overtaken_is_refused() {
    let scene = Scene::new().await;
    scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let as_read = scene.stored().await;
    let accounts = &scene.service.accounts;
    let password = Password::from(PASSWORD.to_owned());
    assert_eq!(still_good(&as_read, &password, accounts).await.unwrap(), Ok(()));

    // Another hash of the same password is no change of the password.
    let renewed = accounts.passwords.hash(&password.clone().try_into().unwrap()).await.unwrap();
    let replaced =
        accounts.store.replace_password_hash(&as_read.id, &as_read.password_hash, renewed.as_str());
    assert!(replaced.await.unwrap());
    assert_eq!(still_good(&as_read, &password, accounts).await.unwrap(), Ok(()));

    let here = scene.logged_in().await;
    scene.change_password(&here, PASSWORD, ANOTHER).await.unwrap();
    let refused = still_good(&as_read, &password, accounts).await.unwrap();
    assert_eq!(refused, Err(LoginRefused::WrongPassword));

    accounts.store.disable_user(&as_read.id, scene.clock.now()).await.unwrap();
    let refused = still_good(&as_read, &password, accounts).await.unwrap();
    assert_eq!(refused, Err(LoginRefused::DisabledUser));
}
