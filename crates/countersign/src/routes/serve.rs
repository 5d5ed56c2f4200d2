//! Routes as they are served.

use axum::Router;
use axum::extract::connect_info::IntoMakeServiceWithConnectInfo;
use axum::routing::IntoMakeService;

use super::Routes;

impl<T> Routes<T> {
    /// The routes as `axum::serve` takes them, and no more of them.
    ///
    /// ```
    /// use countersign::routes::{Routes, get};
    /// use countersign::{Guard, Strategy};
    ///
    /// async fn serve(guard: Guard<impl Strategy>, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    ///     let routes = Routes::new(guard).route("/orders", get(async || "orders").authenticated());
    ///     axum::serve(listener, routes.into_make_service()).await
    /// }
    /// ```
    ///
    /// ```compile_fail
    /// use countersign::routes::{Routes, get};
    /// use countersign::{Guard, Strategy};
    ///
    /// async fn serve(guard: Guard<impl Strategy>, listener: tokio::net::TcpListener) -> std::io::Result<()> {
    ///     let routes = Routes::new(guard).route("/orders", get(async || "orders").authenticated());
    ///     // Nobody has said who may ask for it, and it does not compile.
    ///     let more = routes.into_make_service().route("/debug", axum::routing::get(async || "all of it"));
    ///     axum::serve(listener, more).await
    /// }
    /// ```
    pub fn into_make_service(self) -> IntoMakeService<Router> {
        self.router.into_make_service()
    }

    /// As [`into_make_service`](Self::into_make_service), with what is known of the connection (its peer's address) for
    /// axum's `ConnectInfo`.
    pub fn into_make_service_with_connect_info<C>(self) -> IntoMakeServiceWithConnectInfo<Router, C> {
        self.router.into_make_service_with_connect_info()
    }
}
