//! Starting the binary, and speaking HTTP to it down to the byte.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const EMAIL: &str = "ada@example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// No answer takes this long; without it a test that fails would hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder to run the binary in: its working directory, and so the place of its data.
pub(crate) struct Folder {
    folder: TempDir,
    database: Option<String>,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), database: None }
    }

    /// With the database elsewhere: everything that runs here is told its URL.
    pub(crate) fn with_database(url: String) -> Self {
        Self { database: Some(url), ..Self::new() }
    }

    /// With a database of a PostgreSQL that all tests share.
    pub(crate) fn on_postgres() -> Self {
        Self::with_database(throwaway_postgres::shared().database())
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of the database, if it is elsewhere.
    pub(crate) fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The database, if it is a file here.
    pub(crate) fn sqlite_file(&self) -> Option<PathBuf> {
        self.database.is_none().then(|| self.path().join("countersign-data/countersign.db"))
    }

    pub(crate) fn write(&self, name: &str, content: &str) -> PathBuf {
        let file = self.path().join(name);
        fs::write(&file, content).unwrap();
        file
    }

    /// The binary, to be run here without anything of the environment of the tests.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
        command.env_clear().current_dir(self.path()).stdin(Stdio::null());
        command.envs(self.database.iter().map(|url| ("DATABASE_URL", url)));
        command
    }

    /// Runs a command to its end with something on its standard input.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, input: &str) -> Ran {
        self.run_with(arguments, input, &[])
    }

    /// The same with variables.
    pub(crate) fn run_with<A: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = A>,
        input: &str,
        variables: &[(&str, &str)],
    ) -> Ran {
        let mut command = self.command();
        command.args(arguments).envs(variables.iter().copied());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that does not read its input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::from(child.wait_with_output().unwrap())
    }

    /// Starts the service here on a free port.
    pub(crate) fn serve(&self) -> Service {
        self.serve_with(&[])
    }

    /// The same with variables.
    pub(crate) fn serve_with(&self, variables: &[(&str, &str)]) -> Service {
        let log = tempfile::NamedTempFile::new_in(self.path()).unwrap().into_temp_path();
        let mut command = self.command();
        command.args(["serve", "--port", "0"]).envs(variables.iter().copied());
        let child = command.stdout(Stdio::piped()).stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut service =
            Service { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), banner: String::new(), log };
        service.read_banner();
        service
    }
}

/// Makes two tests of each function that takes a [`Folder`]: one on SQLite, one on PostgreSQL.
macro_rules! on_both_engines {
    ($($test:ident;)+) => {
        mod sqlite {
            $(#[test] fn $test() { super::$test(&crate::support::Folder::new()); })+
        }
        mod postgres {
            $(#[test] fn $test() { super::$test(&crate::support::Folder::on_postgres()); })+
        }
    };
}
pub(crate) use on_both_engines;

/// What a command that came to its end has said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// What was asked for, of a command that did it.
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out.trim_end().to_owned()
    }
}

/// A running service. It ends with the test, whichever way that ends.
pub(crate) struct Service {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) banner: String,
    log: tempfile::TempPath,
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Service {
    fn read_banner(&mut self) {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        for line in lines.by_ref().map(Result::unwrap) {
            self.banner.push_str(&line);
            self.banner.push('\n');
            if line.starts_with("Ctrl-C") {
                break;
            }
        }
        let url = self.banner.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let url = url.unwrap_or_else(|| panic!("the service did not start: {}", self.log()));
        self.address = url.parse().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Sends bytes as they are, and reads until the other side closes.
    pub(crate) fn exchange(&self, request: impl AsRef<[u8]>) -> Response {
        let mut connection = self.connect();
        connection.write_all(request.as_ref()).unwrap();
        Response::read(connection)
    }

    /// The same with a service that may be killed meanwhile: `None` if no whole answer came.
    pub(crate) fn exchange_if_alive(&self, request: impl AsRef<[u8]>) -> Option<Response> {
        let mut connection = TcpStream::connect(self.address).ok()?;
        connection.set_read_timeout(Some(PATIENCE)).ok()?;
        connection.write_all(request.as_ref()).ok()?;
        let mut text = String::new();
        connection.read_to_string(&mut text).ok()?;
        Response::parse(&text)
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection
    }

    /// `GET`, with these lines in the head.
    pub(crate) fn get(&self, path: &str, headers: &[&str]) -> Response {
        self.exchange(request("GET", path, headers, ""))
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Response {
        self.exchange(request("POST", path, &["Content-Type: application/json"], body))
    }

    pub(crate) fn register(&self, email: &str, password: &str) -> Response {
        self.post("/auth/register", &credentials(email, password))
    }

    pub(crate) fn login(&self, email: &str, password: &str) -> Response {
        self.post("/auth/login", &credentials(email, password))
    }

    /// The access token of a login that must succeed.
    pub(crate) fn token(&self, email: &str, password: &str) -> String {
        let response = self.login(email, password);
        assert_eq!(response.status, 200, "{response:?}");
        response.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Both tokens of a login that must succeed.
    pub(crate) fn tokens(&self, email: &str, password: &str) -> Tokens {
        Tokens::of(&self.login(email, password))
    }

    pub(crate) fn refresh(&self, token: &str) -> Response {
        self.post("/auth/refresh", &json!({"refresh_token": token}).to_string())
    }

    pub(crate) fn log_out(&self, token: &str) -> Response {
        self.post("/auth/logout", &json!({"refresh_token": token}).to_string())
    }

    pub(crate) fn profile(&self, token: &str) -> Response {
        self.with_bearer("GET", "/profile", token, "")
    }

    /// A request with an access token, and with a body of JSON unless it is empty.
    pub(crate) fn with_bearer(&self, method: &str, path: &str, token: &str, body: &str) -> Response {
        let authorization = format!("Authorization: Bearer {token}");
        let headers = [authorization.as_str(), "Content-Type: application/json"];
        self.exchange(request(method, path, &headers[..1 + usize::from(!body.is_empty())], body))
    }

    /// Asks it to stop, as a supervisor does.
    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&self) {
        self.signal("-KILL");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Stops it and waits until it is gone.
    pub(crate) fn stop(mut self) {
        self.terminate();
        assert!(self.wait().success(), "{}", self.log());
    }
}

/// What a login and a refresh give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Tokens {
    /// Those of an answer that must be a good one.
    pub(crate) fn of(response: &Response) -> Self {
        assert_eq!(response.status, 200, "{response:?}");
        assert_eq!(response.header("cache-control"), "no-store");
        let answer = response.json();
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }

    /// How many rotations came before the refresh token.
    pub(crate) fn counter(&self) -> u32 {
        let bytes = countersign::jwt::base64url::decode(&self.refresh).unwrap();
        u32::from_be_bytes(bytes[17..21].try_into().unwrap())
    }
}

pub(crate) fn credentials(email: &str, password: &str) -> String {
    json!({"email": email, "password": password}).to_string()
}

pub(crate) fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n{body}"
    )
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn read(mut connection: TcpStream) -> Self {
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        Self::parse(&text).unwrap_or_else(|| panic!("no response: {text:?}"))
    }

    /// A response, if this is a whole one.
    fn parse(text: &str) -> Option<Self> {
        let (head, body) = text.split_once("\r\n\r\n")?;
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .map(|line| line.split_once(':').unwrap())
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let response = Self { status, headers, body: body.to_owned() };
        let length = response.header("content-length");
        (length.is_empty() || length == body.len().to_string()).then_some(response)
    }

    /// Every value of a header, joined as RFC 9110 §5.3 allows.
    pub(crate) fn header(&self, name: &str) -> String {
        let values: Vec<_> =
            self.headers.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str()).collect();
        values.join(", ")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The stable code of a problem.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status, "{self:?}");
        problem["code"].as_str().unwrap().to_owned()
    }
}
