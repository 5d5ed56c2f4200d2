use std::net::{IpAddr, Ipv4Addr};

use super::*;

/// A working directory with a `countersign.toml`, and an environment.
struct Scene {
    directory: tempfile::TempDir,
    variables: Vec<(OsString, OsString)>,
    flags: Flags,
}

impl Scene {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), variables: Vec::new(), flags: Flags::default() }
    }

    fn file(self, text: &str) -> Self {
        fs::write(self.directory.path().join(DEFAULT_FILE), text).unwrap();
        self
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    fn load(&self) -> Result<Config, ConfigError> {
        let surroundings = Surroundings {
            variables: self.variables.clone(),
            working_directory: self.directory.path().to_path_buf(),
        };
        Config::load(&self.flags, &surroundings)
    }

    /// Every problem, one a line, with the scene's own folder left out.
    fn problems(&self) -> Vec<String> {
        let folder = format!("{}/", self.directory.path().display());
        let problems = self.load().expect_err("the configuration was accepted").problems;
        problems.iter().map(|problem| problem.to_string().replace(&folder, "")).collect()
    }
}

fn database_file(config: &Config) -> &Path {
    match &config.database {
        Database::File(file) => file,
        Database::Server(_) => panic!("not a file"),
    }
}

#[test]
fn nothing_configured_is_a_working_configuration() {
    let scene = Scene::new();
    let config = scene.load().unwrap();
    assert_eq!((config.host, config.port), (IpAddr::V4(Ipv4Addr::LOCALHOST), 3000));
    assert_eq!(config.data, scene.directory.path().join("countersign-data"));
    assert_eq!(database_file(&config), scene.directory.path().join("countersign-data/countersign.db"));
    assert_eq!(config.token.access_lifetime, Duration::from_secs(900));
    assert_eq!(config.token.leeway, Duration::from_secs(60));
    assert!(config.jwt_secret.is_none() && config.issuer.is_none());
    assert!(!config.registration.reveal_taken);
}

#[test]
fn a_flag_wins_over_a_variable_and_a_variable_over_the_file() {
    let mut scene = Scene::new().file("port = 1\n");
    assert_eq!(scene.load().unwrap().port, 1);
    scene = scene.variable("COUNTERSIGN_PORT", "2");
    assert_eq!(scene.load().unwrap().port, 2);
    scene.flags.port = Some(3);
    assert_eq!(scene.load().unwrap().port, 3);
}

#[test]
fn the_file_named_by_a_flag_wins_over_the_one_named_by_a_variable() {
    let mut scene = Scene::new().file("port = 1\n").variable(setting::FILE_VARIABLE, "two.toml");
    fs::write(scene.directory.path().join("two.toml"), "port = 2\n").unwrap();
    fs::write(scene.directory.path().join("three.toml"), "port = 3\n").unwrap();
    assert_eq!(scene.load().unwrap().port, 2);
    scene.flags.config = Some("three.toml".into());
    assert_eq!(scene.load().unwrap().port, 3);
}

#[test]
fn a_named_file_that_is_not_there_is_a_problem() {
    let mut scene = Scene::new();
    scene.flags.config = Some("absent.toml".into());
    assert_eq!(
        scene.problems(),
        ["--config: cannot read absent.toml: No such file or directory (os error 2)"]
    );
}

#[test]
fn a_relative_path_in_a_file_is_relative_to_the_file() {
    let mut scene = Scene::new();
    let folder = scene.directory.path().join("etc");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.toml"), "data = \"store\"\n").unwrap();
    scene.flags.config = Some("etc/a.toml".into());
    assert_eq!(scene.load().unwrap().data, folder.join("store"));
    scene.flags.data = Some("here".into());
    assert_eq!(scene.load().unwrap().data, scene.directory.path().join("here"));
}

#[test]
fn every_problem_is_reported_with_its_place() {
    let scene = Scene::new()
        .file(
            "prot = 1\nhost = \"example.com\"\naccess_lifetime = \"1h\"\n\
             [token]\naccess_lifetime = \"15\"\nleeway = 60\n\
             [log]\nlevel = \"loud\"\nformat = 3\n[lag]\nlevel = \"info\"\n",
        )
        .variable("COUNTERSIGN_PORT", "abc")
        .variable("COUNTERSIGN_ISSUR", "x")
        .variable("COUNTERSIGN_DATA", "")
        .variable("DATABASE_URL", "mysql://me:hunter2@localhost/db")
        .variable("PATH", "/bin");
    insta::assert_snapshot!(scene.problems().join("\n"), @r#"
    access_lifetime: is not a setting; did you mean token.access_lifetime?
    lag: is not a setting; did you mean log?
    prot: is not a setting; did you mean port?
    COUNTERSIGN_ISSUR: is not a setting; did you mean COUNTERSIGN_ISSUER?
    COUNTERSIGN_DATA: is set but empty; unset it or give it a value
    host: "example.com" is not an IP address; write 127.0.0.1 for this machine only, 0.0.0.0 for every interface
    COUNTERSIGN_PORT: "abc" is not a whole number from 0 to 65535
    DATABASE_URL: is not a database URL; write sqlite:FILE or postgres://USER@HOST/NAME
    token.access_lifetime: "15" has no unit; write "15s" for seconds or "15m" for minutes (units: ms, s, m, h, d)
    token.leeway: "60" has no unit; write "60s" for seconds or "60m" for minutes (units: ms, s, m, h, d)
    log.level: "loud" is not one of error, warn, info, debug, trace
    log.format: is a number; write text in quotes
    "#);
}

#[test]
fn a_syntax_error_names_the_line_and_never_quotes_it() {
    let scene = Scene::new().file("port = 3000\n[jwt]\nsecret = hunter2-hunter2\n");
    let problems = scene.problems();
    assert!(problems[0].starts_with("countersign.toml:3: "), "{problems:?}");
    assert!(!problems[0].contains("hunter2"), "{problems:?}");
}

#[test]
fn a_secret_in_two_places_is_a_problem() {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let file = format!("[jwt]\nsecret = \"{SECRET}\"\n");
    let both = Scene::new().file(&file).variable("JWT_SECRET", SECRET);
    assert_eq!(both.problems(), ["JWT_SECRET: is given here and as jwt.secret in the file; keep one"]);

    let scene = Scene::new().file("[jwt]\nsecret_file = \"secret\"\n").variable("JWT_SECRET", SECRET);
    fs::write(scene.directory.path().join("secret"), SECRET).unwrap();
    assert_eq!(scene.problems(), ["JWT_SECRET: is given here and by jwt.secret_file; keep one"]);
}

#[test]
fn a_short_secret_is_a_problem_and_is_not_shown() {
    let problems = Scene::new().variable("JWT_SECRET", "hunter2").problems();
    insta::assert_snapshot!(
        problems.join("\n"),
        @"JWT_SECRET: is too short: HS256 needs at least 32 bytes (RFC 7518 §3.2), and this is 7; `openssl rand -hex 32` makes one"
    );
}

#[test]
fn a_secret_file_may_end_with_a_newline() {
    let scene = Scene::new().variable("JWT_SECRET_FILE", "secret");
    fs::write(scene.directory.path().join("secret"), "0123456789abcdef0123456789abcdef\r\n").unwrap();
    let secret = scene.load().unwrap().jwt_secret.unwrap();
    assert_eq!(secret.expose(), "0123456789abcdef0123456789abcdef");
}

#[test]
fn a_master_key_is_64_hexadecimal_digits() {
    let digits = "00ff".repeat(16);
    let config = Scene::new().variable("COUNTERSIGN_MASTER_KEY", &digits).load().unwrap();
    assert!(matches!(config.master_key, MasterKeySource::Value(secret) if secret.expose() == digits));
    for wrong in [&digits[1..], &format!("{digits}0"), &digits.replace('f', "g")] {
        let problems = Scene::new().variable("COUNTERSIGN_MASTER_KEY", wrong).problems();
        assert_eq!(problems.len(), 1, "{wrong}");
        assert!(!problems[0].contains(wrong), "{problems:?}");
    }
}

#[test]
fn a_configuration_is_printed_without_its_secrets() {
    const SECRET: &str = "0123456789abcdef0123456789abcdef";
    let digits = "00ff".repeat(16);
    let scene = Scene::new().variable("JWT_SECRET", SECRET).variable("COUNTERSIGN_MASTER_KEY", &digits);
    let printed = format!("{:?}", scene.load().unwrap());
    assert!(!printed.contains(SECRET) && !printed.contains(&digits), "{printed}");
}

#[test]
fn a_sqlite_url_names_the_database_file() {
    for (url, file) in [("sqlite:/var/db/a.db", "/var/db/a.db"), ("sqlite:///var/db/a.db", "/var/db/a.db")] {
        let config = Scene::new().variable("DATABASE_URL", url).load().unwrap();
        assert_eq!(database_file(&config), Path::new(file), "{url}");
    }
    let scene = Scene::new().variable("DATABASE_URL", "sqlite:a.db");
    assert_eq!(database_file(&scene.load().unwrap()), scene.directory.path().join("a.db"));
    for wrong in ["sqlite:", "sqlite::memory:", "sqlite:a.db?mode=ro", "mysql://localhost/a", "a.db"] {
        assert_eq!(Scene::new().variable("DATABASE_URL", wrong).problems().len(), 1, "{wrong}");
    }
}

#[test]
fn a_postgres_url_is_kept_whole_and_is_not_printed() {
    const URL: &str = "postgres://me:hunter2@localhost/db";
    let config = Scene::new().variable("DATABASE_URL", URL).load().unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(matches!(config.database, Database::Server(url) if url.expose() == URL));
}

#[test]
fn numbers_are_digits_within_their_range() {
    let threads = |value| Scene::new().variable("COUNTERSIGN_PASSWORD_THREADS", value).load();
    assert_eq!(threads("64").unwrap().password.threads, Some(64));
    for wrong in ["0", "65", "-1", "+1", " 1", "1.0", "1e1", "0x1", "18446744073709551617"] {
        assert!(threads(wrong).is_err(), "{wrong}");
    }
    let problems = Scene::new().file("[password]\nqueue = 0\niterations = true\n").problems();
    insta::assert_snapshot!(problems.join("\n"), @r"
    password.queue: 0 is not a whole number from 1 to 65536
    password.iterations: true or false is not a whole number from 1 to 10
    ");
}

#[test]
fn durations_out_of_range_are_problems() {
    for (name, value) in [
        ("JWT_EXPIRES_IN", "120"),
        ("JWT_EXPIRES_IN", "0s"),
        ("JWT_EXPIRES_IN", "1500ms"),
        ("JWT_EXPIRES_IN", "9000d"),
        ("COUNTERSIGN_TOKEN_LEEWAY", "11m"),
    ] {
        assert_eq!(Scene::new().variable(name, value).problems().len(), 1, "{name}={value}");
    }
}

#[test]
fn sessions_last_as_long_as_is_said_and_grace_may_be_none() {
    let session = Scene::new().load().unwrap().session;
    let days = |days: u64| Duration::from_secs(days * 86_400);
    assert_eq!((session.lifetime, session.idle_lifetime, session.keep_ended), (days(90), days(14), days(30)));
    assert_eq!((session.grace, session.cookie_origins.len()), (Duration::from_secs(10), 0));

    let scene =
        Scene::new().file("[session]\ngrace = \"0s\"\n").variable("COUNTERSIGN_SESSION_LIFETIME", "1h");
    let session = scene.load().unwrap().session;
    assert_eq!((session.grace, session.lifetime), (Duration::ZERO, Duration::from_secs(3600)));

    let problems = Scene::new()
        .file("[session]\nlifetime = \"0s\"\nidle_lifetime = 14\ngrace = \"10m\"\nkeep_ended = \"always\"\n")
        .problems();
    insta::assert_snapshot!(problems.join("\n"), @r#"
    session.lifetime: 0s is too short; the least is 1s
    session.idle_lifetime: "14" has no unit; write "14s" for seconds or "14m" for minutes (units: ms, s, m, h, d)
    session.grace: 10m is too long; the most is 5m
    session.keep_ended: "always" is not a duration; write one whole number and one unit of ms, s, m, h, d, for example "15m"
    "#);
}

#[test]
fn origins_are_a_list_in_the_file_and_a_text_with_commas_in_a_variable() {
    let shown = |scene: Scene| -> Vec<String> {
        let origins = scene.load().unwrap().session.cookie_origins;
        origins.iter().map(ToString::to_string).collect()
    };
    let both = ["https://app.example.com", "http://localhost:5173"];
    let file = "[session]\ncookie_origins = [\"https://app.example.com\", \"http://localhost:5173\"]\n";
    assert_eq!(shown(Scene::new().file(file)), both);
    let variable = ("COUNTERSIGN_SESSION_COOKIE_ORIGINS", "https://app.example.com, http://localhost:5173");
    assert_eq!(shown(Scene::new().variable(variable.0, variable.1)), both);
    assert!(shown(Scene::new().file("[session]\ncookie_origins = []\n")).is_empty());

    let wrong = ["[\"https://app.example.com/\"]", "[1]", "\"*\"", "[\"https://App.example.com\"]", "true"]
        .map(|value| {
            Scene::new().file(&format!("[session]\ncookie_origins = {value}\n")).problems().join("; ")
        });
    insta::assert_snapshot!(wrong.join("\n"), @r#"
    session.cookie_origins: "https://app.example.com/" is not an origin: an origin ends with a host in lower case, without a path, a slash or a wildcard
    session.cookie_origins: is a list; write a list of texts: ["https://app.example.com"]
    session.cookie_origins: "*" is not an origin: an origin begins with a scheme in lower case, like https://
    session.cookie_origins: "https://App.example.com" is not an origin: an origin ends with a host in lower case, without a path, a slash or a wildcard
    session.cookie_origins: is true or false; write a list of texts: ["https://app.example.com"]
    "#);
}

#[test]
fn other_master_keys_are_values_and_files_and_never_shown() {
    let (one, two) = ("1b".repeat(32), "2c".repeat(32));
    let scene = Scene::new()
        .file("other_master_key_files = [\"old/master.key\"]\n")
        .variable("COUNTERSIGN_OTHER_MASTER_KEYS", &format!("{one}, {two}"));
    let sources = scene.load().unwrap().other_master_keys;
    let shown = format!("{sources:?}");
    assert_eq!(
        (sources.len(), shown.contains("master.key"), shown.contains("1b1b")),
        (3, true, false),
        "{shown}"
    );

    let short = Scene::new().variable("COUNTERSIGN_OTHER_MASTER_KEYS", &format!("{one},{}", &two[..62]));
    let problem = "COUNTERSIGN_OTHER_MASTER_KEYS: is not 64 hexadecimal digits; `openssl rand -hex 32` makes a master key";
    assert_eq!(short.problems(), [problem]);
}

#[test]
fn a_key_is_not_rotated_sooner_than_it_can_be_announced() {
    let scene =
        |every: &str| Scene::new().file(&format!("[keys]\nrotate_every = \"{every}\"\nmax_age = \"1h\"\n"));
    assert_eq!(scene("90d").load().unwrap().keys.announce(), Duration::from_secs(3_610));
    assert_eq!(scene("1h").problems(), ["keys.rotate_every: 1h is too short; the least is 3610s"]);
}

#[test]
fn what_kubernetes_puts_into_a_pod_is_explained() {
    let scene = Scene::new()
        .variable("COUNTERSIGN_PORT", "tcp://10.0.0.7:3000")
        .variable("COUNTERSIGN_SERVICE_HOST", "10.0.0.7")
        .variable("COUNTERSIGN_PORT_3000_TCP_ADDR", "10.0.0.7");
    let problems = scene.problems();
    assert_eq!(problems.len(), 3);
    assert!(problems.iter().all(|problem| problem.contains("enableServiceLinks")), "{problems:?}");
}

const EXAMPLE: &str = include_str!("../../countersign.example.toml");

/// The settings of the example file: section, line.
fn example_settings() -> Vec<(String, String)> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in EXAMPLE.lines() {
        if line.starts_with('[') {
            section = line.to_owned();
        }
        let Some(setting) = line.strip_prefix('#') else { continue };
        if setting.starts_with(|first: char| first.is_ascii_lowercase()) {
            settings.push((section.clone(), setting.to_owned()));
        }
    }
    settings
}

fn path_of(section: &str, line: &str) -> String {
    let key = line.split_once(" = ").unwrap().0;
    match section.trim_matches(['[', ']']) {
        "" => key.to_owned(),
        section => format!("{section}.{key}"),
    }
}

#[test]
fn the_example_file_shows_every_setting_once_in_the_order_of_the_table_and_names_its_variable() {
    let shown: Vec<_> = example_settings().iter().map(|(section, line)| path_of(section, line)).collect();
    let known: Vec<_> = setting::SETTINGS.iter().map(|setting| setting.path.to_owned()).collect();
    assert_eq!(shown, known);
    for setting in setting::SETTINGS {
        assert!(EXAMPLE.contains(setting.variable), "{} is not in the example file", setting.variable);
    }
}

#[test]
fn the_example_file_uncommented_is_the_default_configuration() {
    let with_default: Vec<_> = example_settings()
        .into_iter()
        .filter(|(section, line)| setting::at(&path_of(section, line)).unwrap().default.is_some())
        .map(|(section, line)| format!("{section}\n{line}\n"))
        .collect();
    assert!(with_default.len() > 8);
    for text in with_default {
        let scene = Scene::new();
        let untouched = format!("{:?}", scene.load().unwrap());
        assert_eq!(format!("{:?}", scene.file(&text).load().unwrap()), untouched, "{text}");
    }
    let as_it_is = Scene::new();
    let untouched = format!("{:?}", as_it_is.load().unwrap());
    assert_eq!(format!("{:?}", as_it_is.file(EXAMPLE).load().unwrap()), untouched);
}

#[test]
fn every_setting_of_the_example_file_is_accepted() {
    for (section, line) in example_settings() {
        let problems = match Scene::new().file(&format!("{section}\n{line}\n")).load() {
            Ok(_) => continue,
            Err(error) => error.problems,
        };
        // The one thing an example cannot bring along is the file it names.
        assert!(
            line.starts_with("secret_file") && problems[0].message.starts_with("cannot read"),
            "{problems:?}"
        );
    }
}
