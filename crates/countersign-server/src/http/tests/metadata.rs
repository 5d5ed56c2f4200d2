//! What the service tells about itself (RFC 8414).

use super::*;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

async fn get(scene: &Scene, path: &str) -> Response<Body> {
    scene.send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn of_issuer(issuer: &str) -> Scene {
    Scene::with(&[("COUNTERSIGN_ISSUER", issuer)]).await
}

#[tokio::test]
async fn with_a_shared_secret_the_metadata_names_no_keys_and_what_there_is() {
    let scene = Scene::new().await;
    let response = get(&scene, OAUTH).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=300");
    let expected = json!({
        "issuer": "https://auth.example",
        "token_endpoint": "https://auth.example/auth/refresh",
        "grant_types_supported": ["refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint": "https://auth.example/auth/revoke",
        "revocation_endpoint_auth_methods_supported": ["none"],
        "response_types_supported": [],
    });
    assert_eq!(body(response).await, expected);
    assert_eq!(body(get(&scene, OPENID).await).await, expected);
}

#[tokio::test]
async fn every_endpoint_that_the_metadata_names_is_one() {
    let scene = Scene::new().await;
    let metadata = body(get(&scene, OAUTH).await).await;
    for (name, sent) in [("token_endpoint", "grant_type=x"), ("revocation_endpoint", "token=x")] {
        let path = metadata[name].as_str().unwrap().strip_prefix("https://auth.example").unwrap();
        let response = scene.send(form(path, sent)).await;
        assert!(![404, 405].contains(&response.status().as_u16()), "{name}");
    }
}

#[tokio::test]
async fn the_path_of_an_issuer_stands_behind_the_well_known_name_and_in_front_of_its_endpoints() {
    for issuer in ["https://a.example/realms/one", "https://a.example/realms/one/"] {
        let scene = of_issuer(issuer).await;
        for place in [OAUTH, OPENID] {
            // The second is what arrives from a proxy that takes the path of the issuer off.
            for path in [format!("{place}/realms/one"), place.to_owned()] {
                let metadata = body(get(&scene, &path).await).await;
                assert_eq!(metadata["issuer"], issuer, "{path}");
                assert_eq!(metadata["token_endpoint"], "https://a.example/realms/one/auth/refresh");
            }
            for other in ["/realms", "/realms/one/two", "/realms/One", "/realms%2Fone", "/realms/one/", "/x"]
            {
                let response = get(&scene, &format!("{place}{other}")).await;
                assert_eq!(response.status(), StatusCode::NOT_FOUND, "{place}{other}");
            }
        }
    }
}

#[tokio::test]
async fn an_issuer_without_a_path_is_found_at_no_other() {
    let scene = Scene::new().await;
    for path in [format!("{OAUTH}/realms/one"), format!("{OAUTH}/"), format!("{OPENID}/x")] {
        assert_eq!(get(&scene, &path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_issuer_that_is_only_a_name_has_no_metadata_and_says_why() {
    for issuer in ["my-app", "urn:example:issuer"] {
        let scene = of_issuer(issuer).await;
        for place in [OAUTH, OPENID] {
            let response = get(&scene, place).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{issuer}");
            let problem = body(response).await;
            assert_eq!(problem["code"], "issuer_no_address", "{issuer}");
            assert!(!problem.to_string().contains(issuer), "{problem}");
        }
    }
}

#[tokio::test]
async fn where_the_issuer_has_a_path_the_map_has_a_route_for_it() {
    let scene = of_issuer("https://a.example/realms/one").await;
    let map = routes(&scene.service).route_map().to_string();
    for place in [OAUTH, OPENID] {
        assert!(map.contains(&format!("{place}/{{*path}}")), "{map}");
    }
}
