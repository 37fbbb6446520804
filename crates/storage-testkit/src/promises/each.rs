//! A test for each promise of the list.

/// The implementation of [`conformance!`].
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_tests {
    ($make_store:ident, $($area:ident: [$($promise:ident,)+])+) => {
        $(
            mod $area {
                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $promise() {
                        let (store, guard) = super::$make_store().await;
                        let store: ::std::sync::Arc<dyn $crate::Store> = store;
                        ::std::boxed::Box::pin($crate::$area::$promise(store)).await;
                        drop(guard);
                    }
                )+
            }
        )+
    };
}
