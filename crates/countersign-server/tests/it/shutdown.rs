//! SIGTERM: what began is finished, within bounds.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::support::{EMAIL, Folder, PASSWORD, Response, Service, Tokens, credentials, on_both_engines};

fn begin_login(service: &Service, body: &str) -> TcpStream {
    begin(service, "/auth/login", body)
}

/// Begins a request and waits until it is being handled: `100 Continue` is sent when the body is first asked for.
fn begin(service: &Service, path: &str, body: &str) -> TcpStream {
    let mut connection = service.connect();
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).unwrap();
    let mut interim = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    connection.read_exact(&mut interim).unwrap();
    assert!(interim.starts_with(b"HTTP/1.1 100 "), "{}", String::from_utf8_lossy(&interim));
    connection
}

/// Asks the service to stop and waits until it takes no new connection.
fn terminate(service: &Service) {
    service.terminate();
    while TcpStream::connect(service.address).is_ok() {}
}

#[test]
fn a_login_in_flight_is_finished() {
    let folder = Folder::new();
    let mut service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let body = credentials(EMAIL, PASSWORD);
    let mut login = begin_login(&service, &body);
    terminate(&service);

    login.write_all(body.as_bytes()).unwrap();
    let response = Response::read(login);
    assert_eq!(response.status, 200, "{response:?}");
    assert!(response.json()["access_token"].is_string());
    assert!(service.wait().success());
    assert!(service.log().contains("stopped, every request was answered"), "{}", service.log());
}

on_both_engines! {
    a_refresh_in_flight_is_finished_and_what_it_gave_is_good_after_the_restart;
}

fn a_refresh_in_flight_is_finished_and_what_it_gave_is_good_after_the_restart(folder: &Folder) {
    let mut service = folder.serve();
    service.register(EMAIL, PASSWORD);
    let login = service.tokens(EMAIL, PASSWORD);
    let body = serde_json::json!({"refresh_token": login.refresh}).to_string();
    let mut refresh = begin(&service, "/auth/refresh", &body);
    terminate(&service);

    refresh.write_all(body.as_bytes()).unwrap();
    let refreshed = Tokens::of(&Response::read(refresh));
    assert!(service.wait().success());
    assert!(service.log().contains("stopped, every request was answered"), "{}", service.log());

    let service = folder.serve();
    let again = Tokens::of(&service.refresh(&refreshed.refresh));
    assert_eq!((login.counter(), refreshed.counter(), again.counter()), (0, 1, 2));
}

#[test]
fn an_idle_connection_does_not_hold_the_service_up() {
    let folder = Folder::new();
    let mut service = folder.serve();
    let mut idle = service.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n").unwrap();
    let mut answer = [0; 15];
    idle.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    service.terminate();
    assert!(service.wait().success());
    assert!(service.log().contains("stopped, every request was answered"), "{}", service.log());
}

#[test]
fn a_request_that_does_not_end_is_cut_off() {
    let folder = Folder::new();
    let mut service = folder.serve_with(&[("COUNTERSIGN_HTTP_SHUTDOWN_WAIT", "50ms")]);
    let _never_finished = begin_login(&service, "{}");
    service.terminate();
    assert!(service.wait().success());
    assert!(service.log().contains("requests that had not been answered"), "{}", service.log());
}

#[test]
fn a_second_signal_waits_for_nobody() {
    let folder = Folder::new();
    let mut service = folder.serve_with(&[("COUNTERSIGN_HTTP_SHUTDOWN_WAIT", "1h")]);
    let _never_finished = begin_login(&service, "{}");
    terminate(&service);
    service.terminate();
    assert!(service.wait().success());
    assert!(service.log().contains("requests that had not been answered"), "{}", service.log());
}
