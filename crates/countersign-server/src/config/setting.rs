//! The table of settings: one row each. The reader, the suggestions and the example file are checked against it.

/// One thing that can be configured.
#[derive(Debug)]
pub(super) struct Setting {
    /// Its path in the file: `section.key`, or `key` at the top.
    pub(super) path: &'static str,
    /// Its environment variable. There is one variable per setting, never two.
    pub(super) variable: &'static str,
    /// What it is when nobody says anything, written as in a variable; `None` where absence means something.
    pub(super) default: Option<&'static str>,
    /// Whether its value is kept out of every message.
    pub(super) secret: bool,
}

impl Setting {
    const fn new(path: &'static str, variable: &'static str) -> Self {
        Self { path, variable, default: None, secret: false }
    }

    const fn default(mut self, text: &'static str) -> Self {
        self.default = Some(text);
        self
    }

    const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }
}

/// The variable that names the configuration file. It is no setting: a file cannot say where it is.
pub(super) const FILE_VARIABLE: &str = "COUNTERSIGN_CONFIG";

/// Every variable of ours begins with this, apart from the names that applications already use
/// (`JWT_SECRET`, `JWT_EXPIRES_IN`, `DATABASE_URL`).
pub(super) const PREFIX: &str = "COUNTERSIGN_";

pub(super) const SETTINGS: &[Setting] = &[
    Setting::new("host", "COUNTERSIGN_HOST").default("127.0.0.1"),
    Setting::new("port", "COUNTERSIGN_PORT").default("3000"),
    Setting::new("data", "COUNTERSIGN_DATA").default("countersign-data"),
    Setting::new("issuer", "COUNTERSIGN_ISSUER"),
    Setting::new("audience", "COUNTERSIGN_AUDIENCE").default("countersign"),
    Setting::new("master_key", "COUNTERSIGN_MASTER_KEY").secret(),
    Setting::new("master_key_file", "COUNTERSIGN_MASTER_KEY_FILE"),
    Setting::new("other_master_keys", "COUNTERSIGN_OTHER_MASTER_KEYS").secret(),
    Setting::new("other_master_key_files", "COUNTERSIGN_OTHER_MASTER_KEY_FILES"),
    Setting::new("database.url", "DATABASE_URL").secret(),
    Setting::new("token.access_lifetime", "JWT_EXPIRES_IN").default("15m"),
    Setting::new("token.leeway", "COUNTERSIGN_TOKEN_LEEWAY").default("60s"),
    Setting::new("token.status_list", "COUNTERSIGN_TOKEN_STATUS_LIST").default("true"),
    Setting::new("keys.rotate_every", "COUNTERSIGN_KEYS_ROTATE_EVERY"),
    Setting::new("keys.max_age", "COUNTERSIGN_KEYS_MAX_AGE").default("5m"),
    Setting::new("keys.check_every", "COUNTERSIGN_KEYS_CHECK_EVERY").default("5s"),
    Setting::new("keys.verifiers", "COUNTERSIGN_KEYS_VERIFIERS"),
    Setting::new("keys.hold_back", "COUNTERSIGN_KEYS_HOLD_BACK").default("1h"),
    Setting::new("jwt.secret", "JWT_SECRET").secret(),
    Setting::new("jwt.secret_file", "JWT_SECRET_FILE"),
    Setting::new("session.lifetime", "COUNTERSIGN_SESSION_LIFETIME").default("90d"),
    Setting::new("session.idle_lifetime", "COUNTERSIGN_SESSION_IDLE_LIFETIME").default("14d"),
    Setting::new("session.grace", "COUNTERSIGN_SESSION_GRACE").default("10s"),
    Setting::new("session.keep_ended", "COUNTERSIGN_SESSION_KEEP_ENDED").default("30d"),
    Setting::new("session.cookie_origins", "COUNTERSIGN_SESSION_COOKIE_ORIGINS"),
    Setting::new("revocation.stale_after", "COUNTERSIGN_REVOCATION_STALE_AFTER").default("60s"),
    Setting::new("revocation.feed_key", "COUNTERSIGN_REVOCATION_FEED_KEY").secret(),
    Setting::new("password.threads", "COUNTERSIGN_PASSWORD_THREADS"),
    Setting::new("password.queue", "COUNTERSIGN_PASSWORD_QUEUE"),
    Setting::new("password.memory_kib", "COUNTERSIGN_PASSWORD_MEMORY_KIB"),
    Setting::new("password.iterations", "COUNTERSIGN_PASSWORD_ITERATIONS"),
    Setting::new("registration.reveal_taken", "COUNTERSIGN_REGISTRATION_REVEAL_TAKEN").default("false"),
    Setting::new("http.trusted_proxies", "COUNTERSIGN_HTTP_TRUSTED_PROXIES").default("0"),
    Setting::new("http.shutdown_wait", "COUNTERSIGN_HTTP_SHUTDOWN_WAIT").default("30s"),
    Setting::new("log.level", "COUNTERSIGN_LOG_LEVEL").default("info"),
    Setting::new("log.format", "COUNTERSIGN_LOG_FORMAT").default("text"),
];

/// The row at a path.
pub(super) fn at(path: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.path == path)
}

/// The known name nearest to a mistyped one, if one is near enough to be what was meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const NEAR: f64 = 0.75;
    known
        .map(|candidate| (candidate, strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase())))
        .filter(|(_, likeness)| *likeness >= NEAR)
        .max_by(|(_, left), (_, right)| left.total_cmp(right))
        .map(|(candidate, _)| candidate)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_path_and_every_variable_is_used_once() {
        let paths: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.path).collect();
        let variables: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.variable).collect();
        assert_eq!((paths.len(), variables.len()), (SETTINGS.len(), SETTINGS.len()));
        assert!(!variables.contains(FILE_VARIABLE));
    }

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        let known = || ["port", "data", "token.access_lifetime"].into_iter();
        assert_eq!(nearest("prot", known()), Some("port"));
        assert_eq!(nearest("token.access_livetime", known()), Some("token.access_lifetime"));
        assert_eq!(nearest("colour", known()), None);
    }
}
