//! The table of routes in the words of OpenAPI 3.1.

use serde_json::{Map, Value, json};

use super::map::{Access, Place, Route, RouteMap};
use crate::authorize::Requirement;
use crate::strategy::Credential;

impl RouteMap {
    /// What OpenAPI 3.1 has to say about it: `components.securitySchemes` (§4.8.27), and a `security` (§4.8.30) for each
    /// path and method, to be merged into the document that describes the routes.
    ///
    /// Scopes stand with the scheme; roles and policies, which clients are not told, do not. The places of fallbacks and of
    /// foreign routers are not known and left out, as is a login's body, which a request body describes.
    ///
    /// ```
    /// use countersign::routes::{Routes, get};
    /// use countersign::{Guard, Strategy};
    ///
    /// fn security(guard: Guard<impl Strategy>) -> serde_json::Value {
    ///     let routes = Routes::<_, ()>::new(guard).route("/profile", get(async || "ada").authenticated());
    ///     routes.route_map().openapi()["paths"]["/profile"]["get"]["security"].clone() // [{"bearer": []}]
    /// }
    /// ```
    #[must_use]
    pub fn openapi(&self) -> Value {
        let mut schemes = Map::new();
        let mut paths = Map::new();
        for route in self {
            let Place::At(path) = &route.place else { continue };
            let operations = paths.entry(template(path)).or_insert_with(|| json!({}));
            let security = security(&route.access, &mut schemes);
            for method in methods(route) {
                operations[method] = json!({ "security": security });
            }
        }
        json!({ "components": { "securitySchemes": schemes }, "paths": paths })
    }
}

/// A path as OpenAPI writes it: `{*rest}` is an ordinary parameter there.
fn template(path: &str) -> String {
    path.replace("{*", "{")
}

/// The fixed fields of a path item (§4.8.9) for this route; `CONNECT` has none.
fn methods(route: &Route) -> Vec<String> {
    const ALL: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
    let asked = route.method().to_ascii_lowercase();
    ALL.iter()
        .filter(|name| route.method.is_none() || **name == asked)
        .map(|name| (*name).to_owned())
        .collect()
}

/// The combinations of credentials of which one is enough; an empty one is none at all.
fn security(access: &Access, schemes: &mut Map<String, Value>) -> Vec<Value> {
    let (outline, requirements, anonymous) = match access {
        Access::Public => return Vec::new(),
        Access::Optional(outline) => (outline, &[][..], Some(json!({}))),
        Access::Authenticated(outline) => (outline, &[][..], None),
        Access::Required(outline, requirements) => (outline, &requirements[..], None),
    };
    let scopes: Vec<_> = requirements.iter().flat_map(Requirement::scopes).collect();
    let mut combination = |credentials: Vec<&Credential>| {
        let needed = credentials.into_iter().filter_map(scheme).map(|(name, scheme)| {
            schemes.insert(name.clone(), scheme);
            (name, json!(scopes))
        });
        Value::Object(needed.collect())
    };
    let mut combinations: Vec<_> = Vec::new();
    for needed in outline.alternatives().into_iter().map(&mut combination) {
        if needed != json!({}) && !combinations.contains(&needed) {
            combinations.push(needed);
        }
    }
    combinations.extend(anonymous);
    combinations
}

/// The scheme (§4.8.27) for credentials in this place, and what it is called.
fn scheme(credential: &Credential) -> Option<(String, Value)> {
    let key = |place: &str, name: &str| {
        (format!("{place}.{}", plain(name)), json!({ "type": "apiKey", "in": place, "name": name }))
    };
    Some(match credential {
        Credential::Authorization(scheme) => {
            let scheme = scheme.to_ascii_lowercase();
            (plain(&scheme), json!({ "type": "http", "scheme": scheme }))
        }
        Credential::Header(name) => key("header", name.as_str()),
        Credential::Cookie(name) => key("cookie", name),
        Credential::Query(name) => key("query", name),
        Credential::WebSocketSubprotocol(_) => key("header", "sec-websocket-protocol"),
        // Where a function looks OpenAPI cannot say; the challenge of such a strategy asks for this.
        Credential::Elsewhere => return scheme(&Credential::Authorization("Bearer")),
        Credential::Body => return None,
    })
}

/// A name as keys of components are (§4.8.7).
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' })
        .collect()
}
