//! Runs the contract of `suite/` on every store there is.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

mod suite;

mod sqlite {
    use async_trait::async_trait;
    use tempfile::TempDir;
    use userdir_store::{KeySource, Store, open_sqlite};

    use super::suite::Lab;

    struct Sqlite(TempDir);

    impl Sqlite {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }
    }

    #[async_trait]
    impl Lab for Sqlite {
        async fn open(&self) -> Box<dyn Store> {
            Box::new(open_sqlite(self.0.path(), KeySource::File).await.unwrap())
        }
    }

    crate::store_contract!(super::Sqlite::new());
}
