//! A body that ends with its lease.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::{End, Lease};
use crate::grpc;

pin_project! {
    /// The body behind a [`LiveGuard`](super::LiveGuard): that of the service, until the lease ends.
    #[derive(Debug)]
    pub struct LiveBody<B> {
        #[pin]
        body: B,
        state: State,
    }
}

#[derive(Debug)]
enum State {
    /// As long as it likes.
    Unleased,
    Leased {
        lease: Lease,
        manner: Manner,
    },
    Over,
}

/// How a body of this kind is ended.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// `text/event-stream`: one more event.
    Event,
    /// `application/grpc`: trailers with a status.
    Trailers,
    /// Anything else, and what is compressed: it breaks off.
    Cut,
}

impl<B> LiveBody<B> {
    /// A body that ends when it likes.
    pub(super) fn unleased(body: B) -> Self {
        Self { body, state: State::Unleased }
    }

    /// The body of this response, which ends with the lease at the latest.
    pub(super) fn leased(response: Response<B>, lease: Lease) -> Response<Self> {
        let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
        let manner = match media_type {
            // Words of ours would be no words in it.
            _ if response.headers().contains_key(CONTENT_ENCODING) => Manner::Cut,
            kind if kind.starts_with(b"text/event-stream") => Manner::Event,
            kind if kind.starts_with(b"application/grpc") => Manner::Trailers,
            _ => Manner::Cut,
        };
        response.map(|body| Self { body, state: State::Leased { lease, manner } })
    }
}

impl<B> Body for LiveBody<B>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.project();
        match this.state {
            State::Over => return Poll::Ready(None),
            State::Leased { lease, manner } => {
                if let Poll::Ready(end) = lease.poll_ended(cx) {
                    let last = manner.last(end);
                    *this.state = State::Over;
                    return Poll::Ready(Some(last));
                }
            }
            State::Unleased => {}
        }
        let frame = std::task::ready!(this.body.poll_frame(cx));
        if frame.is_none() {
            *this.state = State::Over;
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Over) || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        match self.state {
            State::Unleased => self.body.size_hint(),
            State::Leased { .. } => SizeHint::new(),
            State::Over => SizeHint::with_exact(0),
        }
    }
}

impl Manner {
    fn last(self, end: End) -> Result<Frame<Bytes>, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Event => Ok(Frame::data(Bytes::from(format!("event: end\ndata: {}\n\n", end.code())))),
            Self::Trailers => {
                let mut trailers = HeaderMap::new();
                grpc::Status::Unauthenticated.write(&format!("{}: {end}", end.code()), &mut trailers);
                Ok(Frame::trailers(trailers))
            }
            Self::Cut => Err(end.into()),
        }
    }
}
