//! The router in which a route has to say who may ask for it.

mod composed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::middleware::{self, Next};
use axum::routing::get as axum_get;
use countersign::authorize::{Require, StepUp};
use countersign::csrf::CsrfPolicy;
use countersign::jwt::{Algorithm, KeySet, Verified, Verifier, VerifyingKey};
use countersign::routes::{Routes, any, delete, foreign, foreign_methods, get, options, post};
use countersign::strategy::{ApiKeyId, StoredApiKey};
use countersign::{
    ApiKeyStrategy, AuthError, Authenticated, BasicStrategy, BodyGuard, BodyStrategy, Credentials,
    ExtractJwt, Guard, JwtStrategy, LocalStrategy, MaybeAuthenticated, Strategy, all_of, any_of,
};
use http::request::Parts;
use http::{Method, StatusCode};

use crate::common::{Answer, Told, User, get as on_get, send};

/// Another strategy, of another identity, which nobody satisfies.
struct Machine;

impl Strategy for Machine {
    type Identity = u32;

    fn name(&self) -> &'static str {
        "machine"
    }

    async fn authenticate(&self, _: &Parts) -> Result<countersign::Authentication<u32>, AuthError> {
        Err(AuthError::NoCredentials)
    }
}

fn routes() -> Routes<Told> {
    Routes::new(Guard::required(Told))
}

fn request(method: Method, path: &str, token: Option<&str>) -> Request {
    let request = Request::builder().method(method).uri(path);
    let request = token.into_iter().fold(request, |request, token| request.header("x-token", token));
    request.body(Body::empty()).expect("a request")
}

async fn ask(app: &Router, method: Method, path: &str, token: Option<&str>) -> Answer {
    send(app, request(method, path, token)).await
}

async fn name(user: Authenticated<User>) -> String {
    user.0.clone()
}

#[tokio::test]
async fn each_route_lets_those_in_whom_it_declared() {
    let app = routes()
        .route("/public", get(async || "open").public())
        .route(
            "/optional",
            get(async |user: MaybeAuthenticated<User>| format!("{}", user.0.is_some())).optional(),
        )
        .route("/mine", get(name).authenticated())
        .route("/edit", get(name).require(Require::roles(["editor"])))
        .into_router();
    let cases = [
        ("/public", None, 200),
        ("/public", Some("bad"), 200),
        ("/optional", None, 200),
        ("/optional", Some("bad"), 401),
        ("/optional", Some("user eve"), 200),
        ("/mine", None, 401),
        ("/mine", Some("bad"), 401),
        ("/mine", Some("outage"), 503),
        ("/mine", Some("user eve"), 200),
        ("/edit", None, 401),
        ("/edit", Some("user eve"), 403),
        ("/edit", Some("user ada"), 200),
    ];
    for (path, token, status) in cases {
        assert_eq!(ask(&app, Method::GET, path, token).await.status, status, "{path} {token:?}");
    }
}

#[tokio::test]
async fn methods_of_one_path_declare_each_for_itself() {
    let app = routes()
        .route("/orders", get(async || "all").public().post(name).put(name).authenticated())
        .route("/orders", delete(name).require(Require::roles(["editor"])))
        .into_router();
    let cases = [
        (Method::GET, None, 200),
        (Method::POST, None, 401),
        (Method::PUT, None, 401),
        (Method::PUT, Some("user eve"), 200),
        (Method::DELETE, Some("user eve"), 403),
        (Method::DELETE, Some("user ada"), 200),
    ];
    for (method, token, status) in cases {
        assert_eq!(ask(&app, method.clone(), "/orders", token).await.status, status, "{method} {token:?}");
    }
}

#[tokio::test]
async fn whether_the_guard_was_made_optional_does_not_open_a_route() {
    let app = Routes::new(Guard::optional(Told))
        .route("/mine", get(async || "mine").authenticated())
        .route("/edit", get(async || "edit").require(Require::policy(|_: &User, _: &Parts| Ok(()))))
        .route("/theirs", get(async || "theirs").authenticated_by(Guard::optional(Told)))
        .route(
            "/other",
            get(async || "other")
                .require_by(Guard::optional(Machine), Require::policy(|_: &u32, _: &Parts| Ok(()))),
        )
        .into_router();
    for path in ["/mine", "/edit", "/theirs", "/other"] {
        assert_eq!(ask(&app, Method::GET, path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[tokio::test]
async fn what_is_not_declared_is_not_there() {
    let app = routes().route("/mine", get(name).authenticated()).into_router();
    for path in ["/", "/mine/", "/mine/x", "//mine", "/MINE", "/other"] {
        assert_eq!(
            ask(&app, Method::GET, path, Some("user ada")).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

#[tokio::test]
async fn head_is_guarded_as_get_is() {
    let app = routes().route("/mine", get(name).authenticated()).into_router();
    assert_eq!(ask(&app, Method::HEAD, "/mine", None).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(&app, Method::HEAD, "/mine", Some("user ada")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn another_method_is_405_to_everybody() {
    let app = routes()
        .route("/mine", get(name).authenticated().post(name).require(Require::roles(["editor"])))
        .into_router();
    for token in [None, Some("bad"), Some("user ada")] {
        let answer = ask(&app, Method::DELETE, "/mine", token).await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(answer.headers["allow"], "GET,HEAD,POST");
    }
}

#[tokio::test]
async fn a_preflight_is_answered_in_front_of_the_guards() {
    /// Answers preflights, as a layer of CORS does.
    async fn cors(request: Request, next: Next) -> axum::response::Response {
        match *request.method() {
            Method::OPTIONS => axum::response::Response::new(Body::from("preflight")),
            _ => next.run(request).await,
        }
    }
    let app =
        routes().route("/mine", get(name).authenticated()).layer(middleware::from_fn(cors)).into_router();
    assert_eq!(ask(&app, Method::OPTIONS, "/mine", None).await.body, "preflight");
    assert_eq!(ask(&app, Method::GET, "/mine", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn all_methods_of_any_are_guarded() {
    let served = foreign_methods(axum_get(async || "file").fallback(async || "fallback"));
    let app = routes()
        .route("/any", any(name).authenticated())
        .route("/served", served.authenticated())
        .into_router();
    for path in ["/any", "/served"] {
        for method in [Method::GET, Method::POST, Method::OPTIONS, Method::TRACE] {
            let stranger = ask(&app, method.clone(), path, None).await;
            assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(ask(&app, method, path, Some("user ada")).await.status, StatusCode::OK);
        }
    }
}

#[tokio::test]
async fn a_router_of_somebody_else_is_guarded_as_a_whole() {
    let theirs = || {
        let inner = Router::new().route("/deep", axum_get(async || "deep"));
        Router::new()
            .route("/users", axum_get(async || "users"))
            .nest("/more", inner)
            .fallback(async || "their fallback")
    };
    let app = routes()
        .nest_foreign("/admin", foreign(theirs()).require(Require::roles(["editor"])))
        .route("/mine", get(name).authenticated())
        .into_router();
    for path in ["/admin", "/admin/users", "/admin/more/deep", "/admin/nothing", "/admin/more/nothing"] {
        assert_eq!(ask(&app, Method::GET, path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(ask(&app, Method::POST, path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(
            ask(&app, Method::GET, path, Some("user eve")).await.status,
            StatusCode::FORBIDDEN,
            "{path}"
        );
        assert_eq!(ask(&app, Method::GET, path, Some("user ada")).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(ask(&app, Method::GET, "/nothing", None).await.status, StatusCode::NOT_FOUND);

    let merged = routes().merge_foreign(foreign(theirs()).authenticated()).into_router();
    for path in ["/users", "/more/deep", "/nothing"] {
        assert_eq!(ask(&merged, Method::GET, path, None).await.status, StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(ask(&merged, Method::GET, path, Some("user ada")).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn nested_and_merged_routes_keep_their_own_guards() {
    let machines = Routes::<_, ()>::new(Guard::required(Machine))
        .route("/", get(async || "root").authenticated())
        .route("/ping", get(async || "pong").public());
    let more = routes().route("/more", get(name).authenticated());
    let app = routes().nest("/machines", machines).merge(more).into_router();
    for (path, token, status) in [
        ("/machines", Some("user ada"), 401),
        ("/machines/ping", None, 200),
        ("/more", None, 401),
        ("/more", Some("user ada"), 200),
    ] {
        assert_eq!(ask(&app, Method::GET, path, token).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_fallback_is_guarded_as_it_declares() {
    let app = routes()
        .route("/mine", get(name).authenticated())
        .fallback(any(async || "an application of one page").authenticated())
        .method_not_allowed_fallback(any(async || "not this method").authenticated())
        .into_router();
    for (method, path) in [(Method::GET, "/x"), (Method::POST, "/"), (Method::POST, "/mine")] {
        let stranger = ask(&app, method.clone(), path, None).await;
        assert_eq!(stranger.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        let user = ask(&app, method.clone(), path, Some("user ada")).await;
        assert_eq!(user.status, StatusCode::OK, "{method} {path}");
    }

    let apart =
        routes().fallback(get(async || "read").public().post(async || "write").authenticated()).into_router();
    assert_eq!(ask(&apart, Method::GET, "/x", None).await.body, "read");
    assert_eq!(ask(&apart, Method::POST, "/x", None).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn state_reaches_the_handlers() {
    let app = Routes::new(Guard::required(Told))
        .route("/", get(async |State(word): State<&'static str>| word).public())
        .with_state("state")
        .into_router();
    assert_eq!(send(&app, on_get("/")).await.body, "state");
}

#[tokio::test]
async fn no_extractor_and_no_layer_of_a_route_runs_before_its_guard() {
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    let counting = middleware::from_fn(move |request: Request, next: Next| {
        count.fetch_add(1, Ordering::SeqCst);
        next.run(request)
    });
    let handler = async |_: Path<u32>, user: Authenticated<User>, _: Json<u32>| user.0.clone();
    let app = routes()
        .route("/orders/{id}", post(handler).layer(counting).require(Require::roles(["editor"])))
        .into_router();
    for (token, status) in [(None, 401), (Some("bad"), 401), (Some("user eve"), 403)] {
        assert_eq!(ask(&app, Method::POST, "/orders/seven", token).await.status, status);
    }
    assert_eq!(seen.load(Ordering::SeqCst), 0);
    let allowed = ask(&app, Method::POST, "/orders/seven", Some("user ada")).await;
    assert_eq!((allowed.status, seen.load(Ordering::SeqCst)), (StatusCode::BAD_REQUEST, 1));
}

#[tokio::test]
async fn a_login_stands_behind_a_guard_of_its_own() {
    let login = LocalStrategy::new(async |credentials: Credentials, _: &Parts| {
        (credentials.password() == "secret").then(|| User(credentials.username().to_owned()))
    });
    let app = routes().route("/login", post(name).authenticated_by(BodyGuard::new(login))).into_router();
    let request = |password: &str| {
        let body = format!("username=ada&password={password}");
        let request = Request::post("/login").header("content-type", "application/x-www-form-urlencoded");
        request.body(Body::from(body)).expect("a request")
    };
    assert_eq!(send(&app, request("wrong")).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(send(&app, request("secret")).await.body, "ada");
}

fn nobody() -> impl BodyStrategy<Identity = User> {
    LocalStrategy::new(async |_: Credentials, _: &Parts| None::<User>)
}

fn many() -> Routes<impl Strategy<Identity = User>> {
    let either = any_of((Told, all_of((Told, Machine)).map(|(user, _)| user)));
    let own = async |_: &User, _: &Parts| Ok(());
    fn of_tenant(_: &User, _: &Parts) -> Result<(), AuthError> {
        Ok(())
    }
    let orders = Routes::new(Guard::required(Machine))
        .route("/", get(async || ()).authenticated())
        .route("/{id}", delete(async || ()).require(Require::policy(|_: &u32, _: &Parts| Ok(()))))
        .fallback(any(async || ()).public());
    Routes::new(Guard::required(either))
        .route("/login", post(name).authenticated_by(BodyGuard::new(nobody())))
        .route("/files/{*path}", get(name).require(Require::scopes(["files:read", "files:list"])))
        .route("/", get(async || "home").optional().post(name).authenticated())
        .route("/health", get(async || "well").public())
        .route("/any", any(name).require(Require::policy(of_tenant).and(Require::policy_async(own))))
        .route(
            "/pay",
            post(name).require(Require::roles(["admin", "clerk"]).and(Require::step_up(
                StepUp::max_age(std::time::Duration::from_secs(300)).and_acr(["mfa"]),
            ))),
        )
        .route("/cors", options(async || ()).public())
        .nest("/orders", orders)
        .nest_foreign("/legacy", foreign(Router::new()).authenticated())
        .fallback(any(async || ()).public())
}

#[test]
fn the_route_map_is_a_table_of_all_routes() {
    insta::assert_snapshot!(many().route_map());
}

#[test]
fn the_route_map_does_not_depend_on_the_order_of_the_routes() {
    let (a, b) = (|| get(async || ()).public(), || get(async || ()).authenticated());
    let one = routes().route("/a", a()).route("/b", b()).route_map();
    let other = routes().route("/b", b()).route("/a", a()).route_map();
    assert_eq!(one, other);
    assert_ne!(one, routes().route("/a", b()).route("/b", b()).route_map());
}

#[test]
fn the_route_map_exports_as_openapi() {
    let places = ExtractJwt::first_of([
        ExtractJwt::bearer(),
        ExtractJwt::cookie("__Host-token", CsrfPolicy::SameOrigin(Vec::new())),
        ExtractJwt::query("access_token"),
        ExtractJwt::ws_subprotocol("access_token"),
        ExtractJwt::from_fn(|_| Ok(None)),
    ]);
    let keys = KeySet::from(VerifyingKey::from_secret(Algorithm::Hs256, &[7; 32]).expect("a key"));
    let user = async |_: Verified<()>, _: &Parts| None::<User>;
    let jwt = JwtStrategy::new(Verifier::new("a", "b"), keys).extract(places).validate(user);
    let key = ApiKeyStrategy::new("acme", async |_: ApiKeyId, _: &Parts| None::<StoredApiKey<u32>>);
    let basic = || BasicStrategy::new("machines", async |_: Credentials, _: &Parts| None::<User>);
    let both = all_of((basic(), key)).map(|(user, _)| user);
    let routes = Routes::<_, ()>::new(Guard::required(any_of((jwt, both, basic()))))
        .route("/health", get(async || ()).public())
        .route("/profile", get(name).authenticated())
        .route("/files/{*path}", get(name).optional_by(Guard::required(basic())))
        .route(
            "/orders/{id}",
            any(name).require_by(Guard::required(basic()), Require::scopes(["read", "write"])),
        )
        .route("/login", post(name).authenticated_by(BodyGuard::new(nobody())))
        .fallback(any(async || ()).public())
        .nest_foreign("/legacy", foreign(Router::new()).authenticated());
    let openapi = routes.route_map().openapi();
    let lines = openapi["paths"].as_object().expect("paths").iter().flat_map(|(path, operations)| {
        let operations = operations.as_object().expect("operations").iter();
        operations.map(move |(method, operation)| format!("{method} {path} {}", operation["security"]))
    });
    let schemes = openapi["components"]["securitySchemes"].as_object().expect("schemes").iter();
    let schemes = schemes.map(|(name, scheme)| format!("{name}: {scheme}"));
    insta::assert_snapshot!(lines.chain(schemes).collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn a_policy_may_ask_a_store_and_its_outage_is_503() {
    let owns = async |user: &User, head: &Parts| {
        tokio::task::yield_now().await;
        match (user.0.as_str(), head.uri.path()) {
            (_, "/down") => Err(AuthError::unavailable("owners_unavailable", "the store does not answer")),
            ("ada", _) => Ok(()),
            _ => Err(countersign::Denial::insufficient_scope("of somebody else").into()),
        }
    };
    let app = routes().route("/{id}", get(name).require(Require::policy_async(owns))).into_router();
    for (path, token, status) in [
        ("/1", None, 401),
        ("/1", Some("user ada"), 200),
        ("/1", Some("user eve"), 403),
        ("/down", Some("user ada"), 503),
    ] {
        assert_eq!(ask(&app, Method::GET, path, token).await.status, status, "{path} {token:?}");
    }
}
