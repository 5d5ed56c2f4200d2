use std::sync::Arc;

use countersign::{
    jwt::{Clock as _, ManualClock, NumericDate},
    password::{Password, PasswordHash, Passwords},
};

use super::*;
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
        let Service { store, passwords, .. } = &self.service;
        register(input, store, passwords, taken, self.clock.now()).await
    }

    async fn login(&self, email: &str, password: &str) -> Result<LoggedIn, LoginError> {
        let input = Login { email: email.to_owned(), password: Password::from(password.to_owned()) };
        let Service { store, passwords, tokens, .. } = &self.service;
        login(input, store, passwords, tokens, self.clock.now()).await
    }

    async fn refused(&self, email: &str, password: &str) -> (LoginRefused, u64) {
        let before = self.computations();
        match self.login(email, password).await {
            Err(LoginError::Refused(reason)) => (reason, self.computations() - before),
            outcome => panic!("{outcome:?}"),
        }
    }

    fn computations(&self) -> u64 {
        self.service.passwords.statistics().computations
    }
}

#[tokio::test]
async fn every_refused_login_is_the_same_work() {
    let scene = Scene::new().await;
    scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let disabled = scene.register("eve@example.com", PASSWORD, TakenEmail::Conceal).await.unwrap();
    scene.service.store.disable_user(&disabled.user_id, scene.clock.now()).await.unwrap();

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
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let stored = async || {
        let user = scene.service.store.user_by_email(EMAIL).await.unwrap().unwrap();
        user.password_hash.parse::<PasswordHash>().unwrap().as_str().to_owned()
    };
    let cheap = stored().await;
    assert!(scene.login(EMAIL, PASSWORD).await.is_ok());
    assert_eq!(stored().await, cheap, "a hash of today's parameters is renewed");

    let Service { store, tokens, .. } = &scene.service;
    let dear = Passwords::builder().threads(1).memory_kib(7 * 1024).iterations(5).start().unwrap();
    let input = || Login { email: EMAIL.to_owned(), password: Password::from(PASSWORD.to_owned()) };
    login(input(), store, &dear, tokens, scene.clock.now()).await.unwrap();
    let renewed = stored().await;
    assert!(renewed.contains("m=7168,t=5"), "{renewed}");
    login(input(), store, &dear, tokens, scene.clock.now()).await.unwrap();
    assert_eq!(stored().await, renewed);
    assert_eq!(store.user_by_email(EMAIL).await.unwrap().unwrap().id, user.user_id);
}

#[tokio::test]
async fn user_ids_are_uuids_of_their_moment() {
    let scene = Scene::new().await;
    let user = scene.register(EMAIL, PASSWORD, TakenEmail::Conceal).await.unwrap();
    let id: uuid::Uuid = user.user_id.parse().unwrap();
    assert_eq!(id.get_version_num(), 7);
    assert_eq!(id.get_timestamp().map(|moment| moment.to_unix().0), Some(1_700_000_000));
}
