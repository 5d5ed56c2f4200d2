//! Routes put together of others, ours and foreign ones, as applications do.

use std::convert::Infallible;

use axum::extract::ConnectInfo;
use axum::extract::connect_info::Connected;
use tower::ServiceExt;

use super::*;

/// A router of axum that somebody else has built.
fn theirs(paths: &[&str]) -> Router {
    paths.iter().fold(Router::new(), |router, path| router.route(path, axum_get(async || "theirs")))
}

fn tenants() -> Routes<Told> {
    let files = routes().route("/{*path}", get(async || "a file").require(Require::roles(["editor"])));
    routes()
        .route("/", get(async || "a tenant").public())
        .route("/users/{id}", get(name).authenticated().post(name).require(Require::roles(["editor"])))
        .nest("/files", files)
        .fallback(any(async || "no such thing of a tenant").authenticated())
}

fn orders() -> Routes<Machine> {
    Routes::new(Guard::required(Machine))
        .route("/", get(async || "orders").authenticated())
        .fallback(any(async || "no such order").public())
}

fn composed() -> Routes<Told> {
    routes()
        .route("/orders-archive", get(async || "archive").public())
        .nest("/tenants/{tenant}", tenants())
        .nest("/orders", orders())
        .nest("/slash/", routes().route("/deep", get(name).authenticated()))
        .nest_foreign(
            "/admin",
            foreign(theirs(&["/users", "/more/{id}"])).require(Require::roles(["editor"])),
        )
        .nest_foreign("/admin", foreign(theirs(&["/", "/health"])).public())
        .route("/admin/{ours}/own", get(name).authenticated())
        .nest_foreign("/files/{tenant}", foreign(theirs(&["/{*path}"])).authenticated())
        .nest_foreign("/all", foreign(theirs(&["/one"]).fallback(async || "their fallback")).authenticated())
        .merge_foreign(foreign(theirs(&["/metrics", "/metrics/{name}"])).authenticated())
        .merge_foreign(foreign(theirs(&["/robots.txt"])).public())
        .merge(routes().route("/more", get(name).authenticated()))
        .method_not_allowed_fallback(any(async || "another method").authenticated())
}

/// A path, and which line of the table decides about it; none where there is nothing.
const PATHS: [(&str, Option<&str>); 38] = [
    ("/", None),
    ("/nothing", None),
    ("/orders-archive", Some("/orders-archive")),
    ("/orders-archived", None),
    ("/tenants", None),
    ("/tenants/7", Some("/tenants/{tenant}")),
    ("/tenants/7/", None),
    ("/tenants/7/users", Some("/tenants/{tenant}/(unmatched)")),
    ("/tenants/7/users/8", Some("/tenants/{tenant}/users/{id}")),
    ("/tenants/7/users/8/9", Some("/tenants/{tenant}/(unmatched)")),
    ("/tenants/7/files/a", Some("/tenants/{tenant}/files/{*path}")),
    ("/tenants/7/files/a/b/c", Some("/tenants/{tenant}/files/{*path}")),
    ("/tenants/7/files", Some("/tenants/{tenant}/(unmatched)")),
    ("/orders", Some("/orders")),
    ("/orders/", None),
    ("/orders/7/8", Some("/orders/(unmatched)")),
    ("/slash/deep", Some("/slash/deep")),
    ("/slash", None),
    ("/slash/deeper", None),
    ("/admin", Some("/admin/..")),
    ("/admin/", None),
    ("/admin/users", Some("/admin/..")),
    ("/admin/more/7", Some("/admin/..")),
    ("/admin/health", Some("/admin/..")),
    ("/admin/7/own", Some("/admin/{ours}/own")),
    ("/admin/nothing", None),
    ("/administrators", None),
    ("/files/7/a/b", Some("/files/{tenant}/..")),
    ("/files/7", None),
    ("/all", Some("/all/..")),
    ("/all/one", Some("/all/..")),
    ("/all/nothing", Some("/all/..")),
    ("/all-inclusive", None),
    ("/metrics", Some("/..")),
    ("/metrics/requests", Some("/..")),
    ("/metrics/", None),
    ("/robots.txt", Some("/..")),
    ("/more", Some("/more")),
];

#[test]
fn the_table_of_composed_routes_shows_whole_paths_and_a_line_for_each_foreign_router() {
    insta::assert_snapshot!(composed().route_map());
}

#[tokio::test]
async fn every_path_of_composed_routes_is_explained_by_the_line_that_decides() {
    let routes = composed();
    for (path, line) in PATHS {
        let explained = routes.explain(request(Method::GET, path, None)).await;
        assert_eq!(explained.route().map(|route| route.path()).as_deref(), line, "{path}");
    }
}

#[tokio::test]
async fn composed_routes_decide_as_they_are_explained() {
    let beside = || composed().fallback(any(async || "nothing here").public());
    for make in [composed, beside] {
        let (routes, app) = (make(), make().into_router());
        for (path, _) in PATHS {
            for method in [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS] {
                for token in [None, Some("bad"), Some("user eve"), Some("user ada")] {
                    let explained = routes.explain(request(method.clone(), path, token)).await;
                    let answer = ask(&app, method.clone(), path, token).await;
                    // A method that a foreign router does not have is its own affair.
                    let theirs = explained.route().is_some_and(|route| route.path().ends_with("/.."));
                    let admitted = explained.is_admitted() && theirs;
                    let same = answer.status == explained.status();
                    assert!(
                        same || admitted && answer.status == StatusCode::METHOD_NOT_ALLOWED,
                        "{method} {path} {token:?}: {answer} {explained}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_router_that_is_merged_has_no_say_about_paths_that_it_does_not_have() {
    let merged = || routes().merge_foreign(foreign(theirs(&["/metrics"])).authenticated());
    assert_eq!(
        ask(&merged().into_router(), Method::GET, "/metrics", None).await.status,
        StatusCode::UNAUTHORIZED
    );
    let nothing = ask(&merged().into_router(), Method::GET, "/nothing", None).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let explained = merged().explain(request(Method::GET, "/nothing", None)).await;
    assert_eq!((explained.status(), explained.route()), (StatusCode::NOT_FOUND, None));
    // Nor does the second of two have one about the first.
    let two = merged().merge_foreign(foreign(theirs(&["/robots.txt"])).public()).into_router();
    assert_eq!(ask(&two, Method::GET, "/metrics", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&two, Method::GET, "/robots.txt", None).await.status, StatusCode::OK);
}

#[test]
fn composed_routes_export_whole_paths_to_openapi_and_no_foreign_ones() {
    let openapi = composed().route_map().openapi();
    let paths: Vec<_> = openapi["paths"].as_object().expect("paths").keys().collect();
    let ours = [
        "/admin/{ours}/own",
        "/more",
        "/orders",
        "/orders-archive",
        "/slash/deep",
        "/tenants/{tenant}",
        "/tenants/{tenant}/files/{path}",
        "/tenants/{tenant}/users/{id}",
    ];
    assert_eq!(paths, ours);
    let security = |method: &str| &openapi["paths"]["/tenants/{tenant}/users/{id}"][method]["security"];
    assert!(security("get").is_array() && security("post").is_array());
}

#[tokio::test]
async fn a_policy_of_nested_routes_sees_the_path_without_the_prefix() {
    let at_users = |_: &User, head: &Parts| match head.uri.path() {
        "/users" => Ok(()),
        path => Err(AuthError::bug(format!("{path} is not the path"))),
    };
    let users = routes().route("/users", get(async || "users").require(Require::policy(at_users)));
    let app = routes().nest("/tenants/{tenant}", users).into_router();
    assert_eq!(ask(&app, Method::GET, "/tenants/7/users", Some("user ada")).await.body, "users");
}

/// What is known of a connection.
#[derive(Clone)]
struct Peer(&'static str);

impl Connected<&'static str> for Peer {
    fn connect_info(peer: &'static str) -> Self {
        Self(peer)
    }
}

#[tokio::test]
async fn routes_are_served_with_their_guards_and_with_what_is_known_of_the_connection() {
    let make = || {
        let peer = async |peer: Option<axum::Extension<ConnectInfo<Peer>>>| {
            peer.map_or("nobody", |peer| peer.0.0.0).to_owned()
        };
        routes().route("/", get(peer).authenticated())
    };
    let plain: Result<Router, Infallible> = make().into_make_service().oneshot(()).await;
    let told = make().into_make_service_with_connect_info::<Peer>().oneshot("10.0.0.1").await;
    let plain = plain.expect("a router");
    assert_eq!(ask(&plain, Method::GET, "/", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&plain, Method::GET, "/", Some("user ada")).await.body, "nobody");
    let told = told.expect("a service");
    let stranger = told.clone().oneshot(request(Method::GET, "/", None)).await.expect("an answer");
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    let user = told.oneshot(request(Method::GET, "/", Some("user ada"))).await.expect("an answer");
    let body = axum::body::to_bytes(user.into_body(), 100).await.expect("a body");
    assert_eq!(body, "10.0.0.1");
}
