//! Declares a table of [`Config`](super::Config) so that documentation, default and name of a value stand in one place; the tables with
//! numbers alone have a macro of their own ([`limits`](super::limits)).

macro_rules! table {
    ($table:ident { $($(#[doc = $doc:literal])+ $name:ident: $kind:ty = $default:expr;)+ }) => {
        /// Every value of the table.
        #[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
        pub struct $table {
            $($(#[doc = $doc])+ pub $name: $kind,)+
        }

        impl Default for $table {
            fn default() -> Self {
                Self { $($name: $default,)+ }
            }
        }

        /// Name and documentation of every value.
        pub(super) const VALUES: &[(&str, &[&str])] = &[$((stringify!($name), &[$($doc),+]),)+];
    };
}
