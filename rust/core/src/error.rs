//! The one error type of the core.

/// Why a run could not be set up or finished.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A run specification that cannot be simulated; `place` is a key path such as
    /// `parameters.ceiling.spread`.
    #[error("{place}: {problem}")]
    Spec {
        /// Key path of the offending entry.
        place: String,
        /// What is wrong with it and what is allowed.
        problem: String,
    },
    /// The run was cancelled before its last draw.
    #[error("the run was cancelled")]
    Cancelled,
}

impl Error {
    pub(crate) fn spec(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Error::Spec { place: place.into(), problem: problem.into() }
    }
}

/// Result of a core call.
pub type Result<T> = std::result::Result<T, Error>;
