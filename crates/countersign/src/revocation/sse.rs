//! Server-sent events, read from pieces of bytes (HTML Standard §9.2.6).

use super::wire::{Event, Malformed};

/// A line longer than this is no event of ours.
const LONGEST_LINE: usize = 8 * 1024;

/// Reads events from a stream.
#[derive(Debug, Default)]
pub(super) struct Events {
    bytes: Vec<u8>,
    id: String,
    name: String,
    data: String,
}

impl Events {
    /// Takes the next bytes and gives the events that are complete with them.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, Malformed> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' => {
                    let line = std::mem::take(&mut self.bytes);
                    let line = line.strip_suffix(b"\r").unwrap_or(&line);
                    events.extend(self.line(std::str::from_utf8(line).map_err(|_| Malformed)?)?);
                }
                byte if self.bytes.len() < LONGEST_LINE => self.bytes.push(*byte),
                _ => return Err(Malformed),
            }
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Result<Option<Event>, Malformed> {
        if line.is_empty() {
            let (name, data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            return if data.is_empty() { Ok(None) } else { Event::read(&self.id, &name, &data) };
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => value.clone_into(&mut self.id),
            "event" => value.clone_into(&mut self.name),
            "data" => value.clone_into(&mut self.data),
            // A comment, or nothing to us.
            "" | "retry" => {}
            _ => return Err(Malformed),
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use countersign_jwt::NumericDate;

    use super::super::Entry;
    use super::super::wire::{Cursor, Message};
    use super::*;
    use crate::session::SessionId;

    fn events() -> Vec<Event> {
        let at = NumericDate::from_millis(1_700_000_000_123);
        let messages = [
            Message::Revoked(Entry::session(SessionId::from_bytes([7; 16]), at)),
            Message::Revoked(Entry::user("grace \"\n: hopper", at)),
            Message::Revoked(Entry::token("token-1", at)),
            Message::Confirmed(at),
            Message::Lost,
        ];
        let numbered = |(number, message)| {
            let cursor = Cursor { epoch: "a.b".into(), sequence: number as u64 };
            Event { cursor, message }
        };
        messages.into_iter().enumerate().map(numbered).collect()
    }

    #[test]
    fn what_is_written_is_read_in_whatever_pieces_it_comes() {
        let text: String = events().iter().map(ToString::to_string).collect();
        for size in 1..text.len() {
            let mut reader = Events::default();
            let pieces = text.as_bytes().chunks(size);
            let read: Vec<_> = pieces.flat_map(|piece| reader.push(piece).unwrap()).collect();
            assert_eq!(read, events(), "{size}");
        }
    }

    #[test]
    fn comments_other_events_and_carriage_returns_are_no_harm() {
        let good = events()[0].to_string().replace('\n', "\r\n");
        let text = format!(": hello\n\nretry: 5\n\nid: a.1\nevent: later\ndata: [1]\n\n{good}");
        assert_eq!(Events::default().push(text.as_bytes()), Ok(vec![events()[0].clone()]));
    }

    #[test]
    fn what_is_no_feed_is_malformed() {
        for text in [
            "<!doctype html>\n",
            "\u{0}\n",
            "id: a.1\nevent: revoked\ndata: {}\n\n",
            "id: a.1\nevent: revoked\ndata: {\"session\":\"short\",\"at_ms\":1}\n\n",
            "id: a.01\nevent: confirmed\ndata: {\"as_of_ms\":1}\n\n",
            "event: confirmed\ndata: {\"as_of_ms\":1}\n\n",
        ] {
            assert_eq!(Events::default().push(text.as_bytes()), Err(Malformed), "{text}");
        }
        assert_eq!(Events::default().push(&[0xff, b'\n']), Err(Malformed));
        assert_eq!(Events::default().push(&[b'x'; LONGEST_LINE]), Ok(vec![]));
        assert_eq!(Events::default().push(&[b'x'; LONGEST_LINE + 1]), Err(Malformed));
    }
}
