//! A connection that writes answers together.
//!
//! Answers come in bunches: one commit of the store answers many calls. Written one by one, each is a system call, a
//! packet and a wake-up of its caller. So before it writes, a connection lets the tasks that are ready add theirs. On an
//! idle server there are none, and nothing is waited for.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Around a connection's stream.
#[derive(Debug)]
pub(super) struct Gathered<S> {
    stream: S,
    /// Whether the others had their turn since the last flush.
    let_others: bool,
}

impl<S> Gathered<S> {
    /// Around a stream.
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, let_others: false }
    }

    /// Lets the tasks that are ready go first, once in a while of writing.
    fn let_others(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.let_others {
            return Poll::Ready(());
        }
        self.let_others = true;
        // A task that wakes itself goes to the end of the queue.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gathered<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.let_others(cx));
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.let_others(cx));
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.let_others = false;
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};

    use tokio::io::AsyncWrite;

    use super::Gathered;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn others_go_first_once_before_each_flush() {
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let mut cx = Context::from_waker(&waker);
        let mut connection = Gathered::new(Vec::new());
        for bunch in 1..=2 {
            assert!(Pin::new(&mut connection).poll_write(&mut cx, b"one").is_pending());
            assert_eq!(wakes.0.load(Ordering::Relaxed), bunch, "it wakes itself, or nobody would");
            for answer in [&b"one"[..], b"two"] {
                assert!(Pin::new(&mut connection).poll_write(&mut cx, answer).is_ready());
            }
            assert!(matches!(Pin::new(&mut connection).poll_flush(&mut cx), Poll::Ready(Ok(()))));
        }
        assert_eq!(connection.stream, b"onetwoonetwo");
    }
}
