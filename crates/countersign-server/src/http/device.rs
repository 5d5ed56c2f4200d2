//! What a request tells about the device that sent it, and how far that is believed.

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{HeaderMap, header, request::Parts},
};

use crate::{app::Service, flow::Device};

/// Each proxy appends to it the address from which it was called.
const X_FORWARDED_FOR: &str = "x-forwarded-for";

impl FromRequestParts<Arc<Service>> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(head: &mut Parts, service: &Arc<Service>) -> Result<Self, Infallible> {
        let user_agent = head.headers.get(header::USER_AGENT);
        let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        Ok(Self {
            user_agent: user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
            address: address(&head.headers, peer, service.trusted_proxies),
        })
    }
}

/// Where a request came from. Without proxies that is whoever has connected. With proxies it is what the outermost of
/// them has appended: as many entries from the end as there are proxies. What stands before that anybody can have sent, so
/// nothing is read there, and where there are fewer entries, the request did not come through all of them: then it is not
/// known where it came from.
fn address(headers: &HeaderMap, peer: Option<IpAddr>, trusted_proxies: usize) -> Option<IpAddr> {
    let Some(from_the_end) = trusted_proxies.checked_sub(1) else {
        return peer.map(|peer| peer.to_canonical());
    };
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let mut entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    let entry = std::str::from_utf8(entries.nth(from_the_end)?).ok()?.trim();
    let with_port = || entry.parse::<SocketAddr>().ok().map(|socket| socket.ip());
    entry.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(lines: &[&str], trusted_proxies: usize) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        let peer = "10.0.0.1".parse().ok();
        address(&headers, peer, trusted_proxies).map(|address| address.to_string())
    }

    #[test]
    fn without_proxies_the_header_is_not_read() {
        assert_eq!(told(&["192.0.2.1"], 0).as_deref(), Some("10.0.0.1"));
        assert_eq!(told(&[], 0).as_deref(), Some("10.0.0.1"));
    }

    #[test]
    fn what_a_client_puts_before_the_entries_of_the_proxies_is_not_believed() {
        for (lines, proxies, expected) in [
            (&["192.0.2.1"][..], 1, Some("192.0.2.1")),
            (&["6.6.6.6, 192.0.2.1"], 1, Some("192.0.2.1")),
            (&["6.6.6.6", "192.0.2.1"], 1, Some("192.0.2.1")),
            (&["6.6.6.6,192.0.2.1 , 10.0.0.9"], 2, Some("192.0.2.1")),
            (&["6.6.6.6, 192.0.2.1", "10.0.0.9"], 2, Some("192.0.2.1")),
            (&["2001:db8::1"], 1, Some("2001:db8::1")),
            (&["[2001:db8::1]:443"], 1, Some("2001:db8::1")),
            (&["192.0.2.1:8080"], 1, Some("192.0.2.1")),
            (&["::ffff:192.0.2.1"], 1, Some("192.0.2.1")),
            (&["\u{e9}, 192.0.2.1"], 1, Some("192.0.2.1")),
        ] {
            assert_eq!(told(lines, proxies).as_deref(), expected, "{lines:?} {proxies}");
        }
    }

    #[test]
    fn where_an_entry_is_missing_or_no_address_nothing_is_made_up() {
        for (lines, proxies) in [
            (&[][..], 1),
            (&["192.0.2.1"], 2),
            (&["unknown"], 1),
            (&["192.0.2.1,"], 1),
            (&["192.0.2.1\u{e9}"], 1),
        ] {
            assert_eq!(told(lines, proxies), None, "{lines:?} {proxies}");
        }
    }
}
