//! What would become of a request that nobody has sent.

use super::*;

fn routes(ran: &Arc<AtomicUsize>) -> Routes<impl Strategy<Identity = User>> {
    let handler = |ran: &Arc<AtomicUsize>| {
        let ran = Arc::clone(ran);
        async move || ran.fetch_add(1, Ordering::SeqCst).to_string()
    };
    let login = LocalStrategy::new(async |_: Credentials, _: &Parts| None::<User>);
    let own = |user: &User, head: &Parts| match head.uri.path().ends_with(&user.0) {
        true => Ok(()),
        false => Err(AuthError::from(Denial::insufficient_scope("of somebody else"))),
    };
    let legacy = ["/", "/deep/{*path}"];
    let legacy = legacy.iter().fold(Router::new(), |router, path| router.route(path, on_get(handler(ran))));
    let orders = Routes::new(Guard::required(jwt()))
        .route("/{id}", get(handler(ran)).require(Require::policy(own)))
        .fallback(any(handler(ran)).public());
    Routes::new(Guard::required(several()))
        .route("/", get(handler(ran)).optional())
        .route("/health", get(handler(ran)).public())
        .route(
            "/profile",
            get(handler(ran)).authenticated().delete(handler(ran)).require(Require::roles(["a"])),
        )
        .route("/any", any(handler(ran)).authenticated())
        .route("/login", countersign::routes::post(handler(ran)).authenticated_by(BodyGuard::new(login)))
        .nest("/orders", orders)
        .nest_foreign("/legacy", foreign(legacy).authenticated())
}

#[tokio::test]
async fn what_would_become_of_a_request_is_explained_and_no_handler_runs() {
    Log::install();
    let ran = Arc::new(AtomicUsize::new(0));
    let routes = routes(&ran);
    let good = token("login", 900);
    let late = token("login", 300);
    let cases = [
        (Method::GET, "/health", None),
        (Method::GET, "/", None),
        (Method::GET, "/", Some("x")),
        (Method::GET, "/profile", None),
        (Method::HEAD, "/profile", Some(&*good)),
        (Method::DELETE, "/profile", Some(&*good)),
        (Method::PUT, "/profile", Some(&*good)),
        (Method::GET, "/profile", Some(&*late)),
        (Method::PATCH, "/any", Some(&*good)),
        (Method::POST, "/login", None),
        (Method::GET, "/orders/ada-7", Some(&*good)),
        (Method::GET, "/orders/eve", Some(&*good)),
        (Method::GET, "/orders/7/8", None),
        (Method::GET, "/legacy", None),
        (Method::GET, "/legacy/deep/er", Some(&*good)),
        (Method::GET, "/legacy/nothing", Some(&*good)),
        (Method::GET, "/nothing", Some(&*good)),
    ];
    let mut explained = Vec::new();
    for (method, path, token) in cases {
        let request = Request::builder().method(method.clone()).uri(path);
        let request = token
            .into_iter()
            .fold(request, |request, token| request.header("authorization", format!("Bearer {token}")));
        let explanation = routes.explain(request.body(()).expect("a request")).await;
        explained.push(format!("# {method} {path}\n{explanation}"));
    }
    insta::assert_snapshot!(explained.join("\n"));
    assert_eq!(ran.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_explanation_agrees_with_the_router() {
    let ran = Arc::new(AtomicUsize::new(0));
    let app = routes(&ran).into_router();
    let good = token("login", 900);
    let late = token("login", 300);
    for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
        for path in
            ["/", "/health", "/profile", "/profile/", "/any", "/orders", "/orders/eve", "/orders/ada-7", "/x"]
        {
            for token in ["x", &good, &late] {
                let request = || {
                    let request = Request::builder().method(method.clone()).uri(path);
                    request.header("authorization", format!("Bearer {token}"))
                };
                let explained = routes(&ran).explain(request().body(()).expect("a request")).await;
                let answer = send(&app, request().body(Body::empty()).expect("a request")).await;
                assert_eq!(explained.status(), answer.status, "{method} {path}");
            }
        }
    }
}
