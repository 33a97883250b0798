//! Work that goes on to its end, whoever stops waiting for it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::error::ServiceError;

/// What a call holds while its work goes on, such as its place among the calls in flight.
pub type Held = Arc<dyn Any + Send + Sync>;

tokio::task_local! {
    static HELD: Held;
}

/// Runs a call's work, which holds `held` to its own end: a caller that hangs up sets no place free before the work is done.
pub fn holding<F: Future>(held: Held, work: F) -> impl Future<Output = F::Output> {
    HELD.scope(held, work)
}

/// A use case that, once begun, ends: a caller that hangs up leaves no commit half-followed.
///
/// It runs where it is awaited, which spares each request a task of its own and two wakings of threads. Only when it is
/// dropped halfway does it move to a task and go on there. It lies on the heap, as it is some kilobytes long.
pub(super) struct Unbroken<T, F>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    work: Option<Pin<Box<F>>>,
    begun: bool,
    held: Option<Held>,
}

impl<T, F> Unbroken<T, F>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    /// Nothing begins before it is awaited.
    pub(super) fn new(work: F) -> Self {
        Self { work: Some(Box::pin(work)), begun: false, held: HELD.try_with(Arc::clone).ok() }
    }
}

impl<T, F> Future for Unbroken<T, F>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    type Output = Result<T, ServiceError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let broken = || Err(ServiceError::Unavailable("the request was not carried to its end".to_owned()));
        // Work that panics is not put back: it cannot go on.
        let Some(mut work) = self.work.take() else { return Poll::Ready(broken()) };
        self.begun = true;
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(answer)) => Poll::Ready(answer),
            Ok(Poll::Pending) => {
                self.work = Some(work);
                Poll::Pending
            }
            Err(_) => Poll::Ready(broken()),
        }
    }
}

impl<T, F> Drop for Unbroken<T, F>
where
    T: Send + 'static,
    F: Future<Output = Result<T, ServiceError>> + Send + 'static,
{
    fn drop(&mut self) {
        let Some(work) = self.work.take().filter(|_| self.begun) else { return };
        // Outside a runtime there is nothing left to run it on: the process ends.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let held = self.held.take();
            runtime.spawn(async move {
                let _held = held;
                work.await
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::task::Poll;

    use tokio::sync::{Notify, oneshot};

    use super::{Held, Unbroken, holding};

    #[tokio::test]
    async fn work_that_nobody_awaits_any_more_ends_all_the_same() {
        let (go, ended) = (Arc::new(Notify::new()), oneshot::channel());
        let (tell, told) = ended;
        let waits = Arc::clone(&go);
        let mut unbroken = Box::pin(Unbroken::new(async move {
            waits.notified().await;
            let _ = tell.send("ended");
            Ok(())
        }));
        assert!(futures_poll(unbroken.as_mut()).is_none());
        drop(unbroken);
        go.notify_one();
        assert_eq!(told.await, Ok("ended"));
    }

    #[tokio::test]
    async fn what_a_call_holds_is_held_until_its_work_ends() {
        let (go, place) = (Arc::new(Notify::new()), Arc::new("a place"));
        let waits = Arc::clone(&go);
        let (tell, told) = oneshot::channel();
        let work = async move {
            waits.notified().await;
            let _ = tell.send(());
            Ok(())
        };
        let mut call = Box::pin(holding(Arc::clone(&place) as Held, async { Unbroken::new(work).await }));
        assert!(futures_poll(call.as_mut()).is_none());
        drop(call);
        assert!(Arc::strong_count(&place) > 1, "the caller is gone, the work is not");
        go.notify_one();
        told.await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(Arc::strong_count(&place), 1);
    }

    #[tokio::test]
    async fn work_that_nobody_awaited_never_begins() {
        let (tell, told) = oneshot::channel();
        drop(Unbroken::new(async move {
            let _ = tell.send(());
            Ok(())
        }));
        assert!(told.await.is_err());
    }

    #[tokio::test]
    async fn a_panic_is_an_answer_and_is_not_run_again() {
        let mut unbroken =
            Box::pin(Unbroken::new(poll_fn(|_| -> Poll<Result<(), _>> { panic!("a fault in the code") })));
        assert!(matches!(futures_poll(unbroken.as_mut()), Some(Err(_))));
        drop(unbroken);
    }

    fn futures_poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match future.poll(&mut context) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }
}
