//! `countersign token explain`.

use std::{process::ExitCode, str::FromStr, sync::Arc};

use axum::http::{Method, Request, Uri, header::AUTHORIZATION};
use clap::Args;
use countersign::{
    jwt::{Clock as _, SystemClock},
    routes::Explanation,
};

use serde::de::IgnoredAny;

use super::expectations::Expectations;
use crate::{
    app::{self, Service},
    cli::{
        Failure, Outcome, input, output,
        place::{IfMissing, Place},
    },
    config::Config,
    http,
};

/// Say of the token on standard input what each check sees and decides
///
/// Takes the flags of `verify` and exits like it; or --route, to be told what the service's own guard would make of a
/// request with this token, or without one where nothing is on standard input. It reads the database of the service and
/// writes nothing, whether the service runs or not. Claims are shown, the signature never is.
#[derive(Debug, Args)]
#[command(mut_group("Keys", |keys| keys.required(false)))]
pub(in crate::cli) struct Explain {
    #[command(flatten)]
    expectations: Expectations,

    /// A route of the service, for instance 'GET /profile': by its own keys and expectations
    #[arg(
        long,
        value_name = "METHOD PATH",
        required_unless_present = "Keys",
        conflicts_with_all = ["Keys", "algorithms", "issuer", "audience", "token_type", "leeway"]
    )]
    route: Option<Route>,

    #[command(flatten)]
    place: Place,

    /// The port that `serve` was given, which is in the issuer of a service that has no other [default: as configured]
    #[arg(long, value_name = "N", requires = "route")]
    port: Option<u16>,
}

/// A method and a path.
#[derive(Debug, Clone)]
struct Route {
    method: Method,
    path: Uri,
}

impl FromStr for Route {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "not a method and a path, as in 'GET /profile'";
        let (method, path) = text.split_once(' ').ok_or(WRONG)?;
        let path = Some(path).filter(|path| path.starts_with('/')).ok_or(WRONG)?;
        Ok(Self { method: method.parse().map_err(|_| WRONG)?, path: path.parse().map_err(|_| WRONG)? })
    }
}

impl Explain {
    pub(super) fn run(self) -> Outcome {
        let (explanation, is_good) = match &self.route {
            None => self.explain_token()?,
            Some(route) => {
                let explanation = self.explain_request(route, &input::token()?)?;
                (explanation.to_string(), explanation.is_admitted())
            }
        };
        output::answer(explanation.trim_end())?;
        Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn explain_token(&self) -> Result<(String, bool), Failure> {
        let keys = self.expectations.keys()?;
        let token = input::token()?;
        let explanation =
            self.expectations.verifier().explain::<IgnoredAny>(&token, &keys, SystemClock.now());
        Ok((explanation.to_string(), explanation.error().is_none()))
    }

    /// What the service would make of this request, if it ran.
    fn explain_request(&self, route: &Route, token: &str) -> Result<Explanation, Failure> {
        let mut request = Request::builder().method(&route.method).uri(&route.path);
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request =
            request.body(()).map_err(|_| Failure::failed("the token is not one that a header can hold"))?;
        self.place.with_store(IfMissing::Fail, async |config: &Config, store| {
            let url = app::local_url((config.host, self.port.unwrap_or(config.port)).into());
            let service =
                Service::look(config, store, &url, Arc::new(SystemClock)).await.map_err(Failure::failed)?;
            Ok(http::explain(service, request).await)
        })
    }
}
